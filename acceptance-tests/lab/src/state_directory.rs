//! A directory in memory that is removed when its owner ends, even when it is killed.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where Linux mounts a tmpfs for everybody.
const MEMORY: &str = "/dev/shm";

/// The guard waits for the end of its standard input, which is the end of this process, and removes the
/// directory; other processes that die at the same moment may still write, hence the loop.
const GUARD: &str = r#"trap '' INT TERM HUP; read -r _; until rm -rf "$0"; do sleep 0.1; done"#;

/// A directory on tmpfs for the state of test servers.
#[derive(Debug)]
pub struct StateDirectory {
    path: PathBuf,
    guard: Child,
}

impl StateDirectory {
    /// Makes an empty directory, on tmpfs where the machine has one.
    pub fn new() -> io::Result<Self> {
        let memory = Path::new(MEMORY);
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = tempfile::Builder::new().prefix("istio-lab-").tempdir_in(parent)?.keep();
        let guard = Command::new("sh")
            .args(["-c", GUARD])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { path, guard })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for StateDirectory {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
