//! Value sets made by chance from the charts' own values: what the real helm prints or says of each, we print or say.
//!
//! `SWEEP=500 cargo test -p helm-template --test sweep` compares 500 value sets for each chart; CI compares a few.
//! `SWEEP_CHARTS=<folder>` takes the charts from a folder that holds one folder a chart, such as those of another release.

// A test that meets what it does not expect stops there.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[allow(dead_code)] // There are no records of chance.
mod oracle;

use std::path::PathBuf;

use oracle::Case;
use serde_json::{Map, Value, json};

/// How many value sets each chart gets, unless the environment says otherwise.
const SETS: u64 = 4;

/// Strings that YAML, templates or Kubernetes treat in special ways.
#[rustfmt::skip]
const STRINGS: &[&str] = &[
    "", "a", "on", "off", "yes", "No", "y", "null", "~", "1", "010", "0x1F", "1e3", "1.5", ".5", "2001-01-01",
    "2001-01-01T00:00:00Z", "12:30", "a: b", "a #b", "- a", "{a: b}", "[x", "'q'", "\"dq\"", "line1\nline2",
    "line1\n\n  line2\n", "trail\n", "  lead", "tab\there", "é☃😀", "\u{2028}x", "%d", "@at", "`bt", "*star",
    "&amp", "!bang", "|pipe", ">fold", "a,b", "a\\b", "true", "{{ .Values.x }}", "{{ x }}", "<no value>", "-",
    "?", "key: [", "$HOME", "#c", "9223372036854775808", "1_000", "0o7", "0b11", "\u{a0}", "a\rb", ": x", "a:",
    "---", "...", "%YAML", "=", "<<", "a word and another word and many more words until the line is longer than eighty",
];

#[rustfmt::skip]
const PROFILES: &[&str] = &["ambient", "demo", "preview", "remote", "stable", "nosuch"];
#[rustfmt::skip]
const PLATFORMS: &[&str] = &["openshift", "gke", "k3d", "k3s", "microk8s", "minikube", "nosuch"];
#[rustfmt::skip]
const COMPATIBLE: &[&str] = &["1.24", "1.25", "1.26", "1.27", "1.28", "1.29", "1.30", "1.31"];

/// A small generator of repeatable chance (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("a small number")
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn number(&mut self) -> Value {
        let integers = [0i64, 1, -1, 3, 100, 65_536, 1_000_000, 123_456_789_012, 9_007_199_254_740_993];
        let floats = [1.5, 0.1, 1e6, 1e21, 1e-7, -0.0, 3.0, 1.25e300];
        if self.below(2) == 0 { json!(self.pick(&integers)) } else { json!(self.pick(&floats)) }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 8 } else { 12 }) {
            0 => Value::Null,
            1 | 2 => json!(self.below(2) == 0),
            3 | 4 => self.number(),
            5..=7 => json!(self.pick(STRINGS)),
            8 | 9 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                let entries =
                    (0..self.below(4)).map(|_| (self.pick(STRINGS).to_owned(), self.value(depth - 1)));
                Value::Object(entries.collect())
            }
        }
    }

    /// A value that often is of the same kind as the default.
    fn instead_of(&mut self, default: &Value) -> Value {
        match default {
            _ if self.below(4) == 0 => self.value(2),
            Value::Bool(_) => json!(self.below(2) == 0),
            Value::Number(_) => self.number(),
            Value::String(_) => json!(self.pick(STRINGS)),
            Value::Array(_) => (0..self.below(3)).map(|_| self.value(2)).collect(),
            _ => self.value(2),
        }
    }
}

/// The paths of all values and their defaults.
fn paths(value: &Value, path: &[String], found: &mut Vec<(Vec<String>, Value)>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path: Vec<String> = path.iter().cloned().chain([key.clone()]).collect();
        found.push((path.clone(), value.clone()));
        paths(value, &path, found);
    }
}

fn put(values: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => drop(values.insert(last.clone(), value)),
        [first, rest @ ..] => {
            let slot = values.entry(first.as_str()).or_insert(Value::Null);
            if !slot.is_object() {
                *slot = json!({});
            }
            put(slot.as_object_mut().expect("a map"), rest, value);
        }
    }
}

fn chart(name: &str) -> PathBuf {
    match std::env::var_os("SWEEP_CHARTS") {
        Some(folder) => PathBuf::from(folder).join(name),
        None => lab::parts::charts().expect("Istio's charts are unpacked").chart(name),
    }
}

fn case(name: &str, seed: u64) -> Case {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ (seed + 1).wrapping_mul(0xD1B5_4A32_D192_ED03));
    let text = std::fs::read_to_string(chart(name).join("values.yaml")).expect("the chart has values");
    let defaults = helm_template::yaml::parse(&text).expect("the chart's values are YAML");
    let mut known = Vec::new();
    paths(&defaults["_internal_defaults_do_not_set"], &[], &mut known);
    assert!(known.len() > 20, "{name} has hardly any values");
    let mut values = Map::new();
    for _ in 0..=chance.below(6) {
        let (path, default) = known[chance.below(known.len())].clone();
        let value = chance.instead_of(&default);
        put(&mut values, &path, value);
    }
    let part = |chance: &mut Chance, from: &[&str], one_in: usize| {
        (chance.below(one_in) == 0).then(|| json!(chance.pick(from)))
    };
    let settings = [
        ("profile", part(&mut chance, PROFILES, 3)),
        ("platform", part(&mut chance, PLATFORMS, 6)),
        ("compatibilityVersion", part(&mut chance, COMPATIBLE, 4)),
        ("revision", part(&mut chance, &["canary", "1-31-0", "default", ""], 4)),
    ];
    for (key, value) in settings {
        if let Some(value) = value {
            values.insert(key.to_owned(), value);
        }
    }
    let mut flags =
        vec!["--kube-version".to_owned(), chance.pick(&["v1.31.2", "1.30", "v1.28.3-gke.100"]).to_owned()];
    if chance.below(4) == 0 {
        flags.push("--is-upgrade".to_owned());
    }
    Case {
        name: format!("{name}-{seed}"),
        chart: name.to_owned(),
        flags,
        values: Value::Object(values).to_string(),
    }
}

#[test]
fn value_sets_made_by_chance_render_as_helm_renders_them() {
    let sets = std::env::var("SWEEP").map_or(SETS, |sets| sets.parse().expect("SWEEP is a number"));
    let names = ["istiod", "gateway", "cni", "ztunnel"];
    let cases: Vec<Case> = names.iter().flat_map(|name| (0..sets).map(|seed| case(name, seed))).collect();
    oracle::check_live(&cases, chart);
}
