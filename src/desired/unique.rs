//! Items of lists that Kubernetes keys must differ in their key; the API server refuses to apply others.

use serde_json::Value;

/// Lists of which values add items to those of the chart, with their key.
const LISTS: [(&str, &str); 5] = [
    ("containers", "name"),
    ("env", "name"),
    ("initContainers", "name"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
];

/// An item that a list has twice: the list's name and the item's key.
pub(super) fn repeated_item(value: &Value) -> Option<(&'static str, String)> {
    match value {
        Value::Object(members) => {
            let own = members.iter().find_map(|(name, member)| repeated_in_list(name, member));
            own.or_else(|| members.values().find_map(repeated_item))
        }
        Value::Array(items) => items.iter().find_map(repeated_item),
        _ => None,
    }
}

fn repeated_in_list(name: &str, member: &Value) -> Option<(&'static str, String)> {
    let (list, key) = LISTS.into_iter().find(|(list, _)| *list == name)?;
    let mut keys: Vec<&str> = member.as_array()?.iter().filter_map(|item| item[key].as_str()).collect();
    keys.sort_unstable();
    let repeated = keys.windows(2).find(|pair| pair[0] == pair[1])?;
    Some((list, repeated[0].to_owned()))
}
