//! Certificate paths as Go builds and checks them (`Verify` in `crypto/x509/verify.go`), for istiod and the agents.

use super::super::certificate::Certificate;
use super::super::certificate::rfc3339;
use super::super::constraints;
use super::super::facts::Facts;
use super::super::rule::{Judge, Rule};
use super::{Leaf, Question, names, policies};

/// How many signatures Go checks before it gives up.
const SIGNATURES: usize = 100;

/// That there is a path from the leaf to a root.
pub(super) fn verify(question: &Question<'_>) -> Result<(), Rule> {
    let mut search = Search { question, left: SIGNATURES, hint: None };
    if search.climb(&mut Vec::new()) {
        return Ok(());
    }
    Err(search.hint.unwrap_or(Rule::NoIssuer { subject: question.leaf.issuer.subject().to_owned() }))
}

struct Search<'q, 'a> {
    question: &'q Question<'a>,
    left: usize,
    /// What was wrong first.
    hint: Option<Rule>,
}

impl<'a> Search<'_, 'a> {
    /// Whether the path can be continued to a root: first by a root, then by what the leaf's owner presents.
    fn climb(&mut self, path: &mut Vec<&'a Certificate>) -> bool {
        let question = self.question;
        let roots = question.roots.iter().map(|certificate| (certificate, true));
        let candidates = roots.chain(question.chain.iter().map(|certificate| (certificate, false)));
        for (candidate, is_root) in candidates {
            if last(path, question.leaf).raw_issuer != candidate.facts().raw_subject
                || is_known(candidate, path)
            {
                continue;
            }
            if self.left == 0 {
                return false;
            }
            self.left -= 1;
            if let Err(rule) = self.check(candidate, is_root, path) {
                self.hint.get_or_insert(rule);
                continue;
            }
            path.push(candidate);
            let is_accepted = if is_root { self.is_accepted(path) } else { self.climb(path) };
            path.pop();
            if is_accepted {
                return true;
            }
        }
        if let Some(end) = path.last() {
            self.hint.get_or_insert(Rule::NoIssuer { subject: end.subject().to_owned() });
        }
        false
    }

    fn check(&self, candidate: &Certificate, is_root: bool, path: &[&Certificate]) -> Result<(), Rule> {
        let (facts, subject) = (candidate.facts(), || candidate.subject().to_owned());
        if !facts.is_issuer() || !facts.may_sign {
            return Err(Rule::NotAnAuthority { subject: subject() });
        }
        self.question.check_signature(path, candidate)?;
        if let Some(extension) = facts.unknown_to_go.first() {
            let (subject, extension) = (subject(), extension.clone());
            return Err(Rule::Critical { subject, extension, judge: Judge::Istiod });
        }
        if !facts.is_valid(self.question.now) {
            let (from, until) = (rfc3339(facts.not_before), rfc3339(facts.not_after));
            return Err(Rule::NotValid { subject: subject(), from, until });
        }
        if !is_root && !facts.is_authority {
            return Err(Rule::NotAnAuthority { subject: subject() });
        }
        let below = path.len();
        if facts.path_length.is_some_and(|allowed| u32::try_from(below).is_ok_and(|below| below > allowed)) {
            return Err(Rule::PathLength { subject: subject(), below });
        }
        Ok(())
    }

    fn is_accepted(&mut self, path: &[&Certificate]) -> bool {
        let verdict = policies(path)
            .and_then(|()| path.iter().rev().try_for_each(|link| check_purpose(link)))
            .and_then(|()| {
                names(path, self.question.leaf, Judge::Istiod, is_named, constraints::check_as_go)
            });
        match verdict {
            Ok(()) => true,
            Err(rule) => {
                self.hint.get_or_insert(rule);
                false
            }
        }
    }
}

fn last<'f>(path: &[&'f Certificate], leaf: &'f Leaf<'_>) -> &'f Facts {
    path.last().map_or(&leaf.facts, |link| link.facts())
}

/// Istiod asks for a server's certificate, and so do agents and API servers of istiod.
fn check_purpose(link: &Certificate) -> Result<(), Rule> {
    let fits = link.facts().purposes.is_none_or(|purposes| purposes.any || purposes.server);
    let (subject, purpose) = (link.subject().to_owned(), "serverAuth");
    fits.then_some(()).ok_or(Rule::Purpose { subject, purpose, judge: Judge::Istiod })
}

fn is_named(facts: &Facts, _is_leaf: bool) -> bool {
    facts.alternative_names.is_some()
}

/// `alreadyInChain`: the same subject, key and names.
fn is_known(candidate: &Certificate, path: &[&Certificate]) -> bool {
    let facts = candidate.facts();
    path.iter().map(|link| link.facts()).any(|link| {
        link.raw_subject == facts.raw_subject
            && link.public_key == facts.public_key
            && link.alternative_names == facts.alternative_names
    })
}
