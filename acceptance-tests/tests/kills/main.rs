//! Terraform and its provider, killed at moments that are chosen by what the run has done, never by the clock. After each of them the
//! next step that the guide documents ends well, nothing is left behind and nothing of anybody else is touched.
//!
//! `cargo xtask soak` asks for many moments; the suite runs a few.
//!
//! * `moment`: which moments, from a seed.
//! * `progress`: how far a run has come, seen from the API servers.
//! * `victim`: one mesh, its clusters as they were before each run, and what must hold afterwards.
//! * `log`: one line a kill.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod log;
mod moment;
mod progress;
mod strangers;
mod victim;

use std::process::ExitCode;

use acceptance_tests::provider_binary::{self, Build};
use libtest_mimic::{Arguments, Trial};

use log::Log;
use moment::{Verb, moments};
use victim::Victim;

/// How often each verb is killed; `KILLS` asks for another number.
const KILLS: usize = 4;
/// Where the moments come from; `KILLS_SEED` asks for others.
const SEED: u64 = 7;

const TESTS: [(&str, Verb); 3] = [
    ("a_create_that_was_killed_is_taken_up", Verb::Create),
    ("an_update_that_was_killed_is_taken_up", Verb::Update),
    ("a_destroy_that_was_killed_is_taken_up", Verb::Destroy),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    if !arguments.list {
        // Built outside, where cargo finds its locks; a jail hides /run.
        provider_binary::directory(Build::Normal);
        if let Err(error) = lab::jail::enter() {
            eprintln!("{}", lab::chain(&error));
            return ExitCode::FAILURE;
        }
        // They share the machine's addresses.
        arguments.test_threads = Some(1);
    }
    let trial = |(name, verb)| {
        Trial::test(name, move || {
            kill(verb);
            Ok(())
        })
    };
    libtest_mimic::run(&arguments, TESTS.map(trial).into()).exit_code()
}

fn kill(verb: Verb) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let kills = number("KILLS").map_or(KILLS, |kills| usize::try_from(kills).expect("a small number"));
    let seed = number("KILLS_SEED").unwrap_or(SEED);
    let mut log = Log::open();
    let mut victim = Victim::prepare(verb);
    log.line(&format!("{verb}: {} writes when nothing comes in between, seed {seed}", victim.writes()));
    let mut failures = Vec::new();
    for (index, moment) in moments(kills, victim.writes(), verb, seed).into_iter().enumerate() {
        let report = victim.kill(moment, index);
        let text = format!("{verb} {}/{kills} {report}", index + 1);
        log.line(&text);
        if report.failure.is_some() {
            failures.push(text);
        }
    }
    assert!(failures.is_empty(), "{} of {kills} kills:\n{}", failures.len(), failures.join("\n"));
}
