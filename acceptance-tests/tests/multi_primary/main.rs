//! One mesh over two clusters, by the examples as they are published, with traffic to prove it, and beside what Istio's guides
//! tell to type.
//!
//! `east` and `middle` are on one flat network, `west` is on another: the pod networks are truly not routable.
//! `causes` breaks them on purpose, `faults` interrupts Terraform and its provider.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod causes;
mod comparison;
mod elsewhere;
mod faults;
mod fixture;
mod flat;
mod mixed;
mod other_workspace;
mod two_networks;

use std::process::ExitCode;
use std::sync::Arc;

use acceptance_tests::provider_binary::{self, Build};
use fixture::Fixture;
use lab::{ClusterSpec, Lab, Spec};
use libtest_mimic::{Arguments, Trial};

type Test = (&'static str, fn(&Fixture));

const TESTS: &[Test] = &[
    ("clusters_on_one_network_answer_each_other_directly", flat::clusters_answer_each_other_directly),
    (
        "clusters_on_two_networks_answer_each_other_through_gateways",
        two_networks::clusters_answer_each_other_through_gateways,
    ),
    (
        "gateways_are_found_by_host_name_and_at_node_ports_and_a_cluster_leaves",
        elsewhere::gateways_are_found_by_host_name_and_at_node_ports_and_a_cluster_leaves,
    ),
    ("clusters_join_under_traffic", mixed::clusters_join_under_traffic),
    ("every_cause_is_named_with_its_way_out", causes::every_cause_is_named_with_its_way_out),
    ("interrupted_runs_are_taken_up", faults::interrupted_runs_are_taken_up),
    // Last, because it looks at what the others remembered.
    (
        "clusters_hold_what_the_official_commands_make",
        comparison::clusters_hold_what_the_official_commands_make,
    ),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(None)).exit_code();
    }
    provider_binary::directory(Build::Normal);
    let lab = lab::jail::enter().map_err(|error| lab::chain(&error)).and_then(|()| {
        let clusters = [("east", "flat"), ("middle", "flat"), ("west", "apart")];
        let clusters = clusters.map(|(name, network)| ClusterSpec::new(name, network));
        Lab::start(&Spec::of(clusters.to_vec())).map_err(|error| lab::chain(&error))
    });
    let lab = match lab {
        Ok(lab) => lab,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    // They share the clusters.
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
