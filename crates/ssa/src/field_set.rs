use std::collections::BTreeMap;

use serde_json::Value;

use crate::field_path::{FieldPath, PathElement, Scalar};

/// A set of fields, as `fieldsV1` of `metadata.managedFields` writes it: a tree whose nodes may themselves be members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    member: bool,
    children: BTreeMap<PathElement, FieldSet>,
}

impl FieldSet {
    /// Reads `fieldsV1`. Members that cannot be read are left out: they are written by newer servers.
    pub fn parse(fields: &Value) -> Self {
        let Some(members) = fields.as_object() else { return Self::default() };
        let mut set = Self { member: members.is_empty() || members.contains_key("."), ..Self::default() };
        for (name, below) in members {
            if let Some(element) = element(name) {
                set.children.insert(element, Self::parse(below));
            }
        }
        set
    }

    pub fn insert(&mut self, path: &FieldPath) {
        let mut node = self;
        for element in path.elements() {
            node = node.children.entry(element.clone()).or_default();
        }
        node.member = true;
    }

    pub fn contains(&self, path: &FieldPath) -> bool {
        self.node(path).is_some_and(|node| node.member)
    }

    /// Whether the field at `path` or anything below it is a member.
    pub fn touches(&self, path: &FieldPath) -> bool {
        self.node(path).is_some()
    }

    /// Whether the field at `path`, anything below it, or the whole that it is a part of is a member.
    pub fn reaches(&self, path: &FieldPath) -> bool {
        let mut node = self;
        for element in path.elements() {
            match node.children.get(element) {
                Some(below) => node = below,
                None => return node.member && node.is_leaf(),
            }
        }
        true
    }

    /// Adds all members of `other`.
    pub fn add(&mut self, other: &Self) {
        self.member |= other.member;
        for (element, below) in &other.children {
            self.children.entry(element.clone()).or_default().add(below);
        }
    }

    /// All members, sorted.
    pub fn paths(&self) -> Vec<FieldPath> {
        let mut paths = Vec::new();
        self.collect(&FieldPath::root(), &mut paths);
        paths
    }

    fn collect(&self, at: &FieldPath, paths: &mut Vec<FieldPath>) {
        if self.member && !at.elements().is_empty() {
            paths.push(at.clone());
        }
        for (element, below) in &self.children {
            below.collect(&at.child(element.clone()), paths);
        }
    }

    /// The outermost fields of this set that `kept` neither has nor has anything in: what a manager gives up
    /// when it had `self` and everyone together has `kept`. As in structured-merge-diff, a member of an object
    /// stands for itself here even when only fields below it are in the set, and a list item falls with its own membership.
    pub fn given_up(&self, kept: &Self) -> Vec<FieldPath> {
        let mut paths = Vec::new();
        self.collect_given_up(Some(kept), &FieldPath::root(), &mut paths);
        paths
    }

    fn collect_given_up(&self, kept: Option<&Self>, at: &FieldPath, paths: &mut Vec<FieldPath>) {
        for (element, below) in &self.children {
            let path = at.child(element.clone());
            let kept_below = kept.and_then(|kept| kept.children.get(element));
            let is_named = matches!(element, PathElement::Field(_));
            let is_kept = kept_below.is_some_and(|kept| kept.member || is_named);
            if (below.member || is_named) && !is_kept {
                paths.push(path);
            } else {
                below.collect_given_up(kept_below, &path, paths);
            }
        }
    }

    /// Whether it is a field with everything below it.
    pub fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }

    /// What of it lies below one element.
    pub fn below(&self, element: &PathElement) -> Option<&Self> {
        self.children.get(element)
    }

    /// What of it lies below the first element that fits.
    pub fn matching(&self, fits: impl Fn(&PathElement) -> bool) -> Option<&Self> {
        self.children.iter().find(|(element, _)| fits(element)).map(|(_, below)| below)
    }

    fn node(&self, path: &FieldPath) -> Option<&Self> {
        path.elements().iter().try_fold(self, |node, element| node.children.get(element))
    }
}

fn element(name: &str) -> Option<PathElement> {
    let (kind, rest) = name.split_once(':')?;
    match kind {
        "f" => Some(PathElement::Field(rest.to_owned())),
        "i" => Some(PathElement::Index(rest.parse().ok()?)),
        "v" => Some(PathElement::Item(Scalar::of(&serde_json::from_str(rest).ok()?))),
        "k" => {
            let keys: BTreeMap<String, Value> = serde_json::from_str(rest).ok()?;
            Some(PathElement::Key(keys.into_iter().map(|(name, value)| (name, Scalar::of(&value))).collect()))
        }
        _ => None,
    }
}

/// One entry of `metadata.managedFields`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ManagedFields {
    pub manager: String,
    /// `true` for `Apply`, `false` for `Update`.
    pub applied: bool,
    /// `status`, `scale`, or empty.
    pub subresource: String,
    pub fields: FieldSet,
}

impl ManagedFields {
    /// All entries of a live object.
    pub fn of(object: &Value) -> Vec<Self> {
        let entries = object["metadata"]["managedFields"].as_array();
        entries.into_iter().flatten().map(Self::parse).collect()
    }

    fn parse(entry: &Value) -> Self {
        Self {
            manager: entry["manager"].as_str().unwrap_or_default().to_owned(),
            applied: entry["operation"] == "Apply",
            subresource: entry["subresource"].as_str().unwrap_or_default().to_owned(),
            fields: FieldSet::parse(&entry["fieldsV1"]),
        }
    }

    /// Whether these are the fields that `manager` has applied.
    pub fn is_applied_by(&self, manager: &str) -> bool {
        self.applied && self.manager == manager && self.subresource.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_of_a_field_is_reached_by_whoever_owns_the_whole() {
        let set = FieldSet::parse(&json!({"f:spec": {"f:args": {}, "f:labels": {"f:a": {}}}}));
        let reaches = |path: &str| set.reaches(&path.parse().unwrap());
        assert!(
            reaches("spec.args")
                && reaches("spec.args[0]")
                && reaches("spec.labels")
                && reaches("spec.labels.a")
        );
        assert!(!reaches("spec.labels.b") && !reaches("spec.replicas"));
        assert!(!FieldSet::default().reaches(&"spec".parse().unwrap()));
    }
}
