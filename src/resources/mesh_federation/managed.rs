//! What the lifecycle knows of a federation.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{Diagnostic, Diagnostics, Field, Schema};

use super::bound_roots::bound_roots;
use super::declare::{declare, labels, validate};
use super::model::FederationModel;
use super::place::cluster;
use super::resource::FederationResource;
use super::schema;
use crate::desired::{Kept, ManifestSet};
use crate::diagnostics;
use crate::lifecycle::{Character, Holdings, Kind, Managed, Manifests, Recorded, Render};
use crate::mesh::{ClusterFacts, ClusterName, ValidatedFederation};
use crate::provider_data::ProviderData;
use crate::render::{BoundRoots, render_federation};

const NAME: &str = "name";
const TRUST_DOMAIN: &str = "trust_domain";

/// What the objects of a federation are rendered from.
pub struct Source {
    /// The federation.
    pub federation: ValidatedFederation,
    /// What is trusted of the peers.
    pub bound: BoundRoots,
}

impl Source {
    /// The federation with what is trusted of its peers.
    ///
    /// # Errors
    /// A root of a peer cannot be bound.
    pub fn of(federation: ValidatedFederation) -> Result<Self, Diagnostic> {
        Ok(Self { bound: bound_roots(&federation)?, federation })
    }
}

impl Render for Source {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        _facts: &ClusterFacts,
        _kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        let rendered = render_federation(&self.federation, cluster, &self.bound);
        rendered.map_err(|error| {
            let summary =
                format!("Cluster {:?}: cannot render the objects of the federation", cluster.as_str());
            diagnostics::rendering(summary, &error, super::place::cluster(cluster.as_str()))
        })
    }
}

impl Managed for FederationResource {
    type Model = FederationModel;
    type Source = Source;

    const KIND: Kind = Kind {
        resource_type: "istio_mesh_federation",
        noun: "federation",
        traits: &[NAME, TRUST_DOMAIN],
        example: "shop/partners",
        place: cluster,
    };

    fn schema() -> Schema {
        schema::schema()
    }

    fn id(model: &FederationModel) -> &Field<String> {
        &model.id
    }

    fn manifests(model: &FederationModel) -> &Field<Manifests> {
        &model.manifests
    }

    fn recorded(model: &FederationModel) -> Recorded {
        model.recorded()
    }

    fn with(model: FederationModel, holdings: Holdings) -> FederationModel {
        let Holdings { id, manifests, cluster_uids, kubernetes_versions, .. } = holdings;
        FederationModel { id, manifests, cluster_uids, kubernetes_versions, ..model }
    }

    fn traits(model: &FederationModel) -> BTreeMap<&'static str, String> {
        let join = model.join().unwrap_or_default();
        let text = |field: Field<String>| field.into_known().unwrap_or_default();
        let mesh_id = text(join.as_ref().and_then(|join| join.mesh_id.clone()));
        let trust_domain = text(join.and_then(|join| join.trust_domain));
        [(NAME, format!("{mesh_id}/{}", model.known_name())), (TRUST_DOMAIN, trust_domain)].into()
    }

    fn labels(model: &FederationModel) -> BTreeSet<String> {
        labels(model).into_iter().flatten().map(String::from).collect()
    }

    async fn source(
        model: &FederationModel,
        _recorded: &Recorded,
        _data: &ProviderData,
    ) -> Result<Source, Diagnostics> {
        let Field::Known(federation) = declare(model, None)? else { return Err(still_unknown().into()) };
        Ok(Source::of(validate(&federation)?)?)
    }
}

/// What tells the planned federation from others.
pub fn character(planned: &FederationModel, clusters: BTreeSet<String>) -> Character {
    Character { traits: FederationResource::traits(planned), clusters }
}

/// Terraform applies only what is wholly known.
pub fn still_unknown() -> Diagnostic {
    Diagnostic::error(
        "The configuration of the federation is not known at apply",
        "This is a bug in Terraform or in the provider.",
    )
}
