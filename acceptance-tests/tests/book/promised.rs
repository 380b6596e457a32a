//! What a plan has promised, when the world has changed before the apply.

use std::path::Path;
use std::process::Command;

use acceptance_tests::Workspace;
use acceptance_tests::mesh::{Mesh, provider};
use lab::parts;
use serde_json::json;

use crate::clusters::{Clusters, assert_same, fails, identity};

/// A cluster that Terraform makes itself and replaces whenever it is told of another one.
const CLUSTER: &str = r#"
variable "cluster" {
  type = object({ host = string, ca = string, token = string })
}
resource "terraform_data" "cluster" {
  input            = var.cluster
  triggers_replace = var.cluster.host
}
"#;

pub fn a_cluster_that_is_replaced_in_the_run_is_filled_only_if_the_user_says_so(clusters: &Clusters) {
    let shop = Mesh::of("shop", &["east"]).hcl();
    let configuration = |extra: &str| {
        let block = format!(
            "  cluster \"east\" {{\n    host = terraform_data.cluster.output.host\n    \
             cluster_ca_certificate = terraform_data.cluster.output.ca\n    token = terraform_data.cluster.output.token\n{extra}\n  }}\n"
        );
        format!("{}{CLUSTER}{shop}", provider(&block))
    };
    let workspace = Workspace::new(&configuration(""));
    let is = |cluster: &str| {
        let api = clusters.lab.cluster(cluster).api_server();
        let token = api.token(lab::api_server::identity::ADMIN).expect("the administrator's token");
        workspace
            .set_variables(&json!({"cluster": {"host": api.host(), "ca": api.ca_pem(), "token": token}}));
    };
    is("east");
    workspace.apply().succeeded();
    let (id, before) = (identity(&workspace), clusters.east.settled());
    let uid = clusters.east.uid();

    is("west");
    let plan = workspace.plan();
    let line = format!("recreated_from = \"{uid}\"");
    // Terraform breaks lines.
    let said = plan.output.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plan.code == 2 && said.contains(&line), "the plan does not name the way:\n{}", plan.output);
    let run = workspace.apply_plan().failed_with(&[&uid, "recreated_from"]);
    assert!(!run.output.contains("bug in the provider"), "{}", run.story());
    assert!(clusters.west.remains().is_empty(), "{:?}", clusters.west.remains());

    // It was the old one after all, which is made again under another name, so to say.
    is("east");
    workspace.apply().succeeded();
    assert_same(&before, &clusters.east.settled(), "a cluster that came back was changed");
    workspace.assert_no_changes();

    is("west");
    workspace.configure(&configuration(&format!("    recreated_from = {uid:?}")));
    workspace.apply().succeeded();
    assert!(clusters.west.get("/apis/apps/v1/namespaces/istio-system/deployments/istiod").is_some());
    assert_eq!(identity(&workspace), id);
    workspace.assert_no_changes();
}

pub fn a_chart_that_changed_since_the_plan_is_named(clusters: &Clusters) {
    let folder = tempfile::tempdir().expect("make a directory");
    copy_charts(folder.path());
    let shop = Mesh::of("shop", &["east"]).charts(&folder.path().display().to_string());
    let workspace = clusters.workspace(&shop);
    assert_eq!(workspace.plan().code, 2);
    change_chart(folder.path());
    let run = workspace.apply_plan();
    let blames = run.output.contains("bug in the provider");
    assert!(!blames, "{}", run.story());
    if run.code != 0 {
        assert!(run.output.contains("chart"), "{}", run.story());
        assert!(clusters.east.remains().is_empty(), "{:?}", clusters.east.remains());
        workspace.apply().succeeded();
    }

    let before = clusters.east.settled();
    clusters.configure(&workspace, &shop.istiod("{ env = { CHANGED = \"1\" } }"));
    assert_eq!(workspace.plan().code, 2);
    change_chart(folder.path());
    let run = workspace.apply_plan().failed_with(&["istiod", "chart", "changed"]);
    assert!(!run.output.contains("bug in the provider"), "{}", run.story());
    assert_same(&before, &clusters.east.settled(), "a refused apply changed");
    fails(&workspace, &["istiod", "chart", "changed"]);
}

fn copy_charts(to: &Path) {
    let charts = parts::charts().unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    let from = format!("{}/.", charts.directory().display());
    let copied = Command::new("cp").args(["-aL", &from]).arg(to).status().expect("run cp");
    assert!(copied.success());
}

/// One line more, which changes nothing that is rendered.
fn change_chart(folder: &Path) {
    let values = folder.join("istiod/values.yaml");
    let text = std::fs::read_to_string(&values).expect("the chart is a directory");
    std::fs::write(&values, text + "# another day\n").expect("change the chart");
}
