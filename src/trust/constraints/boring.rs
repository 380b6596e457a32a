//! Name constraints as `BoringSSL` reads them (`crypto/x509/v3_ncons.cc`).

use super::super::facts::Facts;
use super::{Constraints, Forbidden, Name, alternative_names, has_suffix, is_below, shown};

/// That a certificate may have its names below `constraints`, its subject among them.
pub(in super::super) fn check(facts: &Facts, constraints: &Constraints) -> Result<(), Forbidden> {
    if !facts.canonical_subject.is_empty() {
        constraints.judge(&Name::Directory(facts.canonical_subject.clone()), is_within)?;
    }
    for email in &facts.subject_emails {
        constraints.judge(&Name::Email(email.clone()), is_within)?;
    }
    alternative_names(facts).try_for_each(|name| constraints.judge(name, is_within))
}

fn is_within(name: &Name, base: &Name) -> Result<bool, Forbidden> {
    match (name, base) {
        (Name::Uri(uri), Name::Uri(base)) => {
            let host = host(uri).ok_or_else(|| Forbidden::NameSyntax(shown(name)))?;
            let base = base.strip_suffix('.').unwrap_or(base);
            if !is_host(base.strip_prefix('.').unwrap_or(base)) {
                return Err(Forbidden::ConstraintSyntax(format!("URI:{base}")));
            }
            Ok(if base.starts_with('.') { has_suffix(host, base) } else { host.eq_ignore_ascii_case(base) })
        }
        (Name::Dns(name), Name::Dns(base)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            Ok(is_below(name, base.strip_suffix('.').unwrap_or(base)))
        }
        (Name::Email(address), Name::Email(base)) => is_mailbox_within(address, base),
        (Name::Directory(name), Name::Directory(base)) => Ok(base.contains(name)),
        _ => Err(Forbidden::ConstraintSyntax(shown(base))),
    }
}

fn is_mailbox_within(address: &str, base: &str) -> Result<bool, Forbidden> {
    let is_plain =
        |text: &str| text.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"-.".contains(&letter));
    let Some((local, domain)) =
        address.split_once('@').filter(|(local, domain)| !local.is_empty() && is_plain(domain))
    else {
        return Err(Forbidden::NameSyntax(address.to_owned()));
    };
    match base.split_once('@') {
        Some((base_local, base_domain)) => {
            Ok(local.eq_ignore_ascii_case(base_local) && domain.eq_ignore_ascii_case(base_domain))
        }
        None if base.is_empty() || !is_plain(base) => {
            Err(Forbidden::ConstraintSyntax(format!("email:{base}")))
        }
        None if base.starts_with('.') => Ok(has_suffix(domain, base)),
        None => Ok(domain.eq_ignore_ascii_case(base)),
    }
}

/// `nc_get_valid_uri_host`.
fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.split_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        Some(_) => return None,
        None => authority,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    is_host(host).then_some(host)
}

/// `nc_uri_is_fqdn`: labels of letters, digits and hyphens, the last of which is no number.
pub(in super::super) fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let inner = label.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-');
        inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_number = match last.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => last.bytes().all(|digit| digit.is_ascii_digit()),
    };
    host.split('.').all(is_label) && !is_number
}
