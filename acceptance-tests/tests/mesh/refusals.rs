//! What cannot work is refused at plan, and where the value at fault becomes known during the apply only, by that apply, before
//! anything is written.

use acceptance_tests::authority::Authority;
use acceptance_tests::mesh::{VERSION, charts};
use acceptance_tests::{Fixture, Workspace};
use serde_json::json;

/// What stands for the value at fault.
const VALUE: &str = "VALUE";
const TWO: &str = "
  primary \"east\" {
    network = \"net\"
  }
  primary \"west\" {
    network = \"net\"
  }
  certificate_authority {
    key_cluster = \"east\"
  }";

struct Refusal {
    /// The value at fault.
    value: String,
    /// Everything between the mesh's identity and its end.
    mesh: String,
    texts: &'static [&'static str],
}

pub fn what_cannot_work_is_refused_also_when_the_apply_learns_of_it(fixture: &Fixture) {
    let before = [fixture.remains("east"), fixture.remains("west")];
    for Refusal { value, mesh, texts } in refusals() {
        let at_once = configuration(fixture, &value, &mesh, &value);
        Workspace::new(&at_once).plan().failed_with(texts);

        let late = configuration(fixture, &value, &mesh, "terraform_data.late.output");
        let workspace = Workspace::new(&late);
        let plan = workspace.plan();
        assert_eq!(plan.code, 2, "{texts:?}: {}", plan.output);
        workspace.apply_plan().failed_with(texts);
        assert_eq!([fixture.remains("east"), fixture.remains("west")], before, "{texts:?}");
    }
}

fn refusals() -> Vec<Refusal> {
    let changed = |from: &str, to: &str, value: &str, texts: &'static [&'static str]| {
        assert!(TWO.contains(from), "{from}");
        Refusal { value: value.to_owned(), mesh: TWO.replacen(from, to, 1), texts }
    };
    let in_west = "west\" {\n    network = \"net\"";
    let with = |line: &str| format!("{in_west}\n    {line}");
    vec![
        changed(
            "network = \"net\"\n  }\n  primary \"west\" {",
            "network = \"net\"\n    pod_cidrs = [\"10.8.0.0/16\"]\n  }\n  primary \"west\" {\n    pod_cidrs = [VALUE]",
            "\"10.8.128.0/17\"",
            &["pod_cidrs = [", "10.8.128.0/17 overlaps 10.8.0.0/16 of cluster \"east\"", "different ranges"],
        ),
        changed(
            in_west,
            "west\" {\n    network = VALUE",
            "\"net-west\"",
            &["east_west_gateway", "has no east-west gateway", "Add a block east_west_gateway {}"],
        ),
        changed(
            in_west,
            "west\" {\n    network = VALUE",
            "\"net_west\"",
            &["network = ", "\"net_west\" is not a network"],
        ),
        changed(
            in_west,
            &with("api_server {\n      url = VALUE\n    }"),
            "\"https://127.0.0.1:6443\"",
            &[
                "url = ",
                "always refers to the local machine",
                "the URL at which the other clusters' control planes reach",
            ],
        ),
        changed(
            in_west,
            &with("api_server {\n      cluster_ca_certificate = VALUE\n    }"),
            "\"not a certificate\"",
            &["cluster_ca_certificate", "neither PEM nor base64 of PEM"],
        ),
        changed(
            in_west,
            &with("chart \"istiod\" {\n      values = yamlencode({ revision = VALUE })\n    }"),
            "\"canary\"",
            &["revision is \"canary\", but a mesh has only the default revision", "Remove revision"],
        ),
        changed(
            "east\" {\n    network = \"net\"\n  }\n  primary \"west\" {\n    network = \"net\"",
            "east\" {\n    network = \"net\"\n    east_west_gateway {}\n  }\n  primary \"west\" {\n    network = \"net-west\"\n    \
             east_west_gateway {\n      service_type = VALUE\n    }",
            "\"ClusterIP\"",
            &[
                "service_type",
                "no address is configured at which the others reach this gateway",
                "Set addresses to those",
            ],
        ),
        changed(
            in_west,
            &with("version = VALUE"),
            "\"1.29.4\"",
            &["version = ", "not be more than one minor release apart", "one minor release at a time"],
        ),
        changed(
            "key_cluster = \"east\"",
            "mode = VALUE",
            "\"self_signed\"",
            &["mode = ", "creates its own root", "Omit mode"],
        ),
        incomplete_authority(),
        Refusal {
            value: "\"east\"".to_owned(),
            mesh: TWO.replace("west", "orient"),
            texts: &[
                "\"east\" and \"orient\" are the same cluster",
                "Remove one of them from the configuration",
            ],
        },
    ]
}

/// A chain without the certificate that it begins with.
fn incomplete_authority() -> Refusal {
    let authority = Authority::new();
    let (intermediate, root) = (authority.intermediate("east"), json!(authority.root()));
    let (certificate, key) = (json!(intermediate.certificate), json!(intermediate.key));
    Refusal {
        mesh: format!(
            "
  primary \"east\" {{
    network = \"net\"
  }}
  certificate_authority {{
    mode = \"given\"
    given \"east\" {{
      certificate       = {certificate}
      private_key_wo    = {key}
      certificate_chain = {VALUE}
      root_certificates = {root}
    }}
  }}"
        ),
        value: root.to_string(),
        texts: &[
            "Cluster \"east\": istiod could not sign with the given certificate and key",
            "cert-chain.pem",
        ],
    }
}

/// `value` is what Terraform is told at last, and `expression` where the mesh has it from. The provider's third cluster is the
/// first one, if that is the value.
fn configuration(fixture: &Fixture, value: &str, mesh: &str, expression: &str) -> String {
    let kubeconfig = json!(fixture.lab.kubeconfig());
    let context = if value == "\"east\"" { expression } else { "\"west\"" };
    let cluster = |label: &str, context: &str| {
        format!(
            "  cluster {label:?} {{\n    config_path = {kubeconfig}\n    config_context = {context}\n  }}\n"
        )
    };
    let clusters = [("east", "\"east\""), ("west", "\"west\""), ("orient", context)];
    let clusters: String = clusters.iter().map(|(label, context)| cluster(label, context)).collect();
    format!(
        r#"
terraform {{
  required_providers {{
    istio = {{
      source = "terraform-provider-istio/istio"
    }}
  }}
}}
resource "terraform_data" "late" {{
  input = {value}
}}
provider "istio" {{
{clusters}}}
resource "istio_mesh" "shop" {{
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "{VERSION}"
  namespace    = "refused"
  chart_source {{
    repository = "{charts}"
  }}
{mesh}
}}
"#,
        charts = charts(),
        mesh = mesh.replace(VALUE, expression)
    )
}
