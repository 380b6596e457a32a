use serde_json::Value;

use super::Fields;
use super::digest::{FingerprintKey, hidden_text, is_fingerprint};
use super::flatten::{Flat, Part, Reading};
use super::meaning::{is_dropped_by_server, last_step, mean_the_same};

/// What the fields of `prior` say in the live object.
///
/// * A value that means the same as its prior text keeps that text.
/// * A field that the object does not have is left out.
/// * Where the prior text stands for a secret, so does the answer, and what was added beside it to the whole that it is in.
/// * Whatever else the object has is left out too: defaults, and what others wrote. Only where a manifest owns a whole,
///   an atomic list or the document in a `ConfigMap`, is an addition a change of ours, and stands in the answer.
///
/// Compare with [`flatten`](super::flatten) of the manifest: equal answers mean that nothing has to be done.
pub fn read_back(live: &Value, prior: &Fields, key: &FingerprintKey) -> Fields {
    Flat::of(live, key).read_back(prior, key)
}

/// The same of a live object of which only the metadata were read now, and the rest before.
pub fn read_back_with(rest: &Reading, metadata: &Value, prior: &Fields, key: &FingerprintKey) -> Fields {
    let mut flat = rest.0.clone();
    let read = Flat::of(metadata, key);
    flat.fields.extend(read.fields);
    flat.parts.extend(read.parts);
    flat.read_back(prior, key)
}

impl Flat {
    fn read_back(&self, prior: &Fields, key: &FingerprintKey) -> Fields {
        let mut fields = Fields::new();
        for (path, text) in prior {
            if let Some(text) = self.text_of(path, text, key) {
                fields.insert(path.clone(), text);
            }
        }
        let is_added = |part: &&Part| mentions(prior, &part.whole) && !mentions(prior, &part.part);
        for part in self.parts.iter().filter(is_added) {
            // A secret that somebody has moved inside a document is still one.
            let is_secret = below(prior, &part.whole).any(|(_, text)| is_fingerprint(text));
            let text = |text: &String| if is_secret { hidden_text(key, text) } else { text.clone() };
            fields.extend(below(&self.fields, &part.part).map(|(path, live)| (path.clone(), text(live))));
        }
        fields
    }

    /// What the live object says in the field at `path`; `None` if it does not have it.
    fn text_of(&self, path: &str, prior: &str, key: &FingerprintKey) -> Option<String> {
        // Every version of a group shows the same object; the one it is read in says nothing about it.
        if path == "apiVersion" {
            return Some(prior.to_owned());
        }
        if is_fingerprint(prior) {
            return self.hidden_text_of(path, prior, key);
        }
        match self.fields.get(path) {
            Some(live) if mean_the_same(path, prior, live) => Some(prior.to_owned()),
            Some(live) => Some(live.clone()),
            None if self.is_still_empty(path, prior) => Some(prior.to_owned()),
            None => None,
        }
    }

    /// The same of a field whose value is a secret: of the value before, nothing is known but what stands for it.
    fn hidden_text_of(&self, path: &str, prior: &str, key: &FingerprintKey) -> Option<String> {
        if let Some(live) = self.fields.get(path) {
            return Some(hidden_text(key, live));
        }
        let said = DROPPED.into_iter().find(|text| hidden_text(key, text) == prior)?;
        self.is_still_empty(path, said).then(|| prior.to_owned())
    }

    /// Whether an empty value has only been filled by others, or been left out by the API server.
    fn is_still_empty(&self, path: &str, prior: &str) -> bool {
        if mentions(&self.fields, path) {
            return matches!(prior, "{}" | "[]") && !self.is_whole(path);
        }
        let Some((parent, field)) = last_step(path) else { return false };
        self.is_built_in && is_dropped_by_server(&field, prior) && mentions(&self.fields, parent)
    }

    /// Whether whoever writes the field at `path` owns everything in it.
    fn is_whole(&self, path: &str) -> bool {
        self.parts.iter().any(|part| is_at_or_below(&part.part, path) && is_at_or_below(path, &part.whole))
    }
}

/// What the API server may leave out.
const DROPPED: [&str; 5] = ["", "[]", "{}", "false", "0"];

fn mentions(fields: &Fields, path: &str) -> bool {
    below(fields, path).next().is_some()
}

/// The fields at `path` and below it.
fn below<'a>(fields: &'a Fields, path: &'a str) -> impl Iterator<Item = (&'a String, &'a String)> {
    let starts = fields.range(path.to_owned()..).take_while(move |(field, _)| field.starts_with(path));
    starts.filter(move |(field, _)| is_at_or_below(field, path))
}

fn is_at_or_below(field: &str, path: &str) -> bool {
    let boundary = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']) || rest.starts_with(": ");
    field.strip_prefix(path).is_some_and(|rest| path.is_empty() || boundary(rest))
}
