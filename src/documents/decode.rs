//! Reading a document, whatever gave it: an attribute of this run, another state, a data source, JSON.
//!
//! Terraform carries a document through attributes of type `dynamic`, whose types change on the way: a list comes back as a tuple,
//! a map as an object, and a document of another release has more members or fewer. None of that changes what it says.

use std::collections::BTreeMap;

use tfplugin::{Dynamic, Field, Step, TerraformValue, Type, Value, ValueError};

use super::error::DocumentError;
use super::model::{JoinModel, PeerDocumentModel};
use super::{FORMAT, json, schema};

/// The member that says how the others are to be read.
const FORMAT_MEMBER: &str = "format";

/// One of the documents.
pub trait Document: TerraformValue {
    /// How errors call it.
    const NAME: &'static str;
    /// What it is an attribute of, for errors.
    const ORIGIN: &'static str;
    /// A reference to it, for errors.
    const EXAMPLE: &'static str;

    /// Its type in this release.
    fn ty() -> Type;
}

impl Document for JoinModel {
    const NAME: &'static str = "join";
    const ORIGIN: &'static str = "the attribute join of an istio_mesh";
    const EXAMPLE: &'static str = "istio_mesh.shop.join";

    fn ty() -> Type {
        schema::join_type()
    }
}

/// Also what reads the attribute `peer`, which is such a document without exports.
impl Document for PeerDocumentModel {
    const NAME: &'static str = "the peer document";
    const ORIGIN: &'static str =
        "the attribute peer of an istio_mesh or document of an istio_mesh_federation";
    const EXAMPLE: &'static str = "istio_mesh.bank.peer";

    fn ty() -> Type {
        schema::peer_document_type()
    }
}

/// Reads an attribute of type `dynamic` that takes the document, or its JSON as text. Members that it lacks are null, those that
/// this release does not know are ignored, and members may be unknown.
pub fn decode<D: Document>(input: &Field<Dynamic>) -> Result<Field<D>, DocumentError> {
    let value = match input {
        Field::Null => &Value::Null,
        Field::Unknown => &Value::Unknown,
        Field::Known(dynamic) => &dynamic.value,
    };
    match value {
        Value::Null => Ok(Field::Null),
        Value::Unknown => Ok(Field::Unknown),
        Value::String(text) => from_json(text).map(Field::Known),
        value => from_value(value).map(Field::Known),
    }
}

/// Reads a document from JSON.
pub(super) fn from_json<D: Document>(text: &str) -> Result<D, DocumentError> {
    if text.len() > json::LONGEST {
        return Err(DocumentError::TooLong { document: D::NAME, length: text.len() });
    }
    let value = json::parse(text, &D::ty());
    from_value(&value.map_err(|source| DocumentError::Json { document: D::NAME, source })?)
}

fn from_value<D: Document>(value: &Value) -> Result<D, DocumentError> {
    let Value::Map(members) = value else {
        return Err(not_a_document::<D>(format!("it is {}", kind(value))));
    };
    match members.get(FORMAT_MEMBER) {
        // What it is will be seen when it is known.
        Some(Value::Unknown) => {}
        Some(Value::Number(format)) if *format == FORMAT.into() => {}
        Some(Value::Number(format)) => {
            return Err(DocumentError::OtherFormat { document: D::NAME, found: format.to_string() });
        }
        _ => return Err(not_a_document::<D>(format!("it has no number {FORMAT_MEMBER}"))),
    }
    let read = fitted(value, &D::ty()).and_then(D::from_value);
    read.map_err(|source| DocumentError::Member { document: D::NAME, source })
}

fn not_a_document<D: Document>(found: String) -> DocumentError {
    DocumentError::NotADocument { origin: D::ORIGIN, example: D::EXAMPLE, found }
}

/// The value with exactly the members of the type.
fn fitted(value: &Value, ty: &Type) -> Result<Value, ValueError> {
    match (value, ty) {
        (Value::Dynamic(dynamic), ty) => fitted(&dynamic.value, ty),
        // What is said of the whole is said of each member.
        (Value::Null | Value::Unknown, Type::Object(attributes)) => {
            Ok(Value::Map(attributes.keys().map(|name| (name.clone(), value.clone())).collect()))
        }
        (Value::Map(members), Type::Object(attributes)) => fitted_members(members, attributes),
        (Value::Map(elements), Type::Map(ty)) => {
            let elements = elements.iter().map(|(key, element)| {
                let element = fitted(element, ty).map_err(|error| error.inside(Step::Key(key.clone())))?;
                Ok((key.clone(), element))
            });
            elements.collect::<Result<_, _>>().map(Value::Map)
        }
        (Value::List(elements), Type::List(ty)) => {
            let elements = (0..).zip(elements).map(|(index, element)| {
                fitted(element, ty).map_err(|error| error.inside(Step::Index(index)))
            });
            elements.collect::<Result<_, _>>().map(Value::List)
        }
        (Value::Null | Value::Unknown, _)
        | (Value::Bool(_), Type::Bool)
        | (Value::Number(_), Type::Number)
        | (Value::String(_), Type::String) => Ok(value.clone()),
        _ => Err(ValueError::new(format!("a value of type {ty} is needed, found {}", kind(value)))),
    }
}

fn fitted_members(
    members: &BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Type>,
) -> Result<Value, ValueError> {
    let fitted = attributes.iter().map(|(name, ty)| {
        let member = members.get(name).unwrap_or(&Value::Null);
        let member = fitted(member, ty).map_err(|error| error.inside(Step::Attribute(name.clone())))?;
        Ok((name.clone(), member))
    });
    fitted.collect::<Result<_, _>>().map(Value::Map)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Unknown => "a value known after apply",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "an object",
        Value::Dynamic(dynamic) => kind(&dynamic.value),
    }
}
