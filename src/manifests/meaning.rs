//! When two texts of a field mean the same to Kubernetes.

use ssa::is_same_quantity;

use super::Fields;

/// `planned` in the words of `prior`: a planned value that means the same as the recorded text keeps that text, so that
/// a plan shows only what changes.
#[must_use]
pub fn keep_wording(prior: &Fields, mut planned: Fields) -> Fields {
    for (path, text) in &mut planned {
        if let Some(prior) = prior.get(path).filter(|prior| mean_the_same(path, prior, text)) {
            text.clone_from(prior);
        }
    }
    planned
}

/// Whether two texts of the field at `path` mean the same.
pub(super) fn mean_the_same(path: &str, one: &str, other: &str) -> bool {
    one == other || (is_quantity(path) && is_same_quantity(one, other))
}

/// Whether the API server has no field where a manifest says `text`: what Go's `omitempty` leaves out.
pub(super) fn is_dropped_by_server(field: &str, text: &str) -> bool {
    match text {
        "" | "[]" => true,
        "{}" => DROPPED_MAPS.contains(&field),
        "false" => DROPPED_FALSE.contains(&field),
        "0" => DROPPED_ZERO.contains(&field),
        _ => false,
    }
}

/// Maps of Kubernetes' own kinds, which are not stored when they are empty; empty structs are.
const DROPPED_MAPS: [&str; 11] = [
    "annotations",
    "binaryData",
    "capacity",
    "data",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "overhead",
    "requests",
    "volumeAttributes",
];

/// Members of Kubernetes' own kinds for which false and absent are the same; for others, false is a setting.
const DROPPED_FALSE: [&str; 13] = [
    "deprecated",
    "globalDefault",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "paused",
    "preserveUnknownFields",
    "publishNotReadyAddresses",
    "readOnly",
    "stdin",
    "stdinOnce",
    "tty",
    "unschedulable",
];

/// Members of Kubernetes' own kinds for which zero and absent are the same.
const DROPPED_ZERO: [&str; 5] =
    ["hostPort", "initialDelaySeconds", "minReadySeconds", "nodePort", "partition"];

/// Whether the field at `path` is a quantity of Kubernetes, which the API server writes in its shortest form.
fn is_quantity(path: &str) -> bool {
    const VALUES: [&str; 3] = [".averageValue", ".divisor", ".sizeLimit"];
    const MAPS: [&str; 3] = [".limits", ".requests", ".hard"];
    VALUES.iter().any(|value| path.ends_with(value))
        || path.ends_with(".target.value")
        || MAPS.iter().any(|map| last_step(path).is_some_and(|(parent, _)| parent.ends_with(map)))
}

/// The path of a field's parent and the field's name, unless the path ends with a list's item or is in a document.
pub(super) fn last_step(path: &str) -> Option<(&str, String)> {
    let (mut quoted, mut escaped) = (false, false);
    let mut start = 0;
    for (position, c) in path.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ':' if !quoted && path[position..].starts_with(": ") => return None,
            '.' | '[' if !quoted && !is_in_brackets(&path[start..position]) => start = position,
            _ => {}
        }
    }
    let (parent, step) = path.split_at(start);
    match step.strip_prefix('[').and_then(|step| step.strip_suffix(']')) {
        Some(inside) => serde_json::from_str(inside).ok().map(|name: String| (parent, name)),
        None => Some((parent, step.trim_start_matches('.').to_owned())),
    }
}

/// Whether a step is a bracket that is still open.
fn is_in_brackets(step: &str) -> bool {
    step.starts_with('[') && !step.ends_with(']')
}
