//! What is wrong with a remote cluster by its status, as messages.

use std::collections::BTreeMap;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Severity};

use super::model::{RemoteClusterModel, StatusModel};
use crate::blocks::state_of;
use crate::diagnostics;
use crate::health::{
    self, AuthorityState, Class, ClusterStates, Finding, InjectionState, Link, LinkState, Part, Place,
    State as _,
};
use crate::mesh::{AuthorityMode, GatewayRole};

impl StatusModel {
    /// Everything that is not as it should be, and needs to be said.
    pub fn problems(&self, label: &str) -> Vec<Finding> {
        self.findings(label).into_iter().filter(|finding| finding.class != Class::Implied).collect()
    }

    fn findings(&self, label: &str) -> Vec<Finding> {
        let states = ClusterStates {
            gateway: state_of(&self.gateway),
            injection: state_of(&self.injection),
            authority: state_of(&self.authority),
            last_apply: state_of(&self.last_apply),
            ..ClusterStates::default()
        };
        // What is in state has been checked.
        let clusters: BTreeMap<_, _> = label.parse().ok().map(|name| (name, states)).into_iter().collect();
        health::findings(&clusters, &self.link_states())
    }

    /// What status says of every link.
    pub fn link_states(&self) -> BTreeMap<Link, LinkState> {
        let links = self.links.as_known().into_iter().flatten();
        links
            .filter_map(|(key, state)| {
                Some((key.parse().ok()?, state_of(state).unwrap_or(LinkState::UNKNOWN)))
            })
            .collect()
    }
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
        Place::Cluster(_, Part::Gateway(_)) => AttributePath::new(GatewayRole::EastWest.field()),
        Place::Cluster(..) => AttributePath::new("cluster"),
        Place::Link(_) => AttributePath::new("mesh"),
        Place::Federation | Place::Peer(_) | Place::Export(_) | Place::Import(_) => AttributePath::root(),
    };
    Diagnostic::error(summary, problem.remedy).at(path)
}

/// Why a plan that changes no object is not empty: what refresh has found is not good, and the apply would look at it again.
pub fn of_plan(prior: &RemoteClusterModel, planned: &RemoteClusterModel) -> Option<Diagnostic> {
    let findings = prior.status.as_known()?.findings(prior.label());
    if findings.is_empty() || !planned.manifests.is_known() || planned.manifests != prior.manifests {
        return None;
    }
    let lines: Vec<String> =
        findings.into_iter().map(|finding| format!("{}: {}", finding.place, finding.cause)).collect();
    Some(diagnostics::not_ready("remote cluster", lines.iter().map(String::as_str)))
}

/// Whether what istiod in the cluster signs with ends soon, and the provider issues another one.
pub fn renews_authority(prior: &RemoteClusterModel) -> bool {
    let word = prior.status.as_known().map(|status| &status.authority);
    let is_due = word.and_then(state_of) == Some(AuthorityState::RenewalDue);
    is_due && prior.authority_mode() == Some(AuthorityMode::Generated)
}

/// Whether the primaries need another content of their remote secrets: for a token that the cluster no longer accepts, or to have istiod ask
/// again what it asks a cluster only once.
pub fn asks_again(prior: &RemoteClusterModel) -> bool {
    let Some(status) = prior.status.as_known() else { return false };
    let is_misread = matches!(
        state_of(&status.injection),
        Some(
            InjectionState::NotAnnotated
                | InjectionState::Annotated
                | InjectionState::OtherTrustDomain
                | InjectionState::ReaderForbidden
                | InjectionState::NotServed
                | InjectionState::NobodyLeads
                // Which may hide these.
                | InjectionState::NoWebhook
                | InjectionState::TokenReviewForbidden
        )
    );
    is_misread || status.link_states().values().any(|state| *state == LinkState::TokenRefused)
}
