//! Which fields of an object hold a text.

use serde_json::Value;

use super::place::Place;
use crate::desired::list_type::Kind;

/// The paths of the fields that are or contain one of these numbers, written like this.
pub fn fields_with(object: &Value, numbers: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    if !numbers.is_empty() {
        search(object, Place::Root, &mut |value, place| {
            let has_it = match value {
                Value::String(text) => numbers.iter().any(|number| has_number(text, number)),
                Value::Number(value) => numbers.contains(&value.to_string()),
                _ => false,
            };
            if has_it {
                found.push(place.path(Kind::of(object)).to_string());
            }
        });
    }
    found
}

fn search(value: &Value, place: Place<'_>, look: &mut dyn FnMut(&Value, Place<'_>)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                search(member, Place::Member(&place, name), look);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                search(item, Place::Item(&place, items, position), look);
            }
        }
        scalar => look(scalar, place),
    }
}

/// Whether a text has a number that is not a part of another one or of a word.
fn has_number(text: &str, number: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    text.match_indices(number).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let mut after = text[start + number.len()..].chars();
        // A full stop may end a sentence.
        let after = after.next().filter(|c| *c != '.' || after.next().is_some_and(is_part));
        ![before, after].into_iter().flatten().any(is_part)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_found_as_a_value_and_in_texts() {
        let object = json!({"kind": "ConfigMap", "apiVersion": "v1", "data": {
            "a": "1.5e+07", "b": "max: 1.5e+07\n", "c": "11.5e+07", "d": "1.5e+070", "e": "x1.5e+07", "f": {"g": [1, 15]},
            "h": "is 1.5e+07.", "i": "--n=1.5e+07",
        }});
        let number = |text: &str| [text.to_owned()];
        assert_eq!(fields_with(&object, &number("1.5e+07")), ["data.a", "data.b", "data.h", "data.i"]);
        assert_eq!(fields_with(&object, &number("15")), ["data.f.g[1]"]);
        assert_eq!(fields_with(&object, &[]), [""; 0]);
    }
}
