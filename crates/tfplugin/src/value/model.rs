//! Between values and Rust types.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::{Dynamic, Number, Type, Value, ValueError};
use crate::Field;
use crate::path::Step;

/// A Rust type that stands for values of a Terraform type.
///
/// `#[derive(tfplugin::Model)]` implements it for structs with named fields, which stand for blocks and objects.
pub trait TerraformValue: Sized {
    /// Reads a value; the error has its path.
    fn from_value(value: Value) -> Result<Self, ValueError>;

    /// The value that this is.
    fn into_value(self) -> Value;

    /// Checks that every value of the type `ty` has its place in this Rust type. Done once, when the provider starts.
    fn conforms(ty: &Type) -> Result<(), Mismatch>;
}

/// A schema and the model behind it do not agree: a fault in the provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Mismatch {
    /// Where, such as `cluster[].host`.
    pub path: String,
    /// What does not agree.
    pub problem: String,
}

impl Mismatch {
    /// A disagreement right here.
    pub fn new(rust: &str, ty: &Type) -> Self {
        Self { path: String::new(), problem: format!("the schema says {ty}, the model has {rust}") }
    }

    fn problem(problem: String) -> Self {
        Self { path: String::new(), problem }
    }

    fn inside(mut self, step: &str) -> Self {
        if !self.path.is_empty() && !self.path.starts_with('[') {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, step);
        self
    }
}

/// Terraform keeps text in Unicode's normal form C, and compares in that form.
fn normalised(text: String) -> String {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes { text } else { text.nfc().collect() }
}

impl TerraformValue for bool {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        match value {
            Value::Bool(value) => Ok(value),
            other => Err(ValueError::expected("a bool", &other)),
        }
    }

    fn into_value(self) -> Value {
        Value::Bool(self)
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        if *ty == Type::Bool { Ok(()) } else { Err(Mismatch::new("bool", ty)) }
    }
}

impl TerraformValue for String {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        match value {
            Value::String(value) => Ok(value),
            other => Err(ValueError::expected("a string", &other)),
        }
    }

    fn into_value(self) -> Value {
        Value::String(normalised(self))
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        if *ty == Type::String { Ok(()) } else { Err(Mismatch::new("String", ty)) }
    }
}

impl TerraformValue for Number {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        match value {
            Value::Number(value) => Ok(value),
            other => Err(ValueError::expected("a number", &other)),
        }
    }

    fn into_value(self) -> Value {
        Value::Number(self)
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        if *ty == Type::Number { Ok(()) } else { Err(Mismatch::new("a number", ty)) }
    }
}

impl TerraformValue for i64 {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        Number::from_value(value)?
            .as_i64()
            .ok_or_else(|| ValueError::new("a whole number of at most 64 bits is needed"))
    }

    fn into_value(self) -> Value {
        Value::Number(self.into())
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        Number::conforms(ty)
    }
}

impl TerraformValue for f64 {
    /// Refuses a number that would not come back as it was given; [`Number`] takes every one.
    fn from_value(value: Value) -> Result<Self, ValueError> {
        Number::from_value(value)?
            .as_f64_as_written()
            .ok_or_else(|| ValueError::new("a number that a 64-bit float can hold is needed"))
    }

    /// An infinity or NaN has no Terraform value and becomes null.
    fn into_value(self) -> Value {
        Number::from_f64_as_written(self).map_or(Value::Null, Value::Number)
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        Number::conforms(ty)
    }
}

impl TerraformValue for Dynamic {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        match value {
            Value::Dynamic(dynamic) => Ok(*dynamic),
            other => Err(ValueError::expected("a value of any type", &other)),
        }
    }

    fn into_value(self) -> Value {
        Value::Dynamic(Box::new(self))
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        if *ty == Type::Dynamic { Ok(()) } else { Err(Mismatch::new("Dynamic", ty)) }
    }
}

impl<T: TerraformValue> TerraformValue for Field<T> {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Unknown => Ok(Self::Unknown),
            known => T::from_value(known).map(Self::Known),
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Known(value) => value.into_value(),
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
        }
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        T::conforms(ty)
    }
}

impl<T: TerraformValue> TerraformValue for Option<T> {
    /// `None` is null; an unknown value is an error.
    fn from_value(value: Value) -> Result<Self, ValueError> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }

    fn into_value(self) -> Value {
        self.map_or(Value::Null, T::into_value)
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        T::conforms(ty)
    }
}

impl<T: TerraformValue> TerraformValue for Box<T> {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        T::from_value(value).map(Self::new)
    }

    fn into_value(self) -> Value {
        (*self).into_value()
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        T::conforms(ty)
    }
}

impl<T: TerraformValue> TerraformValue for Vec<T> {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        let Value::List(elements) = value else {
            return Err(ValueError::expected("a list", &value));
        };
        (0..)
            .zip(elements)
            .map(|(index, element)| T::from_value(element).map_err(|error| error.inside(Step::Index(index))))
            .collect()
    }

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        match ty {
            Type::List(element) | Type::Set(element) => {
                T::conforms(element).map_err(|error| error.inside("[]"))
            }
            _ => Err(Mismatch::new("Vec", ty)),
        }
    }
}

impl<T: TerraformValue + Ord> TerraformValue for BTreeSet<T> {
    /// Elements of a set have no address, so an error names the set.
    fn from_value(value: Value) -> Result<Self, ValueError> {
        let Value::List(elements) = value else {
            return Err(ValueError::expected("a set", &value));
        };
        elements.into_iter().map(T::from_value).collect()
    }

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        match ty {
            Type::Set(element) => T::conforms(element).map_err(|error| error.inside("[]")),
            _ => Err(Mismatch::new("BTreeSet", ty)),
        }
    }
}

impl<T: TerraformValue> TerraformValue for BTreeMap<String, T> {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        let Value::Map(elements) = value else {
            return Err(ValueError::expected("a map", &value));
        };
        elements
            .into_iter()
            .map(|(key, element)| match T::from_value(element) {
                Ok(element) => Ok((key, element)),
                Err(error) => Err(error.inside(Step::Key(key))),
            })
            .collect()
    }

    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, element)| (normalised(key), element.into_value())).collect())
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        match ty {
            Type::Map(element) => T::conforms(element).map_err(|error| error.inside("[]")),
            _ => Err(Mismatch::new("BTreeMap", ty)),
        }
    }
}

/// For the derive macro: the members of an object.
#[doc(hidden)]
pub fn expect_object(value: Value) -> Result<BTreeMap<String, Value>, ValueError> {
    match value {
        Value::Map(members) => Ok(members),
        other => Err(ValueError::expected("an object", &other)),
    }
}

/// For the derive macro: reads the member `name`.
#[doc(hidden)]
pub fn take_field<T: TerraformValue>(
    members: &mut BTreeMap<String, Value>,
    name: &str,
) -> Result<T, ValueError> {
    let member = members.remove(name).ok_or_else(|| ValueError::new("is missing in the object"));
    member.and_then(T::from_value).map_err(|error| error.inside(Step::Attribute(name.to_owned())))
}

/// For the derive macro: a field's name and the check of its type.
type FieldCheck = (&'static str, fn(&Type) -> Result<(), Mismatch>);

/// For the derive macro: checks that the object type has exactly these members, each fitting its field.
#[doc(hidden)]
pub fn fields_conform(model: &str, fields: &[FieldCheck], ty: &Type) -> Result<(), Mismatch> {
    let Type::Object(attributes) = ty else {
        return Err(Mismatch::new(model, ty));
    };
    for (name, conforms) in fields {
        let Some(attribute) = attributes.get(*name) else {
            return Err(Mismatch::problem(format!("{model} has a field {name}, the schema does not")));
        };
        conforms(attribute).map_err(|error| error.inside(name))?;
    }
    match attributes.keys().find(|name| fields.iter().all(|(field, _)| field != name)) {
        Some(name) => Err(Mismatch::problem(format!("the schema has {name}, {model} has no such field"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, tfplugin_derive::Model)]
    struct Disk {
        size: Field<i64>,
        r#type: Field<String>,
    }

    #[derive(Debug, PartialEq, tfplugin_derive::Model)]
    struct Server {
        #[model(name = "self")]
        own: Field<bool>,
        disk: Field<BTreeMap<String, Disk>>,
    }

    fn disk_type() -> Type {
        Type::object([("size", Type::Number), ("type", Type::String)])
    }

    fn server_type(disk: Type) -> Type {
        Type::object([("self", Type::Bool), ("disk", Type::map(disk))])
    }

    #[test]
    fn a_model_survives_its_value() {
        let server = || Server {
            own: Field::Unknown,
            disk: Field::Known(BTreeMap::from([(
                "a".to_owned(),
                Disk { size: Field::Known(3), r#type: Field::Null },
            )])),
        };
        Server::conforms(&server_type(disk_type())).unwrap();
        assert_eq!(Server::from_value(server().into_value()).unwrap(), server());
    }

    #[test]
    fn a_schema_that_differs_from_the_model_is_named_with_its_place() {
        let problem = |ty: Type| Server::conforms(&ty).unwrap_err().to_string();
        let wrong = Type::object([("size", Type::Bool), ("type", Type::String)]);
        assert_eq!(problem(server_type(wrong)), "disk[].size: the schema says bool, the model has a number");
        let missing = Type::object([("size", Type::Number)]);
        assert_eq!(problem(server_type(missing)), "disk[]: Disk has a field type, the schema does not");
        let more = Type::object([("size", Type::Number), ("type", Type::String), ("new", Type::Bool)]);
        assert_eq!(problem(server_type(more)), "disk[]: the schema has new, Disk has no such field");
    }

    #[test]
    fn a_value_that_does_not_fit_the_model_has_its_path() {
        let disk = Disk { size: Field::Known(1), r#type: Field::Null };
        let mut value = BTreeMap::from([("a".to_owned(), disk)]).into_value();
        if let Value::Map(disks) = &mut value
            && let Some(Value::Map(disk)) = disks.get_mut("a")
        {
            disk.insert("size".to_owned(), Value::Number("1.5".parse().unwrap()));
        }
        let error = BTreeMap::<String, Disk>::from_value(value).unwrap_err();
        assert_eq!(error.to_string(), r#"["a"].size: a whole number of at most 64 bits is needed"#);
    }

    #[test]
    fn text_is_written_in_normal_form_c() {
        assert_eq!("u\u{308}".to_owned().into_value(), Value::String("ü".to_owned()));
    }

    #[test]
    fn a_float_comes_back_as_it_was_written_or_is_refused() {
        for text in ["0.1", "1.5", "-3", "1e300"] {
            let number: Number = text.parse().unwrap();
            let float = f64::from_value(Value::Number(number.clone())).unwrap();
            assert_eq!(float.into_value(), Value::Number(number), "{text}");
        }
        let exact = Number::from_f64_exactly(0.1).unwrap();
        assert!(f64::from_value(Value::Number(exact)).is_err());
    }
}
