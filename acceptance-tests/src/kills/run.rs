use std::time::{Duration, Instant};

use super::{Moment, Progress};
use crate::terraform::{Run, Running};

/// Between two looks at a run: shorter than a request takes.
const PAUSE: Duration = Duration::from_millis(1);
/// How long any run may take.
const RUN: Duration = Duration::from_mins(10);
/// What Terraform says when its provider is gone.
const UNANSWERED: &str = "Plugin did not respond";

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Terraform and the provider, as when the machine goes.
    Both,
    /// The provider alone, of which Terraform tells.
    Provider,
}

impl Whom {
    /// One in four kills is of the provider alone.
    pub fn of(index: usize) -> Self {
        if index % 4 == 3 { Self::Provider } else { Self::Both }
    }

    /// What it is in a log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Both => "terraform and provider",
            Self::Provider => "the provider",
        }
    }
}

/// Kills a run at this moment; what it has printed, or nothing if it was faster.
pub fn killed_in_time(
    mut run: Running,
    progress: &mut Progress,
    moment: Moment,
    whom: Whom,
) -> Option<String> {
    let began = Instant::now();
    while !progress.has_reached(moment) {
        assert!(began.elapsed() < RUN, "the run does not come to its moment");
        if run.has_ended() {
            run.finished().succeeded();
            return None;
        }
        std::thread::sleep(PAUSE);
    }
    let terraform = run.process();
    let provider = terraform.provider();
    // Either may have ended by itself a moment ago.
    for process in provider.into_iter().chain((whom == Whom::Both).then_some(terraform)) {
        process.signal("-KILL");
    }
    let run = run.finished();
    let is_killed = provider.is_some() && run.code != 0;
    if is_killed && whom == Whom::Provider {
        assert!(run.output.contains(UNANSWERED), "Terraform says something else: {}", run.story());
    }
    is_killed.then(|| run.story().to_owned())
}

/// What an error says to give to `terraform import`.
pub fn command_to_import(run: &Run) -> Option<String> {
    let words: Vec<&str> = run.output.split_whitespace().collect();
    let place = words.windows(2).position(|two| two == ["terraform", "import"])?;
    let string = words[place..].iter().find(|word| word.contains('@'))?;
    Some(string.trim_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_owned())
}
