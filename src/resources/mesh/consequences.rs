//! What a plan leads to and no attribute shows: it is said as warnings.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use ssa::Phase;
use tfplugin::{AttributePath, Diagnostic, Diagnostics};
use tokio_util::sync::CancellationToken;

use super::dependents;
use super::model::MeshModel;
use super::place::primary;
use super::stale_gateways;
use crate::clusters::Cluster;
use crate::diagnostics;
use crate::lifecycle::{self, PlannedClusters, Recorded};
use crate::manifests::ObjectId;
use crate::observe;
use crate::provider_data::ProviderData;
use crate::rollout::{Engines, Owner};

/// What becomes of workloads when their control plane goes and another one comes.
const LOST: &str = "its control planes and gateways are removed, and the new mesh has a new root certificate unless you provide \
                    one, so every workload loses its connections until it is restarted";

/// Of a create. What a plan cannot know is whether it also destroys: of a resource that is tainted, Terraform shows the provider
/// nothing but a create.
pub async fn of_create(
    planned: &MeshModel,
    clusters: &[Cluster],
    engines: &Engines,
    cancel: &CancellationToken,
) -> Diagnostics {
    let Some(namespace) = planned.namespace.as_str() else { return Diagnostics::new() };
    let looks = clusters.iter().map(|cluster| phase(cluster, namespace, engines, cancel));
    let mut finished: BTreeMap<bool, Vec<String>> = BTreeMap::new();
    for (label, phase) in join_all(looks).await.into_iter().flatten() {
        finished.entry(phase != Phase::Creating).or_default().push(format!("{label:?}"));
    }
    finished.into_iter().map(|(finished, labels)| is_there(namespace, &labels.join(", "), finished)).collect()
}

/// How far the mesh in this namespace of the cluster is, by its record; `None` without a record, or where it cannot be read.
async fn phase(
    cluster: &Cluster,
    namespace: &str,
    engines: &Engines,
    cancel: &CancellationToken,
) -> Option<(String, Phase)> {
    let target = engines.target(cluster, "", &Owner::mesh(""), namespace);
    let record = target.record(cancel).await.ok()??;
    Some((cluster.name().to_owned(), record.phase()))
}

fn is_there(namespace: &str, labels: &str, is_finished: bool) -> Diagnostic {
    let untaint = "To keep it, run terraform untaint istio_mesh.<name> and plan again.";
    let (summary, otherwise) = if is_finished {
        (
            format!("A mesh already exists in namespace {namespace:?} of cluster {labels}"),
            "If the plan only creates, that mesh belongs to another state, and the apply will refuse to touch it.",
        )
    } else {
        (
            format!("The creation of a mesh in namespace {namespace:?} of cluster {labels} has not finished"),
            "If the plan only creates, the apply resumes a creation of the same mesh, and refuses to touch any other.",
        )
    };
    let detail = format!(
        "If this plan replaces the resource, because it is tainted or its replacement was requested, that mesh is destroyed first: \
         {LOST}. {untaint}\n\n{otherwise}"
    );
    Diagnostic::warning(summary, detail)
}

/// Of an update.
pub async fn of_update(
    prior: &MeshModel,
    planned: &MeshModel,
    clusters: &PlannedClusters,
    data: &ProviderData,
) -> Diagnostics {
    let recorded = &clusters.recorded;
    if planned.namespace.is_known() && planned.namespace != prior.namespace {
        let mut warnings = Diagnostics::from(is_replaced(prior, planned));
        warnings.extend(dependents::warnings(labels(recorded), recorded, &prior.leave(), data).await);
        return warnings;
    }
    let leaving = clusters.leaving();
    let stale = stale_gateways::warnings(prior, planned);
    let mut warnings = dependents::warnings(leaving.iter().copied(), recorded, &prior.leave(), data).await;
    warnings.extend(deleted_definitions(&leaving, prior, recorded, data).await);
    warnings.extend(lifecycle::abandoned(&leaving, recorded, data, primary).await);
    let stays = |label: &str| !leaving.contains(&label);
    warnings.extend(released_definitions(recorded, planned, stays));
    warnings.extend(stale);
    warnings
}

/// Of a destroy.
pub async fn of_destroy(prior: &MeshModel, data: &ProviderData) -> Diagnostics {
    let recorded = prior.recorded();
    let labels: Vec<&str> = labels(&recorded).collect();
    let mut warnings = dependents::warnings(labels.iter().copied(), &recorded, &prior.leave(), data).await;
    warnings.extend(deleted_definitions(&labels, prior, &recorded, data).await);
    warnings.extend(lifecycle::abandoned(&labels, &recorded, data, primary).await);
    warnings
}

fn labels(recorded: &Recorded) -> impl Iterator<Item = &str> {
    recorded.cluster_uids.keys().map(String::as_str)
}

fn is_replaced(prior: &MeshModel, planned: &MeshModel) -> Diagnostic {
    let namespace = |model: &MeshModel| model.namespace.as_str().unwrap_or_default().to_owned();
    let (old, new) = (namespace(prior), namespace(planned));
    let detail = format!(
        "A mesh cannot move to another namespace. The one in {old:?} is destroyed first, in every cluster: {LOST}. Then a new one is \
         created in {new:?}.\n\nTo move workloads without an outage, create a second istio_mesh in {new:?} with the same root, move \
         them, and destroy this one after that."
    );
    Diagnostic::warning(
        format!("The mesh in {old:?} is destroyed before another is created in {new:?}"),
        detail,
    )
    .at(AttributePath::new("namespace"))
}

/// The definitions that would go with their resources, as `delete_crds` says.
async fn deleted_definitions(
    labels: &[&str],
    prior: &MeshModel,
    recorded: &Recorded,
    data: &ProviderData,
) -> Diagnostics {
    if prior.delete_crds.as_known() != Some(&true) {
        return Diagnostics::new();
    }
    let looks = labels.iter().map(async |label| {
        let cluster = data.clusters.get(label).await.ok()?;
        let names: Vec<&str> =
            definitions(recorded).filter(|id| id.cluster == *label).map(|id| id.name.as_str()).collect();
        let used = observe::definitions_in_use(&cluster, names).await.ok().filter(|used| !used.is_empty())?;
        Some(goes_with_its_resources(label, &used))
    });
    join_all(looks).await.into_iter().flatten().collect()
}

fn goes_with_its_resources(label: &str, used: &[String]) -> Diagnostic {
    let detail = format!(
        "{}\n\n\
         delete_crds = true deletes these CRDs, and with them every resource of their kinds in the cluster, whoever created it. \
         To keep them, first set delete_crds = false and apply.",
        diagnostics::lines(used.iter().map(String::as_str))
    );
    let noun = if used.len() == 1 { "CRD that is in use goes" } else { "CRDs that are in use go" };
    Diagnostic::warning(format!("Cluster {label:?}: {} {noun}", used.len()), detail)
}

/// Definitions that leave the mesh in clusters that it keeps: the plan shows them as if they were deleted.
fn released_definitions(
    recorded: &Recorded,
    planned: &MeshModel,
    stays: impl Fn(&str) -> bool,
) -> Vec<Diagnostic> {
    let Some(planned) = planned.manifests.as_known() else { return Vec::new() };
    let gone =
        definitions(recorded).filter(|id| stays(&id.cluster) && !planned.contains_key(&id.to_string()));
    let mut clusters: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for id in gone {
        clusters.entry(&id.cluster).or_default().insert(&id.name);
    }
    clusters.into_iter().map(|(label, names)| are_released(label, &names)).collect()
}

fn are_released(label: &str, names: &BTreeSet<&str>) -> Diagnostic {
    let detail = format!(
        "{}\n\n\
         They leave manifests, which Terraform shows as a deletion, but stay in the cluster with all their resources. From then \
         on, something else must keep them at the release of the charts.",
        diagnostics::lines(names.iter().copied())
    );
    let noun = if names.len() == 1 { "CRD is" } else { "CRDs are" };
    Diagnostic::warning(format!("Cluster {label:?}: {} {noun} released and not deleted", names.len()), detail)
}

fn definitions(recorded: &Recorded) -> impl Iterator<Item = &ObjectId> {
    recorded.objects.keys().filter(|id| id.kind == "CustomResourceDefinition")
}

#[cfg(test)]
mod tests {
    use tfplugin::Field;

    use super::*;
    use crate::lifecycle::{Objects, state_manifests};

    fn objects(ids: &[&str]) -> Objects {
        ids.iter().map(|id| (id.parse().unwrap(), BTreeMap::default())).collect()
    }

    fn planned(ids: &[&str]) -> MeshModel {
        MeshModel { manifests: state_manifests(objects(ids)), ..MeshModel::default() }
    }

    const EAST: &str = "east/apiextensions.k8s.io/CustomResourceDefinition//gateways.networking.istio.io";
    const WEST: &str = "west/apiextensions.k8s.io/CustomResourceDefinition//gateways.networking.istio.io";

    #[test]
    fn definitions_that_are_only_released_are_said_not_to_be_deleted() {
        let recorded = Recorded { objects: objects(&[EAST, WEST]), ..Recorded::default() };
        let said = released_definitions(&recorded, &planned(&[]), |label| label == "east");
        let [warning] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!(warning.summary, "Cluster \"east\": 1 CRD is released and not deleted");
        assert!(warning.detail.contains("stay in the cluster"));
        assert!(released_definitions(&recorded, &planned(&[EAST, WEST]), |_| true).is_empty());
        let unknown = MeshModel { manifests: Field::Unknown, ..MeshModel::default() };
        assert!(released_definitions(&recorded, &unknown, |_| true).is_empty());
    }

    #[test]
    fn a_plan_that_destroys_a_mesh_first_says_so() {
        let of = |namespace: &str| MeshModel { namespace: namespace.into(), ..MeshModel::default() };
        let warning = is_replaced(&of("istio-system"), &of("istio-two"));
        assert!(!warning.is_error());
        assert!(warning.detail.contains("destroyed first, in every cluster"), "{}", warning.detail);
        let warning = is_there("istio-system", "\"east\"", true);
        assert!(warning.detail.contains("run terraform untaint"), "{}", warning.detail);
    }
}
