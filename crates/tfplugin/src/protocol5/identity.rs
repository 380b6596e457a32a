//! Identities, message by message.

use std::collections::BTreeMap;

use super::service::Service;
use crate::erased::AnyIdentity;
use crate::generated::tfplugin5 as wire;
use crate::schema::IdentitySchema;
use crate::value::{Shape, decode_json, decode_msgpack, encode_msgpack};
use crate::{Diagnostic, Diagnostics, Provider, Value, lifecycle};

impl<P: Provider> Service<P> {
    /// The identity of a resource type, if it has one.
    pub(super) fn identity(&self, type_name: &str) -> Option<&dyn AnyIdentity<P::Data>> {
        self.registry.identities.get(type_name).map(|identity| &**identity)
    }

    pub(super) fn identity_schemas(&self) -> BTreeMap<String, wire::ResourceIdentitySchema> {
        let identities = self.registry.identities.iter();
        identities.map(|(name, identity)| ((*name).to_owned(), schema(identity.schema()))).collect()
    }

    pub(super) fn upgrade_identity(
        &self,
        request: wire::upgrade_resource_identity::Request,
    ) -> Result<wire::upgrade_resource_identity::Response, Diagnostics> {
        self.resource(&request.type_name)?;
        let identity = self.identity(&request.type_name).ok_or_else(|| no_identity(&request.type_name))?;
        let json = request.raw_identity.unwrap_or_default().json;
        let upgraded = lifecycle::identity::upgraded(identity, request.version, &json)?;
        Ok(wire::upgrade_resource_identity::Response {
            upgraded_identity: Some(to_wire(identity.schema(), &upgraded)?),
            diagnostics: Vec::new(),
        })
    }
}

pub(super) fn no_identity(type_name: &str) -> Diagnostic {
    let detail = format!("Resources of type {type_name} have no identity: import them by their id.");
    Diagnostic::error("Resource has no identity", detail)
}

/// The identity of a message; none at all and null are none.
pub(super) fn from_wire(
    schema: &IdentitySchema,
    identity: Option<wire::ResourceIdentityData>,
) -> Result<Option<Value>, Diagnostics> {
    let data = identity.and_then(|identity| identity.identity_data).unwrap_or_default();
    let ty = schema.object_type();
    let decoded = if !data.msgpack.is_empty() {
        decode_msgpack(&data.msgpack, &ty)
    } else if !data.json.is_empty() {
        decode_json(&data.json, &ty, Shape::Exact)
    } else {
        Ok(Value::Null)
    };
    match decoded {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_null())),
        Err(error) => {
            let detail = format!("The identity of the resource is malformed: {error}.");
            Err(Diagnostic::error("Invalid identity", detail).into())
        }
    }
}

pub(super) fn to_wire(
    schema: &IdentitySchema,
    identity: &Value,
) -> Result<wire::ResourceIdentityData, Diagnostics> {
    let msgpack = encode_msgpack(identity, &schema.object_type()).map_err(|error| {
        Diagnostic::error(
            "Provider produced an invalid identity",
            format!("The provider's identity: {error}."),
        )
    })?;
    Ok(wire::ResourceIdentityData { identity_data: Some(wire::DynamicValue { msgpack, json: Vec::new() }) })
}

fn schema(schema: &IdentitySchema) -> wire::ResourceIdentitySchema {
    let attributes =
        schema.attributes.iter().map(|(name, attribute)| wire::resource_identity_schema::IdentityAttribute {
            name: name.clone(),
            r#type: attribute.ty.to_json().to_string().into_bytes(),
            required_for_import: attribute.required_for_import,
            optional_for_import: !attribute.required_for_import,
            description: attribute.description.clone(),
        });
    wire::ResourceIdentitySchema { version: schema.version, identity_attributes: attributes.collect() }
}
