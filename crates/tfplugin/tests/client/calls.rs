//! Requests to the example provider, and their values.

use std::collections::BTreeMap;

use tfplugin::generated::tfplugin5::provider_client::ProviderClient;
use tfplugin::generated::tfplugin5::{self as wire, DynamicValue};
use tfplugin::{Type, Value};
use tonic::transport::Channel;

use super::Plugin;
use super::identities::ONE;

pub type Provider = ProviderClient<Channel>;

pub const TYPE: &str = "keeper_server";

pub fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

pub fn object(members: &[(&str, Value)]) -> Value {
    Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

/// The provider's schema as a type, and a value of it in which nothing is set but `members`.
pub struct Schemas {
    pub provider: Type,
    pub server: Type,
}

impl Schemas {
    pub async fn get(provider: &mut Provider) -> Self {
        let schemas = provider.get_schema(wire::get_provider_schema::Request {}).await.unwrap().into_inner();
        assert_eq!(schemas.diagnostics, []);
        let capabilities = schemas.server_capabilities.unwrap();
        assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
        let ty = |schema: &wire::Schema| block_type(schema.block.as_ref().unwrap());
        Self { provider: ty(&schemas.provider.unwrap()), server: ty(&schemas.resource_schemas[TYPE]) }
    }

    pub fn server(&self, members: &[(&str, Value)]) -> DynamicValue {
        let Type::Object(attributes) = &self.server else { panic!("a block is an object") };
        let mut server: BTreeMap<_, _> = attributes.keys().map(|name| (name.clone(), Value::Null)).collect();
        for list in ["rule", "port"] {
            server.insert(list.to_owned(), Value::List(Vec::new()));
        }
        let disks = tfplugin::Dynamic { ty: Type::object::<String>([]), value: object(&[]) };
        server.insert("disk".to_owned(), Value::Dynamic(Box::new(disks)));
        server.insert("limits".to_owned(), object(&[("memory", Value::Null)]));
        for (name, value) in members {
            server.insert((*name).to_owned(), value.clone());
        }
        packed(&Value::Map(server), &self.server)
    }
}

pub fn packed(value: &Value, ty: &Type) -> DynamicValue {
    DynamicValue { msgpack: value.to_msgpack(ty).unwrap(), json: Vec::new() }
}

pub fn null() -> DynamicValue {
    DynamicValue { msgpack: vec![0xc0], json: Vec::new() }
}

/// The type that Terraform core derives from a block.
pub fn block_type(block: &wire::schema::Block) -> Type {
    use wire::schema::nested_block::NestingMode;
    let attributes = block.attributes.iter().map(|a| (a.name.clone(), Type::from_json(&a.r#type).unwrap()));
    let blocks = block.block_types.iter().map(|nested| {
        let element = block_type(nested.block.as_ref().unwrap());
        let ty = match nested.nesting() {
            NestingMode::List | NestingMode::Map if element.has_dynamic() => Type::Dynamic,
            NestingMode::List => Type::list(element),
            NestingMode::Map => Type::map(element),
            NestingMode::Set => Type::set(element),
            _ => element,
        };
        (nested.type_name.clone(), ty)
    });
    Type::Object(attributes.chain(blocks).collect())
}

pub async fn configured(plugin: &Plugin, directory: &tempfile::TempDir) -> (Provider, Schemas) {
    let mut provider = plugin.provider(&ONE).await;
    let schemas = Schemas::get(&mut provider).await;
    let path = directory.path().to_str().unwrap();
    let answer = configure(&mut provider, &schemas, text(path), None).await;
    assert_eq!(answer, []);
    (provider, schemas)
}

/// Configures with a directory, which may be unknown.
pub async fn configure(
    provider: &mut Provider,
    schemas: &Schemas,
    directory: Value,
    client_capabilities: Option<wire::ClientCapabilities>,
) -> Vec<wire::Diagnostic> {
    let config = packed(&object(&[("directory", directory), ("token", Value::Unknown)]), &schemas.provider);
    let request = wire::configure::Request {
        terraform_version: "1.14.0".to_owned(),
        config: Some(config),
        client_capabilities,
    };
    provider.configure(request).await.unwrap().into_inner().diagnostics
}

/// Plans a server with these members from nothing.
pub async fn plan(
    provider: &mut Provider,
    schemas: &Schemas,
    members: &[(&str, Value)],
) -> wire::plan_resource_change::Response {
    let config = Some(schemas.server(members));
    let request = wire::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: Some(null()),
        proposed_new_state: config.clone(),
        config,
        ..Default::default()
    };
    provider.plan_resource_change(request).await.unwrap().into_inner()
}

pub fn summaries(diagnostics: &[wire::Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic.summary.as_str()).collect()
}
