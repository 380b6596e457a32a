//! Whoever else depends on the mesh of a resource, as its primaries have them on record, and what they have against it.

use std::collections::BTreeMap;

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Severity};

use crate::clusters::Cluster;
use crate::diagnostics;
use crate::mesh::MemberRecord;
use crate::observe;
use crate::rollout::RolloutError;

/// The dependents of the mesh that these primaries have on record, each once. What cannot be read is the apply's matter, which looks again
/// before it writes, and a warning with this consequence.
pub async fn members<'a>(
    primaries: impl Iterator<Item = &'a Cluster>,
    namespace: &str,
    consequence: &str,
) -> (Vec<MemberRecord>, Diagnostics) {
    let reads = primaries.map(|cluster| async {
        observe::members(cluster, namespace).await.map_err(|error| {
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

/// What others have against a resource, in a plan. The apply decides, for they may be gone by then; and Terraform also plans what exists
/// before it destroys the rest, which nobody is to be kept from.
pub fn will_be_rejected(refusal: Diagnostic) -> Diagnostic {
    let detail =
        format!("{} Until then, the apply will reject it, before it writes anything.", refusal.detail);
    Diagnostic { severity: Severity::Warning, detail, ..refusal }
}

/// The same in an apply.
pub fn in_the_way(said: &Diagnostics) -> Box<RolloutError> {
    let texts = |text: fn(&Diagnostic) -> &String| {
        said.iter().map(|it| text(it).clone()).collect::<Vec<_>>().join(" ")
    };
    let (cause, way_out) = (texts(|it| &it.summary), texts(|it| &it.detail));
    Box::new(RolloutError::InTheWay { cause, way_out })
}
