//! `cargo xtask demo`: real terraform makes one mesh of two real local clusters through this provider.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use lab::parts::{self, Part, Parts};

use crate::calls;
use crate::command;
use crate::error::{Error, file_error};
use crate::interrupt::Interrupt;
use crate::picture;
use crate::scenario::Scenario;
use crate::terraform::SOURCE;
use crate::tree;
use crate::workspace::{PROVIDER, Workspace};

const EXAMPLES: &str = "examples";

/// Terraform's default host of provider addresses, which names the folder in a filesystem mirror.
const DEFAULT_HOST: &str = "registry.terraform.io";

/// What the clusters, the mesh and Terraform need; not the tools that only tests use.
const PARTS: &[Part] = &[
    Part::Charts,
    Part::Envoy,
    Part::Etcd,
    Part::KubeApiserver,
    Part::KubeControllerManager,
    Part::KubeScheduler,
    Part::KubeProxy,
    Part::Kubectl,
    Part::Kubeletd,
    Part::PilotDiscovery,
    Part::PilotAgent,
    Part::EnvoyBootstrap,
    Part::EchoServer,
    Part::EchoClient,
    Part::Terraform,
];

/// Shows the demo and stays until Ctrl-C, then takes everything down; with `detach` it leaves the clusters
/// running. A demo that fails takes everything down too.
pub fn run(workspace: &Workspace, scenario: Scenario, detach: bool) -> Result<(), Error> {
    let started = Instant::now();
    let mut interrupt = Interrupt::listen()?;
    parts::machine::prepare()?;
    let parts = parts::ensure(PARTS)?;
    interrupt.run(&mut workspace.cargo(&["build", "--workspace", "--release", "--bin", PROVIDER]))?;
    let up = interrupt.run(&mut lab(&[&["up"][..], scenario.clusters()].concat())?);
    if let Err(Error::Failed { .. }) = up {
        // There may be clusters that someone else works with.
        return up;
    }
    let shown = up.and_then(|()| show(workspace, scenario, &parts, &mut interrupt));
    if shown.is_ok() {
        eprintln!("\nThe demo took {} s.{}", started.elapsed().as_secs(), look_around(workspace, scenario));
        if detach {
            return Ok(());
        }
        eprintln!("\nCtrl-C takes everything down.");
        interrupt.wait();
    }
    down(workspace)?;
    shown
}

/// Stops the clusters and forgets the state of what ran in them.
pub fn down(workspace: &Workspace) -> Result<(), Error> {
    match lab::cli::down() {
        Ok(()) | Err(lab::cli::Error::NotUp) => {}
        Err(error) => return Err(error.into()),
    }
    let folder = folder(workspace);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(file_error("remove", &folder))?;
    }
    Ok(())
}

/// What a user does, and what they then see.
fn show(
    workspace: &Workspace,
    scenario: Scenario,
    parts: &Parts,
    interrupt: &mut Interrupt,
) -> Result<(), Error> {
    let folder = folder(workspace);
    lay_out(workspace, scenario, parts, &folder)?;
    // What is shared between meshes is there before.
    calls::prepare(scenario.clusters(), &folder, kubectl)?;
    for arguments in [&["init"][..], &["plan", "-out=plan"], &["apply", "plan"]] {
        interrupt.run(&mut terraform(parts, &folder, arguments)?)?;
    }
    for cluster in scenario.clusters() {
        interrupt.run(&mut kubectl(cluster, &["-n", "istio-system", "get", "deployments,pods"])?)?;
    }
    calls::show(scenario.clusters(), &scenario.calls(), &folder, kubectl)?;
    picture::show(&folder, |arguments| terraform(parts, &folder, arguments))
}

fn kubectl(cluster: &str, arguments: &[&str]) -> Result<Command, Error> {
    lab(&[&["exec", "--", "kubectl", "--context", cluster][..], arguments].concat())
}

fn look_around(workspace: &Workspace, scenario: Scenario) -> String {
    let folder = folder(workspace);
    let clusters = scenario.clusters();
    let (one, other) = (clusters[0], clusters[1]);
    let folder = workspace.relative(&folder).display();
    format!(
        " {} Look around, from another terminal:\n\n\
         \x20 cargo xtask lab status\n\
         \x20 cargo xtask lab exec -- kubectl --context {other} get pods -A\n\
         \x20 cargo xtask lab exec -- kubectl --context {one} -n istio-system edit deployment istiod\n\
         \x20 cargo xtask lab exec -- terraform -chdir={folder} plan\n\n\
         `cargo xtask demo --down` takes everything down.",
        scenario.described()
    )
}

/// Where the configuration, the state and the mirror are.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join(".demo")
}

/// The example with its variables, and the provider in a filesystem mirror, as `terraform init` expects them.
fn lay_out(workspace: &Workspace, scenario: Scenario, parts: &Parts, folder: &Path) -> Result<(), Error> {
    let example = workspace.root.join(EXAMPLES).join(scenario.example());
    tree::write(folder, &tree::read(&example)?)?;
    write(&folder.join("topology.tf"), &scenario.topology())?;
    let printed = command::output(&mut lab(&["exec", "--", "printenv", "KUBECONFIG"])?)?;
    let variables = serde_json::json!({
        "kubeconfig": String::from_utf8_lossy(&printed).trim(),
        "charts": parts.charts().directory(),
    });
    write(&folder.join("terraform.tfvars.json"), &format!("{variables:#}\n"))?;
    let mirror = folder.join("providers");
    let version = &workspace.version;
    let provider = mirror.join(DEFAULT_HOST).join(SOURCE).join(version).join("linux_amd64");
    fs::create_dir_all(&provider).map_err(file_error("create", &provider))?;
    let binary = provider.join(format!("{PROVIDER}_v{version}"));
    let built = workspace.built("release").join(PROVIDER);
    fs::copy(&built, &binary).map_err(file_error("copy", &built))?;
    let mirror = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        mirror.display()
    );
    write(&folder.join("terraform.rc"), &mirror)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(file_error("write", path))
}

/// Terraform among the clusters, with the mirror as its only source of providers.
fn terraform(parts: &Parts, folder: &Path, arguments: &[&str]) -> Result<Command, Error> {
    let program = parts.path(Part::Terraform).to_string_lossy();
    let chdir = format!("-chdir={}", folder.display());
    let mut terraform = lab(&[&["exec", "--", &program, &chdir], arguments].concat())?;
    terraform.env("TF_CLI_CONFIG_FILE", folder.join("terraform.rc")).env("CHECKPOINT_DISABLE", "1");
    Ok(terraform)
}

/// This program's own `lab` task.
fn lab(arguments: &[&str]) -> Result<Command, Error> {
    let this = std::env::current_exe()
        .map_err(|source| Error::Start { command: "this program again".to_owned(), source })?;
    let mut lab = Command::new(this);
    lab.arg("lab").args(arguments);
    Ok(lab)
}
