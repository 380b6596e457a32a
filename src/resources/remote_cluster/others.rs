//! What the primaries say of the mesh: whose clusters they are, and who else depends on it.

use std::collections::BTreeMap;

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics};

use crate::clusters::Cluster;
use crate::diagnostics;
use crate::mesh::{JoinedMesh, MemberRecord};
use crate::observe;

/// The dependents of the mesh that its primaries have on record, each once. What cannot be read is the apply's matter, which looks again
/// before it writes.
pub async fn members(clusters: &[Cluster], mesh: &JoinedMesh) -> (Vec<MemberRecord>, Diagnostics) {
    let primaries = clusters.iter().filter(|cluster| mesh.primaries.contains_key(cluster.name()));
    let reads = primaries.map(|cluster| async {
        observe::members(cluster, &mesh.namespace).await.map_err(|error| {
            let consequence = "Whether another cluster of the mesh is in the way is checked by the apply.";
            diagnostics::cluster_skipped(&error, Some(AttributePath::new("mesh")), consequence)
        })
    });
    let (mut known, mut warnings) = (BTreeMap::new(), Diagnostics::new());
    for read in join_all(reads).await {
        match read {
            Ok(members) => {
                let members = members.into_iter().filter_map(Result::ok);
                known.extend(members.map(|record| ((record.kind, record.name.clone()), record)));
            }
            Err(warning) => warnings.push(warning),
        }
    }
    (known.into_values().collect(), warnings)
}

/// The clusters with the labels of primaries are these primaries: the document says which they are.
///
/// # Errors
/// Every cluster block of the provider that leads to another one.
pub fn check_primaries<'a>(
    mesh: &JoinedMesh,
    uids: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Diagnostics> {
    let wrong = uids.filter_map(|(label, uid)| {
        let primary = mesh.primaries.get(label)?;
        (!primary.uid.is_empty() && primary.uid != uid).then(|| is_another(label, uid, &primary.uid))
    });
    wrong.collect::<Diagnostics>().into_result()
}

fn is_another(label: &str, uid: &str, of_mesh: &str) -> Diagnostic {
    let detail = format!(
        "The mesh's document says that its primary {label:?} is the cluster with the UID {of_mesh}, but the provider's cluster block \
         {label:?} leads to the cluster with the UID {uid}. Nothing was written there. Correct the cluster block, or pass the document \
         of the right mesh."
    );
    Diagnostic::error(format!("Cluster {label:?} is not the primary of the mesh"), detail)
        .at(AttributePath::new("mesh"))
}
