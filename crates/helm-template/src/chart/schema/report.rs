//! All violations, nested as the schema is: several at one place stand under a line of their own.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;

use super::violation::{describe, quoted};

/// What is wrong at a place, and why.
struct Entry {
    at: String,
    text: String,
    /// It says nothing but that there are several causes; what leads to it may take them over.
    is_group: bool,
    causes: Vec<Entry>,
}

impl Entry {
    fn group(at: String, causes: Vec<Entry>) -> Self {
        Self { at, text: GROUP.to_owned(), is_group: true, causes }
    }
}

/// An error, the steps of its path through the schema, and those through the values.
struct Path<'e> {
    error: &'e ValidationError<'e>,
    schema: Vec<&'e str>,
    instance: Vec<&'e str>,
}

impl<'e> Path<'e> {
    fn new(error: &'e ValidationError<'e>) -> Self {
        let steps = |path: &'e str| path.split('/').skip(1).collect();
        let schema = steps(error.evaluation_path().as_str());
        Self { error, schema, instance: steps(error.instance_path().as_str()) }
    }
}

const GROUP: &str = "validation failed";

/// The text of all violations.
pub(super) fn report(errors: &[ValidationError<'_>]) -> String {
    let paths: Vec<Path<'_>> = errors.iter().map(Path::new).collect();
    let paths: Vec<&Path<'_>> = paths.iter().collect();
    let mut lines = Vec::new();
    for entry in without_group(entries(&paths, 0, 0)) {
        write(&mut lines, &entry, 0);
    }
    lines.join("\n")
}

/// A group that stands alone gives way to its causes.
fn without_group(mut entries: Vec<Entry>) -> Vec<Entry> {
    match entries.pop() {
        Some(only) if entries.is_empty() && only.is_group => only.causes,
        Some(last) => {
            entries.push(last);
            entries
        }
        None => entries,
    }
}

fn write(lines: &mut Vec<String>, entry: &Entry, level: usize) {
    lines.push(format!("{}- at {}: {}", "  ".repeat(level), quoted(&entry.at), entry.text));
    for cause in &entry.causes {
        write(lines, cause, level + 1);
    }
}

/// A keyword that applies a schema: how many steps of the two paths it takes.
fn application(path: &Path<'_>, from: usize) -> Option<(usize, usize)> {
    let next_is_number = path.schema.get(from + 1).is_some_and(|step| step.parse::<usize>().is_ok());
    Some(match *path.schema.get(from)? {
        "properties" | "patternProperties" => (2, 1),
        "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems" | "additionalItems" => (1, 1),
        "items" | "prefixItems" => (if next_is_number { 2 } else { 1 }, 1),
        "allOf" | "dependentSchemas" | "dependencies" => (2, 0),
        "$ref" | "$dynamicRef" | "$recursiveRef" | "then" | "else" => (1, 0),
        _ => return None,
    })
}

/// The violations of one schema: `from` and `depth` are the steps that led to it.
fn entries(paths: &[&Path<'_>], from: usize, depth: usize) -> Vec<Entry> {
    let at = |path: &Path<'_>, steps: usize| {
        path.instance.iter().take(steps).fold(String::new(), |at, step| format!("{at}/{step}"))
    };
    if let Some(path) = decisive(paths, from) {
        return vec![leaf(&[path], at(path, depth))];
    }
    let mut result = Vec::new();
    let mut done = vec![false; paths.len()];
    for (index, path) in paths.iter().enumerate() {
        if done[index] {
            continue;
        }
        let applied = application(path, from).filter(|(steps, _)| from + steps < path.schema.len());
        let is_same = |other: &Path<'_>| match applied {
            Some((steps, down)) => {
                other.schema.get(..from + steps) == path.schema.get(..from + steps)
                    && from + steps < other.schema.len()
                    && other.instance.get(..depth + down) == path.instance.get(..depth + down)
            }
            None => {
                std::ptr::eq(other, *path)
                    || (is_required(other) && is_required(path) && other.schema == path.schema)
            }
        };
        let mut members = Vec::new();
        for (position, other) in paths.iter().enumerate().skip(index) {
            if !done[position] && is_same(other) {
                done[position] = true;
                members.push(*other);
            }
        }
        let Some((steps, down)) = applied else {
            result.push(leaf(&members, at(path, depth)));
            continue;
        };
        let causes = entries(&members, from + steps, depth + down);
        let place = at(path, depth + down);
        match path.schema[from] {
            "allOf" => {
                let text = "'allOf' failed".to_owned();
                result.push(Entry { at: place, text, is_group: false, causes });
            }
            keyword if keyword.starts_with('$') => {
                let mut causes = without_group(causes);
                if causes.len() == 1 {
                    result.append(&mut causes);
                } else {
                    result.push(Entry { is_group: false, ..Entry::group(place, causes) });
                }
            }
            _ if causes.len() == 1 => result.extend(causes),
            _ => result.push(Entry::group(place, causes)),
        }
    }
    result
}

/// Where the type, a constant or an enumeration is not met, nothing else of a schema is looked at.
fn decisive<'p, 'e>(paths: &[&'p Path<'e>], from: usize) -> Option<&'p Path<'e>> {
    ["type", "const", "enum", "format"].iter().find_map(|keyword| {
        paths.iter().find(|path| path.schema.len() == from + 1 && path.schema[from] == *keyword).copied()
    })
}

fn is_required(path: &Path<'_>) -> bool {
    matches!(path.error.kind(), ValidationErrorKind::Required { .. })
}

fn leaf(members: &[&Path<'_>], at: String) -> Entry {
    let path = members[0];
    let missing: Vec<&str> = members
        .iter()
        .filter_map(|member| match member.error.kind() {
            ValidationErrorKind::Required { property } => property.as_str(),
            _ => None,
        })
        .collect();
    let branches = match path.error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.as_slice()
        }
        _ => &[],
    };
    let causes = branches
        .iter()
        .flat_map(|errors| {
            let paths: Vec<Path<'_>> = errors.iter().map(Path::new).collect();
            let paths: Vec<&Path<'_>> = paths.iter().collect();
            let mut branch = entries(&paths, path.schema.len() + 1, path.instance.len());
            if branch.len() > 1 {
                branch = vec![Entry::group(at.clone(), branch)];
            }
            branch
        })
        .collect();
    Entry { text: describe(path.error, &missing), at, is_group: false, causes }
}
