use acceptance_tests::kills::{self, Log, Verb, moments};

use crate::victim::Victim;

/// How often each verb is killed in the suite.
const KILLS: usize = 2;

pub fn a_create_that_was_killed_is_taken_up() {
    kill(Verb::Create);
}

pub fn an_update_that_was_killed_is_taken_up() {
    kill(Verb::Update);
}

pub fn a_destroy_that_was_killed_is_taken_up() {
    kill(Verb::Destroy);
}

fn kill(verb: Verb) {
    let (kills, seed) = (kills::count(KILLS), kills::seed());
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
