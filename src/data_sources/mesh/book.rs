//! A mesh of ours: what its resource has written into its clusters, and what was observed since.

use std::collections::BTreeSet;

use tfplugin::{Diagnostic, Field};

use super::member::Member;
use crate::documents::{self, JoinModel, texts};
use crate::mesh::JOIN_PAGE;

/// What the clusters have written down of their mesh; `None` if the provider has not installed it. Two meshes are an error. If an
/// apply has not come to its end, so that the pages differ, the first one counts, with a warning.
pub fn page(members: &[Member]) -> Result<Option<(JoinModel, Option<Diagnostic>)>, Diagnostic> {
    let pages = || members.iter().filter_map(|member| Some((member, &member.page.as_ref()?.join)));
    let Some((first, join)) = pages().next() else { return Ok(None) };
    if let Some((other, join_there)) = pages().find(|(_, other)| other.id != join.id) {
        return Err(two_meshes((first, join), (other, join_there)));
    }
    if let Some((member, uid)) = pages().find_map(|(member, join)| Some((member, other_uid(member, join)?))) {
        return Err(another_cluster(member, uid));
    }
    let behind = members.iter().filter(|member| member.page != first.page);
    let behind: Vec<String> = behind.map(|member| format!("{:?}", member.label)).collect();
    let warning = (!behind.is_empty()).then(|| unfinished(first, &behind));
    Ok(Some((join.clone(), warning)))
}

/// The document as the resource has it after a refresh.
pub fn refreshed(mut join: JoinModel, members: &[Member]) -> JoinModel {
    let mut clusters = join.clusters.into_known().unwrap_or_default();
    for member in members {
        let cluster = clusters.entry(member.label.clone()).or_insert_with(|| member.described());
        for (name, addresses) in &member.addresses {
            if let Some(member) = cluster.addresses_mut(name) {
                *member = texts(addresses.iter().cloned());
            }
        }
    }
    let read: BTreeSet<&str> = members.iter().map(|member| member.label.as_str()).collect();
    // Of a part of the mesh, the roots are a part, too.
    if clusters.keys().all(|label| read.contains(label.as_str())) || join.root_certificates.is_null() {
        let roots = documents::bundle(members.iter().filter_map(|member| member.roots.as_ref()));
        join.root_certificates = roots.map_or(join.root_certificates, Field::Known);
    }
    JoinModel { clusters: Field::Known(clusters), ..join }
}

/// The UID that the page has for the cluster that it stands in, if that is another cluster's.
fn other_uid<'a>(member: &Member, page: &'a JoinModel) -> Option<&'a str> {
    let uid = page.clusters.as_known()?.get(&member.label)?.uid.as_str()?;
    (uid != member.facts.uid).then_some(uid)
}

fn two_meshes((one, page): (&Member, &JoinModel), (other, page_there): (&Member, &JoinModel)) -> Diagnostic {
    let summary = format!("Clusters {:?} and {:?} belong to different meshes", one.label, other.label);
    let name = |page: &JoinModel| {
        let (mesh_id, id) = (page.mesh_id.as_str().unwrap_or_default(), page.id.as_str().unwrap_or_default());
        format!("{mesh_id:?} with the identity {id}")
    };
    let detail = format!(
        "According to their ConfigMaps {JOIN_PAGE}, the first belongs to the istio_mesh {}, and the second to {}. List only \
         clusters of one mesh.",
        name(page),
        name(page_there)
    );
    Diagnostic::error(summary, detail)
}

fn another_cluster(member: &Member, uid: &str) -> Diagnostic {
    let summary =
        format!("Cluster {:?} is not the cluster that its mesh recorded under this name", member.label);
    let detail = format!(
        "Its ConfigMap {JOIN_PAGE} describes the cluster with UID {uid}, but this cluster has UID {}: it was replaced, or the \
         ConfigMap was restored here from a backup. Apply in the workspace that manages the mesh; if the former cluster is gone, \
         set recreated_from = {uid:?} in its cluster block there.",
        member.facts.uid
    );
    Diagnostic::error(summary, detail)
}

fn unfinished(first: &Member, behind: &[String]) -> Diagnostic {
    let detail = format!(
        "The record in cluster {:?} differs from that in clusters {}, so the last apply of the mesh did not complete. join and \
         peer are those of cluster {:?}. Apply again in the workspace that manages the mesh.",
        first.label,
        behind.join(", "),
        first.label
    );
    Diagnostic::warning("The clusters have different records of their mesh", detail)
}

#[cfg(test)]
mod tests;
