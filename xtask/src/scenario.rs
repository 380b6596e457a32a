//! What the demo can show.

use clap::ValueEnum;
use lab::sample;

/// A mesh of two clusters, or two meshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Each cluster has a control plane of its own
    MultiPrimary,
    /// The control plane of one cluster serves the other, too
    PrimaryRemote,
    /// Two meshes with root certificates of their own use a Service of each other
    MultiMesh,
}

impl Scenario {
    /// The example that is applied, a folder of `examples/`.
    pub fn example(self) -> &'static str {
        match self {
            Self::MultiPrimary => "multi-primary-multi-network",
            Self::PrimaryRemote => "primary-remote-multi-network",
            Self::MultiMesh => "multi-mesh",
        }
    }

    /// The clusters of the example.
    pub fn clusters(self) -> &'static [&'static str] {
        match self {
            Self::MultiPrimary => &["east", "west"],
            Self::PrimaryRemote => &["east", "branch"],
            Self::MultiMesh => &["east", "west", "bank"],
        }
    }

    /// What is called from where.
    pub fn calls(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::MultiPrimary | Self::PrimaryRemote => {
                self.clusters().iter().map(|cluster| (*cluster, sample::URL)).collect()
            }
            Self::MultiMesh => {
                vec![
                    ("east", "http://echo.bank.mesh:5000/"),
                    ("west", "http://echo.bank.mesh:5000/"),
                    ("bank", "http://echo.shop.mesh:5000/"),
                ]
            }
        }
    }

    /// What there is, in words.
    pub fn described(self) -> &'static str {
        match self {
            Self::MultiPrimary | Self::PrimaryRemote => "One mesh over two clusters.",
            Self::MultiMesh => "Two meshes over three clusters.",
        }
    }

    /// What stands next to the example's own configuration: the pictures of the mesh that it makes.
    pub fn topology(self) -> String {
        let arguments = match self {
            Self::MultiPrimary | Self::MultiMesh => "  links = istio_mesh.shop.status.links\n",
            Self::PrimaryRemote => {
                "  links = merge(istio_mesh.shop.status.links, istio_remote_cluster.branch.status.links)
  remotes = {
    branch = {
      network           = istio_remote_cluster.branch.network
      primaries         = istio_remote_cluster.branch.primaries
      gateway_addresses = istio_remote_cluster.branch.status.gateway_addresses
    }
  }
"
            }
        };
        format!(
            r#"data "istio_mesh_topology" "shop" {{
  mesh  = istio_mesh.shop.join
{arguments}}}

output "mermaid" {{
  value = data.istio_mesh_topology.shop.mermaid
}}

output "svg" {{
  value = data.istio_mesh_topology.shop.svg
}}
"#
        )
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_scenario_is_an_example_with_its_clusters_and_resources() {
        for scenario in Scenario::value_variants() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(scenario.example());
            let example = std::fs::read_to_string(folder.join("main.tf")).unwrap();
            assert!(scenario.calls().iter().all(|(cluster, _)| scenario.clusters().contains(cluster)));
            for cluster in scenario.clusters() {
                assert!(example.contains(&format!("  cluster {cluster:?} {{")), "{scenario:?}: {cluster}");
            }
            let topology = scenario.topology();
            let resources = topology.split(['(', ' ', '\n']).filter(|word| word.starts_with("istio_"));
            for resource in resources {
                let mut names = resource.split('.');
                let (kind, name) = (names.next().unwrap(), names.next().unwrap());
                let block = format!("resource {kind:?} {name:?} {{");
                assert!(example.contains(&block), "{scenario:?}: {block}");
            }
        }
    }
}
