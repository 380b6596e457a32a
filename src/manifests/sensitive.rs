//! The fields of objects that depend on documents with secrets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::digest::{FingerprintKey, digest, hidden_text};
use super::{Fields, flatten};
use crate::desired::{Manifest, Sensitive};

/// An object as a plan shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The fields that depend on no secret.
    pub fields: Fields,
    /// The others.
    pub sensitive: BTreeMap<String, SensitiveField>,
}

/// A field that depends on secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensitiveField {
    /// What stands for its value.
    pub fingerprint: String,
    /// What it is made from beside the secrets of write-only documents; `None` if it depends on none of these.
    pub origin: Option<String>,
    /// The names of the write-only documents that it depends on.
    pub write_only: BTreeSet<String>,
}

impl Shown {
    /// All fields, those that are secret as fingerprints.
    pub fn all(self) -> Fields {
        let sensitive = self.sensitive.into_iter().map(|(path, field)| (path, field.fingerprint));
        self.fields.into_iter().chain(sensitive).collect()
    }
}

/// The fields of an object. One is shown only where it is the same with every stand-in and with the secrets themselves.
pub fn show(manifest: &Manifest, key: &FingerprintKey) -> Shown {
    let fields = flatten(&manifest.object, key);
    let Some(sensitive) = &manifest.sensitive else {
        return Shown { fields, ..Shown::default() };
    };
    let variants = Variants::of(sensitive, key);
    let mut shown = Shown::default();
    for (path, text) in fields {
        match variants.field(&path, &text, key) {
            None => drop(shown.fields.insert(path, text)),
            Some(field) => drop(shown.sensitive.insert(path, field)),
        }
    }
    shown
}

/// The fields of an object that are there only with some secrets; empty for one whose fields are always the same. Names are those that
/// come from no secret.
pub fn decided_by_secrets(manifest: &Manifest, key: &FingerprintKey) -> Option<BTreeSet<String>> {
    let sensitive = manifest.sensitive.as_ref().filter(|sensitive| !sensitive.is_unknown)?;
    let variants = Variants::of(sensitive, key);
    let usual = &variants.shown;
    let last = flatten(&manifest.object, key);
    let all = variants.varied.iter().map(|varied| &varied.fields).chain([&last]);
    let differing: Vec<&Fields> = all.filter(|fields| !fields.keys().eq(usual.keys())).collect();
    if differing.is_empty() {
        return None;
    }
    let missing = differing.iter().flat_map(|fields| usual.keys().filter(|path| !fields.contains_key(*path)));
    Some(missing.cloned().collect())
}

/// The fields of an object with every stand-in.
struct Variants {
    shown: Fields,
    varied: Vec<Varied>,
    without_write_only: Option<Fields>,
}

struct Varied {
    document: String,
    version: Option<i64>,
    fields: Fields,
}

impl Variants {
    fn of(sensitive: &Sensitive, key: &FingerprintKey) -> Self {
        let varied = sensitive.varied.iter().map(|varied| Varied {
            document: varied.document.clone(),
            version: varied.version,
            fields: flatten(&varied.object, key),
        });
        Self {
            shown: flatten(&sensitive.shown, key),
            varied: varied.collect(),
            without_write_only: sensitive.without_write_only.as_ref().map(|object| flatten(object, key)),
        }
    }

    /// What is known of a field with this text if it depends on secrets.
    fn field(&self, path: &str, text: &str, key: &FingerprintKey) -> Option<SensitiveField> {
        let usual = self.shown.get(path);
        let depends = |varied: &&Varied| varied.fields.get(path) != usual;
        let mut on: Vec<&Varied> = self.varied.iter().filter(depends).collect();
        if on.is_empty() {
            if usual.is_some_and(|usual| usual == text) {
                return None;
            }
            // What stands in hides how it depends on the secrets: on any of them.
            on = self.varied.iter().collect();
        }
        let write_only: BTreeMap<&str, i64> =
            on.iter().filter_map(|varied| Some((varied.document.as_str(), varied.version?))).collect();
        Some(SensitiveField {
            fingerprint: hidden_text(key, text),
            origin: (!write_only.is_empty())
                .then(|| self.origin(path, on.len() > write_only.len(), &write_only, key)),
            write_only: write_only.keys().map(|name| (*name).to_owned()).collect(),
        })
    }

    fn origin(
        &self,
        path: &str,
        is_mixed: bool,
        versions: &BTreeMap<&str, i64>,
        key: &FingerprintKey,
    ) -> String {
        let partial =
            self.without_write_only.as_ref().filter(|_| is_mixed).and_then(|fields| fields.get(path));
        let basis = match partial {
            // Holds secrets, too.
            Some(text) => hidden_text(key, text),
            None => self.shown.get(path).cloned().unwrap_or_default(),
        };
        digest(Value::from(vec![serde_json::json!(versions), Value::from(basis)]).to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::desired::{Component, Placeholders, Stage, Varied};

    const KEY: [u8; 32] = [7; 32];

    fn key() -> FingerprintKey {
        FingerprintKey::new(KEY)
    }

    fn config_map(document: &str) -> Arc<Value> {
        json!({"kind": "ConfigMap", "metadata": {"name": "istio"}, "data": {"mesh": document}}).into()
    }

    fn manifest(secret: &str, version: Option<i64>) -> Manifest {
        let varied =
            Varied { document: "mesh_config".to_owned(), version, object: config_map("a: 1\nb: stand-in-b") };
        let sensitive = Sensitive {
            shown: config_map("a: 1\nb: stand-in-a"),
            varied: vec![varied],
            without_write_only: None,
            is_unknown: false,
        };
        Manifest {
            component: Component::Plain,
            stage: Stage::Configuration,
            object: config_map(secret),
            placeholders: Placeholders::new(),
            sensitive: Some(Arc::new(sensitive)),
        }
    }

    #[test]
    fn a_field_that_depends_on_a_secret_is_a_fingerprint_and_no_other_is() {
        let shown = show(&manifest("a: 1\nb: planted", None), &key());
        assert_eq!(shown.fields["data.mesh: a"], "1");
        let field = &shown.sensitive["data.mesh: b"];
        assert!(field.fingerprint.starts_with("hmac-sha256:") && field.origin.is_none());
        assert_eq!(shown.sensitive.len(), 1);
        assert!(!format!("{shown:?}").contains("planted"));
        let other = show(&manifest("a: 1\nb: other", None), &key());
        assert_ne!(other.sensitive["data.mesh: b"].fingerprint, field.fingerprint);
    }

    #[test]
    fn a_field_that_hides_its_dependence_from_stand_ins_is_not_shown() {
        let shown = show(&manifest("a: planted\nb: x", None), &key());
        assert!(shown.sensitive.contains_key("data.mesh: a"), "{shown:?}");
    }

    #[test]
    fn a_write_only_field_comes_from_its_version_and_not_from_its_value() {
        let origin = |secret: &str, version| {
            let shown = show(&manifest(secret, Some(version)), &key());
            shown.sensitive["data.mesh: b"].origin.clone().unwrap()
        };
        assert_eq!(origin("a: 1\nb: one", 1), origin("a: 1\nb: other", 1));
        assert_ne!(origin("a: 1\nb: one", 1), origin("a: 1\nb: one", 2));
    }

    #[test]
    fn a_field_that_is_there_only_with_some_secrets_is_found_by_the_name_without_them() {
        assert_eq!(decided_by_secrets(&manifest("a: 1\nb: x", None), &key()), None);
        let decided = decided_by_secrets(&manifest("a: 1\nplanted: x", None), &key()).unwrap();
        assert_eq!(decided, BTreeSet::from(["data.mesh: b".to_owned()]));
    }
}
