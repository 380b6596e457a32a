//! Whether the certificates that an authority issues would be accepted.

mod boring;
mod go;
mod revocation;

use time::OffsetDateTime;

use super::certificate::Certificate;
use super::constraints::{Constraints, Forbidden};
use super::facts::Facts;
use super::names::Name;
use super::rule::{Judge, Rule};
use super::signature::Signature;

pub(super) use revocation::{Refused as Unpassed, check as check_revocation};

/// A certificate as istiod would issue it.
pub(super) struct Leaf<'a> {
    facts: Facts,
    issuer: &'a Certificate,
    /// Whose it is, for people.
    holder: &'static str,
}

/// An authority and what a proxy sees of it.
#[derive(Clone, Copy)]
pub(super) struct Presented<'a> {
    pub certificate: &'a Certificate,
    /// What workloads present after their own certificate.
    pub chain: &'a [Certificate],
    /// What they trust.
    pub roots: &'a [Certificate],
}

/// Whether a leaf is accepted.
struct Question<'a> {
    leaf: &'a Leaf<'a>,
    chain: &'a [Certificate],
    roots: &'a [Certificate],
    now: OffsetDateTime,
}

impl Presented<'_> {
    /// The root that a workload's certificate leads to, as its place in `roots`.
    ///
    /// Both must accept it: Go, which istiod and the agents are written in, and `BoringSSL`, which proxies use. That is stricter than
    /// istiod at its start, which only looks from `ca-cert.pem` upwards (`security/pkg/pki/util/keycertbundle.go`, `Verify`) and thus
    /// starts with a chain that no proxy accepts: one without `ca-cert.pem` itself, for instance. Of the two, only Go looks at the
    /// root's own `pathlen`, `extendedKeyUsage` and critical extensions: what Envoy trusts it does not question.
    pub fn root(&self, now: OffsetDateTime) -> Result<usize, Rule> {
        let leaf = self.leaf(Vec::new(), "workloads", now);
        let question = self.question(&leaf, now);
        go::verify(&question)?;
        boring::verify(&question)
    }

    /// That workloads and istiod may have the names that they need.
    pub fn check_names(
        &self,
        workload: Vec<Name>,
        istiod: Vec<Name>,
        now: OffsetDateTime,
    ) -> Result<(), Rule> {
        let workload = self.leaf(workload, "workloads", now);
        go::verify(&self.question(&workload, now))?;
        boring::verify(&self.question(&workload, now))?;
        // Proxies leave istiod to their agents, and API servers are written in Go, too.
        go::verify(&self.question(&self.leaf(istiod, "istiod", now), now))
    }

    fn leaf(&self, names: Vec<Name>, holder: &'static str, now: OffsetDateTime) -> Leaf<'_> {
        Leaf { facts: Facts::issued(self.certificate.facts(), names, now), issuer: self.certificate, holder }
    }

    fn question<'q>(&'q self, leaf: &'q Leaf<'q>, now: OffsetDateTime) -> Question<'q> {
        Question { leaf, chain: self.chain, roots: self.roots, now }
    }
}

impl Question<'_> {
    /// That `candidate` signed the end of the path.
    fn check_signature(&self, path: &[&Certificate], candidate: &Certificate) -> Result<(), Rule> {
        let signature = match path.last() {
            Some(link) => link.signed_with_key_of(candidate),
            None if candidate.facts().public_key == self.leaf.issuer.facts().public_key => Signature::Good,
            None => Signature::Bad,
        };
        let subject = path.last().map_or(self.leaf.issuer.subject(), |link| link.subject()).to_owned();
        match signature {
            Signature::Good => Ok(()),
            Signature::Bad => Err(Rule::Signature { subject, issuer: candidate.subject().to_owned() }),
            Signature::Retired(algorithm) => Err(Rule::Algorithm { subject, algorithm }),
            Signature::Unchecked(algorithm) => Err(Rule::Unchecked { subject, algorithm }),
        }
    }
}

/// That the names of every certificate of a path are what those above it allow. `is_checked` says of which, given whether it is the
/// leaf.
fn names(
    path: &[&Certificate],
    leaf: &Leaf<'_>,
    judge: Judge,
    is_checked: fn(&Facts, bool) -> bool,
    check: fn(&Facts, &Constraints) -> Result<(), Forbidden>,
) -> Result<(), Rule> {
    let holders = std::iter::once((&leaf.facts, leaf.holder.to_owned()))
        .chain(path.iter().map(|link| (link.facts(), format!("{:?}", link.subject()))));
    for (place, (facts, holder)) in holders.enumerate() {
        if !is_checked(facts, place == 0) {
            continue;
        }
        for above in &path[place..] {
            let Some(constraints) = &above.facts().constraints else { continue };
            check(facts, constraints).map_err(|forbidden| {
                let (subject, holder) = (above.subject().to_owned(), holder.clone());
                match forbidden {
                    Forbidden::Name(name) => Rule::Name { subject, name, holder },
                    Forbidden::NameSyntax(name) => Rule::NameSyntax { subject, name, judge },
                    Forbidden::ConstraintSyntax(constraint) => {
                        Rule::ConstraintSyntax { subject, constraint, judge }
                    }
                }
            })?;
        }
    }
    Ok(())
}

/// That no authority requires a certificate policy of workloads, whose certificates have none (RFC 5280, 6.1.3 to 6.1.5, as both
/// judges read it). The root's own wishes do not count.
fn policies(path: &[&Certificate]) -> Result<(), Rule> {
    let Some((_, below)) = path.split_last() else { return Ok(()) };
    // How many more certificates may be without a policy, and who says so.
    let mut left: Option<(u32, &Certificate)> = None;
    for link in below.iter().rev() {
        if !link.is_self_issued() {
            left = left.map(|(left, by)| (left.saturating_sub(1), by));
        }
        if let Some(own) = link.facts().explicit_policy
            && left.is_none_or(|(left, _)| own < left)
        {
            left = Some((own, *link));
        }
    }
    match left {
        Some((0 | 1, by)) => Err(Rule::Policy { subject: by.subject().to_owned() }),
        _ => Ok(()),
    }
}
