//! The processes of this machine, from /proc.

use std::collections::BTreeMap;
use std::fs;
use std::io;

/// One process.
#[derive(Debug, Clone)]
pub struct Process {
    pub pid: u32,
    /// Its command line.
    pub arguments: Vec<String>,
    /// Its proportional share of memory in KiB.
    pub memory_kib: u64,
}

impl Process {
    /// The program's name.
    pub fn program(&self) -> &str {
        self.arguments.first().map_or("", |program| program.rsplit('/').next().unwrap_or(program))
    }
}

/// A process and all that came from it, as far as they still run.
pub fn family(root: u32) -> io::Result<Vec<Process>> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(stat) = Stat::read(pid).filter(|stat| stat.state != 'Z') {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        found.extend(read(pid));
        open.extend(children.get(&pid).into_iter().flatten());
    }
    found.sort_by_key(|process| process.pid);
    Ok(found)
}

/// Whether a process runs: a zombie does not.
pub fn runs(pid: u32) -> bool {
    Stat::read(pid).is_some_and(|stat| stat.state != 'Z')
}

/// When a process was started, in the kernel's own ticks: what tells it from a later one with the same number.
pub fn started(pid: u32) -> Option<u64> {
    Stat::read(pid).map(|stat| stat.started)
}

/// The children of a process.
pub fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

fn read(pid: u32) -> Option<Process> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let arguments = line.split_terminator('\0').map(str::to_owned).collect();
    let memory = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let memory = memory.lines().find_map(|line| line.strip_prefix("Pss:"));
    let memory_kib = memory.and_then(|it| it.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    Some(Process { pid, arguments, memory_kib })
}

/// What /proc/PID/stat says.
struct Stat {
    state: char,
    parent: u32,
    started: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before it is in parentheses and may hold anything.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}
