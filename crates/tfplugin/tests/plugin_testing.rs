//! terraform-plugin-testing, with which providers in Go are tested, against the example provider.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(unix)]

mod support;

use std::process::{Command, Stdio};

#[test]
fn the_acceptance_tests_of_the_go_world_pass() {
    use std::env::consts::{ARCH, OS};
    let program =
        lab::parts::find(lab::parts::Part::PluginAcceptance).unwrap_or_else(|error| panic!("{error}"));
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let go = |name| match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "macos" => "darwin",
        other => other,
    };
    let package =
        path("mirror/registry.terraform.io/example/keeper/0.1.0").join(format!("{}_{}", go(OS), go(ARCH)));
    std::fs::create_dir_all(&package).unwrap();
    std::fs::create_dir(path("files")).unwrap();
    std::fs::copy(support::keeper(), package.join("terraform-provider-keeper_v0.1.0")).unwrap();
    let mirror = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        path("mirror").display()
    );
    std::fs::write(path("cli.tfrc"), mirror).unwrap();
    let output = Command::new(program)
        .env("TF_ACC_TERRAFORM_PATH", support::Client::NewestTerraform.program())
        .env("TF_CLI_CONFIG_FILE", path("cli.tfrc"))
        .env("KEEPER_DIRECTORY", path("files"))
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = support::text(&output);
    assert!(output.status.success() && told.matches("passed: ").count() == 3, "{told}");
}
