//! The client's own answer to what server-side apply would change, from `managedFields` and the schema.

use serde_json::Value;

use crate::change_set::FieldConflict;
use crate::field_path::{FieldPath, PathElement};
use crate::field_set::{FieldSet, ManagedFields};
use crate::same::{is_defaulted, is_zero, same};
use crate::schema::Schema;
use crate::typed::{Shape, field_set, leaves, shape};

/// What applying an object over a live one does.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Comparison {
    /// Fields whose meaning changes, sorted by path.
    pub differences: Vec<Difference>,
    /// Fields that keep their value and get us as an owner.
    pub acquired: Vec<FieldPath>,
    /// Fields that others own and that would get another value.
    pub conflicts: Vec<FieldConflict>,
    /// Fields that others own and that mean what we want in other words: they are sent in theirs, which takes nothing from anybody.
    pub reworded: Vec<FieldPath>,
    /// Whether the fields of predecessors are still to become ours.
    pub succeeds: bool,
}

/// One field whose meaning changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub path: FieldPath,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Compares what we want with what is there. The fields of predecessors count as applied by us.
pub(crate) fn compare(
    wanted: &Value,
    live: &Value,
    schema: &Schema,
    manager: &str,
    is_predecessor: impl Fn(&ManagedFields) -> bool,
) -> Comparison {
    let entries = ManagedFields::of(live);
    let is_applied = |entry: &&ManagedFields| entry.is_applied_by(manager);
    let ours_already = union(&entries.iter().filter(is_applied).collect::<Vec<_>>());
    let (ours, others): (Vec<_>, Vec<_>) =
        entries.iter().partition(|entry| is_applied(entry) || is_predecessor(entry));
    let succeeds = ours.iter().any(|entry| !is_applied(entry));
    let applied = union(&ours);
    let owned = field_set(wanted, schema);
    let mut walk = Walk { applied: &applied, changed: Vec::new(), rewritten: Vec::new() };
    walk.object(wanted, live, schema);
    let Walk { mut changed, rewritten, .. } = walk;

    let written = || changed.iter().map(|difference| &difference.path).chain(&rewritten);
    let conflicts =
        conflicts(&others, &changed.iter().map(|difference| &difference.path).collect::<Vec<_>>());
    let is_theirs = |path: &&FieldPath| others.iter().any(|entry| entry.fields.contains(path));
    let reworded = rewritten.iter().filter(is_theirs).cloned().collect();
    let new = owned
        .paths()
        .into_iter()
        .filter(|path| !ours_already.contains(path) && !written().any(|changed| changed == path));
    let acquired = new.filter(|path| is_there(path, live) && !is_empty(path, wanted)).collect();

    let mut kept = owned.clone();
    for entry in &others {
        kept.add(&entry.fields);
    }
    changed.extend(removed(&applied.given_up(&kept), wanted, live, schema));
    changed.sort_by(|left, right| left.path.cmp(&right.path));
    Comparison { differences: changed, acquired, conflicts, reworded, succeeds }
}

/// Gives the fields of `wanted` at these paths the words that they have in the live object.
pub(crate) fn reword(wanted: &mut Value, live: &Value, paths: &[FieldPath]) {
    for path in paths {
        if let (Some(place), Some(words)) = (path.find_mut(wanted), path.find(live)) {
            place.clone_from(words);
        }
    }
}

fn union(entries: &[&ManagedFields]) -> FieldSet {
    let mut set = FieldSet::default();
    for entry in entries {
        set.add(&entry.fields);
    }
    set
}

fn is_there(path: &FieldPath, live: &Value) -> bool {
    path.find(live).is_some()
}

/// Owning an empty object or list means nothing once something is in it; the server then drops it from the set.
fn is_empty(path: &FieldPath, wanted: &Value) -> bool {
    let value = path.find(wanted);
    value.is_some_and(|value| {
        value.as_object().is_some_and(serde_json::Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty)
    })
}

/// As the server does, a field conflicts only if exactly it is in the other's set and its text changes.
fn conflicts(others: &[&ManagedFields], written: &[&FieldPath]) -> Vec<FieldConflict> {
    let mut conflicts: Vec<FieldConflict> = Vec::new();
    for entry in others {
        let fields: Vec<FieldPath> =
            written.iter().filter(|path| entry.fields.contains(path)).map(|path| (*path).clone()).collect();
        let is_its = |conflict: &&mut FieldConflict| {
            conflict.manager == entry.manager && conflict.applies == entry.applied
        };
        if let Some(conflict) = conflicts.iter_mut().find(is_its) {
            conflict.fields.extend(fields);
        } else {
            let (manager, applies) = (entry.manager.clone(), entry.applied);
            conflicts.push(FieldConflict { manager, applies, fields });
        }
    }
    conflicts.retain(|conflict| !conflict.fields.is_empty());
    for conflict in &mut conflicts {
        conflict.fields.sort();
        conflict.fields.dedup();
    }
    conflicts.sort();
    conflicts
}

/// Walks the wanted object beside the live one.
struct Walk<'a> {
    /// What we applied last.
    applied: &'a FieldSet,
    changed: Vec<Difference>,
    /// Fields that mean the same but are written in another way.
    rewritten: Vec<FieldPath>,
}

impl Walk<'_> {
    fn object(&mut self, wanted: &Value, live: &Value, schema: &Schema) {
        for (name, member) in wanted.as_object().into_iter().flatten() {
            if !matches!(name.as_str(), "apiVersion" | "kind" | "status") {
                self.value(member, live.get(name), &schema.field(name), &FieldPath::root().field(name));
            }
        }
    }

    fn value(&mut self, wanted: &Value, live: Option<&Value>, schema: &Schema, at: &FieldPath) {
        match shape(wanted, schema) {
            Shape::Members(members) if members.is_empty() => self.empty(wanted, live, at),
            Shape::Members(members) => {
                for (name, member) in members {
                    let live = live.and_then(|live| live.get(name));
                    if live.is_some_and(|live| is_defaulted(members, name, live, schema)) {
                        continue;
                    }
                    self.value(member, live, &schema.field(name), &at.field(name));
                }
            }
            Shape::Items(items) if items.is_empty() => self.empty(wanted, live, at),
            Shape::Items(items) => {
                let live_items = live.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let live_elements = schema.items(live_items).unwrap_or_default();
                for (element, item) in items {
                    let position = live_elements.iter().position(|live| *live == element);
                    let live = position.and_then(|position| live_items.get(position));
                    self.value(item, live, &schema.item(), &at.child(element));
                }
            }
            Shape::Leaf => self.leaf(wanted, live, schema, at),
        }
    }

    /// An empty object or list changes nothing in one that is there, and one that is not there is new only if it was never applied: the server may leave it out.
    fn empty(&mut self, wanted: &Value, live: Option<&Value>, at: &FieldPath) {
        if live.is_none() {
            self.absent(wanted, at);
        }
    }

    fn absent(&mut self, wanted: &Value, at: &FieldPath) {
        let left_out_by_server = is_zero(wanted) && self.applied.contains(at);
        if !left_out_by_server {
            self.changed.push(Difference { path: at.clone(), before: None, after: Some(wanted.clone()) });
        }
    }

    fn leaf(&mut self, wanted: &Value, live: Option<&Value>, schema: &Schema, at: &FieldPath) {
        match live {
            None => self.absent(wanted, at),
            Some(live) if wanted == live => {}
            Some(live) if same(wanted, live, schema) => self.rewritten.push(at.clone()),
            Some(live) => self.changed.push(Difference {
                path: at.clone(),
                before: Some(live.clone()),
                after: Some(wanted.clone()),
            }),
        }
    }
}

/// The fields that go with what nobody owns any more. Those that the server would default to what they are now stay; of a list item that goes
/// nothing stays.
fn removed(given_up: &[FieldPath], wanted: &Value, live: &Value, schema: &Schema) -> Vec<Difference> {
    let mut gone = Vec::new();
    for path in given_up {
        let Some(value) = path.find(live) else { continue };
        let mut below = Vec::new();
        leaves(value, &schema_at(path, schema), path, &mut below);
        if matches!(path.elements().last(), Some(PathElement::Field(_))) {
            let stays = |path: &FieldPath, value: &Value| is_default(path, value, wanted, live, schema);
            if stays(path, value) {
                continue;
            }
            below.retain(|(path, value)| !stays(path, value));
        }
        gone.extend(below);
    }
    gone.into_iter().map(|(path, before)| Difference { path, before: Some(before), after: None }).collect()
}

fn schema_at<'a>(path: &FieldPath, schema: &Schema<'a>) -> Schema<'a> {
    path.elements().iter().fold(*schema, |schema, element| schema.element(element))
}

/// Whether the server's defaulting gives the value to a field that is taken out, beside what stays of its object.
fn is_default(path: &FieldPath, value: &Value, wanted: &Value, live: &Value, schema: &Schema) -> bool {
    let Some((PathElement::Field(name), above)) = path.elements().split_last() else { return false };
    let above = FieldPath::from_elements(above.to_vec());
    let members = |object| above.find(object).and_then(Value::as_object).cloned();
    let Some(mut parent) = members(live) else { return false };
    parent.remove(name);
    parent.extend(members(wanted).unwrap_or_default());
    schema_at(&above, schema).is_default(&parent, name, value)
}
