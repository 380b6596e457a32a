use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::digest::hex;
use crate::document::Document;
use crate::kept_file;

/// Schemas that were read from API servers. A server gives each document an address with a digest of its content, so that a document never becomes stale
/// and clusters that have the same one share it.
///
/// Clones share what they hold: give one cache to all engines of a process. With a folder it also lasts from process to process. What cannot be read there, or
/// written, is read from the server again.
///
/// An address without a digest may mean another document in another cluster, or tomorrow: it is read each time.
#[derive(Clone, Default)]
pub struct SchemaCache {
    documents: Arc<Mutex<BTreeMap<String, Arc<Document>>>>,
    /// Held by whoever reads a document, so that others wait for it.
    turns: Arc<Mutex<BTreeMap<String, Arc<Turn>>>>,
    folder: Option<PathBuf>,
}

type Turn = tokio::sync::Mutex<()>;

impl fmt::Debug for SchemaCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaCache").field("directory", &self.folder).finish_non_exhaustive()
    }
}

impl SchemaCache {
    /// A cache that also keeps its documents in a folder, which is made when the first is kept.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder: Some(folder), ..Self::default() }
    }

    pub(crate) fn get(&self, url: &str) -> Option<Arc<Document>> {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = documents.get(url) {
            return Some(document.clone());
        }
        let document: Arc<Document> = Arc::new(kept_file::read(&self.file(url)?)?);
        documents.insert(url.to_owned(), document.clone());
        Some(document)
    }

    /// Held while a document is read: of several engines that need it at the same time one reads it.
    pub(crate) fn turn(&self, url: &str) -> Arc<Turn> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(url.to_owned()).or_default())
    }

    pub(crate) fn put(&self, url: &str, document: &Arc<Document>) {
        if !has_digest(url) {
            return;
        }
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.insert(url.to_owned(), document.clone());
        if let Some(file) = self.file(url) {
            kept_file::keep(&file, document.as_ref());
        }
    }

    fn file(&self, url: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref().filter(|_| has_digest(url))?;
        Some(folder.join(format!("{}.json", hex(url.as_bytes()))))
    }
}

fn has_digest(url: &str) -> bool {
    url.contains("hash=")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::SchemaCache;

    #[test]
    fn a_document_with_a_digest_outlives_the_process_and_one_without_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let cache = || SchemaCache::in_folder(folder.path().join("schemas"));
        let first = cache();
        for (url, is_kept) in [("/openapi/v3/api/v1?hash=A", true), ("/openapi/v3/api/v1", false)] {
            assert!(first.get(url).is_none());
            first.put(url, &Arc::default());
            assert_eq!(first.get(url).is_some(), is_kept);
        }
        assert!(cache().get("/openapi/v3/api/v1?hash=A").is_some());
        assert!(cache().get("/openapi/v3/api/v1?hash=B").is_none());
        assert!(cache().get("/openapi/v3/api/v1").is_none());
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = SchemaCache::in_folder(folder.path().to_owned());
        std::fs::write(cache.file("/a?hash=A").unwrap(), "{").unwrap();
        assert!(cache.get("/a?hash=A").is_none());
    }
}
