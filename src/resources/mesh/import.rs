//! Import: from the records in the clusters to the state of a mesh whose state is lost.
//!
//! A record remembers the configuration, so that the state is what the last apply has left and the next plan shows what the
//! configuration says otherwise, if anything. The set is rendered once to know which fields of the objects are the mesh's.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join_all};
use ssa::Inventory;
use tfplugin::{Diagnostic, Diagnostics, Field, ResourceContext};

use super::blueprint::Blueprint;
use super::book::{self, Remembered};
use super::declare::declare;
use super::model::MeshModel;
use super::place::primary;
use super::resource::MeshResource;
use crate::clusters::{self, Cluster};
use crate::diagnostics;
use crate::lifecycle::{
    ClusterPlan, Objects, Seals, Secrets, digest_of, read_objects, state_manifests, texts,
};
use crate::mesh::{ClusterFacts, DEFAULT_NAMESPACE};
use crate::observe;
use crate::rollout::{self, Owner};

type Context = ResourceContext<MeshResource>;

/// One cluster in which there is a record of the mesh.
struct Member {
    cluster: Cluster,
    facts: ClusterFacts,
    namespace: String,
    record: Inventory,
}

/// The mesh that `<mesh_id>@<label>[,<label>…]` names.
///
/// # Errors
/// The text is none of that form, a cluster has no such mesh, or the clusters have several.
pub async fn by_name(id: &str, context: &Context) -> Result<MeshModel, Diagnostics> {
    let Some((mesh_id, labels)) = book::parse_import_id(id) else { return Err(not_a_name(id).into()) };
    let reads = labels.iter().map(|label| async {
        let found = members(label, context).await.map_err(|error| unsearched(label, &error))?;
        let is_meant =
            |member: &Member| Remembered::read(member.record.settings()).character.mesh_id == mesh_id;
        let all: Vec<String> = found.iter().map(shown).collect();
        let mut meant: Vec<Member> = found.into_iter().filter(is_meant).collect();
        match (meant.pop(), meant.is_empty()) {
            (Some(member), true) => Ok(member),
            (Some(_), false) => Err(are_several(label, &mesh_id, &all)),
            (None, _) => Err(is_nowhere(label, &mesh_id, &all)),
        }
    });
    let members = try_join_all(reads).await?;
    whole(members, context).await
}

/// The mesh with this identity, in whichever of the provider's clusters it is.
///
/// # Errors
/// None of the clusters that answer has it.
pub async fn by_identity(id: &str, context: &Context) -> Result<MeshModel, Diagnostics> {
    let labels: Vec<String> = context.data().clusters.names().map(str::to_owned).collect();
    let reads = labels.iter().map(|label| async move { (label, members(label, context).await) });
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for (label, members) in join_all(reads).await {
        match members {
            Ok(members) => found.extend(members.into_iter().filter(|member| member.record.identity() == id)),
            Err(_) => unread.push(label.clone()),
        }
    }
    if found.is_empty() {
        let unread = if unread.is_empty() {
            String::new()
        } else {
            format!(" These clusters could not be read: {}.", unread.join(", "))
        };
        let detail = format!(
            "No cluster block of the provider leads to a cluster with an inventory of this identity.{unread}"
        );
        return Err(Diagnostic::error(format!("There is no mesh with the identity {id:?}"), detail).into());
    }
    whole(found, context).await
}

/// The records of meshes in one cluster.
async fn members(label: &str, context: &Context) -> Result<Vec<Member>, ImportError> {
    let cluster = context.data().clusters.get(label).await?;
    let facts = observe::known_facts(&cluster).await?;
    let owner = Owner::mesh("");
    let engines = &context.data().engines;
    let found =
        rollout::inventories(engines, &cluster, &owner, DEFAULT_NAMESPACE, context.cancellation()).await?;
    let member =
        |(namespace, record)| Member { cluster: cluster.clone(), facts: facts.clone(), namespace, record };
    Ok(found.into_iter().map(member).collect())
}

/// Why a cluster could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be reached.
    #[error(transparent)]
    Cluster(#[from] clusters::Error),
    /// Its records cannot be read.
    #[error(transparent)]
    Record(#[from] rollout::RolloutError),
}

/// The state of the mesh whose records these are.
async fn whole(members: Vec<Member>, context: &Context) -> Result<MeshModel, Diagnostics> {
    let Some(first) = members.first() else { return Err(empty().into()) };
    let (id, namespace) = (first.record.identity().to_owned(), first.namespace.clone());
    if let Some(other) = members.iter().find(|member| member.record.identity() != id) {
        return Err(differ(first, other).into());
    }
    let remembered = Remembered::read(first.record.settings());
    let missing: BTreeSet<String> = remembered.labels();
    let found: BTreeSet<&str> = members.iter().map(|member| member.cluster.name()).collect();
    let missing: Vec<&str> =
        missing.iter().map(String::as_str).filter(|label| !found.contains(label)).collect();
    if !missing.is_empty() {
        return Err(is_larger(&remembered, &missing).into());
    }
    let configuration = remembered.configuration().map_err(|error| unreadable(first, &error))?;
    let facts = members.iter().map(|member| (member.cluster.name().to_owned(), member.facts.clone()));
    let facts: BTreeMap<String, ClusterFacts> = facts.collect();
    let state = MeshModel {
        id: Field::Known(id.clone()),
        namespace: Field::Known(namespace.clone()),
        chart_digests: texts(remembered.chart_digests.clone()),
        cluster_uids: texts(facts.iter().map(|(label, facts)| (label.clone(), facts.uid.clone()))),
        kubernetes_versions: texts(
            facts.iter().map(|(label, facts)| (label.clone(), facts.kubernetes_version.clone())),
        ),
        ..configuration
    };
    let secrets = Secrets::recorded_or_drawn(context.private())?;
    let cluster_plans = cluster_plans(&state, members, context).await?;
    let reads = cluster_plans.iter().map(|cluster_plan| async {
        let (target, wanted) = (&cluster_plan.target, cluster_plan.wanted(&secrets.key));
        read_objects(target, &wanted, &secrets.key, primary, context.cancellation()).await
    });
    let objects: Objects = try_join_all(reads).await?.into_iter().flatten().collect();
    let origins = remembered.origins.unwrap_or_default();
    Seals::of_origins(&origins, &objects).record(context.private())?;
    Ok(MeshModel { manifests: state_manifests(objects), ..state })
}

/// What the clusters hold by the recorded configuration.
async fn cluster_plans(
    state: &MeshModel,
    members: Vec<Member>,
    context: &Context,
) -> Result<Vec<ClusterPlan>, Diagnostics> {
    let (mesh, _warnings) = declare(state)?;
    let Field::Known(mesh) = mesh else { return Err(empty().into()) };
    let recorded = state.recorded();
    let blueprint = Blueprint::fetch(mesh, &recorded, context.data()).await?;
    let mut cluster_plans = Vec::new();
    for (name, member) in blueprint.mesh.primaries().keys().filter_map(|name| {
        Some((name, members.iter().find(|member| member.cluster.name() == name.as_str())?))
    }) {
        let set = blueprint.render(name, &member.facts)?;
        let engines = &context.data().engines;
        let target =
            engines.target(&member.cluster, &member.facts.uid, &recorded.owner(), &recorded.namespace);
        let digest = digest_of(&set);
        cluster_plans.push(ClusterPlan { target, facts: member.facts.clone(), set, digest });
    }
    Ok(cluster_plans)
}

fn unsearched(label: &str, error: &ImportError) -> Diagnostic {
    match error {
        ImportError::Cluster(error) => diagnostics::cluster(error, None),
        ImportError::Record(error) => diagnostics::rollout(label, error, None),
    }
}

fn shown(member: &Member) -> String {
    let mesh_id = Remembered::read(member.record.settings()).character.mesh_id;
    format!("{mesh_id:?} in namespace {} with the identity {}", member.namespace, member.record.identity())
}

fn not_a_name(id: &str) -> Diagnostic {
    let detail = "A mesh is imported by its mesh_id and the labels of all its clusters in the provider block, such as \
                  shop@east,west; or by an import block with identity = { id = \"…\" }.";
    Diagnostic::error(format!("{id:?} is not a valid import ID"), detail)
}

fn is_nowhere(label: &str, mesh_id: &str, found: &[String]) -> Diagnostic {
    let found = if found.is_empty() {
        "No namespace of the cluster has an inventory of this provider. A mesh installed by helm, istioctl or another tool \
         cannot be imported."
            .to_owned()
    } else {
        format!("It has {}.", found.join("; "))
    };
    Diagnostic::error(format!("Cluster {label:?} has no mesh {mesh_id:?} of this provider"), found)
}

fn are_several(label: &str, mesh_id: &str, found: &[String]) -> Diagnostic {
    let detail = format!(
        "It has {}. Import one of them by its identity, with an import block and identity = {{ id = \"…\" }}.",
        found.join("; ")
    );
    Diagnostic::error(format!("Cluster {label:?} has several meshes {mesh_id:?}"), detail)
}

fn differ(one: &Member, other: &Member) -> Diagnostic {
    let detail = format!(
        "{:?} has {}; {:?} has {}. List only clusters of one mesh.",
        one.cluster.name(),
        shown(one),
        other.cluster.name(),
        shown(other)
    );
    Diagnostic::error("The clusters belong to different meshes", detail)
}

fn is_larger(remembered: &Remembered, missing: &[&str]) -> Diagnostic {
    let labels = remembered.labels();
    let detail = format!(
        "Its record names further clusters: {}. Add a cluster block with that label to the provider for each of them, and import \
         all of them:\n\n  {}",
        missing.join(", "),
        book::import_command(&remembered.character.mesh_id, &labels),
    );
    Diagnostic::error("The mesh has more clusters than the import names", detail)
}

fn unreadable(member: &Member, error: &tfplugin::ValueError) -> Diagnostic {
    let way_out = "It was written by a newer release of the provider, or it was changed outside the provider. Use that release.";
    let summary =
        format!("Cluster {:?}: the recorded configuration of the mesh cannot be read", member.cluster.name());
    diagnostics::failure(summary, error, way_out, None)
}

fn empty() -> Diagnostic {
    Diagnostic::error(
        "The record of the mesh is empty",
        "It was changed outside the provider. Nothing was imported.",
    )
}
