//! What is wrong with a federation by its status, as messages.

use std::collections::BTreeMap;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Severity};

use super::model::{FederationModel, StatusModel};
use crate::blocks::state_of;
use crate::diagnostics;
use crate::health::{self, Class, Finding, Place, State};
use crate::lifecycle::Texts;

impl StatusModel {
    /// Everything that is not as it should be, and needs to be said.
    pub fn problems(&self) -> Vec<Finding> {
        self.findings().into_iter().filter(|finding| finding.class != Class::Implied).collect()
    }

    fn findings(&self) -> Vec<Finding> {
        let (peers, exports, imports) = (states(&self.peers), states(&self.exports), states(&self.imports));
        health::findings_of_federation(&peers, &exports, &imports, state_of(&self.last_apply))
    }
}

fn states<S: State>(words: &Texts) -> BTreeMap<String, S> {
    let words = words.as_known().into_iter().flatten();
    words.map(|(name, word)| (name.clone(), state_of(word).unwrap_or(S::UNKNOWN))).collect()
}

/// What refresh says of a problem.
pub fn warning(problem: Finding) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..error(problem) }
}

/// What an apply says of the problems that are left in the end. A create that is complete but for what is open has succeeded, with
/// warnings.
pub fn in_the_end(problems: Vec<Finding>, is_create: bool) -> Diagnostics {
    let say = if is_create && health::is_complete(&problems) { warning } else { error };
    problems.into_iter().map(say).collect()
}

fn error(problem: Finding) -> Diagnostic {
    let summary = format!("{}: {}", problem.place, problem.cause);
    let path = match &problem.place {
        Place::Peer(name) => AttributePath::new("peer").key(name),
        Place::Export(name) => AttributePath::new("export").key(name),
        Place::Import(name) => AttributePath::new("import").key(name),
        Place::Federation | Place::Cluster(..) | Place::Link(_) => AttributePath::new("mesh"),
    };
    Diagnostic::error(summary, problem.remedy).at(path)
}

/// Why a plan that changes no object is not empty: what refresh has found is not good, and the apply would look at it again.
pub fn of_plan(prior: &FederationModel, planned: &FederationModel) -> Option<Diagnostic> {
    let findings = prior.status.as_known()?.findings();
    if findings.is_empty() || !planned.manifests.is_known() || planned.manifests != prior.manifests {
        return None;
    }
    let lines: Vec<String> =
        findings.into_iter().map(|finding| format!("{}: {}", finding.place, finding.cause)).collect();
    Some(diagnostics::not_ready("federation", lines.iter().map(String::as_str)))
}
