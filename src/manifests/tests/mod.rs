mod notation;
mod openapi;
mod properties;
mod reading;
mod secrets;
mod types;

use serde_json::Value;

use super::*;

/// Any key will do.
fn key() -> FingerprintKey {
    FingerprintKey::new([7; 32])
}

fn fields(object: &Value) -> Fields {
    flatten(object, &key())
}

fn read(live: &Value, prior: &Fields) -> Fields {
    read_back(live, prior, &key())
}

/// What a user would see of two sets of fields: `path: before -> after`, absent as `-`.
fn changes(before: &Fields, after: &Fields) -> Vec<String> {
    let absent = "-".to_owned();
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let pairs = paths.into_iter().map(|path| (path, before.get(path), after.get(path)));
    pairs
        .filter(|(_, before, after)| before != after)
        .map(|(path, before, after)| {
            format!("{path}: {} -> {}", before.unwrap_or(&absent), after.unwrap_or(&absent))
        })
        .collect()
}
