use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::discovery::Resource;
use crate::document::Document;
use crate::engine::Engine;
use crate::request::Call;
use crate::request_error::{RequestError, Target, Verb};

/// How often, and after which pauses, a group that is served is looked for among the published ones.
const PUBLISHING_LOOKS: u32 = 6;
const PUBLISHING_PAUSE: Duration = Duration::from_millis(250);

/// Addresses of the cluster's OpenAPI v3 documents by group and version (`apis/apps/v1`), read when first needed. An address ends with a digest of its
/// document.
pub(crate) type Index = Mutex<Option<Arc<BTreeMap<String, String>>>>;

#[derive(Deserialize)]
struct PublishedIndex {
    paths: BTreeMap<String, IndexEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IndexEntry {
    #[serde(rename = "serverRelativeURL")]
    server_relative_url: String,
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
            self.forget_index().await;
            tokio::time::sleep(PUBLISHING_PAUSE).await;
        }
        Ok(Arc::default())
    }

    /// Lets the index be read again, and with it documents whose digest changes.
    pub(crate) async fn forget_index(&self) {
        *self.shared.index.lock().await = None;
    }

    async fn read_document(
        &self,
        url: &str,
        cancel: &CancellationToken,
    ) -> Result<Arc<Document>, RequestError> {
        let cache = &self.shared.options.schemas;
        if let Some(document) = cache.get(url) {
            return Ok(document);
        }
        let turn = cache.turn(url);
        let _turn = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(get(url).cancelled()),
            turn = turn.lock() => turn,
        };
        if let Some(document) = cache.get(url) {
            return Ok(document);
        }
        let document = Arc::new(self.read(&get(url), cancel).await?);
        cache.put(url, &document);
        Ok(document)
    }

    async fn index(&self, cancel: &CancellationToken) -> Result<Arc<BTreeMap<String, String>>, RequestError> {
        let call = get("/openapi/v3");
        let mut cached = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(call.cancelled()),
            cached = self.shared.index.lock() => cached,
        };
        if let Some(index) = &*cached {
            return Ok(index.clone());
        }
        let index: PublishedIndex = self.read(&call, cancel).await?;
        let index = index.paths.into_iter().map(|(path, entry)| (path, entry.server_relative_url)).collect();
        let index = Arc::new(index);
        *cached = Some(Arc::clone(&index));
        Ok(index)
    }
}

fn get(url: &str) -> Call {
    Call::get(Verb::Get, Target::Document(url.to_owned()), url.to_owned())
}
