//! How the tests of a target run: one after the other, in any order, each on pristine clusters.
//!
//! A target names each of its tests once, in [`tests!`](crate::tests), and its `main` is one call of [`run_on_lab`] or, where the
//! tests start their clusters themselves, of [`run_in_jail`]. Every test runs alone, by its name, and relies on no other one;
//! `SHUFFLE=<seed>` runs a target's tests in another order for each seed.
//!
//! The CRDs that a test leaves are removed before the next one, unless the target says that its tests do not mind ([`Definitions`]). If
//! it leaves anything else, or fails, the next one gets new clusters, so that no failure causes another one, and a test need not destroy
//! its mesh where that is not what it is about. What a test changes
//! in the lab itself (links, ports, load balancers, an API server that it stops), it must change back before it ends.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use lab::{Lab, Spec};
use libtest_mimic::{Arguments, Trial};

use crate::admin::Admin;
use crate::official;
use crate::provider_binary::{self, Build};
use crate::random::Random;

/// A test and its name.
#[derive(Clone, Copy, Debug)]
pub struct Test<F> {
    /// The name of its function.
    pub name: &'static str,
    /// The function.
    pub run: F,
}

/// What becomes of the CRDs that a test leaves, which belong to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definitions {
    /// They are removed: every test begins without them.
    Removed,
    /// They stay, and the next mesh takes them over. To remove and make them costs an API server more than all else of a mesh.
    Kept,
}

/// The tests of a target, by their modules. Before `=>` is what makes of a lab what they are given; without it, they are given
/// nothing.
#[macro_export]
macro_rules! tests {
    ($fixture:path => $($subject:ident { $($test:ident,)+ })+) => {
        &[$($($crate::suite::Test {
            name: stringify!($test),
            run: |lab| $subject::$test(&$fixture(lab)),
        },)+)+]
    };
    ($($subject:ident { $($test:ident,)+ })+) => {
        &[$($($crate::suite::Test { name: stringify!($test), run: $subject::$test },)+)+]
    };
}

/// Runs tests that share the clusters of a lab, with these builds of the provider. Call it first in `main`.
pub fn run_on_lab(
    spec: &Spec,
    definitions: Definitions,
    builds: &[Build],
    tests: &'static [Test<fn(&Lab)>],
) -> ExitCode {
    let stage = Arc::new(Stage { spec: spec.clone(), definitions, lab: Mutex::default() });
    let trial = |test: &'static Test<fn(&Lab)>| {
        let stage = Arc::clone(&stage);
        Trial::test(test.name, move || {
            stage.run(test);
            Ok(())
        })
    };
    run(builds, tests.iter().map(trial).collect())
}

/// Runs tests that start labs themselves, with these builds of the provider. Call it first in `main`.
pub fn run_in_jail(builds: &[Build], tests: &'static [Test<fn()>]) -> ExitCode {
    let trial = |test: &'static Test<fn()>| {
        Trial::test(test.name, || {
            (test.run)();
            Ok(())
        })
    };
    run(builds, tests.iter().map(trial).collect())
}

fn run(builds: &[Build], mut trials: Vec<Trial>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    if !arguments.list {
        // Built outside, where cargo finds its locks; a jail hides /run.
        for build in builds {
            provider_binary::directory(*build);
        }
        if let Err(error) = lab::jail::enter() {
            eprintln!("{}", lab::chain(&error));
            return ExitCode::FAILURE;
        }
        // They share the machine's addresses.
        arguments.test_threads = Some(1);
    }
    if let Ok(seed) = std::env::var("SHUFFLE") {
        Random::of(seed.parse().expect("SHUFFLE is a number")).shuffle(&mut trials);
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The clusters, as the last test has left them; nothing before the first test and after one that has failed.
struct Stage {
    spec: Spec,
    definitions: Definitions,
    lab: Mutex<Option<Lab>>,
}

impl Stage {
    fn run(&self, test: &Test<fn(&Lab)>) {
        let mut stage = self.lab.lock().unwrap_or_else(PoisonError::into_inner);
        let lab = stage.take().filter(|lab| self.is_ready(lab)).unwrap_or_else(|| self.start());
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (test.run)(&lab)));
        // Between the test's name and its outcome, which are on one line.
        eprint!("{:.1} s, ", began.elapsed().as_secs_f64());
        match outcome {
            Ok(()) => *stage = Some(lab),
            Err(failure) => {
                drop(lab);
                resume_unwind(failure);
            }
        }
    }

    fn start(&self) -> Lab {
        Lab::start(&self.spec).unwrap_or_else(|error| panic!("{}", lab::chain(&error)))
    }

    /// Whether nothing is left but CRDs, which most meshes leave, and which may have to go.
    fn is_ready(&self, lab: &Lab) -> bool {
        thread::scope(|scope| {
            let clusters: Vec<_> = lab
                .clusters()
                .iter()
                .map(|cluster| scope.spawn(move || is_cluster_ready(lab, cluster.name(), self.definitions)))
                .collect();
            // One that cannot be looked at is not ready. All are waited for.
            let ready: Vec<bool> =
                clusters.into_iter().map(|cluster| cluster.join().unwrap_or(false)).collect();
            ready.into_iter().all(|is_ready| is_ready)
        })
    }
}

fn is_cluster_ready(lab: &Lab, cluster: &str, kept: Definitions) -> bool {
    let (crds, others): (Vec<_>, Vec<_>) = Admin::of(lab, cluster)
        .remains()
        .into_iter()
        .partition(|name| name.starts_with("CustomResourceDefinition "));
    if let Some(first) = others.first() {
        eprintln!(
            "\n{} objects remain in {cluster}, such as {first}: the next test gets new clusters",
            others.len()
        );
    } else if !crds.is_empty() && kept == Definitions::Removed {
        official::remove_definitions(&lab.kubeconfig(), cluster);
    }
    others.is_empty()
}
