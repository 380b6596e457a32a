//! Whether what else depends on the mesh is in the federation's way.

use tfplugin::Diagnostics;

use super::declare::said;
use crate::mesh::{Federation, MemberRecord};

/// What others have against a federation that is right by itself. The record of the federation with this identity is not in its way.
///
/// # Errors
/// Everything that is in its way.
pub fn check(federation: &Federation, others: Vec<MemberRecord>, id: &str) -> Result<(), Diagnostics> {
    let others = others.into_iter().filter(|record| !record.is_of(id)).collect();
    let among = Federation { others, ..federation.clone() };
    among.validate().map(drop).map_err(|violations| said(&violations))
}
