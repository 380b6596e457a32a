//! What the kernel knows of processes.

use std::fs;
use std::path::Path;

/// Whether a process runs the program. Before it does, it is a copy of whoever starts it, memory included.
pub fn runs(id: u32, program: &Path) -> bool {
    fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|running| running == program)
}

/// Resident memory of a process and its share of it, in bytes.
pub fn memory(id: u32) -> Option<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    Some((line(&text, "Rss:")?, line(&text, "Pss:")?))
}

/// The most memory that a process had so far, in bytes.
pub fn peak(id: u32) -> Option<u64> {
    line(&fs::read_to_string(format!("/proc/{id}/status")).ok()?, "VmHWM:")
}

fn line(text: &str, name: &str) -> Option<u64> {
    let kib: u64 =
        text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// How long the threads of a process have run, in microseconds.
pub fn busy(id: u32) -> Option<u64> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{id}/task")).ok()? {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(nanoseconds / 1000)
}

/// The processes that a process has started and that are still there.
pub fn children(id: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else {
        return Vec::new();
    };
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}
