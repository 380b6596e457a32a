//! How far apart the releases in the clusters of a mesh may be.

use std::collections::BTreeMap;

use super::names::ClusterName;
use super::validate::Check;
use super::validated::ValidatedPrimary;
use super::violation::FieldPath;

impl Check {
    /// Istio supports proxies that are one minor release behind a control plane ("Supported Releases"), and with one mesh the
    /// proxies of every cluster talk to those of all others.
    pub(super) fn releases_are_close(&mut self, primaries: &BTreeMap<ClusterName, ValidatedPrimary>) {
        let newest = primaries.iter().max_by_key(|(_, primary)| primary.version.minor());
        let oldest = primaries.iter().min_by_key(|(_, primary)| primary.version.minor());
        let (Some((ahead, newest)), Some((behind, oldest))) = (newest, oldest) else { return };
        let ((major, minor), (old_major, old_minor)) = (newest.version.minor(), oldest.version.minor());
        if major == old_major && minor - old_minor <= 1 {
            return;
        }
        let field = FieldPath::attribute("primary").key(behind.as_str()).then("version");
        let cause = format!(
            "Control planes of one mesh must not be more than one minor release apart: {:?} has {}, {:?} has {}.",
            ahead.as_str(),
            newest.version,
            behind.as_str(),
            oldest.version
        );
        let way_out = "Upgrade the clusters together, one minor release at a time.";
        self.error(field, Some(behind.as_str()), cause, way_out);
    }
}
