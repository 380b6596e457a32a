//! This checkout: where it is, where cargo puts what it builds, which version it is.

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
}

impl Workspace {
    /// Asks cargo.
    pub fn find() -> Result<Self, Error> {
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--format-version=1", "--no-deps"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        let printed = command::output(&mut cargo)?;
        let metadata: Metadata = serde_json::from_slice(&printed)
            .map_err(|source| Error::Output { command: command::line(&cargo), source })?;
        let provider = metadata.packages.into_iter().find(|package| package.name == PROVIDER);
        Ok(Self {
            root: metadata.workspace_root,
            version: provider.map(|package| package.version).unwrap_or_default(),
            target: metadata.target_directory,
        })
    }

    /// A cargo command in the root of the workspace.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(&self.root);
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
