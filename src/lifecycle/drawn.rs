//! The objects of a plan.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::Diagnostic;

use super::facts::Facts;

use super::field_maps::{Objects, Rendered};
use super::flattened::Flattened;
use super::managed::Render;
use super::recorded_fingerprints::ApiServers;
use super::secrets::Secrets;
use super::types::TypeCheck;
use crate::desired::Manifest;
use crate::manifests::{IgnoredFieldError, IgnoredFields, ObjectId};
use crate::mesh::ClusterFacts;

/// Rendered for when a cluster's own version is not known. Which objects there are does not depend on it (a test of
/// `render` holds that), and what they say is not shown.
const ANY_KUBERNETES: &str = "v1.36.0";

/// Objects with their fields; `None` where nothing can be said of them before the apply.
pub type Drawn = BTreeMap<ObjectId, Option<Rendered>>;

/// What each cluster shall hold. `object` gives the fields of an object of a cluster whose facts are known, if they are.
///
/// # Errors
/// Something cannot be rendered, or the API server would reject it.
pub fn draw(
    source: &impl Render,
    facts: &Facts,
    mut object: impl FnMut(&ObjectId, &Manifest) -> Option<Rendered>,
) -> Result<Drawn, Diagnostic> {
    let assumed = || ClusterFacts { uid: String::new(), kubernetes_version: ANY_KUBERNETES.to_owned() };
    let mut drawn = Drawn::new();
    let mut types = TypeCheck::default();
    for (name, facts) in facts {
        let set = source.render(name, &facts.clone().unwrap_or_else(assumed))?;
        types.look(&set);
        for manifest in set.manifests() {
            let id = ObjectId::of(name, &manifest.object);
            let rendered = facts.as_ref().and_then(|_| object(&id, manifest));
            drawn.insert(id, rendered);
        }
    }
    types.into_result().map(|()| drawn)
}

/// The entries of `ignored` that are about none of these objects.
pub fn unmatched(ignored: &IgnoredFields, drawn: &Drawn) -> Vec<IgnoredFieldError> {
    if ignored.is_empty() {
        return Vec::new();
    }
    let objects = drawn.iter().map(|(id, object)| (id, object.as_ref().map(paths)));
    ignored.unmatched(&objects.collect())
}

/// The paths of all fields of an object.
fn paths(rendered: &Rendered) -> BTreeSet<&str> {
    rendered.fields.keys().chain(&rendered.ignored).map(String::as_str).collect()
}

impl Rendered {
    /// An object, with the values of its placeholders where the last apply has filled them for the same reasons.
    pub fn of(
        id: &ObjectId,
        manifest: &Manifest,
        secrets: &Secrets,
        prior: &Objects,
        api_servers: &ApiServers,
        flattened: &mut Flattened,
    ) -> Self {
        let Secrets { key, fingerprints } = secrets;
        let placeholders = fingerprints.planned(id, manifest, prior, api_servers);
        Self { fields: flattened.of(&manifest.object, key), placeholders, ..Self::default() }
    }

    /// The same without what is left to others.
    #[must_use]
    pub fn without(self, ignored: &IgnoredFields, id: &ObjectId) -> Self {
        let (fields, ignored) = ignored.without(id, self.fields);
        Self { fields, ignored, ..self }
    }
}
