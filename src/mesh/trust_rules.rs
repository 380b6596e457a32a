//! The rules of who signs.

use core::time::Duration;
use std::collections::BTreeMap;

use super::authority::{Authority, KeyType, RootKeeper};
use super::declared::{CertificateAuthority, Primary};
use super::names::ClusterName;
use super::validate::Check;
use super::violation::FieldPath;

const DAY: Duration = Duration::from_hours(24);
/// As upstream's certificate scripts have it.
const DEFAULT_ROOT_DAYS: i64 = 3650;
/// As upstream's certificate scripts have it.
const DEFAULT_INTERMEDIATE_DAYS: i64 = 730;
/// All modes.
const MODES: &str = "Use \"generated\", \"given\", \"existing\" or \"self_signed\".";

impl Check {
    /// The authority of a mesh with these clusters; `None` if something is wrong with it.
    pub(super) fn authority(
        &mut self,
        declared: &CertificateAuthority,
        primaries: &BTreeMap<String, Primary>,
    ) -> Option<Authority> {
        let field = FieldPath::attribute("certificate_authority");
        let mode = declared.mode.as_deref().unwrap_or("generated");
        if ["given", "existing", "self_signed"].contains(&mode) {
            self.fits_mode(declared, mode, &field);
        }
        match mode {
            "given" => Some(self.given_authority(declared, primaries, &field)),
            "existing" => Some(Authority::Existing),
            "generated" => self.generated_authority(declared, primaries, &field),
            "self_signed" if primaries.len() > 1 => {
                let cause = "With mode = \"self_signed\" the istiod of every cluster creates its own root, so workloads of \
                             different clusters would reject each other."
                    .to_owned();
                let way_out = "Omit mode, so that the provider creates one root and an intermediate per cluster. For an \
                               installed mesh this replaces its root: plan a maintenance window.";
                self.error(field.then("mode"), None, cause, way_out);
                None
            }
            "self_signed" => Some(Authority::SelfSigned),
            other => {
                let cause = format!("{other:?} is not a valid mode of a certificate authority.");
                self.error(field.then("mode"), None, cause, MODES);
                None
            }
        }
    }

    /// What belongs to another mode would be ignored in silence.
    fn fits_mode(&mut self, declared: &CertificateAuthority, mode: &str, field: &FieldPath) {
        let stray = [
            ("given", !declared.given.is_empty() && mode != "given"),
            ("key_cluster", declared.key_cluster.is_some()),
            ("root_certificate", declared.root_certificate.is_some()),
            ("root_key_wo", declared.has_root_key),
            ("root_key_wo_version", declared.root_key_version.is_some()),
            ("root_lifetime_days", declared.root_lifetime_days.is_some()),
            ("intermediate_lifetime_days", declared.intermediate_lifetime_days.is_some()),
            ("intermediate_version", declared.intermediate_version.is_some()),
            ("key_type", declared.key_type.is_some()),
        ];
        for (name, _) in stray.into_iter().filter(|(_, is_stray)| *is_stray) {
            let cause = format!("{name} has no effect when mode is {mode:?}.");
            self.error(field.then(name), None, cause, "Remove it, or choose the mode that it belongs to.");
        }
    }

    fn given_authority(
        &mut self,
        declared: &CertificateAuthority,
        primaries: &BTreeMap<String, Primary>,
        field: &FieldPath,
    ) -> Authority {
        for label in primaries.keys().filter(|label| !declared.given.contains_key(*label)) {
            let cause = format!("No certificate and key are given for istiod of cluster {label:?}.");
            let way_out = format!("Add a block given {label:?} with its certificate, key, chain and root.");
            self.error(field.then("given"), Some(label), cause, &way_out);
        }
        for label in declared.given.keys().filter(|label| !primaries.contains_key(*label)) {
            let cause = format!("{label:?} is not a primary of this mesh.");
            self.error(field.then("given").key(label), None, cause, "Remove the block or correct its label.");
        }
        let authorities =
            declared.given.iter().filter_map(|(label, given)| Some((label.parse().ok()?, given.clone())));
        Authority::Given(authorities.collect())
    }

    fn generated_authority(
        &mut self,
        declared: &CertificateAuthority,
        primaries: &BTreeMap<String, Primary>,
        field: &FieldPath,
    ) -> Option<Authority> {
        if !declared.given.is_empty() {
            let cause = "given has no effect when mode is \"generated\".".to_owned();
            self.error(field.then("given"), None, cause, "Set mode = \"given\", or remove the given blocks.");
        }
        let root_keeper = self.root_keeper(declared, primaries, field);
        let key_type = declared.key_type.as_deref().map_or(Some(KeyType::default()), KeyType::from_setting);
        if key_type.is_none() {
            let cause =
                format!("{:?} is not a valid key type.", declared.key_type.as_deref().unwrap_or_default());
            let way_out = "Use \"ecdsa-p256\" or \"ecdsa-p384\".";
            self.error(field.then("key_type"), None, cause, way_out);
        }
        let root =
            self.lifetime(declared.root_lifetime_days, DEFAULT_ROOT_DAYS, &field.then("root_lifetime_days"));
        let intermediate = self.lifetime(
            declared.intermediate_lifetime_days,
            DEFAULT_INTERMEDIATE_DAYS,
            &field.then("intermediate_lifetime_days"),
        );
        Some(Authority::Generated {
            root: root_keeper?,
            root_lifetime: root?,
            intermediate_lifetime: intermediate?,
            intermediate_version: declared.intermediate_version.unwrap_or_default(),
            key_type: key_type?,
        })
    }

    fn lifetime(&mut self, days: Option<i64>, default: i64, field: &FieldPath) -> Option<Duration> {
        let days = u32::try_from(days.unwrap_or(default)).ok().filter(|days| (1..=36_500).contains(days));
        if days.is_none() {
            let cause = "A certificate is valid for 1 to 36500 days.".to_owned();
            self.error(field.clone(), None, cause, "Use a number of days in this range.");
        }
        days.map(|days| DAY * days)
    }

    fn root_keeper(
        &mut self,
        declared: &CertificateAuthority,
        primaries: &BTreeMap<String, Primary>,
        field: &FieldPath,
    ) -> Option<RootKeeper> {
        let Some(certificate) = declared.root_certificate.clone() else {
            self.no_key_without_its_root(declared, field);
            return self
                .key_cluster(declared.key_cluster.as_deref(), primaries, field)
                .map(RootKeeper::Cluster);
        };
        let of_a_made_root = [
            ("key_cluster", declared.key_cluster.is_some()),
            ("root_lifetime_days", declared.root_lifetime_days.is_some()),
        ];
        for (name, _) in of_a_made_root.into_iter().filter(|(_, is_set)| *is_set) {
            let cause = format!(
                "{name} applies to a root that the provider creates, but root_certificate provides one."
            );
            self.error(field.then(name), None, cause, "Remove one of the two.");
        }
        Some(RootKeeper::User { certificate, key_version: declared.root_key_version.unwrap_or_default() })
    }

    /// A key that nobody uses would look as if the mesh had the root that it belongs to.
    fn no_key_without_its_root(&mut self, declared: &CertificateAuthority, field: &FieldPath) {
        let keys = [
            ("root_key_wo", declared.has_root_key),
            ("root_key_wo_version", declared.root_key_version.is_some()),
        ];
        for (name, _) in keys.into_iter().filter(|(_, is_set)| *is_set) {
            let cause = format!("{name} has no effect without root_certificate.");
            self.error(
                field.then(name),
                None,
                cause,
                "Add the certificate that this key belongs to, or remove the key.",
            );
        }
    }

    /// With one primary there is no choice.
    fn key_cluster(
        &mut self,
        named: Option<&str>,
        primaries: &BTreeMap<String, Primary>,
        field: &FieldPath,
    ) -> Option<ClusterName> {
        let field = field.then("key_cluster");
        let labels = || primaries.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        match named {
            Some(named) if !primaries.contains_key(named) => {
                let cause = format!("{named:?} is not a primary of this mesh.");
                self.error(field, None, cause, &format!("Use one of {}.", labels()));
                None
            }
            Some(named) => named.parse().ok(),
            None if primaries.len() > 1 => {
                let cause =
                    "A mesh of several clusters has one root, and key_cluster must name the cluster that stores its key."
                        .to_owned();
                let way_out = format!("Set key_cluster to one of {}.", labels());
                self.error(field, None, cause, &way_out);
                None
            }
            None => primaries.keys().next().and_then(|label| label.parse().ok()),
        }
    }
}
