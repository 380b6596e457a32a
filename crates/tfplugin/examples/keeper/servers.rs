//! The list of the servers that exist.

use std::collections::BTreeSet;

use tfplugin::schema::{Attribute, Schema};
use tfplugin::{Diagnostic, Diagnostics, Field, Found, ListResource, Listing, Model, ResourceContext};

use crate::server::{Server, ServerIdentity};

/// The list.
pub struct Servers;

/// Which servers to find.
#[derive(Model)]
pub struct ServersModel {
    prefix: Field<String>,
}

impl ListResource for Servers {
    type Resource = Server;
    type Model = ServersModel;

    fn schema(&self) -> Schema {
        Schema::new("Servers that exist.")
            .attribute("prefix", Attribute::string("How their names begin.").optional())
    }

    fn validate(&self, config: &ServersModel) -> Diagnostics {
        assert_ne!(config.prefix.as_str(), Some("panic"), "asked to crash");
        match config.prefix.as_str() {
            Some(prefix) if prefix.contains('/') => {
                Diagnostic::error("Invalid prefix", "A name has no slash.").into()
            }
            _ => Diagnostics::new(),
        }
    }

    async fn list(
        &self,
        config: ServersModel,
        listing: &Listing<Server>,
        context: &ResourceContext<Server>,
    ) -> Diagnostics {
        let found = context.data().path().and_then(|directory| {
            std::fs::read_dir(directory).map_err(|error| {
                Diagnostic::error("Could not list", format!("{}: {error}.", directory.display()))
            })
        });
        let files = match found {
            Ok(files) => files,
            Err(error) => return error.into(),
        };
        let names: BTreeSet<String> = files
            .filter_map(|file| file.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
            .filter(|name| name.starts_with(config.prefix.as_str().unwrap_or_default()))
            .collect();
        for name in names {
            let resource = if listing.includes_resources() { Server::found(&name, context) } else { None };
            let identity = ServerIdentity { name: Field::Known(name.clone()) };
            if listing.push(Found { identity, display_name: name, resource }).await.is_break() {
                return Diagnostics::new();
            }
        }
        match config.prefix.as_str() {
            Some("warn") => Diagnostic::warning("Nothing more", "These were all.").into(),
            _ => Diagnostics::new(),
        }
    }
}
