//! The text form of an inventory's record, as the data of `ConfigMap`s.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::inventory::{Entry, Holder, InventoryRef, Phase, Record};
use crate::inventory_error::InventoryError;
use crate::live::Live;

/// How long a list of objects in one ConfigMap may be, in bytes; a ConfigMap holds 1 MiB.
const SHARD_BYTES: usize = 512 * 1024;

/// Everything but the objects, and the objects in lists of bounded length.
pub(crate) fn encode(record: &Record) -> (Map<String, Value>, Vec<String>) {
    let mut data = Map::from_iter([
        ("phase".to_owned(), json!(record.phase.word())),
        ("digest".to_owned(), json!(record.digest)),
    ]);
    if let Some(holder) = &record.holder {
        data.insert("holder".to_owned(), json!(holder.name));
        data.insert("expires".to_owned(), json!(holder.expires.to_string()));
    }
    let mut lists: Vec<String> = Vec::new();
    for (id, entry) in &record.entries {
        let line = match &entry.uid {
            Some(uid) => format!("{id} {uid}\n"),
            None => format!("{id}\n"),
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
        let (id, uid) = line.split_once(' ').map_or((line, None), |(id, uid)| (id, Some(uid.to_owned())));
        let id = id.parse().map_err(|error| malformed(at, format!("objects: {error}")))?;
        entries.insert(id, Entry { uid });
    }
    Ok(Record { phase, digest: text(live, "digest").to_owned(), holder, entries })
}

/// One entry of a ConfigMap's data; empty if it is not there.
pub(crate) fn text<'a>(live: &'a Live, key: &str) -> &'a str {
    live.value()["data"][key].as_str().unwrap_or_default()
}

pub(crate) fn malformed(at: &InventoryRef, reason: String) -> InventoryError {
    InventoryError::Malformed { namespace: at.namespace.clone(), name: at.name.clone(), reason }
}
