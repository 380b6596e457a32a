//! Whose clusters the primaries of the mesh are.

use tfplugin::{AttributePath, Diagnostic, Diagnostics};

use crate::mesh::JoinedMesh;

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
