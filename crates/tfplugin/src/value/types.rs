//! Terraform's types and their JSON form.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value as Json, json};

/// A type of the Terraform language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `number`, of any size and precision.
    Number,
    /// `string`.
    String,
    /// A type that comes with the value.
    Dynamic,
    /// `list(…)`.
    List(Box<Type>),
    /// `set(…)`.
    Set(Box<Type>),
    /// `map(…)`.
    Map(Box<Type>),
    /// `tuple([…])`.
    Tuple(Vec<Type>),
    /// `object({…})`.
    Object(BTreeMap<String, Type>),
}

/// Text is not the JSON form of a type.
#[derive(Debug, thiserror::Error)]
pub enum ParseTypeError {
    /// The text is not JSON.
    #[error("parse a type as JSON")]
    Json(#[source] serde_json::Error),
    /// The JSON is not a type.
    #[error("{0} is not a Terraform type")]
    Unknown(String),
}

impl Type {
    /// `list(element)`.
    pub fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// `set(element)`.
    pub fn set(element: Self) -> Self {
        Self::Set(Box::new(element))
    }

    /// `map(element)`.
    pub fn map(element: Self) -> Self {
        Self::Map(Box::new(element))
    }

    /// `object({…})`.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// Whether `dynamic` stands anywhere in this type.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_dynamic(),
            Self::Tuple(elements) => elements.iter().any(Self::has_dynamic),
            Self::Object(attributes) => attributes.values().any(Self::has_dynamic),
        }
    }

    /// The JSON form that the protocol uses, such as `["map","string"]`.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool => json!("bool"),
            Self::Number => json!("number"),
            Self::String => json!("string"),
            Self::Dynamic => json!("dynamic"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Tuple(elements) => json!(["tuple", elements.iter().map(Self::to_json).collect::<Vec<_>>()]),
            Self::Object(attributes) => {
                let members: serde_json::Map<_, _> =
                    attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect();
                json!(["object", members])
            }
        }
    }

    /// Reads the JSON form. Nesting is limited to what `serde_json` allows (128 levels).
    pub fn from_json(text: &[u8]) -> Result<Self, ParseTypeError> {
        Self::from_json_value(&serde_json::from_slice(text).map_err(ParseTypeError::Json)?)
    }

    fn from_json_value(json: &Json) -> Result<Self, ParseTypeError> {
        let unknown = || ParseTypeError::Unknown(json.to_string().chars().take(80).collect());
        if let Some(name) = json.as_str() {
            return match name {
                "bool" => Ok(Self::Bool),
                "number" => Ok(Self::Number),
                "string" => Ok(Self::String),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(unknown()),
            };
        }
        let parts = json.as_array().map(Vec::as_slice).ok_or_else(unknown)?;
        match parts {
            [kind, element] if kind == "list" => Self::from_json_value(element).map(Self::list),
            [kind, element] if kind == "set" => Self::from_json_value(element).map(Self::set),
            [kind, element] if kind == "map" => Self::from_json_value(element).map(Self::map),
            [kind, Json::Array(elements)] if kind == "tuple" => {
                elements.iter().map(Self::from_json_value).collect::<Result<_, _>>().map(Self::Tuple)
            }
            // A third element lists optional attributes: it matters to type constraints, not to values.
            [kind, Json::Object(attributes)] | [kind, Json::Object(attributes), Json::Array(_)]
                if kind == "object" =>
            {
                attributes
                    .iter()
                    .map(|(name, ty)| Ok((name.clone(), Self::from_json_value(ty)?)))
                    .collect::<Result<_, _>>()
                    .map(Self::Object)
            }
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Type {
    /// The type as it is written in a Terraform configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Dynamic => f.write_str("any"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Tuple(elements) => {
                f.write_str("tuple([")?;
                for (position, element) in elements.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(f, "{comma}{element}")?;
                }
                f.write_str("])")
            }
            Self::Object(attributes) => {
                f.write_str("object({")?;
                for (position, (name, ty)) in attributes.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(f, "{comma}{name} = {ty}")?;
                }
                f.write_str("})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_survives_its_json_form() {
        let ty = Type::object([
            ("a", Type::list(Type::Number)),
            ("b", Type::set(Type::map(Type::Bool))),
            ("c", Type::Tuple(vec![Type::String, Type::Dynamic])),
        ]);
        let json = ty.to_json();
        assert_eq!(
            json,
            json!(["object", {
                "a": ["list", "number"], "b": ["set", ["map", "bool"]], "c": ["tuple", ["string", "dynamic"]]
            }])
        );
        assert_eq!(Type::from_json(json.to_string().as_bytes()).unwrap(), ty);
        assert_eq!(
            ty.to_string(),
            "object({a = list(number), b = set(map(bool)), c = tuple([string, any])})"
        );
    }

    #[test]
    fn optional_attributes_of_an_object_type_are_read_and_forgotten() {
        let ty = Type::from_json(br#"["object",{"a":"string"},["a"]]"#).unwrap();
        assert_eq!(ty, Type::object([("a", Type::String)]));
    }

    #[test]
    fn what_is_not_a_type_is_named() {
        assert_eq!(
            Type::from_json(br#"["lst","string"]"#).unwrap_err().to_string(),
            r#"["lst","string"] is not a Terraform type"#
        );
        assert!(Type::from_json("[".repeat(5000).as_bytes()).is_err());
    }
}
