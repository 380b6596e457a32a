//! The entry functions of the fuzz targets over a share of inputs that is the same in every run: random bytes, and
//! encodings of real values with a few bytes changed. `TFPLUGIN_FUZZ_CASES` sets how many (default: 20,000 of each).
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../fuzz/src/entry.rs"]
mod entry;
mod values_of;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::string::string_regex;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn cases() -> usize {
    let given = std::env::var("TFPLUGIN_FUZZ_CASES").ok();
    given.map_or(20_000, |cases| cases.parse().expect("TFPLUGIN_FUZZ_CASES is a number"))
}

/// A source of cases that gives the same ones in every run.
fn runner(seed: u8) -> TestRunner {
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
}

/// Where a byte is changed to another one, dropped or doubled, or the rest cut off.
fn damages() -> impl Strategy<Value = Vec<(u8, Index, u8)>> {
    vec((0..4_u8, any::<Index>(), any::<u8>()), 1..4)
}

fn damaged(input: &[u8], damages: Vec<(u8, Index, u8)>) -> Vec<u8> {
    let mut output = input.to_vec();
    for (kind, at, byte) in damages {
        if output.is_empty() {
            break;
        }
        let at = at.index(output.len());
        match kind {
            0 => output[at] = byte,
            1 => drop(output.remove(at)),
            2 => output.insert(at, output[at]),
            _ => output.truncate(at),
        }
    }
    output
}

#[test]
fn values_and_their_types_are_read_or_refused() {
    let mut runner = runner(1);
    let typed = values_of::typed(false);
    let mut seeds = Vec::new();
    for case in 0..cases() {
        // A new value now and then, and the old ones damaged in many ways.
        if case % 20 == 0 {
            let (ty, value) = typed.new_tree(&mut runner).unwrap().current();
            let json = ty.to_json().to_string();
            if let Ok(length) = u8::try_from(json.len()) {
                let seed = [&[length], json.as_bytes(), &value.to_msgpack(&ty).unwrap()].concat();
                entry::decode(&seed);
                seeds.push(seed);
            }
        }
        let (which, damages) = (any::<Index>(), damages()).new_tree(&mut runner).unwrap().current();
        entry::decode(&damaged(&seeds[which.index(seeds.len())], damages));
    }
    assert!(seeds.len() > cases() / 40, "only {} values were there to be damaged", seeds.len());
}

#[test]
fn texts_are_read_or_refused() {
    let mut runner = runner(2);
    let texts = "(\\[\"(list|set|map|object|tuple)\",)?[\\[{\"a-z:,}\\]]{0,30}|-?[0-9]{0,40}\\.?[0-9]{0,40}(e-?[0-9]{1,5})?\
                 |([0-9.]{1,5}(h|m|s|ms|us|ns)){0,4}|\\PC{0,20}";
    let texts = string_regex(texts).unwrap();
    for _ in 0..cases() {
        entry::text(texts.new_tree(&mut runner).unwrap().current().as_bytes());
    }
}
