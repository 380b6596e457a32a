//! The real terraform with the provider of this checkout in place of a published one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::parts::{self, Part};

use crate::error::{Error, file_error};

/// The provider's address in configurations that name their providers.
pub const SOURCE: &str = "terraform-provider-istio/istio";

/// The address that Terraform assumes where a configuration only says `provider "istio"`.
const IMPLIED_SOURCE: &str = "hashicorp/istio";

/// Terraform with development overrides: no `init`, no registry.
pub struct Terraform {
    program: PathBuf,
    cli_configuration: PathBuf,
}

impl Terraform {
    /// `providers` is the folder with the provider's binary; the CLI configuration is written to `scratch`.
    pub fn with_overrides(providers: &Path, scratch: &Path) -> Result<Self, Error> {
        let program = parts::find(Part::Terraform)?;
        let cli_configuration = scratch.join("terraform.rc");
        let overrides =
            [SOURCE, IMPLIED_SOURCE].map(|source| format!("\"{source}\" = \"{}\"", providers.display()));
        let text = format!(
            "provider_installation {{\n  dev_overrides {{\n    {}\n  }}\n}}\n",
            overrides.join("\n    ")
        );
        fs::write(&cli_configuration, text).map_err(file_error("write", &cli_configuration))?;
        Ok(Self { program, cli_configuration })
    }

    /// A command in the folder of a configuration.
    pub fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut terraform = Command::new(&self.program);
        terraform
            .args(arguments)
            .current_dir(folder)
            .env("TF_CLI_CONFIG_FILE", &self.cli_configuration)
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_LOG");
        terraform
    }
}
