//! What a resource remembers of write-only documents with secrets, without knowing them, and which of them it keeps.
//!
//! A document is given anew at each apply, perhaps with other content each time. While its version is the same, the cluster's content
//! counts: every secret of it is read from a field that still says what the last apply wrote. Where not one such field is left, where a
//! cluster has never had the document, and with another version, what is given counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tfplugin::{Diagnostic, PrivateState};

use super::field_maps::Objects;
use super::kept_secrets::has_changed;
use super::managed::Render;
use super::places::{Found, Place};
use super::sensitive_fields::without_cluster;
use crate::desired::{Kept, ManifestSet, StandIns, WriteOnly};
use crate::diagnostics;
use crate::manifests::{Fields, FingerprintKey, ObjectId, SensitiveField, Shown, show, whole_texts};
use crate::mesh::{ClusterFacts, ClusterName};

/// Its name in the private state.
const PRIVATE_NAME: &str = "write_only";

/// What is remembered, by the UIDs of clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteOnlyRecord(BTreeMap<String, OfCluster>);

/// What is remembered for one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfCluster {
    /// The documents that all objects have, by name.
    documents: BTreeMap<String, Document>,
    /// Object, without its cluster → field → what was written.
    fields: BTreeMap<String, BTreeMap<String, Written>>,
}

/// A document without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    version: i64,
    stand_ins: Value,
}

/// What was written into a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    fingerprint: String,
    origin: String,
}

/// The objects of a cluster, and what of write-only documents is kept.
pub struct Keeping {
    /// The UID of the cluster.
    uid: String,
    /// The objects; a secret that is kept has its stand-in.
    pub set: ManifestSet,
    /// The documents that are kept.
    pub kept: Kept,
    /// Where each secret of them can be read, by document and JSON pointer.
    pub places: BTreeMap<String, BTreeMap<String, Place>>,
}

impl Keeping {
    /// Objects of a cluster that keeps nothing.
    pub fn nothing(set: ManifestSet) -> Self {
        Self { uid: String::new(), set, kept: Kept::default(), places: BTreeMap::new() }
    }

    /// The objects that secrets are read from.
    pub fn asked(&self) -> BTreeSet<ObjectId> {
        self.places.values().flat_map(BTreeMap::values).map(|(id, _)| id.clone()).collect()
    }
}

impl WriteOnlyRecord {
    /// What the last apply has remembered.
    pub fn recorded(private: &PrivateState) -> Result<Self, Diagnostic> {
        let stored: Option<Self> = private.get(PRIVATE_NAME).map_err(|error| unusable(&error))?;
        Ok(stored.unwrap_or_default())
    }

    /// Remembers it for the next plan.
    pub fn record(&self, private: &PrivateState) -> Result<(), Diagnostic> {
        private.set(PRIVATE_NAME, self).map_err(|error| unusable(&error))
    }

    /// Renders what a cluster shall hold, with the secrets that it keeps. `prior` is what state says of the cluster's objects.
    ///
    /// # Errors
    /// It cannot be rendered, or a secret could never be read again.
    pub fn render(
        &self,
        source: &impl Render,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        prior: impl Fn() -> Objects,
        key: &FingerprintKey,
    ) -> Result<Keeping, Diagnostic> {
        let nothing = OfCluster::default();
        let of_cluster = self.0.get(&facts.uid).unwrap_or(&nothing);
        let mut kept = of_cluster.kept();
        loop {
            let set = source.render_keeping(cluster, facts, &kept)?;
            if set.write_only().is_empty() {
                return Ok(Keeping::nothing(set));
            }
            kept.0.retain(|name, document| {
                set.write_only().get(name).is_some_and(|wanted| wanted.version == document.version)
            });
            let prior = prior();
            let prior = prior.iter().map(|(id, fields)| (without_cluster(id), fields)).collect();
            let found = of_cluster.search(&set, &prior, key)?;
            let before = kept.0.len();
            kept.0.retain(|name, _| found.is_whole(name));
            if kept.0.len() == before {
                let mut places = found.places;
                places.retain(|name, _| kept.0.contains_key(name));
                return Ok(Keeping { uid: facts.uid.clone(), set, kept, places });
            }
        }
    }

    /// The objects with the secrets that the cluster keeps: `texts` are the whole texts of the objects that [`Keeping::asked`] names.
    ///
    /// # Errors
    /// The cluster has changed since the plan, or the objects cannot be rendered.
    pub fn filled(
        &self,
        keeping: Keeping,
        texts: &BTreeMap<ObjectId, Fields>,
        (source, facts): (&impl Render, &ClusterFacts),
        key: &FingerprintKey,
    ) -> Result<ManifestSet, Diagnostic> {
        if keeping.kept.0.is_empty() {
            return Ok(keeping.set);
        }
        let mut kept = keeping.kept.clone();
        for (name, document) in &mut kept.0 {
            let mut values = document.stand_ins.one.clone();
            for (pointer, (id, path)) in keeping.places.get(name).into_iter().flatten() {
                let text =
                    texts.get(id).and_then(|fields| fields.get(path)).ok_or_else(|| has_changed(id))?;
                if let Some(leaf) = values.pointer_mut(pointer) {
                    *leaf = of_type(leaf, text).ok_or_else(|| has_changed(id))?;
                }
            }
            *document = document.clone().with_values(values);
        }
        let set = source.render_keeping(keeping.set.cluster(), facts, &kept)?;
        for manifest in set.manifests().iter().filter(|manifest| manifest.sensitive.is_some()) {
            let id = ObjectId::of(set.cluster(), manifest.shown());
            for (path, field) in show(manifest, key).sensitive {
                let planned = self.planned(&id, &path, &field, &keeping);
                if planned.is_some_and(|planned| planned != field.fingerprint) {
                    return Err(has_changed(&id));
                }
            }
        }
        Ok(set)
    }

    /// What a plan knows of a field: what was written there before, if that is kept.
    pub fn planned(
        &self,
        id: &ObjectId,
        path: &str,
        field: &SensitiveField,
        keeping: &Keeping,
    ) -> Option<String> {
        let origin = field.origin.as_ref()?;
        let is_kept = field.write_only.iter().all(|name| keeping.kept.0.contains_key(name));
        let written = self.0.get(&keeping.uid)?.fields.get(&without_cluster(id))?.get(path)?;
        (is_kept && written.origin == *origin).then(|| written.fingerprint.clone())
    }

    /// Notes what an apply has written into a cluster: `applied` are the objects that are as they were planned now.
    pub fn note(
        &mut self,
        uid: &str,
        set: &ManifestSet,
        live: &Objects,
        applied: &BTreeSet<&ssa::ObjectId>,
        key: &FingerprintKey,
    ) {
        let of_cluster = self.0.entry(uid.to_owned()).or_default();
        let mut incomplete = BTreeSet::new();
        let mut known = BTreeSet::new();
        for manifest in set.manifests().iter().filter(|manifest| manifest.sensitive.is_some()) {
            let id = ObjectId::of(set.cluster(), manifest.shown());
            let Shown { sensitive, .. } = show(manifest, key);
            let is_applied = applied.contains(&id.without_cluster());
            let mut fields = BTreeMap::new();
            for (path, field) in sensitive {
                let Some(origin) = field.origin else { continue };
                let fingerprint = live.get(&id).and_then(|fields| fields.get(&path));
                match fingerprint.filter(|_| is_applied) {
                    Some(fingerprint) => {
                        fields.insert(path, Written { fingerprint: fingerprint.clone(), origin });
                    }
                    None => incomplete.extend(field.write_only),
                }
            }
            let object = without_cluster(&id);
            if is_applied {
                of_cluster.fields.insert(object.clone(), fields);
            }
            known.insert(object);
        }
        of_cluster.fields.retain(|object, fields| known.contains(object) && !fields.is_empty());
        let documents = set.write_only().iter().map(|(name, WriteOnly { version, stand_ins, .. })| {
            (name.clone(), Document { version: *version, stand_ins: stand_ins.to_value() })
        });
        let before = std::mem::take(&mut of_cluster.documents);
        // One that not every object has yet counts only if it was there before.
        let is_there = |(name, document): &(String, Document)| {
            !incomplete.contains(name) || before.get(name) == Some(document)
        };
        of_cluster.documents = documents.filter(is_there).collect();
    }

    /// Forgets clusters that the resource has left.
    pub fn retain<'a>(&mut self, uids: impl IntoIterator<Item = &'a String>) {
        let uids: BTreeSet<&String> = uids.into_iter().collect();
        self.0.retain(|uid, of_cluster| uids.contains(uid) && !of_cluster.documents.is_empty());
    }

    /// What the record of a cluster may remember of it: no secret can be told from it.
    pub fn of_cluster(&self, uid: &str) -> Option<String> {
        let of_cluster = self.0.get(uid)?;
        let mut public = of_cluster.clone();
        let fields = public.fields.values_mut().flat_map(BTreeMap::values_mut);
        fields.for_each(|written| written.fingerprint = String::new());
        serde_json::to_string(&public).ok()
    }

    /// Takes back what the record of a cluster remembers, with what is in its objects now.
    pub fn take_back(&mut self, uid: &str, remembered: &str, live: &Objects) {
        let Ok(mut of_cluster) = serde_json::from_str::<OfCluster>(remembered) else { return };
        for (id, fields) in live {
            for (path, written) in of_cluster.fields.get_mut(&without_cluster(id)).into_iter().flatten() {
                written.fingerprint = fields.get(path).cloned().unwrap_or_default();
            }
        }
        self.0.insert(uid.to_owned(), of_cluster);
    }
}

impl OfCluster {
    fn kept(&self) -> Kept {
        let documents = self.documents.iter().filter_map(|(name, document)| {
            let stand_ins = StandIns::from_value(&document.stand_ins)?;
            Some((name.clone(), WriteOnly::new(document.version, stand_ins)))
        });
        Kept(documents.collect())
    }

    /// Where the secrets of each document can be read.
    fn search(
        &self,
        set: &ManifestSet,
        prior: &BTreeMap<String, &Fields>,
        key: &FingerprintKey,
    ) -> Result<Found, Diagnostic> {
        let mut found = Found::default();
        for (name, document) in set.write_only() {
            found.wanted.insert(name.clone(), document.stand_ins.leaves());
        }
        for manifest in set.manifests() {
            let Some(sensitive) = &manifest.sensitive else { continue };
            let id = ObjectId::of(set.cluster(), manifest.shown());
            let object = without_cluster(&id);
            let written = self.fields.get(&object);
            let shown = show(manifest, key);
            let usual = whole_texts(&sensitive.shown);
            for varied in sensitive.varied.iter().filter(|varied| varied.version.is_some()) {
                let other = whole_texts(&varied.object);
                for (path, field) in &shown.sensitive {
                    if !field.write_only.contains(&varied.document) {
                        continue;
                    }
                    let (Some(usual), Some(other)) = (usual.get(path), other.get(path)) else { continue };
                    let is_as_written = written.and_then(|fields| fields.get(path)).is_some_and(|written| {
                        Some(&written.origin) == field.origin.as_ref()
                            && prior.get(&object).and_then(|fields| fields.get(path))
                                == Some(&written.fingerprint)
                    });
                    found.note(
                        &varied.document,
                        (usual.as_str(), other.as_str()),
                        (&id, path.as_str()),
                        is_as_written,
                    );
                }
            }
        }
        found.check(set)?;
        Ok(found)
    }
}

/// The value of the same type as `leaf` that a text is.
fn of_type(leaf: &Value, text: &str) -> Option<Value> {
    if leaf.is_string() {
        return Some(Value::from(text));
    }
    let value: Value = serde_json::from_str(text).ok()?;
    (std::mem::discriminant(&value) == std::mem::discriminant(leaf)).then_some(value)
}

fn unusable(error: &(dyn std::error::Error + 'static)) -> Diagnostic {
    let way_out = "It is stored in the private state of the resource; restore the state from a backup.";
    diagnostics::failure("The record of write-only values cannot be used", error, way_out, None)
}
