//! What custom resource definitions say, kept from plan to plan: they are by far the largest objects, and the ones that change least.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manifests::Reading;

/// Of files that are written otherwise, none is read.
const FORMAT: u32 = 1;

/// The definitions of one cluster as they were read last, each with the state that it was read in. Clones share what they hold; in a
/// folder it also lasts from process to process. That it cannot be read or written there is no error.
///
/// A state is named by the server: as long as an object has it, nothing was written to it. So nothing in here becomes stale.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    file: Option<PathBuf>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    is_loaded: bool,
    is_changed: bool,
    definitions: BTreeMap<String, Definition>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Definition {
    state: String,
    reading: Reading,
}

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    format: u32,
    definitions: T,
}

impl Definitions {
    /// Those of one cluster, kept in this file.
    pub(super) fn in_file(file: PathBuf) -> Self {
        Self { file: Some(file), ..Self::default() }
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.with(|known| known.definitions.is_empty())
    }

    /// What the definition with this metadata says; `None` if it was not read in this state.
    pub fn get(&self, metadata: &Value) -> Option<Reading> {
        let state = state(metadata)?;
        self.with(|known| {
            let definition = known.definitions.get(metadata["name"].as_str()?)?;
            (definition.state == state).then(|| definition.reading.clone())
        })
    }

    /// Remembers what a definition says.
    pub fn put(&self, metadata: &Value, reading: Reading) {
        let (Some(name), Some(state)) = (metadata["name"].as_str(), state(metadata)) else { return };
        self.with(|known| {
            known.definitions.insert(name.to_owned(), Definition { state, reading });
            known.is_changed = true;
        });
    }

    /// Writes what is new into the file.
    pub fn keep(&self) {
        let Some(file) = &self.file else { return };
        let text = self.with(|known| {
            let is_changed = std::mem::take(&mut known.is_changed);
            let kept = Kept { format: FORMAT, definitions: &known.definitions };
            is_changed.then(|| serde_json::to_vec(&kept))
        });
        let Some(text) = text else { return };
        if let Err(error) = text.map_err(std::io::Error::from).and_then(|text| write(file, &text)) {
            tracing::debug!(file = %file.display(), %error, "definitions are not kept");
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.is_loaded {
            known.is_loaded = true;
            known.definitions = self.file.as_deref().and_then(read).unwrap_or_default();
        }
        act(&mut known)
    }
}

/// What changes whenever an object does; `None` for what is none of a server.
fn state(metadata: &Value) -> Option<String> {
    let text = |name: &str| metadata[name].as_str().filter(|text| !text.is_empty());
    Some(format!("{}/{}/{}", text("uid")?, metadata["generation"], text("resourceVersion")?))
}

fn read(file: &Path) -> Option<BTreeMap<String, Definition>> {
    let kept: Kept<_> = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    (kept.format == FORMAT).then_some(kept.definitions)
}

/// Readers never see half a file.
fn write(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder)?;
    let mut unfinished = tempfile::NamedTempFile::new_in(folder)?;
    unfinished.write_all(text)?;
    unfinished.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifests::FingerprintKey;

    fn metadata(state: &str) -> Value {
        json!({"name": "gadgets.shop.example", "uid": "u", "generation": 1, "resourceVersion": state})
    }

    fn reading(group: &str) -> Reading {
        let object = json!({"kind": "CustomResourceDefinition", "spec": {"group": group}});
        Reading::without_metadata(&object, &FingerprintKey::new([0; 32]))
    }

    #[test]
    fn a_definition_is_known_in_the_state_that_it_was_read_in_and_in_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let definitions = || Definitions::in_file(folder.path().join("definitions").join("1.json"));
        let first = definitions();
        assert!(first.is_empty());
        first.put(&metadata("7"), reading("shop.example"));
        assert!(definitions().is_empty(), "nothing is written before it is asked for");
        first.keep();
        let second = definitions();
        assert_eq!(second.get(&metadata("7")), Some(reading("shop.example")));
        assert_eq!(second.get(&metadata("8")), None);
        assert_eq!(second.get(&json!({"name": "gadgets.shop.example"})), None);
        second.put(&metadata("8"), reading("other.example"));
        second.keep();
        assert_eq!(definitions().get(&metadata("8")), Some(reading("other.example")));
    }

    #[test]
    fn a_damaged_file_and_a_folder_that_cannot_be_made_are_no_errors() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("1.json");
        std::fs::write(&file, "{").unwrap();
        assert!(Definitions::in_file(file.clone()).is_empty());
        let below_a_file = Definitions::in_file(file.join("below.json"));
        below_a_file.put(&metadata("7"), reading("shop.example"));
        below_a_file.keep();
        assert!(below_a_file.get(&metadata("7")).is_some());
    }
}
