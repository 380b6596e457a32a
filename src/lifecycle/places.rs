//! Where the secrets of write-only documents can be read again: fields that say one as it stands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tfplugin::Diagnostic;

use crate::desired::ManifestSet;
use crate::manifests::ObjectId;

/// Where a secret can be read: a field of an object.
pub type Place = (ObjectId, String);

/// What was found of the secrets of documents.
#[derive(Default)]
pub(super) struct Found {
    /// The stand-ins of a document.
    pub(super) wanted: BTreeMap<String, Vec<Leaf>>,
    /// The secrets that a field says as they stand, by document.
    told: BTreeMap<String, BTreeSet<String>>,
    /// The same where the field still says what was written.
    pub(super) places: BTreeMap<String, BTreeMap<String, Place>>,
    /// Fields in which a secret of a document cannot be read, with the secrets that can be seen to be in them.
    made: Vec<(String, Place, BTreeSet<String>)>,
}

impl Found {
    /// A field that depends on a document, with its text with either stand-in.
    pub(super) fn note(
        &mut self,
        document: &str,
        (usual, other): (&str, &str),
        (id, path): (&ObjectId, &str),
        is_as_written: bool,
    ) {
        let leaves = self.wanted.get(document).map(Vec::as_slice).unwrap_or_default();
        let place = || (id.clone(), path.to_owned());
        let Some(pointer) = told(leaves, usual, other) else {
            let inside =
                leaves.iter().filter(|(_, one, _)| one.as_str().is_some_and(|one| usual.contains(one)));
            let inside = inside.map(|(pointer, ..)| pointer.clone()).collect();
            self.made.push((document.to_owned(), place(), inside));
            return;
        };
        self.told.entry(document.to_owned()).or_default().insert(pointer.clone());
        if is_as_written {
            self.places.entry(document.to_owned()).or_default().entry(pointer).or_insert_with(place);
        }
    }

    /// Whether every secret of a document that matters can be read.
    pub(super) fn is_whole(&self, document: &str) -> bool {
        let told = self.told.get(document).map_or(0, BTreeSet::len);
        let places = self.places.get(document).map_or(0, BTreeMap::len);
        told == places
    }

    /// A secret of which the cluster has only something that was made from it could not be kept.
    pub(super) fn check(&self, set: &ManifestSet) -> Result<(), Diagnostic> {
        for (document, (id, path), inside) in &self.made {
            let wanted = self.wanted.get(document).map(Vec::as_slice).unwrap_or_default();
            let told = self.told.get(document);
            let is_told = |pointer: &String| told.is_some_and(|told| told.contains(pointer));
            let all_are_told = if inside.is_empty() {
                wanted.iter().all(|(pointer, ..)| is_told(pointer))
            } else {
                inside.iter().all(is_told)
            };
            if !all_are_told {
                return Err(cannot_be_kept(set, id, path));
            }
        }
        Ok(())
    }
}

/// A JSON pointer into a document, and both stand-ins there.
pub(super) type Leaf = (String, Value, Value);

/// The secret that a field says as it stands: its text is that of the stand-in, with either.
fn told(leaves: &[Leaf], usual: &str, other: &str) -> Option<String> {
    let is = |value: &Value, text: &str| {
        let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        written == text
    };
    let mut fitting = leaves.iter().filter(|(_, one, another)| is(one, usual) && is(another, other));
    let (pointer, ..) = fitting.next()?;
    // Two booleans look alike.
    fitting.next().is_none().then(|| pointer.clone())
}

fn cannot_be_kept(set: &ManifestSet, id: &ObjectId, path: &str) -> Diagnostic {
    let detail = format!(
        "{path} of {} {} is made from a write-only value that no object has as it stands, so a later apply could not keep it. Move \
         the setting from sensitive_values_wo to sensitive_values, which is stored in state.",
        id.kind, id.name
    );
    Diagnostic::error(
        format!("Cluster {:?}: a write-only value cannot be kept", set.cluster().as_str()),
        detail,
    )
}
