//! Where others come into a mesh, and whom it trusts: the blocks `federation_gateway` and `remote_control_plane` and the shared mesh
//! configuration, by the examples as they are published, on one cluster with a real istiod.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod federation;
mod fixture;
mod remote;

use std::process::ExitCode;
use std::sync::Arc;

use acceptance_tests::provider_binary::{self, Build};
use fixture::Fixture;
use lab::{Lab, Spec};
use libtest_mimic::{Arguments, Trial};

type Test = (&'static str, fn(&Fixture));

const TESTS: &[Test] = &[
    (
        "a_mesh_is_ready_for_others_and_trusts_whom_the_records_name",
        federation::a_mesh_is_ready_for_others_and_trusts_whom_the_records_name,
    ),
    (
        "istiod_answers_at_a_load_balancer_of_its_own_by_its_host_name",
        remote::istiod_answers_at_a_load_balancer_of_its_own_by_its_host_name,
    ),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(None)).exit_code();
    }
    provider_binary::directory(Build::Normal);
    let lab = lab::jail::enter()
        .map_err(|error| lab::chain(&error))
        .and_then(|()| Lab::start(&Spec::flat(&["east"])).map_err(|error| lab::chain(&error)));
    let lab = match lab {
        Ok(lab) => lab,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    // They share the cluster.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials(Some(&Arc::new(Fixture::new(lab))))).exit_code()
}

fn trials(fixture: Option<&Arc<Fixture>>) -> Vec<Trial> {
    let trial = |(name, test): &Test| {
        let (fixture, test) = (fixture.cloned(), *test);
        Trial::test(*name, move || {
            test(fixture.as_deref().expect("a listed test is not run"));
            Ok(())
        })
    };
    TESTS.iter().map(trial).collect()
}
