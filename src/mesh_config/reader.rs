//! A document read over its descriptor.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{FieldDescriptor, Kind as FieldKind, MessageDescriptor};
use serde_json::{Map, Value};

use super::document::Document;
use super::finding::{Finding, Problem, Wanted};
use super::nearest::nearest;
use super::path::ValuePath;
use super::rules;
use super::scalar::{self, kind_of};

/// How many keys of a mapping a message names.
const NAMED_KEYS: usize = 3;

/// Fields that istiod reads again from the document itself, by JSON's names only (`extractYamlField`).
const RAW_NAMES: [&str; 2] = ["defaultConfig", "defaultProviders"];

/// What istiod makes of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// What it takes: JSON's names of fields, enumerations as numbers, durations in nanoseconds; nothing that is null.
    pub value: Value,
    /// What it refuses or does not take as it looks.
    pub findings: Vec<Finding>,
}

/// Reads a document as istiod of this minor release of Istio does.
pub fn read(document: Document, minor: u64, value: &Value) -> Reading {
    let Some(descriptor) = document.descriptor(minor) else { return Reading::default() };
    let mut reader = Reader { document, minor, findings: Vec::new() };
    let root = ValuePath::default();
    let value = if value.is_null() { None } else { reader.message(&descriptor, value, &root, Nulls::Kept) };
    let value = value.unwrap_or_else(|| Value::Object(Map::new()));
    let mut findings = reader.findings;
    // What could not be read seems to be missing.
    let mut broken = rules::check(document, &value);
    broken.retain(|rule| !findings.iter().any(|it| !it.problem.is_warning() && it.path.is_in(&rule.path)));
    findings.extend(broken);
    Reading { value, findings }
}

/// Whether a key is the other notation of a field that istiod reads again.
fn is_raw_name(field: &FieldDescriptor, key: &str) -> bool {
    RAW_NAMES.contains(&field.json_name()) && key != field.json_name()
}

/// What a null means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    /// That istiod's default stays: the message is laid over it field by field.
    Kept,
    /// That the field is zero: the message replaces istiod's.
    Zero,
}

struct Reader {
    document: Document,
    minor: u64,
    findings: Vec<Finding>,
}

impl Reader {
    fn find(&mut self, path: &ValuePath, problem: Problem) {
        self.findings.push(Finding { path: path.clone(), problem });
    }

    /// The message; `None` if it is none.
    fn message(
        &mut self,
        descriptor: &MessageDescriptor,
        value: &Value,
        path: &ValuePath,
        nulls: Nulls,
    ) -> Option<Value> {
        match descriptor.full_name() {
            "google.protobuf.Duration" => return self.duration(value, path),
            "google.protobuf.Struct" | "google.protobuf.Value" | "google.protobuf.ListValue" => {
                return self.free(descriptor.name(), value, path);
            }
            name if name.starts_with("google.protobuf.") && name.ends_with("Value") => {
                let kind = descriptor.get_field(1)?.kind();
                return self.scalar(&kind, value, path);
            }
            _ => {}
        }
        let Value::Object(members) = value else {
            let keys = descriptor.fields().take(NAMED_KEYS).map(|field| field.json_name().to_owned());
            let wanted = Wanted::Mapping(keys.collect());
            self.find(path, Problem::WrongKind { wanted, found: kind_of(value) });
            return None;
        };
        Some(Value::Object(self.fields(descriptor, members, path, nulls)))
    }

    fn fields(
        &mut self,
        descriptor: &MessageDescriptor,
        members: &Map<String, Value>,
        path: &ValuePath,
        nulls: Nulls,
    ) -> Map<String, Value> {
        let mut given: BTreeMap<u32, (FieldDescriptor, &str)> = BTreeMap::new();
        for key in members.keys() {
            let by_json = descriptor.get_field_by_json_name(key);
            let Some(field) = by_json.clone().or_else(|| descriptor.get_field_by_name(key)) else {
                self.unknown(descriptor, key, path);
                continue;
            };
            let number = field.number();
            let other = given.get(&number).map(|(_, other)| *other);
            if let Some(other) = other {
                let (read, ignored) =
                    if by_json.is_some() { (key.as_str(), other) } else { (other, key.as_str()) };
                self.find(&path.key(ignored), Problem::TwoNames(read.to_owned()));
                given.insert(number, (field, read));
            } else {
                given.insert(number, (field, key));
            }
        }
        let lost = self.oneofs(descriptor, members, &given, path);
        let mut read = Map::new();
        for (field, key) in given.into_values() {
            let (value, is_root, path) = (&members[key], path.is_root(), path.key(key));
            let is_ignored = is_root && self.document == Document::MeshConfig && is_raw_name(&field, key);
            if is_ignored {
                let name = if key == "default_config" { RAW_NAMES[0] } else { RAW_NAMES[1] };
                self.find(&path, Problem::IgnoredName(name));
            }
            if value.is_null() {
                if nulls == Nulls::Zero {
                    self.find(&path, Problem::Null(zero(&field)));
                }
                continue;
            }
            let is_laid_over = nulls == Nulls::Kept && path.to_string() == "defaultConfig";
            let nulls = if is_laid_over { Nulls::Kept } else { Nulls::Zero };
            // What is ignored, or replaced by another, is read all the same.
            let is_lost = is_ignored || lost.contains(&field.number());
            if let Some(value) = self.field(&field, value, &path, nulls).filter(|_| !is_lost) {
                read.insert(field.json_name().to_owned(), value);
            }
        }
        read
    }

    fn unknown(&mut self, descriptor: &MessageDescriptor, key: &str, path: &ValuePath) {
        let names: Vec<String> = descriptor.fields().map(|field| field.json_name().to_owned()).collect();
        let nearest = nearest(key, names.iter().map(String::as_str)).map(str::to_owned);
        let problem = Problem::UnknownKey { document: self.document.name(), minor: self.minor, nearest };
        self.find(&path.key(key), problem);
    }

    /// Of the fields of a oneof, the last one in the order of the descriptor stays. Returns the numbers of the others.
    fn oneofs(
        &mut self,
        descriptor: &MessageDescriptor,
        members: &Map<String, Value>,
        given: &BTreeMap<u32, (FieldDescriptor, &str)>,
        path: &ValuePath,
    ) -> BTreeSet<u32> {
        let mut lost = BTreeSet::new();
        for oneof in descriptor.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let fields =
                oneof.fields().filter_map(|field| Some((field.number(), given.get(&field.number())?.1)));
            let set: Vec<(u32, &str)> = fields.filter(|(_, key)| !members[*key].is_null()).collect();
            for pair in set.windows(2) {
                let (loses, wins) = (pair[0], pair[1]);
                self.find(&path.key(loses.1), Problem::TwoOfOne(path.key(wins.1).to_string()));
                lost.insert(loses.0);
            }
        }
        lost
    }

    fn field(
        &mut self,
        field: &FieldDescriptor,
        value: &Value,
        path: &ValuePath,
        nulls: Nulls,
    ) -> Option<Value> {
        if field.is_list() {
            let Value::Array(items) = value else {
                self.find(path, Problem::WrongKind { wanted: Wanted::List, found: kind_of(value) });
                return None;
            };
            let items = items.iter().enumerate();
            let items =
                items.filter_map(|(position, item)| self.one(&field.kind(), item, &path.item(position)));
            return Some(Value::Array(items.collect()));
        }
        match field.kind() {
            FieldKind::Message(entry) if field.is_map() => {
                let Value::Object(members) = value else {
                    let wanted = Wanted::Mapping(Vec::new());
                    self.find(path, Problem::WrongKind { wanted, found: kind_of(value) });
                    return None;
                };
                let kind = entry.map_entry_value_field().kind();
                let read = members
                    .iter()
                    .filter_map(|(key, value)| Some((key.clone(), self.one(&kind, value, &path.key(key))?)));
                Some(Value::Object(read.collect()))
            }
            FieldKind::Message(descriptor) => self.message(&descriptor, value, path, nulls),
            kind => self.scalar(&kind, value, path),
        }
    }

    /// One item of a list or value of a mapping, where there is no default for a null.
    fn one(&mut self, kind: &FieldKind, value: &Value, path: &ValuePath) -> Option<Value> {
        match kind {
            _ if value.is_null() => {
                self.find(path, Problem::Null(zero_of(kind)));
                None
            }
            FieldKind::Message(descriptor) => self.message(descriptor, value, path, Nulls::Zero),
            kind => self.scalar(kind, value, path),
        }
    }

    fn scalar(&mut self, kind: &FieldKind, value: &Value, path: &ValuePath) -> Option<Value> {
        scalar::read(kind, value).map_err(|problem| self.find(path, problem)).ok()
    }

    fn duration(&mut self, value: &Value, path: &ValuePath) -> Option<Value> {
        let read = value.as_str().and_then(helm_template::parse_duration).map(Value::from);
        if read.is_none() {
            self.find(path, Problem::WrongKind { wanted: Wanted::Duration, found: kind_of(value) });
        }
        read
    }

    /// What has no form of its own.
    fn free(&mut self, name: &str, value: &Value, path: &ValuePath) -> Option<Value> {
        let wanted = match name {
            "Struct" if !value.is_object() => Wanted::Mapping(Vec::new()),
            "ListValue" if !value.is_array() => Wanted::List,
            _ => return Some(value.clone()),
        };
        self.find(path, Problem::WrongKind { wanted, found: kind_of(value) });
        None
    }
}

/// What a field is that nothing is said of.
fn zero(field: &FieldDescriptor) -> String {
    if field.is_list() {
        return "an empty list".to_owned();
    }
    if field.is_map() {
        return "an empty mapping".to_owned();
    }
    match field.kind() {
        FieldKind::Message(_) => "not set".to_owned(),
        kind => zero_of(&kind),
    }
}

fn zero_of(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Bool => "false".to_owned(),
        FieldKind::String | FieldKind::Bytes => "an empty text".to_owned(),
        FieldKind::Enum(descriptor) => descriptor.default_value().name().to_owned(),
        FieldKind::Message(_) => "an empty mapping".to_owned(),
        _ => "0".to_owned(),
    }
}
