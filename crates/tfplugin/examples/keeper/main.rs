//! A provider that keeps servers as JSON files in a directory: small, real, and with every feature of the framework.

mod functions;
mod guest;
mod journal;
mod lookup;
mod model;
mod ring;
mod server;
mod servers;
mod ticket;

use std::path::PathBuf;
use std::process::ExitCode;

use tfplugin::schema::{Attribute, Schema};
use tfplugin::{
    AttributePath, Deferral, Diagnostic, Diagnostics, Field, Model, Outcome, Provider, Registry, Setup,
};

/// The provider.
pub struct Keeper;

/// The provider block.
#[derive(Model)]
pub struct KeeperModel {
    directory: Field<String>,
    token: Field<String>,
}

/// Where the files are; `None` while the configuration is not known.
pub struct Directory(Option<PathBuf>);

impl Directory {
    fn path(&self) -> Result<&PathBuf, Diagnostic> {
        self.0.as_ref().ok_or_else(|| {
            Diagnostic::error("Directory is not known", "The provider's directory is known only after apply.")
        })
    }
}

impl Provider for Keeper {
    type Model = KeeperModel;
    type Data = Directory;

    const ADDRESS: &'static str = "registry.terraform.io/example/keeper";
    const LOG_TARGETS: &'static [&'static str] = &["keeper"];

    fn schema(&self) -> Schema {
        Schema::new("Keeps servers as files.")
            .attribute("directory", Attribute::string("The directory of the files.").required())
            .attribute("token", Attribute::string("A secret that is not used.").optional().sensitive())
    }

    fn register(&self, registry: &mut Registry<Self>) {
        registry
            .identified(server::Server)
            .resource(guest::Guest)
            .list_resource(servers::Servers)
            .action(ring::Ring)
            .data_source(lookup::Lookup)
            .ephemeral(ticket::Ticket)
            .function(functions::Label)
            .function(functions::Crash);
    }

    fn validate(&self, config: &KeeperModel) -> Diagnostics {
        match config.directory.as_str() {
            Some(path) if !path.starts_with('/') => {
                Diagnostic::error("Invalid directory", "The directory must be an absolute path.")
                    .at(AttributePath::new("directory"))
                    .into()
            }
            _ => Diagnostics::new(),
        }
    }

    async fn configure(&self, config: KeeperModel, setup: &Setup) -> Outcome<Directory> {
        tracing::debug!(version = setup.terraform_version, token = config.token.is_known(), "configured");
        let unknown = config.directory.is_unknown();
        let directory = Directory(config.directory.into_known().map(PathBuf::from));
        if unknown && setup.deferral_allowed {
            return Outcome::deferred(directory, Deferral::ProviderConfigUnknown);
        }
        Outcome::new(directory)
    }
}

fn main() -> ExitCode {
    tfplugin::serve(Keeper)
}
