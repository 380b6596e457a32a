//! Schemas, paths, messages and values as protocol 5 writes them.

use crate::generated::tfplugin5 as wire;
use crate::path::Step;
use crate::schema::{Attribute, Block, Mode, NestedBlock, Nesting, Schema};
use crate::value::{Shape, decode_json, decode_msgpack, encode_msgpack};
use crate::{AttributePath, Deferral, Diagnostic, Diagnostics, Severity, Value};

/// The value of a message, in the shape of the model. No value at all is null.
pub(super) fn from_wire(block: &Block, value: Option<wire::DynamicValue>) -> Result<Value, Diagnostics> {
    let value = value.unwrap_or_default();
    let ty = block.wire_type();
    let decoded = if !value.msgpack.is_empty() {
        decode_msgpack(&value.msgpack, &ty)
    } else if !value.json.is_empty() {
        decode_json(&value.json, &ty, Shape::Exact)
    } else {
        Ok(Value::Null)
    };
    decoded.map(|value| block.to_model_shape(value)).map_err(|error| Diagnostic::from(error).into())
}

/// Whether a message holds no value.
pub(super) fn is_null(value: &wire::DynamicValue) -> bool {
    const NIL: [u8; 1] = [0xc0];
    if value.msgpack.is_empty() {
        value.json.is_empty() || value.json == b"null"
    } else {
        value.msgpack == NIL
    }
}

/// The message of a value that has the shape of the model.
pub(super) fn to_wire(block: &Block, value: Value) -> Result<wire::DynamicValue, Diagnostics> {
    let msgpack =
        encode_msgpack(&block.to_wire_shape(value), &block.wire_type()).map_err(Diagnostic::from)?;
    Ok(wire::DynamicValue { msgpack, json: Vec::new() })
}

pub(super) fn diagnostic(diagnostic: Diagnostic) -> wire::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => wire::diagnostic::Severity::Error,
        Severity::Warning => wire::diagnostic::Severity::Warning,
    };
    wire::Diagnostic {
        severity: severity.into(),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        attribute: diagnostic.path.filter(|path| !path.is_root()).as_ref().map(path),
    }
}

pub(super) fn diagnostics(diagnostics: Diagnostics) -> Vec<wire::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

pub(super) fn path(path: &AttributePath) -> wire::AttributePath {
    use wire::attribute_path::step::Selector;
    let steps = path.steps().iter().map(|step| {
        let selector = match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        };
        wire::attribute_path::Step { selector: Some(selector) }
    });
    wire::AttributePath { steps: steps.collect() }
}

/// The message of a deferral; an error when the client has not allowed it.
pub(super) fn deferred(
    deferral: Option<Deferral>,
    allowed: bool,
) -> Result<Option<wire::Deferred>, Diagnostics> {
    use wire::deferred::Reason;
    let Some(deferral) = deferral else {
        return Ok(None);
    };
    if !allowed {
        let detail = "The provider deferred an operation, which this client does not allow. This is a bug in the provider.";
        return Err(Diagnostic::error("Operation deferred without permission", detail).into());
    }
    let reason = match deferral {
        Deferral::ResourceConfigUnknown => Reason::ResourceConfigUnknown,
        Deferral::ProviderConfigUnknown => Reason::ProviderConfigUnknown,
        Deferral::AbsentPrerequisite => Reason::AbsentPrereq,
    };
    Ok(Some(wire::Deferred { reason: reason.into() }))
}

pub(super) fn schema(schema: &Schema) -> wire::Schema {
    wire::Schema { version: schema.version, block: Some(block(&schema.block)) }
}

fn block(schema: &Block) -> wire::schema::Block {
    wire::schema::Block {
        version: 0,
        attributes: schema.attributes.iter().map(|(name, schema)| attribute(name, schema)).collect(),
        block_types: schema.blocks.iter().map(|(name, schema)| nested(name, schema)).collect(),
        description: schema.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: schema.deprecated.is_some(),
        deprecation_message: schema.deprecated.clone().unwrap_or_default(),
    }
}

fn attribute(name: &str, schema: &Attribute) -> wire::schema::Attribute {
    wire::schema::Attribute {
        name: name.to_owned(),
        r#type: schema.ty.to_json().to_string().into_bytes(),
        description: schema.description.clone(),
        required: schema.mode == Mode::Required,
        optional: matches!(schema.mode, Mode::Optional | Mode::OptionalComputed),
        computed: schema.is_computed(),
        sensitive: schema.sensitive,
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: schema.deprecated.is_some(),
        write_only: schema.write_only,
        deprecation_message: schema.deprecated.clone().unwrap_or_default(),
    }
}

fn nested(name: &str, schema: &NestedBlock) -> wire::schema::NestedBlock {
    use wire::schema::nested_block::NestingMode;
    let nesting = match schema.nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::Group => NestingMode::Group,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    // Core wants both limits of a SINGLE block to be equal: 1 and 1 when it is required, 0 and 0 when it is not.
    let max_items = if schema.nesting == Nesting::Single { schema.min_items } else { schema.max_items };
    wire::schema::NestedBlock {
        type_name: name.to_owned(),
        block: Some(block(&schema.block)),
        nesting: nesting.into(),
        min_items: schema.min_items,
        max_items,
    }
}
