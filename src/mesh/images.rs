use std::collections::BTreeMap;

use serde::Deserialize;

/// Where the images of Istio come from and what they run on, the same in every cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Images {
    /// Registry and path before the name of an image, Istio's `global.hub`.
    pub hub: Option<String>,
    /// What is appended to the tag of an image, Istio's `global.variant`.
    pub variant: Option<String>,
    /// Kind of Kubernetes, Istio's `global.platform`.
    pub platform: Option<String>,
    /// Secrets with which images are pulled, by name; the number tells one content from the next.
    pub pull_secrets: BTreeMap<String, i64>,
}
