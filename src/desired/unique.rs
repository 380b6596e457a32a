//! Items of lists that Kubernetes keys must differ in their key; the API server refuses to apply others.

use serde_json::Value;

use super::list_type::{Kind, ListType, keys_of};

/// An item that a list of the object has twice: the list's name and the item's key.
pub(super) fn repeated_item(object: &Value) -> Option<(String, String)> {
    repeated_below(Kind::of(object), object)
}

fn repeated_below(kind: Kind<'_>, value: &Value) -> Option<(String, String)> {
    match value {
        Value::Object(members) => {
            let own = members.iter().find_map(|(name, member)| repeated_in_list(kind, name, member));
            own.or_else(|| members.values().find_map(|member| repeated_below(kind, member)))
        }
        Value::Array(items) => items.iter().find_map(|item| repeated_below(kind, item)),
        _ => None,
    }
}

fn repeated_in_list(kind: Kind<'_>, name: &str, member: &Value) -> Option<(String, String)> {
    let (ListType::Map(keys) | ListType::WholeMap(keys)) = kind.list_type(name) else { return None };
    let key = |item| Some(keys_of(item, keys)?.into_iter().map(|(_, value)| text(&value)).collect());
    let mut keys: Vec<Vec<String>> = member.as_array()?.iter().filter_map(key).collect();
    keys.sort_unstable();
    let repeated = keys.windows(2).find(|pair| pair[0] == pair[1])?;
    Some((name.to_owned(), repeated[0].join("/")))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
