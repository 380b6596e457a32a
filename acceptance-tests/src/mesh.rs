//! Configurations of one mesh in clusters of a lab.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lab::{Lab, parts};

/// The release of the lab's charts.
pub const VERSION: &str = "1.31.0";
/// Where its resource is.
pub const ADDRESS: &str = "istio_mesh.shop";

/// A mesh as `istio_mesh.shop`, whose clusters share one network unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Mesh {
    id: String,
    is_apart: bool,
    namespace: String,
    repository: String,
    authority: String,
    primaries: BTreeMap<String, String>,
    rest: String,
}

impl Mesh {
    /// A mesh of these clusters. Where there are several, the first keeps the root's key.
    pub fn of(id: &str, clusters: &[&str]) -> Self {
        let mesh = Self {
            id: id.to_owned(),
            is_apart: false,
            namespace: "istio-system".to_owned(),
            repository: charts(),
            authority: String::new(),
            primaries: clusters.iter().map(|label| ((*label).to_owned(), String::new())).collect(),
            rest: String::new(),
        };
        if clusters.len() > 1 { mesh.key_cluster(clusters[0]) } else { mesh }
    }

    /// With each cluster on a network of its own, `net-<label>`.
    #[must_use]
    pub fn apart(self) -> Self {
        Self { is_apart: true, ..self }
    }

    /// In another namespace than `istio-system`.
    #[must_use]
    pub fn namespace(self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self }
    }

    /// With charts from elsewhere.
    #[must_use]
    pub fn charts(self, repository: &str) -> Self {
        Self { repository: repository.to_owned(), ..self }
    }

    /// With the root's key in this cluster.
    #[must_use]
    pub fn key_cluster(self, label: &str) -> Self {
        self.authority(&format!("key_cluster = {label:?}"))
    }

    /// With this in the block `certificate_authority`.
    #[must_use]
    pub fn authority(self, body: &str) -> Self {
        Self { authority: body.to_owned(), ..self }
    }

    /// With this in the block of every primary.
    #[must_use]
    pub fn primaries(mut self, body: &str) -> Self {
        for text in self.primaries.values_mut() {
            body.clone_into(text);
        }
        self
    }

    /// With a cluster more, or with this in its block.
    #[must_use]
    pub fn primary(mut self, label: &str, body: &str) -> Self {
        self.primaries.insert(label.to_owned(), body.to_owned());
        self
    }

    /// With this in the resource.
    #[must_use]
    pub fn with(mut self, text: &str) -> Self {
        self.rest.push_str(text);
        self.rest.push('\n');
        self
    }

    /// With Helm values for istiod, in Terraform's own words.
    #[must_use]
    pub fn istiod(self, values: &str) -> Self {
        self.with(&format!("chart \"istiod\" {{\n    values = yamlencode({values})\n  }}"))
    }

    /// The resource.
    pub fn hcl(&self) -> String {
        let Self { id, is_apart, namespace, repository, authority, primaries, rest } = self;
        let mut text = format!(
            "resource \"istio_mesh\" \"shop\" {{\n  mesh_id = {id:?}\n  trust_domain = \"{id}.example\"\n  version = {VERSION:?}\n  \
             namespace = {namespace:?}\n  chart_source {{\n    repository = {repository:?}\n  }}\n"
        );
        for (label, body) in primaries {
            let network = if *is_apart { format!("net-{label}") } else { "flat".to_owned() };
            writeln!(text, "  primary {label:?} {{\n    network = {network:?}\n{body}\n  }}")
                .expect("write into a text");
        }
        if !authority.is_empty() {
            writeln!(text, "  certificate_authority {{\n{authority}\n  }}").expect("write into a text");
        }
        text + rest + "}\n"
    }
}

/// Where the lab's charts are.
pub fn charts() -> String {
    let charts = parts::charts().unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    charts.directory().display().to_string()
}

/// What stands before every resource: the provider's address, and a provider block with these cluster blocks.
pub fn provider(blocks: &str) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    istio = {{\n      source = \"terraform-provider-istio/istio\"\n    }}\n  }}\n}}\n\
         provider \"istio\" {{\n{blocks}}}\n"
    )
}

/// A provider block with the administrators of these clusters, which it calls by their names.
pub fn administrators(lab: &Lab, clusters: &[&str]) -> String {
    let blocks: String = clusters.iter().map(|cluster| cluster_block(lab, cluster, cluster, "")).collect();
    provider(&blocks)
}

/// A cluster block for the administrator of a cluster, which the provider calls by `label`, with `extra` lines in it.
pub fn cluster_block(lab: &Lab, label: &str, cluster: &str, extra: &str) -> String {
    let kubeconfig = lab.kubeconfig();
    format!(
        "  cluster {label:?} {{\n    config_path = \"{}\"\n    config_context = {cluster:?}\n{extra}\n  }}\n",
        kubeconfig.display()
    )
}
