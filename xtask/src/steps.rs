//! The steps of a long task: each announced, timed and listed at the end.

use std::time::{Duration, Instant};

use crate::error::Error;

/// How a step ended, when nothing went wrong.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// It checked what it should.
    Passed,
    /// It could not check, and why.
    NotChecked(String),
}

/// What was done so far.
#[derive(Default)]
pub struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: &'static str,
    took: Duration,
    outcome: Result<Outcome, String>,
}

impl Steps {
    /// Does one step. A failure is printed and kept: the steps after it still tell something.
    pub fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<Outcome, Error>) {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let outcome = step().map_err(|error| lab::chain(&error));
        if let Err(text) = &outcome {
            eprintln!("{name} failed: {text}");
        }
        self.done.push(Step { name, took: started.elapsed(), outcome });
    }

    /// Prints the table; fails if a step failed.
    pub fn finish(self) -> Result<(), Error> {
        eprintln!("\n{}", self.table());
        let names: Vec<String> =
            self.done.iter().filter(|step| step.outcome.is_err()).map(|step| step.name.to_owned()).collect();
        if names.is_empty() { Ok(()) } else { Err(Error::Steps { names }) }
    }

    fn table(&self) -> String {
        let rows = self.done.iter().map(|step| {
            let outcome = match &step.outcome {
                Ok(Outcome::Passed) => "passed".to_owned(),
                Ok(Outcome::NotChecked(reason)) => format!("NOT CHECKED: {reason}"),
                Err(_) => "FAILED".to_owned(),
            };
            format!("{:<28} {:>7.1} s  {outcome}", step.name, step.took.as_secs_f64())
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_task_after_the_others_ran() {
        let mut steps = Steps::default();
        let mut ran = false;
        steps.run("format", || Err(Error::Interrupted));
        steps.run("tests", || {
            ran = true;
            Ok(Outcome::Passed)
        });
        assert!(ran);
        let error = steps.finish().unwrap_err();
        assert_eq!(error.to_string(), "1 of the steps failed: format");
    }

    #[test]
    fn what_could_not_be_checked_stands_in_the_table_and_fails_nothing() {
        let mut steps = Steps::default();
        steps.run("advisories", || Ok(Outcome::NotChecked("no network".to_owned())));
        assert!(steps.table().ends_with("NOT CHECKED: no network"), "{}", steps.table());
        steps.finish().unwrap();
    }
}
