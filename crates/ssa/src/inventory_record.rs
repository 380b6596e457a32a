//! The text form of an inventory's record, as the data of `ConfigMap`s.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::inventory::{Entry, Holder, InventoryRef, Phase, Record};
use crate::inventory_error::InventoryError;
use crate::live::Live;

/// How long a list of objects in one ConfigMap may be, in bytes; a ConfigMap holds 1 MiB.
const SHARD_BYTES: usize = 512 * 1024;

/// How the keys of settings begin.
const SETTING: &str = "setting.";
/// Whether the set was ever complete.
const ONCE: &str = "once";
const NEVER: &str = "never";

/// Everything but the objects, and the objects in lists of bounded length.
pub(crate) fn encode(record: &Record) -> (Map<String, Value>, Vec<String>) {
    let mut data = Map::from_iter([
        ("identity".to_owned(), json!(record.identity)),
        ("phase".to_owned(), json!(record.phase.word())),
        ("complete".to_owned(), json!(if record.was_complete { ONCE } else { NEVER })),
        ("digest".to_owned(), json!(record.digest)),
    ]);
    let settings = record.settings.iter();
    data.extend(settings.map(|(key, value)| (format!("{SETTING}{key}"), json!(value))));
    if let Some(holder) = &record.holder {
        data.insert("holder".to_owned(), json!(holder.name));
        data.insert("expires".to_owned(), json!(holder.expires.to_string()));
    }
    let mut lists: Vec<String> = Vec::new();
    for (id, entry) in &record.entries {
        let Entry { uid, order } = entry;
        let line = match uid {
            Some(uid) => format!("{id} {order} {uid}\n"),
            None => format!("{id} {order}\n"),
        };
        match lists.last_mut() {
            Some(list) if list.len() + line.len() <= SHARD_BYTES => list.push_str(&line),
            _ => lists.push(line),
        }
    }
    (data, lists)
}

/// Reads what [`encode`] wrote; `objects` is all lists together.
pub(crate) fn decode(at: &InventoryRef, live: &Live, objects: &str) -> Result<Record, InventoryError> {
    let phase = text(live, "phase");
    let phase = Phase::parse(phase).ok_or_else(|| malformed(at, format!("its phase is {phase:?}")))?;
    let holder = match text(live, "holder") {
        "" => None,
        name => {
            let expires = text(live, "expires").parse();
            let expires = expires.map_err(|error| malformed(at, format!("expires: {error}")))?;
            Some(Holder { name: name.to_owned(), expires })
        }
    };
    let mut entries = BTreeMap::new();
    for line in objects.lines() {
        let mut words = line.split(' ');
        let id = words.next().unwrap_or_default();
        let id = id.parse().map_err(|error| malformed(at, format!("objects: {error}")))?;
        let order = words.next().unwrap_or_default();
        let order =
            order.parse().map_err(|error| malformed(at, format!("objects: the order of {id}: {error}")))?;
        entries.insert(id, Entry { uid: words.next().map(str::to_owned), order });
    }
    Ok(Record {
        identity: text(live, "identity").to_owned(),
        phase,
        was_complete: text(live, "complete") == ONCE,
        digest: text(live, "digest").to_owned(),
        holder,
        settings: settings(live),
        entries,
    })
}

/// What is remembered with the set.
fn settings(live: &Live) -> BTreeMap<String, String> {
    let data = live.value()["data"].as_object().into_iter().flatten();
    let settings = data
        .filter_map(|(key, value)| Some((key.strip_prefix(SETTING)?.to_owned(), value.as_str()?.to_owned())));
    settings.collect()
}

/// One entry of a ConfigMap's data; empty if it is not there.
pub(crate) fn text<'a>(live: &'a Live, key: &str) -> &'a str {
    live.value()["data"][key].as_str().unwrap_or_default()
}

pub(crate) fn malformed(at: &InventoryRef, reason: String) -> InventoryError {
    InventoryError::Malformed { namespace: at.namespace.clone(), name: at.name.clone(), reason }
}
