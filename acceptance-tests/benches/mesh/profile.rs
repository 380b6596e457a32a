//! Where the time of a plan goes, by Terraform's own log.

use std::time::Duration;

use acceptance_tests::Workspace;

use crate::measure::{Spread, seconds, start, time_of};
use crate::{plan, runs};

const READ: &str = "GRPCProvider: ReadResource";
const PLAN: &str = "GRPCProvider: PlanResourceChange";
const CONFIGURE: &str = "GRPCProvider: ConfigureProvider";
/// What Terraform writes once it has the answer to either.
const ANSWERED: &str = "writeResourceInstanceState to";

/// The parts of a plan's time, the medians of several runs.
pub struct Profile {
    total: Duration,
    /// Until the provider is configured: programs are started, state is decoded, the configuration is validated.
    begin: Duration,
    /// The provider refreshes.
    refresh: Duration,
    /// The provider plans.
    plan: Duration,
}

impl Profile {
    /// The head of the table.
    pub const HEAD: &str = "| | Terraform, until the provider is configured | the provider's refresh | the provider's plan | \
                            Terraform: state, plan and output | all |\n|---|--:|--:|--:|--:|--:|";

    /// Of plans of the workspace that change nothing. Writing the log takes a little time of its own.
    pub fn of(workspace: &Workspace) -> Self {
        let profiles: Vec<Self> = (0..runs()).map(|_| Self::of_one(workspace)).collect();
        let median = |part: fn(&Self) -> Duration| Spread::of(profiles.iter().map(part).collect()).median;
        Self {
            total: median(|profile| profile.total),
            begin: median(|profile| profile.begin),
            refresh: median(|profile| profile.refresh),
            plan: median(|profile| profile.plan),
        }
    }

    fn of_one(workspace: &Workspace) -> Self {
        let log = workspace.path().join("plan.log");
        // The log is added to.
        let _ = std::fs::remove_file(&log);
        let mut command = plan::planning(workspace);
        command.env("TF_LOG_CORE", "trace").env("TF_LOG_PATH", &log);
        let total = time_of(|| assert!(start(&mut command).wait().expect("wait for terraform").success()));
        let log = std::fs::read_to_string(&log).expect("read Terraform's log");
        let lines: Vec<(Duration, &str)> = log.lines().filter_map(timed).collect();
        let first = lines.first().expect("the log has lines").0;
        let last = |text: &str| lines.iter().rev().find(|(_, line)| line.contains(text)).expect(text).0;
        let part = |call: &str| {
            let mut from_call = lines.iter().skip_while(|(_, line)| !line.contains(call));
            let begin = from_call.next().expect(call).0;
            let end = from_call.find(|(_, line)| line.contains(ANSWERED)).expect(ANSWERED).0;
            end.saturating_sub(begin)
        };
        let begin = last(CONFIGURE).saturating_sub(first);
        Self { total, begin, refresh: part(READ), plan: part(PLAN) }
    }

    /// A row of the table.
    pub fn row(&self, name: &str) -> String {
        let Self { total, begin, refresh, plan } = *self;
        let rest = total.saturating_sub(begin + refresh + plan);
        let [begin, refresh, plan, rest, total] = [begin, refresh, plan, rest, total].map(seconds);
        format!("| {name} | {begin} | {refresh} | {plan} | {rest} | {total} |")
    }
}

/// A line, with its time of day: `2026-01-01T10:00:00.123Z [TRACE] …`.
fn timed(line: &str) -> Option<(Duration, &str)> {
    let time = line.get(11..23)?;
    let mut parts = time.split(':');
    let mut number = || parts.next()?.parse::<f64>().ok();
    let (hours, minutes, seconds) = (number()?, number()?, number()?);
    Some((Duration::try_from_secs_f64(hours * 3600.0 + minutes * 60.0 + seconds).ok()?, line))
}
