//! This checkout: where it is, where cargo puts what it builds, which version it is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::command;
use crate::error::Error;

/// The provider's package and binary.
pub const PROVIDER: &str = "terraform-provider-istio";

/// Where things are.
pub struct Workspace {
    /// The folder with the root Cargo.toml.
    pub root: PathBuf,
    /// The provider's version.
    pub version: String,
    /// The names of all packages' integration tests, each once.
    pub test_targets: Vec<String>,
    target: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    pub fn find() -> Result<Self, Error> {
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--format-version=1", "--no-deps"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        let printed = command::output(&mut cargo)?;
        let metadata: Metadata = serde_json::from_slice(&printed)
            .map_err(|source| Error::Output { command: command::line(&cargo), source })?;
        let targets = metadata.packages.iter().flat_map(|package| &package.targets);
        let tests = targets.filter(|target| target.kind == ["test"]).map(|target| target.name.clone());
        let test_targets = tests.collect::<BTreeSet<_>>().into_iter().collect();
        let provider = metadata.packages.into_iter().find(|package| package.name == PROVIDER);
        Ok(Self {
            root: metadata.workspace_root,
            version: provider.map(|package| package.version).unwrap_or_default(),
            test_targets,
            target: metadata.target_directory,
        })
    }

    /// The command that builds the provider's debug binary: from the whole workspace, so that what it depends on has the
    /// same features as in the tests and is not built twice.
    pub fn build_provider(&self) -> Command {
        self.cargo(&["build", "--quiet", "--workspace", "--bin", PROVIDER])
    }

    /// A cargo command in the root of the workspace. What one step has built, the next finds built in the same way; and what
    /// incremental builds keep would double what the checks need of the disk.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = lab::inner_cargo();
        cargo.args(arguments).current_dir(&self.root).env("CARGO_INCREMENTAL", "0");
        cargo
    }

    /// The folder of the programs of a profile: `debug`, `release`, `<target triple>/release`.
    pub fn built(&self, profile: &str) -> PathBuf {
        self.target.join(profile)
    }

    /// A path of the tree for people.
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}
