//! Time and memory of programs.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often the kernel's figures are read: the last ones are at most this old when a process ends.
const READING: Duration = Duration::from_millis(1);

/// The median.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// What several runs gave.
#[derive(Clone, Copy, Debug)]
pub struct Spread<T> {
    /// The middle one.
    pub median: T,
    /// The smallest and the largest one.
    pub range: [T; 2],
}

impl<T: Copy + Ord> Spread<T> {
    /// Of at least one run.
    pub fn of(mut figures: Vec<T>) -> Self {
        figures.sort_unstable();
        let last = figures.len() - 1;
        Self { median: figures[last.div_ceil(2)], range: [figures[0], figures[last]] }
    }

    /// `0.47 s (0.45 s–0.50 s)`.
    pub fn shown(&self, show: fn(T) -> String) -> String {
        let [least, most] = self.range;
        format!("{} ({}–{})", show(self.median), show(least), show(most))
    }
}

/// How long something takes.
pub fn time_of(act: impl FnOnce()) -> Duration {
    let began = Instant::now();
    act();
    began.elapsed()
}

/// Starts a program without a word of its own.
pub fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("start a program")
}

/// The most memory, in bytes, that one process of `program` had: the started one or one of its children. Reading the kernel's
/// figures takes time, so the time of such a run does not count.
pub fn peak_of(mut child: Child, program: &Path, accepted: &[i32]) -> u64 {
    let program = program.canonicalize().expect("the program is there");
    let mut peaks: BTreeMap<u32, u64> = BTreeMap::new();
    let status = loop {
        for id in children(child.id()).into_iter().chain([child.id()]) {
            // Before it runs its own program, a process is a copy of whoever starts it, memory included.
            let runs = std::fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|running| running == program);
            if let Some(peak) = peak(id).filter(|_| runs) {
                peaks.insert(id, peak);
            }
        }
        if let Some(status) = child.try_wait().expect("wait for a program") {
            break status;
        }
        std::thread::sleep(READING);
    };
    assert!(status.code().is_some_and(|code| accepted.contains(&code)), "{}: {status}", program.display());
    peaks.into_values().max().expect("the program was seen")
}

fn peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

fn children(id: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{id}/task")) else { return Vec::new() };
    let lists =
        threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// `0.80 s`.
pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// `60 MB`, of a million bytes.
#[allow(clippy::cast_precision_loss, reason = "figures are shown with three digits")]
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// What the machine does beside.
pub fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg").expect("the load average").trim().to_owned()
}
