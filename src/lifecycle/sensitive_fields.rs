//! Which fields of objects depend on secrets, as the record of a cluster remembers it: whoever reads an object of which state knows
//! nothing, after an import or after a run that was killed, must not show these.

use std::collections::BTreeMap;

use super::field_maps::Objects;
use crate::desired::ManifestSet;
use crate::manifests::{FingerprintKey, ObjectId, Shown, hidden_text, show, some_fingerprint};

/// Its name among the settings of a record.
pub(super) const SENSITIVE_FIELDS: &str = "sensitive_fields";

/// By object, without its cluster, the paths of fields.
pub(super) type SensitiveFields = BTreeMap<String, Vec<String>>;

/// Those of a set, as the setting has them; `None` if there are none.
pub(super) fn setting(set: &ManifestSet, key: &FingerprintKey) -> Option<String> {
    let sensitive = set.manifests().iter().filter(|manifest| manifest.sensitive.is_some());
    let fields = sensitive.map(|manifest| {
        let Shown { sensitive, .. } = show(manifest, key);
        let id = ObjectId::of(set.cluster(), manifest.shown());
        (without_cluster(&id), sensitive.into_keys().collect())
    });
    let fields: SensitiveFields = fields.collect();
    if fields.is_empty() { None } else { serde_json::to_string(&fields).ok() }
}

/// What the settings of a record say.
pub(super) fn of_settings(settings: &BTreeMap<String, String>) -> SensitiveFields {
    let text = settings.get(SENSITIVE_FIELDS);
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Asks for these fields of `wanted` as secrets.
pub(super) fn ask_for(wanted: &mut Objects, fields: &SensitiveFields) {
    for (id, asked) in wanted {
        let paths = fields.get(&without_cluster(id)).into_iter().flatten();
        asked.extend(paths.map(|path| (path.clone(), some_fingerprint())));
    }
}

/// Objects that were read without knowing which of their fields are secret.
pub(super) fn hidden(mut objects: Objects, fields: &SensitiveFields, key: &FingerprintKey) -> Objects {
    for (id, read) in &mut objects {
        for path in fields.get(&without_cluster(id)).into_iter().flatten() {
            if let Some(text) = read.get_mut(path) {
                *text = hidden_text(key, text);
            }
        }
    }
    objects
}

/// An object without its cluster, as a record names it.
pub(super) fn without_cluster(id: &ObjectId) -> String {
    let text = id.to_string();
    text.split_once('/').map_or_else(String::new, |(_, object)| object.to_owned())
}
