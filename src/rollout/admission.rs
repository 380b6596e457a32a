//! One cluster after the other is put on record as a member of a mesh: of two that cannot both be in it, the second one sees the first.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, ObjectMeta, PostParams, Preconditions};
use kube::{Api, ResourceExt as _};
use ssa::Progress;

use super::RolloutError;
use super::session::Session;
use super::target::Target;
use crate::clusters::Cluster;
use crate::mesh::MemberRecord;
use crate::observe;

/// The Lease that a run holds meanwhile.
const LEASE: &str = "terraform-provider-istio-admission";
/// For how long it holds at most: whoever takes longer was killed.
const HELD: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);

/// The only run that may put a cluster on record now.
pub(super) struct Entrance<'a> {
    cluster: &'a Cluster,
    leases: Api<Lease>,
    lease: Lease,
}

impl<'a> Entrance<'a> {
    /// Waits until no other run is in it.
    pub(super) async fn open(target: &'a Target, session: &Session<'_>) -> Result<Self, RolloutError> {
        let cluster = &target.cluster;
        let failed = |error| RolloutError::Admission(cluster.error(error));
        let leases = Api::<Lease>::namespaced(cluster.client(), &target.inventory.namespace);
        let mut progress = Progress::begin(cluster.name());
        loop {
            match leases.create(&PostParams::default(), &lease(&session.holder)).await {
                Ok(lease) => return Ok(Self { cluster, leases, lease }),
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(error) => return Err(failed(error)),
            }
            if let Some(other) = leases.get_opt(LEASE).await.map_err(failed)?.filter(is_over) {
                delete(&leases, &other).await.map_err(failed)?;
            }
            if session.deadline <= Instant::now() {
                return Err(RolloutError::AdmissionLate);
            }
            progress.waits_for("another cluster is joining the mesh");
            tokio::select! {
                () = session.cancel.cancelled() => return Err(RolloutError::Cancelled),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Lets the next one in.
    pub(super) async fn close(self) {
        if let Err(error) = delete(&self.leases, &self.lease).await {
            let error = self.cluster.error(error);
            tracing::warn!(%error, "the Lease {LEASE} could not be deleted and will expire");
        }
    }
}

/// The dependents of the mesh that are on record there.
pub(super) async fn members(target: &Target) -> Result<Vec<MemberRecord>, RolloutError> {
    let members = observe::members(&target.cluster, &target.inventory.namespace).await;
    // One that cannot be read says nothing that could be in the way.
    Ok(members.map_err(RolloutError::Admission)?.into_iter().filter_map(Result::ok).collect())
}

fn lease(holder: &str) -> Lease {
    Lease {
        metadata: ObjectMeta { name: Some(LEASE.to_owned()), ..ObjectMeta::default() },
        spec: Some(LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            acquire_time: Some(MicroTime(Timestamp::now())),
            ..LeaseSpec::default()
        }),
    }
}

fn is_over(lease: &Lease) -> bool {
    let acquired = lease.spec.as_ref().and_then(|spec| spec.acquire_time.as_ref());
    let since = acquired.map(|acquired| Timestamp::now().duration_since(acquired.0));
    since.is_none_or(|since| since.unsigned_abs() >= HELD)
}

/// Deletes this very Lease.
async fn delete(leases: &Api<Lease>, lease: &Lease) -> Result<(), kube::Error> {
    let preconditions = Preconditions { uid: lease.uid(), resource_version: None };
    let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    match leases.delete(LEASE, &parameters).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        Err(error) => Err(error),
    }
}
