//! Runs that are killed at moments which are chosen by what they have done, never by the clock.
//!
//! * `moment`: which moments, from a seed.
//! * `progress`: how far a run has come, seen from the API servers.
//! * `run`: the kill itself, and what to do next.
//! * `dependent`: a resource that depends on a mesh, killed in turn.
//! * `log`: one line a kill.

mod dependent;
mod log;
mod moment;
mod progress;
mod run;

pub use dependent::Dependent;
pub use log::Log;
pub use moment::{Moment, Verb, moments};
pub use progress::Progress;
pub use run::{Whom, command_to_import, killed_in_time};

/// Where the moments come from; `KILLS_SEED` asks for others.
const SEED: u64 = 7;

/// How often each verb is killed: so often in the suite, unless `KILLS` asks for another number.
pub fn count(in_suite: usize) -> usize {
    number("KILLS").map_or(in_suite, |kills| usize::try_from(kills).expect("a small number"))
}

/// Where the moments come from.
pub fn seed() -> u64 {
    number("KILLS_SEED").unwrap_or(SEED)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}
