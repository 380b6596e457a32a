//! The data source `keeper_server`.

use serde_json::Value as Json;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::{AttributePath, Context, DataSource, Diagnostic, Field, Model, Outcome};

use crate::Directory;

/// The data source.
pub struct Lookup;

/// Configuration and result.
#[derive(Model)]
pub struct LookupModel {
    name: Field<String>,
    kind: Field<String>,
    address: Field<String>,
}

impl DataSource for Lookup {
    type Data = Directory;
    type Model = LookupModel;

    const TYPE: &'static str = "keeper_server";

    fn schema(&self) -> Schema {
        Schema::new("A server that exists.")
            .attribute("name", Attribute::string("Its name.").required())
            .attribute("kind", Attribute::string("What to look for.").default("server".to_owned()))
            .attribute("address", Attribute::string("Where it answers.").computed())
    }

    async fn read(&self, mut config: LookupModel, context: &Context<Directory>) -> Outcome<LookupModel> {
        let name = config.name.as_str().unwrap_or_default();
        let path = match context.data().path() {
            Ok(directory) => directory.join(format!("{name}.json")),
            Err(error) => return Outcome::failed(error),
        };
        let file: Option<Json> =
            std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
        let Some(file) = file else {
            let error = Diagnostic::error("No such server", format!("There is no server {name:?}."));
            return Outcome::failed(error.at(AttributePath::new("name")));
        };
        config.address = file["address"].as_str().map(str::to_owned).into();
        Outcome::new(config)
    }
}
