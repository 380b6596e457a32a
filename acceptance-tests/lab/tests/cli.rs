//! Labs by hand: two at once with the same addresses, and nothing left of either.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use lab::parts::{self, Part};

/// A lab that has the parts of the common cache and a record of its own.
struct Hand {
    cache: tempfile::TempDir,
}

impl Hand {
    fn new() -> Self {
        let cache = tempfile::tempdir().unwrap();
        // A missing part fails here, with the command that builds it.
        parts::find(Part::KubeApiserver).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        symlink(parts::cache_directory().unwrap().join("parts"), cache.path().join("parts")).unwrap();
        Self { cache }
    }

    fn lab(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_lab"))
            .args(arguments)
            .env("ISTIO_LAB_CACHE", self.cache.path())
            .output()
            .unwrap()
    }

    /// The output of a command that must succeed.
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.lab(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The process ids that `status` shows.
    fn processes(&self) -> Vec<u32> {
        let status = self.text(&["status"]);
        status.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        // Only a failed test leaves one running.
        self.lab(&["down"]);
    }
}

#[test]
fn without_root_a_lab_says_that_it_needs_it() {
    let hand = Hand::new();
    let output = Command::new("unshare")
        .args(["--user", env!("CARGO_BIN_EXE_lab"), "up"])
        .env("ISTIO_LAB_CACHE", hand.cache.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("the lab needs root"), "{message}");
}

/// Whether a process is there and no zombie.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn machine() -> Vec<PathBuf> {
    let mut seen = Vec::new();
    for directory in ["/run/netns", "/run/lab", "/sys/class/net"] {
        if let Ok(entries) = Path::new(directory).read_dir() {
            seen.extend(entries.map(|entry| entry.unwrap().path()));
        }
    }
    seen.sort();
    seen
}

#[test]
fn two_labs_run_side_by_side_and_nothing_is_left_of_them() {
    let before = machine();
    let (first, second) = (Hand::new(), Hand::new());
    first.text(&["up", "alone"]);
    second.text(&["up", "alone"]);
    assert_eq!(machine(), before, "a lab is seen from outside");

    let create = ["exec", "--", "kubectl", "create", "configmap", "mine"];
    first.text(&create);
    let names = ["exec", "--", "kubectl", "get", "configmaps", "-o", "name"];
    assert!(first.text(&names).contains("configmap/mine"));
    assert!(!second.text(&names).contains("configmap/mine"), "the labs are the same");
    let refused = first.lab(&["up", "alone"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a lab is running already"));
    assert_eq!(first.lab(&["exec", "--", "sh", "-c", "exit 7"]).status.code(), Some(7));

    let processes = first.processes();
    assert!(processes.len() >= 9, "{processes:?}");
    first.text(&["down"]);
    assert!(!processes.iter().any(|pid| runs(*pid)), "a process is left");
    let absent = first.lab(&["status"]);
    assert!(String::from_utf8_lossy(&absent.stderr).contains("no lab is running"));

    let processes = second.processes();
    let killed = Command::new("kill").args(["-KILL", &processes[0].to_string()]).status().unwrap();
    assert!(killed.success());
    let deadline = Instant::now() + Duration::from_secs(10);
    while processes.iter().any(|pid| runs(*pid)) {
        assert!(Instant::now() < deadline, "10 s after the kill a process is left");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(machine(), before);
}
