//! The one place where errors become Terraform diagnostics: what failed, in which cluster, on which object, why, and
//! what to do.

use std::error::Error as StdError;

use tfplugin::{AttributePath, Diagnostic};

use crate::clusters::{self, SettingError};
use crate::mesh::{self, Violation};

/// An error in a setting of a provider's `cluster` block.
pub fn setting(error: &SettingError) -> Diagnostic {
    let block = AttributePath::new("cluster").key(&error.cluster);
    let path = error.setting.field.split('.').filter(|name| !name.is_empty()).fold(block, AttributePath::attribute);
    let detail = paragraphs(&[&chain(&error.problem), &error.way_out()]);
    Diagnostic::error(capitalised(&error.to_string()), detail).at(path)
}

/// A cluster that could not be used. `path` is the place in the resource that names the cluster; faults of the provider
/// block have none, because a resource's diagnostics cannot point there.
pub fn cluster(error: &clusters::Error, path: Option<AttributePath>) -> Diagnostic {
    located(Diagnostic::error(capitalised(&error.to_string()), cluster_detail(error)), path)
}

/// The same as a warning: the operation goes on without the cluster. `consequence` says what that means.
pub fn cluster_skipped(error: &clusters::Error, path: Option<AttributePath>, consequence: &str) -> Diagnostic {
    let detail = paragraphs(&[consequence, &cluster_detail(error)]);
    located(Diagnostic::warning(capitalised(&error.to_string()), detail), path)
}

fn cluster_detail(error: &clusters::Error) -> String {
    paragraphs(&[&causes(error), &error.way_out()])
}

/// A rule that the declared mesh breaks.
pub fn violation(violation: &Violation) -> Diagnostic {
    let summary = match &violation.cluster {
        Some(cluster) => format!("Cluster {cluster:?}: {}", violation.cause),
        None => capitalised(&violation.cause),
    };
    let path = violation.field.steps().iter().fold(AttributePath::root(), |path, step| match step {
        mesh::Step::Attribute(name) => path.attribute(*name),
        mesh::Step::Key(label) => path.key(label),
    });
    let diagnostic = match violation.severity {
        mesh::Severity::Error => Diagnostic::error(summary, &violation.way_out),
        mesh::Severity::Warning => Diagnostic::warning(summary, &violation.way_out),
    };
    diagnostic.at(path)
}

/// Any error of the provider's own steps: `summary` names what failed and where, the detail is the chain of causes and
/// the way out.
pub fn failure(
    summary: impl Into<String>,
    error: &(dyn StdError + 'static),
    way_out: &str,
    path: Option<AttributePath>,
) -> Diagnostic {
    located(Diagnostic::error(summary, paragraphs(&[&chain(error), way_out])), path)
}

fn located(diagnostic: Diagnostic, path: Option<AttributePath>) -> Diagnostic {
    match path {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    }
}

/// The error and its causes, one sentence after the other; a cause that the text before it already holds is left out.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    capitalised(&text)
}

/// The causes alone.
fn causes(error: &(dyn StdError + 'static)) -> String {
    error.source().map(chain).unwrap_or_default()
}

fn paragraphs(texts: &[&str]) -> String {
    let texts: Vec<String> = texts.iter().filter(|text| !text.is_empty()).map(|text| sentence(text)).collect();
    texts.join("\n\n")
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?', ':', '\n']) { text.to_owned() } else { format!("{text}.") }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot apply the manifests")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("not permitted to apply apps/Deployment/istio-system/istiod: no")]
    struct Inner(#[source] Innermost);

    #[derive(Debug, thiserror::Error)]
    #[error("no")]
    struct Innermost;

    #[test]
    fn a_chain_does_not_repeat_what_it_has_said() {
        assert_eq!(
            chain(&Outer(Inner(Innermost))),
            "Cannot apply the manifests: not permitted to apply apps/Deployment/istio-system/istiod: no"
        );
    }

    #[test]
    fn paragraphs_end_as_sentences() {
        assert_eq!(paragraphs(&["one", "", "two."]), "one.\n\ntwo.");
    }
}
