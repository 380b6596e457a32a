use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::object_id::{GroupKind, ObjectId};
use crate::request::Call;
use crate::request_error::{RequestError, Target, Verb};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The kinds that a cluster serves.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// Versions in the server's order of preference.
    kinds: BTreeMap<GroupKind, Vec<Resource>>,
    /// Whether an earlier process has read it, so that kinds may have come and gone since.
    is_kept: bool,
}

/// How one version of a kind is addressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub kind: GroupKind,
    pub version: String,
    pub plural: String,
    pub namespaced: bool,
    /// Verbs that the server offers for it.
    pub verbs: Vec<String>,
}

impl Discovery {
    /// What an earlier process has read, the versions of each kind in the server's order of preference.
    pub fn kept(resources: Vec<Resource>) -> Self {
        let mut discovery = Self { is_kept: true, ..Self::default() };
        for resource in resources {
            discovery.kinds.entry(resource.kind.clone()).or_default().push(resource);
        }
        discovery
    }

    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Every version of every kind, those of one kind in the server's order of preference.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.kinds.values().flatten()
    }

    /// The wanted version of a kind, or the preferred one.
    pub fn resource(&self, kind: &GroupKind, version: Option<&str>) -> Option<&Resource> {
        let versions = self.kinds.get(kind)?;
        match version {
            Some(version) => versions.iter().find(|resource| resource.version == version),
            None => versions.first(),
        }
    }

    fn add(&mut self, groups: GroupList) {
        for group in groups.items {
            for version in group.versions {
                for resource in version.resources {
                    self.add_resource(&group.metadata.name, &version.version, resource);
                }
            }
        }
    }

    fn add_resource(&mut self, group: &str, version: &str, resource: ResourceDiscovery) {
        let response = resource.response_kind.unwrap_or_default();
        let kind = GroupKind { group: group.to_owned(), kind: response.kind };
        self.kinds.entry(kind.clone()).or_default().push(Resource {
            kind,
            version: version.to_owned(),
            plural: resource.resource,
            namespaced: resource.scope == "Namespaced",
            verbs: resource.verbs,
        });
    }
}

impl Resource {
    pub fn api_version(&self) -> String {
        if self.kind.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.kind.group, self.version)
        }
    }

    /// Path of the group and version: `api/v1`, `apis/apps/v1`.
    pub fn group_version_path(&self) -> String {
        let root = if self.kind.group.is_empty() { "api" } else { "apis" };
        format!("{root}/{}", self.api_version())
    }

    /// Path of all objects, or of those in one namespace.
    pub fn list_path(&self, namespace: &str) -> String {
        let group_version = self.group_version_path();
        if self.namespaced && !namespace.is_empty() {
            format!("/{group_version}/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("/{group_version}/{}", self.plural)
        }
    }

    pub fn path(&self, id: &ObjectId) -> String {
        format!("{}/{}", self.list_path(&id.namespace), id.name)
    }
}

#[derive(Deserialize)]
struct GroupList {
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    /// The core group has no name.
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<ResourceDiscovery>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceDiscovery {
    resource: String,
    response_kind: Option<ResponseKind>,
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize, Default)]
struct ResponseKind {
    kind: String,
}

impl Engine {
    /// What the cluster serves, read once: what an earlier process has read is as good.
    pub(crate) async fn discovery(&self, cancel: &CancellationToken) -> Result<Arc<Discovery>, RequestError> {
        self.discovery_with(|_| true, cancel).await
    }

    /// What the cluster serves, read again if what was read earlier is not enough: definitions may have come since.
    pub(crate) async fn discovery_with(
        &self,
        is_enough: impl Fn(&Discovery) -> bool,
        cancel: &CancellationToken,
    ) -> Result<Arc<Discovery>, RequestError> {
        let mut cached = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(document("/apis").cancelled()),
            cached = self.shared.discovery.lock() => cached,
        };
        if cached.is_none() {
            *cached = self
                .shared
                .server
                .get()
                .and_then(|server| self.shared.options.discovery.get(server))
                .map(Arc::new);
        }
        if let Some(discovery) = &*cached
            && is_enough(discovery)
        {
            return Ok(discovery.clone());
        }
        if cached.is_some() {
            self.forget_index().await;
        }
        let discovery = Arc::new(self.discover(cancel).await?);
        if let Some(server) = self.shared.server.get() {
            self.shared.options.discovery.put(server, &discovery);
        }
        *cached = Some(discovery.clone());
        Ok(discovery)
    }

    /// What the cluster serves now, because definitions were added or removed.
    pub(crate) async fn rediscover(
        &self,
        cancel: &CancellationToken,
    ) -> Result<Arc<Discovery>, RequestError> {
        self.discovery_with(|_| false, cancel).await
    }

    async fn discover(&self, cancel: &CancellationToken) -> Result<Discovery, RequestError> {
        let (core, groups) =
            futures::future::try_join(self.groups("/api", cancel), self.groups("/apis", cancel)).await?;
        let mut discovery = Discovery::default();
        discovery.add(core);
        discovery.add(groups);
        Ok(discovery)
    }

    async fn groups(&self, path: &str, cancel: &CancellationToken) -> Result<GroupList, RequestError> {
        self.read(&document(path).accept(AGGREGATED), cancel).await
    }
}

fn document(path: &str) -> Call {
    Call::get(Verb::Get, Target::Document(path.to_owned()), path.to_owned())
}
