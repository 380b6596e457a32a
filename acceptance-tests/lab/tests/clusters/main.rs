//! Whole clusters: what a lab promises, on real control planes, real istiod and real Envoy.
//!
//! All of it runs inside one jail, so this is a program of its own and not a set of `#[test]` functions. Tests share
//! a lab where they can; [`labs`] starts another one when the next test needs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod flat;
mod isolated;
mod labs;
mod mesh;
mod tools;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if let Err(error) = lab::jail::enter() {
        eprintln!("{}", lab::chain(&error));
        std::process::exit(1);
    }
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let trials = isolated::trials().into_iter().chain(flat::trials()).chain(mesh::trials()).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    labs::end();
    conclusion.exit();
}

/// A test of a function, under the function's name.
fn trial(name: &'static str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// Tests from functions.
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        /// The tests of this module, in the order in which they run.
        pub fn trials() -> Vec<libtest_mimic::Trial> {
            vec![$(crate::trial(stringify!($test), $test)),*]
        }
    };
}
pub(crate) use trials;
