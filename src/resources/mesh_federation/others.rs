//! Who else depends on the mesh, and whether that is in the federation's way.

use std::collections::BTreeMap;

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Severity};

use super::declare::said;
use crate::clusters::Cluster;
use crate::diagnostics;
use crate::mesh::{Federation, MemberRecord};
use crate::observe;

/// The dependents that the primaries have on record, each once, but for the federation with this identity. What cannot be read is the
/// apply's matter, which looks again before it writes.
pub async fn members(clusters: &[Cluster], namespace: &str, id: &str) -> (Vec<MemberRecord>, Diagnostics) {
    let reads = clusters.iter().map(async |cluster| {
        observe::members(cluster, namespace).await.map_err(|error| {
            let consequence = "Whether another federation of the mesh is in the way is checked by the apply.";
            diagnostics::cluster_skipped(&error, Some(AttributePath::new("mesh")), consequence)
        })
    });
    let (mut known, mut warnings) = (BTreeMap::new(), Diagnostics::new());
    for read in join_all(reads).await {
        match read {
            Ok(members) => {
                let members = without(members.into_iter().filter_map(Result::ok), id);
                known.extend(members.map(|record| ((record.kind, record.name.clone()), record)));
            }
            Err(warning) => warnings.push(warning),
        }
    }
    (known.into_values().collect(), warnings)
}

/// Those that are not the federation with this identity.
pub fn without(members: impl Iterator<Item = MemberRecord>, id: &str) -> impl Iterator<Item = MemberRecord> {
    members.filter(move |record| record.id.is_empty() || !id.starts_with(&record.id))
}

/// What others have against a federation that is right by itself.
///
/// # Errors
/// Everything that is in its way.
pub fn check(federation: &Federation, others: Vec<MemberRecord>) -> Result<(), Diagnostics> {
    let among = Federation { others, ..federation.clone() };
    among.validate().map(drop).map_err(|violations| said(&violations))
}

/// The same in a plan. The apply decides, for they may be gone by then; and Terraform also plans what exists before it destroys the rest,
/// which nobody is to be kept from.
pub fn will_be_rejected(refusal: Diagnostic) -> Diagnostic {
    let detail =
        format!("{} Until then, the apply will reject it, before it writes anything.", refusal.detail);
    Diagnostic { severity: Severity::Warning, detail, ..refusal }
}
