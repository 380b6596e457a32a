//! What is drawn. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// A link that works.
const READY: &str = "ready";

/// The clusters of a mesh and the links between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Istio's ID of the mesh.
    pub mesh_id: String,
    /// The clusters by name.
    pub clusters: BTreeMap<String, Cluster>,
    /// The links: each pair of clusters once where both directions are alike.
    pub links: Vec<Link>,
}

/// One cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its network.
    pub network: String,
    /// Where its east-west gateway is.
    pub gateway_addresses: Vec<String>,
    /// Whether clusters without a control plane are served by it.
    pub serves_remote_clusters: bool,
    /// The primaries that serve it; none if it is a primary itself.
    pub served_by: Vec<String>,
}

/// A link from a cluster to another, or between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose calls it is about.
    pub from: String,
    /// Whom they reach.
    pub to: String,
    /// Whether the same is true of the other direction.
    pub both_ways: bool,
    /// What is wrong with it; `None` if it works.
    pub fault: Option<String>,
}

impl Picture {
    /// The picture of these clusters. `links` is `"<cluster>-><other>"` to state; without it every pair is linked of which one is a
    /// primary.
    pub fn new(
        mesh_id: String,
        clusters: BTreeMap<String, Cluster>,
        links: Option<BTreeMap<String, String>>,
    ) -> Self {
        let is_remote =
            |name: &String| clusters.get(name).is_some_and(|cluster| !cluster.served_by.is_empty());
        let all = || {
            let pairs = clusters.keys().flat_map(|one| clusters.keys().map(move |other| (one, other)));
            let pairs = pairs.filter(|(one, other)| one != other && !(is_remote(one) && is_remote(other)));
            pairs.map(|(one, other)| (format!("{one}->{other}"), READY.to_owned())).collect()
        };
        let links = merged(&links.unwrap_or_else(all));
        Self { mesh_id, clusters, links }
    }

    /// Each network with its clusters.
    pub fn networks(&self) -> BTreeMap<String, Vec<String>> {
        let mut networks: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, cluster) in &self.clusters {
            networks.entry(cluster.network.clone()).or_default().push(name.clone());
        }
        networks
    }
}

/// Two directions that are alike become one link.
fn merged(states: &BTreeMap<String, String>) -> Vec<Link> {
    let mut drawn = BTreeSet::new();
    let mut links = Vec::new();
    for (key, state) in states {
        let Some((from, to)) = key.split_once("->") else { continue };
        let back = format!("{to}->{from}");
        if drawn.contains(&back) {
            continue;
        }
        let both_ways = states.get(&back) == Some(state);
        if both_ways {
            drawn.insert(key.clone());
        }
        let fault = (state != READY).then(|| state.clone());
        links.push(Link { from: from.to_owned(), to: to.to_owned(), both_ways, fault });
    }
    links
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two clusters on one network, a third apart, one link broken.
    pub fn picture() -> Picture {
        let clusters = [
            ("east", cluster("flat", Some("203.0.113.7"), &[])),
            ("middle", cluster("flat", None, &[])),
            ("west", cluster("apart", Some("gateway.west.example"), &[])),
        ];
        let states = [
            ("east->middle", "ready"),
            ("east->west", "ready"),
            ("middle->east", "ready"),
            ("middle->west", "ready"),
            ("west->east", "ready"),
            ("west->middle", "missing"),
        ];
        let text = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let clusters = clusters.map(|(name, cluster)| (name.to_owned(), cluster)).into();
        Picture::new("shop".to_owned(), clusters, Some(states.map(text).into()))
    }

    /// A primary that serves two clusters, one on its own network.
    pub fn served() -> Picture {
        let clusters = [
            ("branch", cluster("apart", Some("203.0.113.9"), &["east"])),
            ("east", cluster("flat", Some("203.0.113.7"), &[])),
            ("edge", cluster("flat", None, &["east"])),
        ];
        let clusters = clusters.map(|(name, cluster)| (name.to_owned(), cluster)).into();
        Picture::new("shop".to_owned(), clusters, None)
    }

    /// The mesh of `examples/mixed`.
    pub fn mixed() -> Picture {
        let clusters = [
            ("branch", cluster("net-branch", Some("203.0.113.9"), &["west"])),
            ("east", cluster("flat", Some("203.0.113.7"), &[])),
            ("edge", cluster("flat", None, &["east"])),
            ("west", cluster("net-west", Some("203.0.113.8"), &[])),
        ];
        let clusters = clusters.map(|(name, cluster)| (name.to_owned(), cluster)).into();
        Picture::new("shop".to_owned(), clusters, None)
    }

    fn cluster(network: &str, address: Option<&str>, served_by: &[&str]) -> Cluster {
        Cluster {
            network: network.to_owned(),
            gateway_addresses: address.into_iter().map(str::to_owned).collect(),
            serves_remote_clusters: false,
            served_by: served_by.iter().map(|primary| (*primary).to_owned()).collect(),
        }
    }

    #[test]
    fn two_directions_that_are_alike_are_one_link() {
        let links: Vec<String> = picture()
            .links
            .iter()
            .map(|link| {
                let arrow = if link.both_ways { "<->" } else { "->" };
                format!("{}{arrow}{} {}", link.from, link.to, link.fault.as_deref().unwrap_or("ready"))
            })
            .collect();
        let expected =
            ["east<->middle ready", "east<->west ready", "middle->west ready", "west->middle missing"];
        assert_eq!(links, expected);
    }

    #[test]
    fn without_states_every_pair_is_linked() {
        let links = Picture::new("shop".to_owned(), picture().clusters, None).links;
        assert_eq!(links.len(), 3);
        assert!(links.iter().all(|link| link.both_ways && link.fault.is_none()));
    }

    #[test]
    fn without_states_remote_clusters_are_linked_to_primaries_alone() {
        let links: Vec<_> = served().links.into_iter().map(|link| (link.from, link.to)).collect();
        let pairs = [("branch", "east"), ("east", "edge")];
        assert_eq!(links, pairs.map(|(from, to)| (from.to_owned(), to.to_owned())));
    }

    #[test]
    fn networks_have_their_clusters() {
        let networks = picture().networks();
        assert_eq!(networks["flat"], ["east", "middle"]);
        assert_eq!(networks["apart"], ["west"]);
    }
}
