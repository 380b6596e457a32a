//! One run of a program: how long it takes and how much memory it takes at its peak.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

/// How often the peak, which the kernel keeps, is read: the last reading is at most this old when the program ends.
const READING: Duration = Duration::from_millis(2);

#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub time: Duration,
    /// In KiB.
    pub memory: u64,
}

impl Run {
    /// The median time and the largest memory.
    pub fn median(mut runs: Vec<Self>) -> Self {
        runs.sort_by_key(|run| run.time);
        let memory = runs.iter().map(|run| run.memory).max().unwrap_or_default();
        Self { memory, ..runs[runs.len() / 2] }
    }
}

/// Runs a program to its end.
///
/// # Panics
/// When the program fails.
pub async fn measured(mut command: Command, name: &str) -> Run {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = Instant::now();
    let child = command.spawn().unwrap();
    let id = child.id().unwrap();
    let reading = tokio::spawn(async move {
        let mut peak = 0;
        while let Some(memory) = peak_of(id) {
            peak = memory.max(peak);
            tokio::time::sleep(READING).await;
        }
        peak
    });
    let output = child.wait_with_output().await.unwrap();
    let time = began.elapsed();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Run { time, memory: reading.await.unwrap() }
}

/// `VmHWM` of a process that still has memory.
fn peak_of(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
