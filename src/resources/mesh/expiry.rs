//! Authorities of the mesh that will not be valid much longer, as warnings.

use std::collections::BTreeMap;

use tfplugin::{AttributePath, Diagnostic};
use time::OffsetDateTime;

use super::place::primary;
use crate::health::Expiring;
use crate::mesh::{AuthorityMode, ClusterName};
use crate::observe::ControlPlane;

/// A warning for every root and every intermediate that is near its end.
pub fn warnings(
    seen: &BTreeMap<ClusterName, ControlPlane>,
    mode: AuthorityMode,
    now: OffsetDateTime,
) -> Vec<Diagnostic> {
    let warning = |expiring: &Expiring| {
        let path = match expiring {
            Expiring::Root { .. } => AttributePath::new("certificate_authority"),
            Expiring::Intermediate { cluster, .. } => primary(cluster.as_str()),
        };
        Diagnostic::warning(expiring.cause(), expiring.remedy(mode)).at(path)
    };
    Expiring::among(seen, now).iter().map(warning).collect()
}
