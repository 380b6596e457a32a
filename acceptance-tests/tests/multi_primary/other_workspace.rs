//! A mesh as another workspace sees it, which has nothing of its state.

use acceptance_tests::{Fixture, Workspace};
use serde_json::json;

/// The data source tells of the mesh what the resource of the first workspace tells.
pub fn sees_the_same_mesh(fixture: &Fixture, first: &Workspace) {
    let second = Workspace::new(&configuration("east", r#"["east", "west"]"#, "istio-system"));
    second.set_variables(&fixture.variables());
    second.apply().succeeded();
    let (read, made) = (second.resource("data.istio_mesh.shop"), first.resource("istio_mesh.shop"));
    let names =
        ["id", "mesh_id", "trust_domain", "version", "cluster_uids", "kubernetes_versions", "join", "peer"];
    for name in names {
        assert_eq!(read[name], made[name], "{name}");
    }
    assert!(
        read["peer"]["root_certificates"].as_str().is_some_and(|roots| roots.contains("BEGIN CERTIFICATE"))
    );
    let picture = second.resource("data.istio_mesh_topology.shop");
    assert_eq!(picture["networks"], json!({"net-east": ["east"], "net-west": ["west"]}));
}

/// What cannot be read is named, with the way out.
pub fn names_what_is_not_as_it_says(fixture: &Fixture) {
    let fails = |label: &str, clusters: &str, namespace: &str, texts: &[&str]| {
        let workspace = Workspace::new(&configuration(label, clusters, namespace));
        workspace.set_variables(&fixture.variables());
        workspace.plan().failed_with(texts);
    };
    let nothing = "Cluster \"west\" has no Istio control plane in namespace \"elsewhere\"";
    fails("east", r#"["east", "west"]"#, "elsewhere", &[nothing]);
    let name = "Cluster \"oriental\": Istio calls it \"east\"";
    fails("oriental", r#"["oriental"]"#, "istio-system", &[name, "cluster \"east\" { … }"]);
    fails("east", r#"["middle"]"#, "istio-system", &["the provider has no cluster block with this label"]);
    fails("east", "[]", "istio-system", &["clusters is empty"]);
}

/// `label` is what the provider block calls the cluster `east`.
fn configuration(label: &str, clusters: &str, namespace: &str) -> String {
    let block = |label: &str, context: &str| {
        format!(
            "  cluster {label:?} {{\n    config_path = var.kubeconfig\n    config_context = {context:?}\n  }}\n"
        )
    };
    let blocks = block(label, "east") + &block("west", "west");
    format!(
        r#"
terraform {{
  required_providers {{
    istio = {{
      source = "terraform-provider-istio/istio"
    }}
  }}
}}
variable "kubeconfig" {{ type = string }}
variable "charts" {{ type = string }}
provider "istio" {{
{blocks}}}
data "istio_mesh" "shop" {{
  clusters         = {clusters}
  namespace        = {namespace:?}
  chart_repository = var.charts
}}
data "istio_mesh_topology" "shop" {{
  mesh = data.istio_mesh.shop.join
}}
"#
    )
}
