//! The rules of a mesh of several clusters: what each of them would be broken by is found by looking at two at once.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use super::api_server::ApiServer;
use super::authority::{Authority, KeyType};
use super::cidr::Cidr;
use super::declared::{CertificateAuthority, Mesh, Primary};
use super::gateway::{EastWestGateway, SERVICE_TYPES};
use super::names::ClusterName;
use super::validate::Check;
use super::violation::FieldPath;

const DAY: Duration = Duration::from_hours(24);
/// As upstream's certificate scripts have it.
const DEFAULT_ROOT_DAYS: i64 = 3650;
/// As upstream's certificate scripts have it.
const DEFAULT_INTERMEDIATE_DAYS: i64 = 730;

/// The addresses of the pods of one cluster, with where the user wrote them.
struct PodRange<'a> {
    cluster: &'a str,
    network: &'a str,
    cidr: Cidr,
}

impl Check {
    /// Every rule between the clusters of the mesh.
    pub(super) fn topology(&mut self, mesh: &Mesh) {
        if mesh.primaries.is_empty() {
            let cause = "A mesh needs a cluster with a control plane.".to_owned();
            self.error(FieldPath::attribute("primary"), None, cause, "Add a block primary \"<cluster>\".");
        }
        self.networks_have_gateways(&mesh.primaries);
        self.pod_ranges_differ(&mesh.primaries);
        for (label, primary) in &mesh.primaries {
            let block = FieldPath::attribute("primary").key(label);
            if let Some(gateway) = &primary.east_west_gateway {
                self.gateway(gateway, &block.then("east_west_gateway"), label);
            }
            let url = primary.api_server.as_ref().and_then(|api_server| api_server.url.as_deref());
            if let Some(reason) = url.and_then(ApiServer::unusable) {
                let field = block.then("api_server").then("url");
                let way_out =
                    "Give the URL by which the other clusters' control planes reach this API server.";
                self.error(field, Some(label), format!("{reason}."), way_out);
            }
        }
    }

    /// Traffic enters a network through a gateway in one of its clusters.
    fn networks_have_gateways(&mut self, primaries: &BTreeMap<String, Primary>) {
        let networks: BTreeSet<&str> = primaries.values().map(|primary| primary.network.as_str()).collect();
        if networks.len() < 2 {
            return;
        }
        for network in networks {
            let mut members = primaries.iter().filter(|(_, primary)| primary.network == network);
            let first = members.clone().next().map(|(label, _)| label.as_str());
            if let Some(label) = first.filter(|_| members.all(|(_, it)| it.east_west_gateway.is_none())) {
                let field = FieldPath::attribute("primary").key(label).then("east_west_gateway");
                let cause = format!(
                    "The mesh has several networks, and network {network:?} has no east-west gateway, so no call could come \
                     into it."
                );
                let way_out = "Add a block east_west_gateway {} to a cluster of this network, or give clusters whose pods \
                     reach each other the same network.";
                self.error(field, Some(label), cause, way_out);
            }
        }
    }

    /// On one network an address means one pod.
    fn pod_ranges_differ(&mut self, primaries: &BTreeMap<String, Primary>) {
        let mut ranges: Vec<PodRange<'_>> = Vec::new();
        for (label, primary) in primaries {
            let field = FieldPath::attribute("primary").key(label).then("pod_cidrs");
            for text in &primary.pod_cidrs {
                let Some(cidr) = self.name::<Cidr>(text, field.clone(), Some(label)) else { continue };
                let range = PodRange { cluster: label, network: &primary.network, cidr };
                let other = ranges.iter().find(|other| {
                    other.network == range.network
                        && other.cluster != range.cluster
                        && other.cidr.overlaps(&range.cidr)
                });
                if let Some(other) = other {
                    let cause = format!(
                        "{cidr} overlaps {} of cluster {:?}, and both are on network {:?}, where an address must mean one pod.",
                        other.cidr, other.cluster, range.network
                    );
                    let way_out = "Give the clusters different pod ranges, or different networks with an east-west gateway \
                                   each.";
                    self.error(field.clone(), Some(label), cause, way_out);
                }
                ranges.push(range);
            }
        }
    }

    fn gateway(&mut self, gateway: &EastWestGateway, field: &FieldPath, cluster: &str) {
        let service_type = gateway.service_type.as_deref();
        if let Some(found) = service_type.filter(|found| !SERVICE_TYPES.contains(found)) {
            let cause = format!("{found:?} is no type of a gateway's Service.");
            let way_out = format!("Write one of {}.", SERVICE_TYPES.join(", "));
            self.error(field.then("service_type"), Some(cluster), cause, &way_out);
        }
        if gateway.replicas.is_some_and(|replicas| replicas < 1) {
            let cause = "A gateway without a pod lets nothing in.".to_owned();
            self.error(field.then("replicas"), Some(cluster), cause, "Write 1 or more, or leave it out.");
        }
        for text in &gateway.source_ranges {
            self.name::<Cidr>(text, field.then("source_ranges"), Some(cluster));
        }
        self.is_document(&gateway.values, &field.then("values"), Some(cluster));
    }

    /// The authority of a mesh with these clusters; `None` if something is wrong with it.
    pub(super) fn authority(
        &mut self,
        declared: &CertificateAuthority,
        primaries: &BTreeMap<String, Primary>,
    ) -> Option<Authority> {
        let field = FieldPath::attribute("certificate_authority");
        match declared.mode.as_deref().unwrap_or("generated") {
            "generated" => self.generated_authority(declared, primaries, &field),
            "self_signed" if primaries.len() > 1 => {
                let cause = "With mode = \"self_signed\" the istiod of every cluster makes a root of its own, so workloads of \
                             two clusters would refuse each other."
                    .to_owned();
                let way_out = "Leave mode out, so that the provider makes one root and an intermediate for each cluster. For \
                               a mesh that is installed already this replaces its root: plan a maintenance window.";
                self.error(field.then("mode"), None, cause, way_out);
                None
            }
            "self_signed" => Some(Authority::SelfSigned),
            other => {
                let cause = format!("{other:?} is no mode of a certificate authority.");
                self.error(field.then("mode"), None, cause, "Write \"generated\" or \"self_signed\".");
                None
            }
        }
    }

    fn generated_authority(
        &mut self,
        declared: &CertificateAuthority,
        primaries: &BTreeMap<String, Primary>,
        field: &FieldPath,
    ) -> Option<Authority> {
        let key_cluster = self.key_cluster(declared.key_cluster.as_deref(), primaries, field);
        let key_type = declared.key_type.as_deref().map_or(Some(KeyType::default()), KeyType::from_setting);
        if key_type.is_none() {
            let cause = format!("{:?} is no kind of key.", declared.key_type.as_deref().unwrap_or_default());
            let way_out = "Write \"ecdsa-p256\" or \"ecdsa-p384\".";
            self.error(field.then("key_type"), None, cause, way_out);
        }
        let root =
            self.lifetime(declared.root_lifetime_days, DEFAULT_ROOT_DAYS, &field.then("root_lifetime_days"));
        let intermediate = self.lifetime(
            declared.intermediate_lifetime_days,
            DEFAULT_INTERMEDIATE_DAYS,
            &field.then("intermediate_lifetime_days"),
        );
        Some(Authority::Generated {
            key_cluster: key_cluster?,
            root_lifetime: root?,
            intermediate_lifetime: intermediate?,
            key_type: key_type?,
        })
    }

    fn lifetime(&mut self, days: Option<i64>, default: i64, field: &FieldPath) -> Option<Duration> {
        let days = u32::try_from(days.unwrap_or(default)).ok().filter(|days| (1..=36_500).contains(days));
        if days.is_none() {
            let cause = "A certificate is valid for 1 to 36500 days.".to_owned();
            self.error(field.clone(), None, cause, "Write a number of days in this range.");
        }
        days.map(|days| DAY * days)
    }

    /// With one primary there is no choice.
    fn key_cluster(
        &mut self,
        named: Option<&str>,
        primaries: &BTreeMap<String, Primary>,
        field: &FieldPath,
    ) -> Option<ClusterName> {
        let field = field.then("key_cluster");
        let labels = || primaries.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        match named {
            Some(named) if !primaries.contains_key(named) => {
                let cause = format!("{named:?} is no primary of this mesh.");
                self.error(field, None, cause, &format!("Name one of {}.", labels()));
                None
            }
            Some(named) => named.parse().ok(),
            None if primaries.len() > 1 => {
                let cause =
                    "A mesh of several clusters has one root, and nothing says which cluster keeps its key."
                        .to_owned();
                let way_out = format!("Set key_cluster to one of {}.", labels());
                self.error(field, None, cause, &way_out);
                None
            }
            None => primaries.keys().next().and_then(|label| label.parse().ok()),
        }
    }
}

#[cfg(test)]
mod tests;
