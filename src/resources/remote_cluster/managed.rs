//! What the lifecycle knows of a remote cluster.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{Diagnostic, Diagnostics, Field, Schema};

use super::declare::{declare, labels, validate};
use super::model::RemoteClusterModel;
use super::place::cluster;
use super::remote_charts::RemoteCharts;
use super::resource::RemoteClusterResource;
use super::schema;
use super::status::scope;
use crate::blocks::ignored_fields;
use crate::lifecycle::{Character, Holdings, Kind, Managed, Manifests, Recorded};
use crate::manifests::IgnoredFields;
use crate::mesh::RemoteCluster;
use crate::observe::Scope;
use crate::provider_data::ProviderData;

const NAME: &str = "name";
const TRUST_DOMAIN: &str = "trust_domain";

impl Managed for RemoteClusterResource {
    type Model = RemoteClusterModel;
    type Source = RemoteCharts;

    const KIND: Kind = Kind {
        resource_type: "istio_remote_cluster",
        noun: "remote cluster",
        traits: &[NAME, TRUST_DOMAIN],
        example: "shop/edge",
        place: cluster,
    };

    fn schema() -> Schema {
        schema::schema()
    }

    fn id(model: &RemoteClusterModel) -> &Field<String> {
        &model.id
    }

    fn manifests(model: &RemoteClusterModel) -> &Field<Manifests> {
        &model.manifests
    }

    fn recorded(model: &RemoteClusterModel) -> Recorded {
        model.recorded()
    }

    fn with(model: RemoteClusterModel, holdings: Holdings) -> RemoteClusterModel {
        let Holdings { id, manifests, chart_digests, cluster_uids, kubernetes_versions } = holdings;
        RemoteClusterModel { id, manifests, chart_digests, cluster_uids, kubernetes_versions, ..model }
    }

    fn scope(model: &RemoteClusterModel, label: &str) -> Scope {
        scope(model, label)
    }

    fn traits(model: &RemoteClusterModel) -> BTreeMap<&'static str, String> {
        let join = model.join().unwrap_or_default();
        let text = |field: Field<String>| field.into_known().unwrap_or_default();
        let mesh_id = text(join.as_ref().and_then(|join| join.mesh_id.clone()));
        let trust_domain = text(join.and_then(|join| join.trust_domain));
        [(NAME, format!("{mesh_id}/{}", model.label())), (TRUST_DOMAIN, trust_domain)].into()
    }

    fn ignored_fields(model: &RemoteClusterModel) -> IgnoredFields {
        ignored_fields::read(&model.ignored_fields).ok().flatten().unwrap_or_default()
    }

    fn labels(model: &RemoteClusterModel) -> BTreeSet<String> {
        labels(model).into_iter().flatten().map(String::from).collect()
    }

    async fn source(
        model: &RemoteClusterModel,
        recorded: &Recorded,
        data: &ProviderData,
    ) -> Result<RemoteCharts, Diagnostics> {
        let Field::Known(remote) = declare(model)? else { return Err(still_unknown().into()) };
        let uid = recorded.cluster_uids.get(model.label()).cloned();
        let remote = validate(&RemoteCluster { uid, ..remote })?;
        Ok(RemoteCharts::fetch(remote, recorded, data).await?)
    }
}

/// What tells the planned cluster from others.
pub fn character(planned: &RemoteClusterModel, clusters: BTreeSet<String>) -> Character {
    Character { traits: RemoteClusterResource::traits(planned), clusters }
}

/// Terraform applies only what is wholly known.
pub fn still_unknown() -> Diagnostic {
    Diagnostic::error(
        "The configuration of the remote cluster is not known at apply",
        "This is a bug in Terraform or in the provider.",
    )
}
