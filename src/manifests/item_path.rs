//! The paths of a list's items.

use serde_json::Value;

use super::path::Path;
use crate::desired::list_type::{ListType, keys_of};

/// The path of every item, in their order. Positions stand where keys are missing or not unique.
pub(super) fn item_paths(list_type: ListType, list: &Path, items: &[Value]) -> Vec<Path> {
    let paths: Option<Vec<Path>> = match list_type {
        ListType::Map(keys) | ListType::WholeMap(keys) => {
            items.iter().map(|item| Some(list.keys(&keys_of(item, keys)?))).collect()
        }
        ListType::Set => items
            .iter()
            .map(|item| (!item.is_object() && !item.is_array()).then(|| list.item(item)))
            .collect(),
        ListType::Atomic => None,
    };
    paths
        .filter(|paths| are_unique(paths))
        .unwrap_or_else(|| (0..items.len()).map(|position| list.index(position)).collect())
}

fn are_unique(paths: &[Path]) -> bool {
    let mut texts: Vec<&str> = paths.iter().map(Path::as_str).collect();
    texts.sort_unstable();
    texts.windows(2).all(|pair| pair[0] != pair[1])
}
