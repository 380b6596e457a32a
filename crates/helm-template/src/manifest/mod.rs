//! Rendered files to manifests: split into documents, hooks apart, sorted by kind.

mod sort;
mod split;

use std::collections::BTreeMap;

use crate::release::Helm;
use crate::yaml::Head;

/// One document of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The template that it comes from, such as `shop/templates/deployment.yaml`.
    pub source: String,
    /// Its `kind`; empty for a document that holds only comments.
    pub kind: String,
    /// Its text, as the template wrote it.
    pub text: String,
}

/// A document that Helm would apply at a certain time only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The document.
    pub manifest: Manifest,
    /// When: `pre-install`, `post-upgrade`, `test` and so on.
    pub events: Vec<String>,
    /// The order among hooks of the same event.
    pub weight: i64,
}

/// A rendered file is not YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("YAML parse error on {file}: {message}")]
pub struct ParseError {
    /// The template.
    pub file: String,
    /// What is wrong.
    pub message: String,
}

/// Splits and sorts rendered files (by path).
pub(crate) fn collect(
    files: &BTreeMap<String, String>,
    helm: Helm,
) -> Result<(Vec<Hook>, Vec<Manifest>), ParseError> {
    let (mut hooks, mut manifests) = (Vec::new(), Vec::new());
    let head_type = match helm {
        Helm::V3 => "releaseutil.SimpleHead",
        Helm::V4 => "util.SimpleHead",
    };
    for (path, content) in files {
        let base = path.rsplit('/').next().unwrap_or(path);
        if base.starts_with('_') || content.trim().is_empty() {
            continue;
        }
        for text in split::split(content, helm) {
            let head =
                Head::read(text, head_type).map_err(|message| ParseError { file: path.clone(), message })?;
            let manifest = Manifest { source: path.clone(), kind: head.kind.clone(), text: text.to_owned() };
            match head.annotations.get("helm.sh/hook") {
                None => manifests.push(manifest),
                Some(events) => hooks.extend(hook(manifest, events, &head)),
            }
        }
    }
    hooks.sort_by(|a: &Hook, b: &Hook| sort::compare(&a.manifest.kind, &b.manifest.kind, helm));
    manifests.sort_by(|a, b| sort::compare(&a.kind, &b.kind, helm));
    Ok((hooks, manifests))
}

/// A hook, unless one of its events is unknown: Helm leaves such documents out.
fn hook(manifest: Manifest, events: &str, head: &Head) -> Option<Hook> {
    const EVENTS: [&str; 9] = [
        "pre-install",
        "post-install",
        "pre-delete",
        "post-delete",
        "pre-upgrade",
        "post-upgrade",
        "pre-rollback",
        "post-rollback",
        "test",
    ];
    let known = events.split(',').map(|event| {
        let event = event.trim().to_lowercase();
        if event == "test-success" {
            return Some("test".to_owned());
        }
        EVENTS.contains(&event.as_str()).then_some(event)
    });
    let weight =
        head.annotations.get("helm.sh/hook-weight").and_then(|weight| weight.parse().ok()).unwrap_or(0);
    Some(Hook { manifest, events: known.collect::<Option<_>>()?, weight })
}
