//! What a remote cluster takes from the clusters that it leaves, and who is in the way.

use std::collections::BTreeSet;

use futures::future::join_all;
use ssa::ObjectPattern;
use tfplugin::{Diagnostic, Diagnostics};
use tokio_util::sync::CancellationToken;

use super::model::RemoteClusterModel;
use super::place::cluster as place;
use crate::clusters::{self, Cluster};
use crate::diagnostics;
use crate::lifecycle::{
    Departure, Leaves, Recorded, Refusal, abandoned, definitions, definitions_in_use, prepare_leaving,
};
use crate::observe::{self, ControlPlaneName, Workload};
use crate::provider_data::ProviderData;
use crate::rollout::{Engines, Removal};

/// How proxies go on once nobody serves them, and the way out.
const MOVE: &str = "Remove these workloads, or disable injection for them (the label istio-injection or istio.io/rev of their namespace) \
                    and restart them. To keep other clusters from calling them meanwhile, set drain = true and apply, scale them down, \
                    then remove the resource. To remove the cluster anyway, first set force_destroy = true and apply.";

/// Looks at the clusters with these labels before anything is written anywhere.
///
/// # Errors
/// Pods of the cluster still have proxies of the mesh.
pub async fn prepare(
    prior: &RemoteClusterModel,
    labels: &[String],
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<Vec<Departure>, Diagnostics> {
    let recorded = prior.recorded();
    let leaving = Leaving { prior, recorded: &recorded, engines: &data.engines, cancel };
    prepare_leaving(&recorded, labels, data, place, &leaving).await
}

/// A remote cluster that leaves clusters: the one that it is, and primaries.
struct Leaving<'a> {
    prior: &'a RemoteClusterModel,
    recorded: &'a Recorded,
    engines: &'a Engines,
    cancel: &'a CancellationToken,
}

impl Leaves for Leaving<'_> {
    async fn removal(&self, cluster: &Cluster, uid: &str) -> Result<(Removal, Diagnostics), Refusal> {
        let Self { prior, recorded, engines, cancel } = self;
        let target = engines.target(cluster, uid, &recorded.owner(), &recorded.namespace);
        let known = recorded.known(cluster.name(), &target);
        let record = target.record(cancel).await.ok().flatten();
        let entries = record.iter().flat_map(|record| record.entries().keys());
        let keep_unfinished = definitions_in_use(cluster, known.keys().chain(entries)).await?;
        let warnings =
            if cluster.name() == prior.label() { self.check_proxies(cluster).await? } else { None };
        let removal = Removal {
            target,
            known,
            // From then on pods start without a proxy, rather than not at all.
            first: vec![ObjectPattern::kind("admissionregistration.k8s.io", "MutatingWebhookConfiguration")],
            keep: vec![definitions()],
            keep_unfinished,
            release: release(prior),
        };
        Ok((removal, warnings.into_iter().collect()))
    }
}

impl Leaving<'_> {
    /// Whether pods in the cluster still need the mesh. What cannot be seen is a warning.
    async fn check_proxies(&self, cluster: &Cluster) -> Result<Option<Diagnostic>, Refusal> {
        if self.prior.is_forced() {
            return Ok(None);
        }
        match proxies(cluster, self.prior, self.recorded).await {
            Ok(pods) if pods.is_empty() => Ok(None),
            Ok(pods) => {
                let detail = format!("{}\n\n{MOVE} Nothing was changed in any cluster.", listed(&pods));
                let refusal = Diagnostic::error(summary(cluster.name(), &pods), detail);
                Err(Refusal::InUse(refusal.at(place(cluster.name())).into()))
            }
            Err(error) => {
                let consequence = "Could not check whether pods in it still have proxies of the mesh.";
                Ok(Some(diagnostics::cluster_skipped(&error, Some(place(cluster.name())), consequence)))
            }
        }
    }
}

/// The pods in the cluster whose proxies the mesh serves, but for those of the resource itself.
pub(super) async fn proxies(
    cluster: &Cluster,
    prior: &RemoteClusterModel,
    recorded: &Recorded,
) -> Result<BTreeSet<String>, clusters::Error> {
    let join = prior.join().unwrap_or_default();
    let mesh_id = join.and_then(|join| join.mesh_id).into_known().unwrap_or_default();
    let of = ControlPlaneName { namespace: &recorded.namespace, mesh_id: &mesh_id, cluster: cluster.name() };
    let own = recorded.objects.keys().filter(|id| id.cluster == cluster.name());
    let own = own.map(|id| Workload {
        kind: id.kind.clone(),
        namespace: id.namespace.clone(),
        name: id.name.clone(),
    });
    observe::proxies(cluster, of, &own.collect()).await
}

/// The release that what stays is of.
fn release(prior: &RemoteClusterModel) -> String {
    let mut digests = prior.chart_digests.as_known().into_iter().flatten();
    digests.find_map(|(chart, _)| chart.strip_prefix("base-")).unwrap_or_default().to_owned()
}

/// What a plan says of clusters that it leaves: of the cluster itself, whose pods the apply would refuse to abandon, and of those that are
/// gone.
pub async fn warnings(
    labels: &[&str],
    prior: Option<&RemoteClusterModel>,
    data: &ProviderData,
) -> Diagnostics {
    let Some(prior) = prior else { return Diagnostics::new() };
    let recorded = prior.recorded();
    let looks = labels.iter().filter(|label| **label == prior.label()).map(async |label| {
        let cluster = data.clusters.get(label).await.ok()?;
        if cluster.uid().await.ok()? != *recorded.cluster_uids.get(*label)? {
            return None;
        }
        let pods = proxies(&cluster, prior, &recorded).await.ok().filter(|pods| !pods.is_empty())?;
        let consequence = if prior.is_forced() {
            "Because force_destroy is set, nobody serves them any more: they keep their last configuration until their certificates \
             expire, a day at most, and then lose every connection."
                .to_owned()
        } else {
            format!("The apply will refuse to remove the cluster. {MOVE}")
        };
        let detail = format!("{}\n\n{consequence}", listed(&pods));
        Some(Diagnostic::warning(summary(label, &pods), detail))
    });
    let mut warnings: Diagnostics = join_all(looks).await.into_iter().flatten().collect();
    warnings.extend(abandoned(labels, &recorded, data, place).await);
    warnings
}

fn summary(label: &str, pods: &BTreeSet<String>) -> String {
    let noun = if pods.len() == 1 { "pod still has a proxy" } else { "pods still have proxies" };
    format!("Cluster {label:?}: {} {noun} of the mesh", pods.len())
}

fn listed(pods: &BTreeSet<String>) -> String {
    diagnostics::lines(pods.iter().map(String::as_str))
}
