//! Values as go-cty, Terraform's own library, encodes them: what one side writes, the other reads as the same value.
//!
//! The same cases in every run; `TFPLUGIN_ORACLE_CASES` sets how many (default: 3,000).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod values_of;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use serde_json::value::RawValue;
use tfplugin::{Dynamic, Number, TerraformValue, Type, Value};

/// Significant digits that 512 bits hold, which is what go-cty keeps of a number.
const DIGITS: usize = 150;

struct Oracle {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(serde::Deserialize)]
struct Answer {
    msgpack: Option<String>,
    json: Option<Box<RawValue>>,
    error: Option<String>,
}

impl Oracle {
    fn start() -> Self {
        let program = lab::parts::find(lab::parts::Part::CtyOracle).unwrap_or_else(|error| panic!("{error}"));
        let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let requests = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, requests, answers }
    }

    fn ask(&mut self, request: &str) -> Answer {
        writeln!(self.requests, "{request}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?} answers {request}"))
    }

    /// What go-cty makes of MessagePack.
    fn of_msgpack(&mut self, ty: &Type, bytes: &[u8], refine: bool) -> Answer {
        let request = json!({ "type": ty.to_json(), "msgpack": STANDARD.encode(bytes), "refine": refine });
        self.ask(&request.to_string())
    }

    /// What go-cty makes of JSON.
    fn of_json(&mut self, ty: &Type, text: &[u8]) -> Answer {
        let text = std::str::from_utf8(text).unwrap();
        self.ask(&format!(r#"{{"type":{},"json":{text}}}"#, ty.to_json()))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // The program ends with its input anyway.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Answer {
    fn msgpack(&self) -> Vec<u8> {
        assert_eq!(self.error, None);
        STANDARD.decode(self.msgpack.as_ref().expect("an answer without an error has MessagePack")).unwrap()
    }
}

/// Terraform has no collections of mixed types, which `dynamic` inside one would allow.
fn is_uniform(ty: &Type) -> bool {
    match ty {
        Type::List(element) | Type::Set(element) | Type::Map(element) => !element.has_dynamic(),
        Type::Tuple(elements) => elements.iter().all(is_uniform),
        Type::Object(members) => members.values().all(is_uniform),
        _ => true,
    }
}

fn has_set(ty: &Type) -> bool {
    match ty {
        Type::Set(_) | Type::Dynamic => true,
        Type::List(element) | Type::Map(element) => has_set(element),
        Type::Tuple(elements) => elements.iter().any(has_set),
        Type::Object(members) => members.values().any(has_set),
        _ => false,
    }
}

/// The value as both sides should see it: text in normal form C, numbers to the digits that go-cty keeps, sets in one
/// order and without doubles.
fn plain(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::String(text), _) => text.into_value(),
        (Value::Number(number), _) => Value::Number(rounded(&number)),
        (Value::List(elements), Type::Set(element)) => {
            let mut elements: Vec<_> = elements.into_iter().map(|value| plain(value, element)).collect();
            elements.sort();
            elements.dedup();
            Value::List(elements)
        }
        (Value::List(elements), Type::List(element)) => {
            Value::List(elements.into_iter().map(|value| plain(value, element)).collect())
        }
        (Value::List(elements), Type::Tuple(types)) => {
            Value::List(elements.into_iter().zip(types).map(|(value, ty)| plain(value, ty)).collect())
        }
        (Value::Map(elements), Type::Map(element)) => {
            let key = |key: String| match key.into_value() {
                Value::String(key) => key,
                _ => unreachable!(),
            };
            Value::Map(elements.into_iter().map(|(name, value)| (key(name), plain(value, element))).collect())
        }
        (Value::Map(members), Type::Object(types)) => {
            let plain = |(name, value): (String, Value)| {
                let value = plain(value, &types[&name]);
                (name, value)
            };
            Value::Map(members.into_iter().map(plain).collect())
        }
        (Value::Dynamic(dynamic), _) => {
            let value = plain(dynamic.value, &dynamic.ty);
            Value::Dynamic(Box::new(Dynamic { ty: dynamic.ty, value }))
        }
        (value, _) => value,
    }
}

fn rounded(number: &Number) -> Number {
    let text = number.to_string();
    let mut digits = 0;
    let kept = text.chars().map(|c| {
        digits += usize::from(c.is_ascii_digit() && (digits > 0 || c != '0'));
        if c.is_ascii_digit() && digits > DIGITS { '0' } else { c }
    });
    kept.collect::<String>().parse().unwrap()
}

/// Calls `check` with the same types and values in every run.
fn cases(seed: u8, whole: bool, mut check: impl FnMut(Type, Value)) {
    let given = std::env::var("TFPLUGIN_ORACLE_CASES").ok();
    let cases: usize = given.map_or(3_000, |cases| cases.parse().expect("TFPLUGIN_ORACLE_CASES is a number"));
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let typed = values_of::any_type()
        .prop_filter("Terraform has it", is_uniform)
        .prop_flat_map(move |ty| values_of::value_of(&ty, whole).prop_map(move |value| (ty.clone(), value)));
    for _ in 0..cases {
        let (ty, value) = typed.new_tree(&mut runner).unwrap().current();
        check(ty, value);
    }
}

#[test]
fn message_pack_means_the_same_to_go_cty_and_has_the_same_bytes() {
    let mut oracle = Oracle::start();
    let mut same_bytes = 0;
    cases(1, false, |ty, value| {
        let value = plain(value, &ty);
        let ours = value.to_msgpack(&ty).unwrap();
        let theirs = oracle.of_msgpack(&ty, &ours, false).msgpack();
        let read = Value::from_msgpack(&theirs, &ty).unwrap();
        assert_eq!(plain(read, &ty), value, "{ty}");
        if !has_set(&ty) {
            // go-cty orders sets by a hash of its own, and those are also in what `dynamic` may hold.
            assert_eq!(ours, theirs, "{ty}: {value:?}");
            same_bytes += 1;
        }
    });
    assert!(same_bytes > 0);
}

#[test]
fn json_means_the_same_to_go_cty() {
    let mut oracle = Oracle::start();
    cases(2, true, |ty, value| {
        let value = plain(value, &ty);
        let ours = value.to_json(&ty).unwrap();
        let answer = oracle.of_json(&ty, &ours);
        let read = Value::from_msgpack(&answer.msgpack(), &ty).unwrap();
        assert_eq!(plain(read, &ty), value, "{ty}");
        // A null is null to serde, too.
        let theirs = answer.json.unwrap_or_else(|| RawValue::NULL.to_owned());
        let read = Value::from_json(theirs.get().as_bytes(), &ty).unwrap();
        assert_eq!(plain(read, &ty), value, "{ty}");
    });
}

#[test]
fn refinements_of_unknown_values_are_read_over() {
    let mut oracle = Oracle::start();
    let mut refined = 0;
    cases(3, false, |ty, value| {
        let value = plain(value, &ty);
        let ours = value.to_msgpack(&ty).unwrap();
        let theirs = oracle.of_msgpack(&ty, &ours, true).msgpack();
        refined += usize::from(theirs.len() > ours.len());
        let read = Value::from_msgpack(&theirs, &ty).unwrap();
        assert_eq!(plain(read, &ty), value, "{ty}");
    });
    assert!(refined > 0, "no value was refined");
}
