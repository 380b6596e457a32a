use std::collections::BTreeMap;

use super::authority::Authority;
use super::declared::ChartSource;
use super::derived::{self, DerivedValue};
use super::identity::MeshIdentity;
use super::member::Member;
use super::names::{ClusterName, Namespace};
use super::remote_control_plane::RemoteControlPlane;
use super::violation::Violation;

/// A mesh that keeps every rule; only [`Mesh::validate`](super::Mesh::validate) makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedMesh {
    pub(super) identity: MeshIdentity,
    pub(super) chart_source: ChartSource,
    pub(super) authority: Authority,
    pub(super) primaries: BTreeMap<ClusterName, ValidatedPrimary>,
    pub(super) warnings: Vec<Violation>,
}

/// One cluster with a control plane.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedPrimary {
    pub(super) member: Member,
    pub(super) remote_control_plane: Option<RemoteControlPlane>,
}

impl ValidatedMesh {
    /// What all members have alike.
    pub fn identity(&self) -> &MeshIdentity {
        &self.identity
    }

    /// Istio's namespace in every cluster.
    pub fn namespace(&self) -> &Namespace {
        self.identity.namespace()
    }

    /// Where the charts come from.
    pub fn chart_source(&self) -> &ChartSource {
        &self.chart_source
    }

    /// Who signs the identities of the workloads.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The clusters with a control plane.
    pub fn primaries(&self) -> &BTreeMap<ClusterName, ValidatedPrimary> {
        &self.primaries
    }

    /// The clusters whose API servers the istiod of `cluster` reads: all others but those that are drained.
    pub fn read_by<'a>(&'a self, cluster: &'a ClusterName) -> impl Iterator<Item = &'a ClusterName> {
        let read =
            self.primaries.iter().filter(move |(other, it)| *other != cluster && !it.member.is_drained);
        read.map(|(other, _)| other)
    }

    /// The clusters whose istiod reads the API server of `cluster`.
    pub fn readers_of<'a>(&'a self, cluster: &'a ClusterName) -> impl Iterator<Item = &'a ClusterName> {
        let is_read = self.primaries.get(cluster).is_some_and(|primary| !primary.member.is_drained);
        self.primaries.keys().filter(move |other| is_read && *other != cluster)
    }

    /// What the user should know, though it is accepted.
    pub fn warnings(&self) -> &[Violation] {
        &self.warnings
    }
}

impl ValidatedPrimary {
    /// What every cluster of the mesh has.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// How clusters without a control plane reach this one's, if they are served by it.
    pub fn remote_control_plane(&self) -> Option<&RemoteControlPlane> {
        self.remote_control_plane.as_ref()
    }

    /// The Helm values that follow from the mesh for this cluster.
    pub fn derived_values(&self, identity: &MeshIdentity) -> Vec<DerivedValue> {
        derived::of_primary(identity, &self.member, self.remote_control_plane.as_ref())
    }
}
