use std::collections::BTreeMap;

use serde_json::Value;

/// Path → value of every leaf. An empty list or mapping is a leaf. Items of a list are known by their names where all have
/// different ones, else by their places.
pub fn flatten(value: &Value) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    add(&mut fields, "", value);
    fields
}

fn add(fields: &mut BTreeMap<String, String>, path: &str, value: &Value) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                add(fields, &inside(path, name), member);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let names = names(items);
            for (place, item) in items.iter().enumerate() {
                let key = match &names {
                    Some(names) => format!("name={}", names[place]),
                    None => place.to_string(),
                };
                add(fields, &format!("{path}[{key}]"), item);
            }
        }
        Value::String(text) => {
            fields.insert(path.to_owned(), text.clone());
        }
        other => {
            fields.insert(path.to_owned(), other.to_string());
        }
    }
}

/// A name that has a dot is in brackets, so that a path is read in one way only.
fn inside(path: &str, name: &str) -> String {
    match (path.is_empty(), name.contains(['.', '/', '[', ']'])) {
        (_, true) => format!("{path}[{name}]"),
        (true, false) => name.to_owned(),
        (false, false) => format!("{path}.{name}"),
    }
}

fn names(items: &[Value]) -> Option<Vec<&str>> {
    let names: Vec<&str> = items.iter().map(|item| item["name"].as_str()).collect::<Option<_>>()?;
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    (sorted.len() == names.len()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_leaf_has_a_path_of_its_own() {
        let object = json!({
            "metadata": {"labels": {"a.example/b": "c"}, "annotations": {}},
            "ports": [{"name": "tls", "port": 15443}, {"name": "status", "port": 15021}],
            "hosts": ["one", "two"],
        });
        let fields = flatten(&object);
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
        assert_eq!(
            fields,
            [
                ("hosts[0]", "one"),
                ("hosts[1]", "two"),
                ("metadata.annotations", "{}"),
                ("metadata.labels[a.example/b]", "c"),
                ("ports[name=status].name", "status"),
                ("ports[name=status].port", "15021"),
                ("ports[name=tls].name", "tls"),
                ("ports[name=tls].port", "15443"),
            ]
        );
    }

    #[test]
    fn items_with_one_name_are_known_by_their_places() {
        let fields = flatten(&json!([{"name": "a"}, {"name": "a"}]));
        assert_eq!(fields.into_keys().collect::<Vec<_>>(), ["[0].name", "[1].name"]);
    }
}
