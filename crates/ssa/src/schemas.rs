use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::discovery::Resource;
use crate::engine::Engine;
use crate::request::Call;
use crate::request_error::{RequestError, Target, Verb};
use crate::schema::Document;

/// How often, and after which pauses, a group that is served is looked for among the published ones.
const PUBLISHING_LOOKS: u32 = 6;
const PUBLISHING_PAUSE: Duration = Duration::from_millis(250);

/// The cluster's OpenAPI v3 documents, each read when first needed.
#[derive(Default)]
pub(crate) struct Schemas {
    cached: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    index: Option<Arc<BTreeMap<String, String>>>,
    documents: BTreeMap<String, Arc<Document>>,
}

#[derive(Deserialize)]
struct Index {
    paths: BTreeMap<String, IndexEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IndexEntry {
    #[serde(rename = "serverRelativeURL")]
    server_relative_url: String,
}

impl Schemas {
    /// Forgets the index, and with it documents whose content hash (part of their address) changes.
    pub async fn forget(&self) {
        self.cached.lock().await.index = None;
    }
}

impl Engine {
    /// The document that describes a kind. The server publishes a new group a moment after it serves it: that moment is waited for. A
    /// group that has no document even then gives an empty one, so that its kinds are untyped.
    pub(crate) async fn document(
        &self,
        resource: &Resource,
        cancel: &CancellationToken,
    ) -> Result<Arc<Document>, RequestError> {
        for _ in 0..PUBLISHING_LOOKS {
            let index = self.index(cancel).await?;
            if let Some(url) = index.get(&resource.group_version_path()) {
                return self.read_document(url, cancel).await;
            }
            self.shared.schemas.forget().await;
            tokio::time::sleep(PUBLISHING_PAUSE).await;
        }
        Ok(Arc::default())
    }

    async fn read_document(
        &self,
        url: &str,
        cancel: &CancellationToken,
    ) -> Result<Arc<Document>, RequestError> {
        if let Some(document) = self.shared.schemas.cached.lock().await.documents.get(url) {
            return Ok(document.clone());
        }
        let document: Value = self.read(&get(url), cancel).await?;
        let document = Arc::new(Document::parse(document));
        self.shared.schemas.cached.lock().await.documents.insert(url.to_owned(), document.clone());
        Ok(document)
    }

    async fn index(&self, cancel: &CancellationToken) -> Result<Arc<BTreeMap<String, String>>, RequestError> {
        let mut cached = self.shared.schemas.cached.lock().await;
        if let Some(index) = &cached.index {
            return Ok(index.clone());
        }
        let index: Index = self.read(&get("/openapi/v3"), cancel).await?;
        let index = index.paths.into_iter().map(|(path, entry)| (path, entry.server_relative_url)).collect();
        let index = Arc::new(index);
        cached.index = Some(Arc::clone(&index));
        Ok(index)
    }
}

fn get(url: &str) -> Call {
    Call::get(Verb::Get, Target::Document(url.to_owned()), url.to_owned())
}
