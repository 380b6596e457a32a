use std::collections::BTreeSet;
use std::fs;

use acceptance_tests::Fixture;
use acceptance_tests::provider_binary::{self, Build};

use crate::configuration::mesh_of;

pub fn init_takes_the_provider_from_a_mirror(fixture: &Fixture) {
    let mut workspace = fixture.workspace("east", &mesh_of("east", ""));
    let platform = "linux_amd64";
    let mirror = workspace.path().join("mirror");
    let place = mirror.join("registry.terraform.io/terraform-provider-istio/istio/0.1.0").join(platform);
    fs::create_dir_all(&place).expect("make the mirror");
    let binary = provider_binary::directory(Build::Normal).join("terraform-provider-istio");
    fs::copy(binary, place.join("terraform-provider-istio_v0.1.0")).expect("fill the mirror");
    let configuration = workspace.path().join("mirror.rc");
    let text = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        mirror.display()
    );
    fs::write(&configuration, text).expect("write the CLI configuration");
    workspace.set("TF_CLI_CONFIG_FILE", &configuration.display().to_string());
    let init = workspace.run(&["init", "-input=false", "-no-color"]).succeeded();
    assert!(init.output.contains("Installed terraform-provider-istio/istio v0.1.0"), "{}", init.output);
    assert_eq!(workspace.plan().code, 2);
}

pub fn a_cluster_that_is_not_known_yet_can_be_planned(fixture: &Fixture) {
    let api = fixture.lab.cluster("east").api_server();
    let configuration = format!(
        r#"
terraform {{
  required_providers {{
    istio = {{
      source = "terraform-provider-istio/istio"
    }}
  }}
}}
resource "terraform_data" "cluster" {{
  input = "{host}"
}}
provider "istio" {{
  cluster "east" {{
    host                   = terraform_data.cluster.output
    token_file             = "${{path.module}}/token"
    cluster_ca_certificate = <<-PEM
{ca}
PEM
  }}
}}
{mesh}"#,
        host = api.host(),
        ca = api.ca_pem(),
        mesh = mesh_of("east", "  delete_crds = true"),
    );
    let workspace = fixture.workspace("east", "");
    workspace.configure(&configuration);
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    assert!(
        plan.output.contains("cluster \"east\": its host is not known yet")
            || plan.output.contains("Cluster \"east\": its host is not known yet"),
        "{}",
        plan.output
    );
    assert!(plan.output.contains("+ \"east/apps/Deployment/istio-system/istiod\""), "{}", plan.output);
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), BTreeSet::new());
}

pub fn cluster_blocks_that_are_not_known_yet_can_be_planned(fixture: &Fixture) {
    let provider = fixture.provider("east", "east", "");
    let (before, block) = provider.split_once("  cluster \"east\" {\n").expect("a cluster block");
    let dynamic = "  dynamic \"cluster\" {\n    for_each = terraform_data.clusters.output\n    labels   = [\"east\"]\n    content {\n";
    let (inside, after) = block.split_once("\n  }\n").expect("the end of the block");
    let labels = "resource \"terraform_data\" \"clusters\" {\n  input = [\"on\"]\n}\n";
    let provider = format!("{labels}{before}{dynamic}{inside}\n    }}\n  }}\n{after}");
    let workspace = fixture.workspace("east", "");
    workspace.configure(&format!("{provider}{}", mesh_of("east", "  delete_crds = true")));
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    assert!(plan.output.contains("its block in the provider is not known yet"), "{}", plan.output);
    assert!(plan.output.contains("+ \"east/apps/Deployment/istio-system/istiod\""), "{}", plan.output);
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), BTreeSet::new());
}

pub fn a_full_plan_shows_the_fields_of_new_objects(fixture: &Fixture) {
    let provider = fixture.provider("east", "east", "").replacen(
        "provider \"istio\" {\n",
        "provider \"istio\" {\n  plan_detail = \"full\"\n",
        1,
    );
    let workspace = fixture.workspace("east", "");
    workspace.configure(&format!("{provider}{}", mesh_of("east", "  delete_crds = true")));
    assert_eq!(workspace.plan().code, 2);
    let planned = workspace.shown_plan();
    let manifests = &planned["resource_changes"][0]["change"]["after"]["manifests"];
    let image = &manifests["east/apps/Deployment/istio-system/istiod"]["spec.template.spec.containers[name=discovery].image"];
    assert!(image.as_str().is_some_and(|image| image.ends_with("/pilot:1.31.0")), "{image}");
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), BTreeSet::new());
}
