//! Certificate paths as `BoringSSL` builds and checks them (`X509_verify_cert` in `crypto/x509/x509_vfy.cc`), for Envoy.
//!
//! It never goes back: an issuer is the first certificate that has the right name and does not contradict `authorityKeyIdentifier`,
//! those of the trusted store before those that the other side presents. Envoy lets a path end at any certificate of the store
//! (`X509_V_FLAG_PARTIAL_CHAIN`).

use super::super::certificate::Certificate;
use super::super::certificate::rfc3339;
use super::super::constraints;
use super::super::facts::Facts;
use super::super::rule::{Judge, Rule};
use super::{Question, names, policies};

/// The certificates above the leaf, the last of which are from the store.
struct Path<'a> {
    links: Vec<&'a Certificate>,
    /// How many of them the other side presents.
    presented: usize,
}

/// The root that the leaf's path leads to, as its place among the roots.
pub(super) fn verify(question: &Question<'_>) -> Result<usize, Rule> {
    let path = build(question)?;
    let anchor = path.links[path.presented];
    path.links
        .iter()
        .take(path.presented)
        .enumerate()
        .try_for_each(|(below, link)| check_presented(&path, below, link))?;
    for (place, link) in path.links.iter().enumerate() {
        question.check_signature(&path.links[..place], link)?;
        check_time(link, question)?;
    }
    names(&path.links, question.leaf, Judge::Envoy, is_checked, constraints::check_as_boring)?;
    policies(&path.links)?;
    Ok(question.roots.iter().position(|root| root == anchor).unwrap_or_default())
}

fn build<'a>(question: &Question<'a>) -> Result<Path<'a>, Rule> {
    let mut links: Vec<&Certificate> = Vec::new();
    let mut untried: Vec<&Certificate> = question.chain.iter().collect();
    loop {
        let child = links.last().map_or(&question.leaf.facts, |link| link.facts());
        if is_self_signed(child) {
            break;
        }
        if trusted(question, &links)?.is_some() {
            break;
        }
        let Some(place) = untried.iter().position(|issuer| fits(issuer.facts(), child).is_ok()) else {
            break;
        };
        links.push(untried.remove(place));
    }
    // A self-signed one at the end must be in the store, too.
    if links.last().is_some_and(|link| is_self_signed(link.facts())) {
        links.pop();
    }
    let presented = links.len();
    while !links.last().is_some_and(|link| is_self_signed(link.facts()))
        && let Some(issuer) = trusted(question, &links)?
        && !links.contains(&issuer)
    {
        links.push(issuer);
    }
    if links.len() > presented { Ok(Path { links, presented }) } else { Err(no_issuer(question, &links)) }
}

/// The issuer in the store of the end of the path. Which one of several is taken does not depend on the files alone.
fn trusted<'a>(question: &Question<'a>, links: &[&Certificate]) -> Result<Option<&'a Certificate>, Rule> {
    let child = links.last().map_or(&question.leaf.facts, |link| link.facts());
    let mut issuers: Vec<&Certificate> = Vec::new();
    for root in question.roots.iter().filter(|root| fits(root.facts(), child).is_ok()) {
        if !issuers.contains(&root) {
            issuers.push(root);
        }
    }
    let is_good = |issuer: &&&Certificate| {
        question.check_signature(links, issuer).is_ok() && issuer.facts().is_valid(question.now)
    };
    let good = issuers.iter().filter(is_good).count();
    if good > 0 && good < issuers.len() {
        let (subject, issuer) = (end(question, links), issuers[0].subject().to_owned());
        return Err(Rule::Ambiguous { subject, issuer });
    }
    Ok(issuers.first().copied())
}

/// Whose certificate is at the end of the path. The leaf is the authority's.
fn end(question: &Question<'_>, links: &[&Certificate]) -> String {
    links.last().map_or(question.leaf.issuer.subject(), |link| link.subject()).to_owned()
}

/// Why the path ends where it does.
fn no_issuer(question: &Question<'_>, links: &[&Certificate]) -> Rule {
    let child = links.last().map_or(&question.leaf.facts, |link| link.facts());
    let subject = end(question, links);
    let all = question.roots.iter().chain(question.chain);
    let signer = all.clone().find(|candidate| {
        candidate.facts().canonical_subject == child.canonical_issuer
            && question.check_signature(links, candidate).is_ok()
            && !links.contains(candidate)
    });
    // The issuing authority itself may have been taken for a root.
    let mistaken = all.clone().find(|link| {
        is_self_signed(link.facts())
            && link.facts() != child
            && fits(link.facts(), child).is_ok()
            && !question.roots.contains(*link)
    });
    match (signer, mistaken) {
        (_, Some(mistaken)) if !mistaken.is_self_signed() => {
            Rule::SelfIssued { subject: mistaken.subject().to_owned() }
        }
        (Some(signer), _) if fits(signer.facts(), child) == Err(Misfit::KeyIdentifier) => {
            Rule::KeyIdentifier { subject, issuer: signer.subject().to_owned() }
        }
        _ => Rule::NoIssuer { subject },
    }
}

/// Why a certificate is not taken for the issuer of another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Misfit {
    Name,
    KeyIdentifier,
    MayNotSign,
}

/// `X509_check_issued`.
fn fits(issuer: &Facts, child: &Facts) -> Result<(), Misfit> {
    if issuer.canonical_subject != child.canonical_issuer {
        return Err(Misfit::Name);
    }
    if !is_identified(issuer, child) {
        return Err(Misfit::KeyIdentifier);
    }
    if issuer.may_sign { Ok(()) } else { Err(Misfit::MayNotSign) }
}

/// `X509_check_akid`.
fn is_identified(issuer: &Facts, child: &Facts) -> bool {
    let Some(identifier) = &child.authority_key_id else { return true };
    let key = match (&identifier.key_id, &issuer.key_id) {
        (Some(named), Some(own)) => named == own,
        _ => true,
    };
    key && identifier.serial.as_ref().is_none_or(|serial| *serial == issuer.serial)
        && identifier.issuer.as_ref().is_none_or(|name| *name == issuer.canonical_issuer)
}

/// `EXFLAG_SS`: no signature is looked at.
fn is_self_signed(facts: &Facts) -> bool {
    is_self_issued(facts) && is_identified(facts, facts) && facts.may_sign
}

fn is_self_issued(facts: &Facts) -> bool {
    facts.canonical_subject == facts.canonical_issuer
}

/// `check_chain_extensions`, which leaves the store's certificates alone.
fn check_presented(path: &Path<'_>, place: usize, link: &Certificate) -> Result<(), Rule> {
    let (facts, subject) = (link.facts(), || link.subject().to_owned());
    if let Some(extension) = facts.unknown_to_boring.first() {
        let (subject, extension) = (subject(), extension.clone());
        return Err(Rule::Critical { subject, extension, judge: Judge::Envoy });
    }
    if !facts.is_authority || !facts.may_sign {
        return Err(Rule::NotAnAuthority { subject: subject() });
    }
    for (purpose, has) in [
        ("serverAuth", facts.purposes.map(|it| it.server)),
        ("clientAuth", facts.purposes.map(|it| it.client)),
    ] {
        if has == Some(false) {
            return Err(Rule::Purpose { subject: subject(), purpose, judge: Judge::Envoy });
        }
    }
    let below = path.links[..place].iter().filter(|link| !is_self_issued(link.facts())).count();
    if facts.path_length.is_some_and(|allowed| u32::try_from(below).is_ok_and(|below| below > allowed)) {
        return Err(Rule::PathLength { subject: subject(), below });
    }
    Ok(())
}

fn check_time(link: &Certificate, question: &Question<'_>) -> Result<(), Rule> {
    let facts = link.facts();
    if facts.is_valid(question.now) {
        return Ok(());
    }
    let (from, until) = (rfc3339(facts.not_before), rfc3339(facts.not_after));
    Err(Rule::NotValid { subject: link.subject().to_owned(), from, until })
}

fn is_checked(facts: &Facts, is_leaf: bool) -> bool {
    is_leaf || !is_self_issued(facts)
}
