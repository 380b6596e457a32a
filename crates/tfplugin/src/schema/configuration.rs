//! What a user has written of a resource, without what must not be kept elsewhere.

use std::collections::BTreeMap;

use super::{Block, Mode, NestedBlock, Nesting, Schema};
use crate::value::{Shape, decode_json};
use crate::{Value, ValueError};

impl Schema {
    /// The settings in a planned or recorded value as JSON: null are all attributes that only the provider sets, that are
    /// sensitive, or that are write-only. Unknown values are null, too.
    pub fn settings_to_json(&self, value: Value) -> Result<String, ValueError> {
        let settings = settings(&self.block, value).unknown_as_null();
        let json = settings.to_json(&self.block.model_type())?;
        String::from_utf8(json).map_err(|error| ValueError::new(error.to_string()))
    }

    /// Reads what [`Schema::settings_to_json`] wrote, also under an older schema: what it does not know is dropped, and what is
    /// missing is null.
    pub fn settings_from_json(&self, json: &str) -> Result<Value, ValueError> {
        let value = decode_json(json.as_bytes(), &self.block.model_type(), Shape::Older)?;
        Ok(self.block.to_model_shape(value))
    }

    /// The value of a resource of which nothing is set.
    pub fn empty(&self) -> Value {
        self.block.empty()
    }
}

fn settings(block: &Block, value: Value) -> Value {
    let Value::Map(members) = value else { return value };
    let members = members.into_iter().map(|(name, value)| {
        let value = match (block.attributes.get(&name), block.blocks.get(&name)) {
            (Some(attribute), _) => {
                let is_secret = attribute.sensitive || attribute.write_only;
                if attribute.mode == Mode::Computed || is_secret { Value::Null } else { value }
            }
            (None, Some(nested)) => nested_settings(nested, value),
            (None, None) => value,
        };
        (name, value)
    });
    Value::Map(members.collect::<BTreeMap<_, _>>())
}

fn nested_settings(nested: &NestedBlock, value: Value) -> Value {
    let inside = |value| settings(&nested.block, value);
    match (nested.nesting, value) {
        (Nesting::List | Nesting::Set, Value::List(items)) => {
            Value::List(items.into_iter().map(inside).collect())
        }
        (Nesting::Map, Value::Map(items)) => {
            Value::Map(items.into_iter().map(|(label, value)| (label, inside(value))).collect())
        }
        (_, value) => inside(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Attribute;

    fn schema() -> Schema {
        let inner = Block::new("A disk.")
            .attribute("size", Attribute::number("Size.").optional())
            .attribute("key_wo", Attribute::string("Key.").optional().write_only());
        Schema::new("A server.")
            .attribute("name", Attribute::string("Name.").required())
            .attribute("token", Attribute::string("Token.").optional().sensitive())
            .attribute("address", Attribute::string("Address.").computed())
            .block("disk", NestedBlock::map(inner))
    }

    fn map(members: &[(&str, Value)]) -> Value {
        Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn text(value: &str) -> Value {
        Value::String(value.to_owned())
    }

    #[test]
    fn settings_are_what_the_user_wrote_and_no_secrets() {
        let disk = map(&[("size", Value::Null), ("key_wo", text("secret"))]);
        let value = map(&[
            ("name", text("web")),
            ("token", text("secret")),
            ("address", text("10.0.0.1")),
            ("disk", map(&[("root", disk)])),
        ]);
        let json = schema().settings_to_json(value).unwrap();
        assert!(!json.contains("secret") && !json.contains("10.0.0.1"), "{json}");
        let read = schema().settings_from_json(&json).unwrap();
        let disk = map(&[("size", Value::Null), ("key_wo", Value::Null)]);
        let expected = [("name", text("web")), ("token", Value::Null), ("address", Value::Null)];
        let expected = [&expected[..], &[("disk", map(&[("root", disk)]))]].concat();
        assert_eq!(read, map(&expected));
    }

    #[test]
    fn settings_of_an_older_schema_are_read() {
        let read = schema().settings_from_json(r#"{"name": "web", "gone": 1}"#).unwrap();
        let Value::Map(read) = read else { panic!("{read:?}") };
        assert_eq!(read["name"], text("web"));
        assert_eq!(read["disk"], Value::Map(BTreeMap::new()));
    }
}
