//! The rules of who signs.

use core::time::Duration;

use thiserror::Error;

use super::super::authority::{Authority, AuthorityMode, KeyType, RootKeeper};
use super::super::declared::CertificateAuthority;
use super::super::names::ClusterName;
use super::super::violation::{Checked, FieldPath, Violation, Violations};

const DAY: Duration = Duration::from_hours(24);
/// As upstream's certificate scripts have it.
const DEFAULT_ROOT_DAYS: i64 = 3650;
/// As upstream's certificate scripts have it.
pub const DEFAULT_INTERMEDIATE_DAYS: i64 = 730;

/// What is wrong with an authority.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuthorityRule {
    /// There is no such mode.
    #[error("{0:?} is not a valid mode of a certificate authority.")]
    Mode(String),
    /// istiod of each cluster would make a root of its own.
    #[error(
        "With mode = \"self_signed\" the istiod of every cluster creates its own root, so workloads of different clusters would \
         reject each other."
    )]
    SeveralRoots,
    /// What belongs to another mode would be ignored in silence.
    #[error("{field} has no effect when mode is {mode:?}.", mode = .mode.as_str())]
    OtherMode {
        /// What belongs to another mode.
        field: &'static str,
        /// The mode.
        mode: AuthorityMode,
    },
    /// istiod of a cluster would have nothing to sign with.
    #[error("No certificate and key are given for istiod of cluster {0:?}.")]
    NothingGiven(String),
    /// A name that no primary has.
    #[error("{name:?} is not a primary of this mesh.")]
    NoPrimary {
        /// The name.
        name: String,
        /// The primaries that there are to choose from; none where the name is that of something which can be left out.
        choices: Vec<String>,
    },
    /// There are no such keys.
    #[error("{0:?} is not a valid key type.")]
    KeyType(String),
    /// It is not a lifetime.
    #[error("A certificate is valid for 1 to 36500 days.")]
    Lifetime,
    /// A setting of a root that is not made.
    #[error("{0} applies to a root that the provider creates, but root_certificate provides one.")]
    OfMadeRoot(&'static str),
    /// A key that nobody uses would look as if the mesh had the root that it belongs to.
    #[error("{0} has no effect without root_certificate.")]
    KeyWithoutRoot(&'static str),
    /// With several primaries there is a choice.
    #[error(
        "A mesh of several clusters has one root, and key_cluster must name the cluster that stores its key."
    )]
    NoKeyCluster {
        /// The primaries.
        choices: Vec<String>,
    },
}

/// The authority of a mesh with these primaries; `None` if something is wrong with it.
pub(in crate::mesh) fn authority(
    declared: &CertificateAuthority,
    primaries: &[&str],
    found: &mut Violations,
) -> Option<Authority> {
    let text = declared.mode.as_deref().unwrap_or(AuthorityMode::default().as_str());
    let Some(mode) = AuthorityMode::from_setting(text) else {
        found.extend([broken("mode", AuthorityRule::Mode(text.to_owned()))]);
        return None;
    };
    found.extend(fits_mode(declared, mode));
    match mode {
        AuthorityMode::Generated => generated(declared, primaries, found),
        AuthorityMode::Given => {
            found.extend(given_to_all(declared, primaries));
            let given = declared.given.iter();
            let given = given.filter_map(|(label, given)| Some((label.parse().ok()?, given.clone())));
            Some(Authority::Given(given.collect()))
        }
        AuthorityMode::Existing => Some(Authority::Existing),
        AuthorityMode::SelfSigned if primaries.len() > 1 => {
            found.extend([broken("mode", AuthorityRule::SeveralRoots)]);
            None
        }
        AuthorityMode::SelfSigned => Some(Authority::SelfSigned),
    }
}

fn field() -> FieldPath {
    FieldPath::attribute("certificate_authority")
}

fn broken(name: &'static str, rule: AuthorityRule) -> Violation {
    Violation::of_mesh(field().then(name), rule)
}

fn fits_mode(declared: &CertificateAuthority, mode: AuthorityMode) -> Vec<Violation> {
    let of_generated = [
        ("key_cluster", declared.key_cluster.is_some()),
        ("root_certificate", declared.root_certificate.is_some()),
        ("root_key_wo", declared.has_root_key),
        ("root_key_wo_version", declared.root_key_version.is_some()),
        ("root_lifetime_days", declared.root_lifetime_days.is_some()),
        ("intermediate_lifetime_days", declared.intermediate_lifetime_days.is_some()),
        ("intermediate_version", declared.intermediate_version.is_some()),
        ("key_type", declared.key_type.is_some()),
    ];
    let of_generated = of_generated.into_iter().filter(|_| mode != AuthorityMode::Generated);
    let given = ("given", !declared.given.is_empty() && mode != AuthorityMode::Given);
    let stray = [given].into_iter().chain(of_generated).filter(|(_, is_stray)| *is_stray);
    stray.map(|(field, _)| broken(field, AuthorityRule::OtherMode { field, mode })).collect()
}

/// Every primary and no other cluster has something to sign with.
fn given_to_all(declared: &CertificateAuthority, primaries: &[&str]) -> Vec<Violation> {
    let without = primaries.iter().filter(|label| !declared.given.contains_key(**label));
    let without = without.map(|label| {
        let rule = AuthorityRule::NothingGiven((*label).to_owned());
        Violation::of_member(label, field().then("given"), rule)
    });
    let stray = declared.given.keys().filter(|label| !primaries.contains(&label.as_str()));
    let stray = stray.map(|label| {
        let rule = AuthorityRule::NoPrimary { name: label.clone(), choices: Vec::new() };
        Violation::of_mesh(field().then("given").key(label), rule)
    });
    without.chain(stray).collect()
}

fn generated(
    declared: &CertificateAuthority,
    primaries: &[&str],
    found: &mut Violations,
) -> Option<Authority> {
    let root_keeper = root_keeper(declared, primaries, found);
    let key_type = match declared.key_type.as_deref() {
        None => Some(KeyType::default()),
        Some(text) => {
            let known = KeyType::from_setting(text);
            found
                .take(known.ok_or_else(|| broken("key_type", AuthorityRule::KeyType(text.to_owned())).into()))
        }
    };
    let root = lifetime(declared.root_lifetime_days, DEFAULT_ROOT_DAYS, "root_lifetime_days");
    let root = found.take(root);
    let intermediate = lifetime(
        declared.intermediate_lifetime_days,
        DEFAULT_INTERMEDIATE_DAYS,
        "intermediate_lifetime_days",
    );
    let intermediate = found.take(intermediate);
    Some(Authority::Generated {
        root: root_keeper?,
        root_lifetime: root?,
        intermediate_lifetime: intermediate?,
        intermediate_version: declared.intermediate_version.unwrap_or_default(),
        key_type: key_type?,
    })
}

fn lifetime(days: Option<i64>, default: i64, name: &'static str) -> Checked<Duration> {
    let days = u32::try_from(days.unwrap_or(default)).ok().filter(|days| (1..=36_500).contains(days));
    days.map(|days| DAY * days).ok_or_else(|| broken(name, AuthorityRule::Lifetime).into())
}

fn root_keeper(
    declared: &CertificateAuthority,
    primaries: &[&str],
    found: &mut Violations,
) -> Option<RootKeeper> {
    let set = |fields: &[(&'static str, bool)], rule: fn(&'static str) -> AuthorityRule| {
        let set = fields.iter().filter(|(_, is_set)| *is_set);
        set.map(|(name, _)| broken(name, rule(name))).collect::<Vec<_>>()
    };
    let Some(certificate) = declared.root_certificate.clone() else {
        let keys = [
            ("root_key_wo", declared.has_root_key),
            ("root_key_wo_version", declared.root_key_version.is_some()),
        ];
        found.extend(set(&keys, AuthorityRule::KeyWithoutRoot));
        let cluster = key_cluster(declared.key_cluster.as_deref(), primaries);
        return found.take(cluster).flatten().map(RootKeeper::Cluster);
    };
    let of_made_root = [
        ("key_cluster", declared.key_cluster.is_some()),
        ("root_lifetime_days", declared.root_lifetime_days.is_some()),
    ];
    found.extend(set(&of_made_root, AuthorityRule::OfMadeRoot));
    Some(RootKeeper::User { certificate, key_version: declared.root_key_version.unwrap_or_default() })
}

/// With one primary there is no choice. A name that is not right is told where it is declared.
fn key_cluster(named: Option<&str>, primaries: &[&str]) -> Checked<Option<ClusterName>> {
    let choices = || primaries.iter().map(|label| (*label).to_owned()).collect();
    let rule = match named {
        Some(named) if !primaries.contains(&named) => {
            AuthorityRule::NoPrimary { name: named.to_owned(), choices: choices() }
        }
        Some(named) => return Ok(named.parse().ok()),
        None if primaries.len() > 1 => AuthorityRule::NoKeyCluster { choices: choices() },
        None => return Ok(primaries.first().and_then(|label| label.parse().ok())),
    };
    Err(broken("key_cluster", rule).into())
}
