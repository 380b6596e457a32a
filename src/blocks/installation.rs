//! The computed attributes by which a resource remembers what it has installed: schema and reading.

use tfplugin::schema::{Attribute, Schema};
use tfplugin::{Field, Type};

use crate::lifecycle::{Manifests, Recorded, Texts, known_objects, known_texts};

/// The schema with these attributes.
pub fn with_installation(schema: Schema) -> Schema {
    schema
        .attribute("id", id())
        .attribute("manifests", manifests())
        .attribute("chart_digests", chart_digests())
        .attribute("cluster_uids", cluster_uids())
        .attribute("kubernetes_versions", kubernetes_versions())
}

/// The attribute `id`.
pub fn id() -> Attribute {
    Attribute::string(
        "Identity of this resource, generated when it is created and never changed. It is written into every cluster's inventory \
         and, shortened, into the owner label of every object, so that two states never manage the same objects. It is not part \
         of any object's name.",
    )
    .computed()
    .keep_prior()
}

/// The attribute `manifests`.
pub fn manifests() -> Attribute {
    Attribute::map(Type::map(Type::String),
        "Every object of this resource, `\"<cluster>/<group>/<Kind>/<namespace>/<name>\"`, with every field that the provider \
         sets in it, field path to value. Terraform shows changes and drift here field by field. Long texts and CRDs appear as digests, \
         data of Secrets as keyed fingerprints. The fields of objects that are yet to be created are `(known after apply)` \
         unless the provider's `plan_detail` is `full`.",
    ).computed()
}

fn chart_digests() -> Attribute {
    Attribute::map(Type::String,
        "Digest of each chart, `\"<chart>-<version>\"` to `sha256:…`: of the archive, or of the file names and contents of a \
         directory. Pinned until source or version changes: a chart that changed in between is rejected before anything is \
         written.",
    ).computed()
}

/// The attribute `cluster_uids`.
pub fn cluster_uids() -> Attribute {
    Attribute::map(Type::String,
        "Identity of each cluster: the UID of its `kube-system` namespace. A cluster with another identity behind the \
         same label is never touched; see `recreated_from` of the provider's `cluster` block.",
    ).computed()
}

/// The attribute `kubernetes_versions`.
pub fn kubernetes_versions() -> Attribute {
    Attribute::map(
        Type::String,
        "Version of each cluster's API server when it was last read. The charts are rendered for it.",
    )
    .computed()
}

/// The attributes of a model.
#[derive(Clone, Copy, Debug)]
pub struct Installation<'a> {
    /// The identity of the resource.
    pub id: &'a Field<String>,
    /// Every object.
    pub manifests: &'a Field<Manifests>,
    /// The digest of each chart.
    pub chart_digests: &'a Texts,
    /// The UID of each cluster.
    pub cluster_uids: &'a Texts,
    /// The version of each cluster's API server.
    pub kubernetes_versions: &'a Texts,
}

impl Installation<'_> {
    /// What the known part of it says, of a resource in this namespace whose charts come from this repository.
    pub fn recorded(self, namespace: &Field<String>, repository: Option<String>) -> Recorded {
        let texts = |field: &Field<_>| field.as_known().map(known_texts).unwrap_or_default();
        Recorded {
            id: self.id.as_known().cloned(),
            namespace: namespace.as_known().cloned().unwrap_or_default(),
            objects: known_objects(self.manifests),
            chart_digests: texts(self.chart_digests),
            repository,
            cluster_uids: texts(self.cluster_uids),
            kubernetes_versions: texts(self.kubernetes_versions),
            ..Recorded::default()
        }
    }
}
