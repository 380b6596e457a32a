//! What a resource type tells the lifecycle of itself and of its model.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field, Schema, TerraformValue};

use super::field_maps::{Manifests, Texts, state_manifests, texts};
use super::recorded::Recorded;
use crate::desired::{Kept, ManifestSet};
use crate::manifests::IgnoredFields;
use crate::mesh::{ClusterFacts, ClusterName};
use crate::observe::Scope;
use crate::provider_data::ProviderData;

/// A resource type, to those that know no model: what messages call it, and what tells one resource from another.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The type, such as `istio_mesh`.
    pub resource_type: &'static str,
    /// The noun for one of them, such as `mesh`.
    pub noun: &'static str,
    /// The settings that tell one from another that wants the same clusters; the first is its name.
    pub traits: &'static [&'static str],
    /// What the name of one looks like.
    pub example: &'static str,
    /// Where its configuration names the cluster with this label: `primary["east"]` of a mesh.
    pub place: fn(&str) -> AttributePath,
}

/// A resource type that keeps objects in clusters.
pub trait Managed: Sync {
    /// Configuration, plan and state.
    type Model: TerraformValue + Clone + Send + Sync;
    /// What its objects are rendered from.
    type Source: Render;

    /// What it is called.
    const KIND: Kind;

    /// What may stand in its block.
    fn schema() -> Schema;

    /// Its identity; unknown in the plan of a create.
    fn id(model: &Self::Model) -> &Field<String>;

    /// Its objects, by cluster and name.
    fn manifests(model: &Self::Model) -> &Field<Manifests>;

    /// What a state, or the known part of a plan, says.
    fn recorded(model: &Self::Model) -> Recorded;

    /// The model with this in its computed attributes.
    fn with(model: Self::Model, holdings: Holdings) -> Self::Model;

    /// What tells it from others of its type, by [`Kind::traits`], as far as it is known.
    fn traits(model: &Self::Model) -> BTreeMap<&'static str, String>;

    /// The fields that it leaves to others, as far as they are known.
    fn ignored_fields(model: &Self::Model) -> IgnoredFields {
        let _ = model;
        IgnoredFields::default()
    }

    /// What its status is judged by in the cluster with this label, so that it can be read together with its objects.
    fn scope(model: &Self::Model, label: &str) -> Scope {
        let _ = (model, label);
        Scope::default()
    }

    /// The labels of its clusters, as far as they are known.
    fn labels(model: &Self::Model) -> BTreeSet<String>;

    /// What the objects of a configuration in which all is known are rendered from.
    fn source(
        model: &Self::Model,
        recorded: &Recorded,
        data: &ProviderData,
    ) -> impl Future<Output = Result<Self::Source, Diagnostics>> + Send;
}

/// What a resource has in clusters, as Terraform holds it.
pub struct Holdings {
    /// Its identity.
    pub id: Field<String>,
    /// Its objects, by cluster and name.
    pub manifests: Field<Manifests>,
    /// Digest of each chart, by chart and version.
    pub chart_digests: Texts,
    /// UID of each cluster.
    pub cluster_uids: Texts,
    /// Version of each cluster's API server.
    pub kubernetes_versions: Texts,
}

impl From<Recorded> for Holdings {
    fn from(recorded: Recorded) -> Self {
        Self {
            id: recorded.id.into(),
            manifests: state_manifests(recorded.objects),
            chart_digests: texts(recorded.chart_digests),
            cluster_uids: texts(recorded.cluster_uids),
            kubernetes_versions: texts(recorded.kubernetes_versions),
        }
    }
}

/// Renders the objects of a resource.
pub trait Render: Send + Sync {
    /// What this cluster shall hold, with what it keeps of write-only documents. Pure, and which objects there are does not depend on the
    /// facts.
    ///
    /// # Errors
    /// Something in the configuration cannot be rendered.
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic>;

    /// The same where the cluster keeps nothing.
    ///
    /// # Errors
    /// As for any other.
    fn render(&self, cluster: &ClusterName, facts: &ClusterFacts) -> Result<ManifestSet, Diagnostic> {
        self.render_keeping(cluster, facts, &Kept::default())
    }
}
