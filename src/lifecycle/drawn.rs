//! The objects of a plan.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::Diagnostic;

use super::facts::{Facts, KnownFacts};
use super::field_maps::{Objects, Rendered};
use super::managed::Render;
use super::of_shared::OfShared;
use super::recorded_fingerprints::ApiServers;
use super::secrets::Secrets;
use super::side_by_side::side_by_side;
use super::types::TypeCheck;
use super::write_only::Keeping;
use crate::desired::Manifest;
use crate::manifests::{Fields, IgnoredFieldError, IgnoredFields, ObjectId, Shown, flatten, show};
use crate::mesh::{ClusterFacts, ClusterName};

/// Rendered for when a cluster's own version is not known. Which objects there are does not depend on it (a test of
/// `render` holds that), and what they say is not shown.
const ANY_KUBERNETES: &str = "v1.36.0";

/// Objects with their fields; `None` where nothing can be said of them before the apply.
pub type Drawn = BTreeMap<ObjectId, Option<Rendered>>;

/// The fields of objects that depend on no secret.
pub type Flattened = OfShared<Fields>;

/// What each cluster shall hold. `object` gives the fields of an object of a cluster whose facts are known, if they are. `prior` is what
/// state says.
///
/// # Errors
/// Something cannot be rendered, or the API server would reject it.
pub fn draw(
    source: &impl Render,
    facts: &Facts,
    secrets: &Secrets,
    prior: &Objects,
    object: impl Fn(&ObjectId, &Manifest, &Keeping) -> Option<Rendered> + Sync,
) -> Result<Drawn, Diagnostic> {
    let assumed = || ClusterFacts { uid: String::new(), kubernetes_version: ANY_KUBERNETES.to_owned() };
    let types = TypeCheck::default();
    let record = &secrets.fingerprints.write_only;
    let of_cluster = |(name, facts): &(&ClusterName, &KnownFacts)| -> Result<_, Diagnostic> {
        let facts = facts.get();
        let known = facts.cloned().unwrap_or_else(assumed);
        let there = || {
            let there = prior.iter().filter(|(id, _)| id.cluster == name.as_str());
            there.map(|(id, fields)| (id.clone(), fields.clone())).collect()
        };
        let keeping = record.render(source, name, &known, there, &secrets.key)?;
        types.look(&keeping.set);
        let drawn = keeping.set.manifests().iter().map(|manifest| {
            let id = ObjectId::of(name, manifest.shown());
            let rendered = facts.and_then(|_| object(&id, manifest, &keeping));
            (id, rendered)
        });
        Ok(drawn.collect::<Drawn>())
    };
    let clusters: Vec<_> = facts.iter().collect();
    let drawn = side_by_side(&clusters, of_cluster).into_iter().collect::<Result<Vec<_>, _>>()?;
    types.into_result()?;
    Ok(drawn.into_iter().flatten().collect())
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
    /// An object of what a cluster keeps, with the values of its placeholders where the last apply has filled them for the same reasons.
    pub fn of(
        id: &ObjectId,
        manifest: &Manifest,
        keeping: &Keeping,
        secrets: &Secrets,
        prior: &Objects,
        api_servers: &ApiServers,
        flattened: &Flattened,
    ) -> Self {
        let Secrets { key, fingerprints } = secrets;
        let mut placeholders = fingerprints.planned(id, manifest, prior, api_servers);
        if manifest.sensitive.is_none() {
            let fields = flattened.of(&manifest.object, |object| flatten(object, key));
            return Self { fields, placeholders, ..Self::default() };
        }
        let Shown { fields, sensitive } = show(manifest, key);
        for (path, field) in sensitive {
            let known = match field.origin {
                None => Some(field.fingerprint),
                Some(_) => fingerprints.write_only.planned(id, &path, &field, keeping),
            };
            placeholders.insert(path, known);
        }
        Self { fields, placeholders, ..Self::default() }
    }

    /// The same without what is left to others.
    #[must_use]
    pub fn without(self, ignored: &IgnoredFields, id: &ObjectId) -> Self {
        let (fields, ignored) = ignored.without(id, self.fields);
        Self { fields, ignored, ..self }
    }
}
