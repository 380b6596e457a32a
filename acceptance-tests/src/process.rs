//! Processes that tests send signals to.

use std::path::PathBuf;
use std::process::Command;

/// The name of the provider's process, as far as the kernel keeps names.
const PROVIDER: &str = "(terraform-provi";

/// A process of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(u32);

impl Process {
    /// The process with this id.
    pub fn of(id: u32) -> Self {
        Self(id)
    }

    /// Sends a signal, such as `-INT`; whether the process was still there.
    pub fn signal(self, signal: &str) -> bool {
        let sent = Command::new("kill").args([signal, &self.0.to_string()]).status();
        sent.expect("run kill").success()
    }

    /// Whether it has not ended, or nobody knows yet that it has.
    pub fn exists(self) -> bool {
        PathBuf::from(format!("/proc/{}", self.0)).exists()
    }

    /// The provider that this Terraform has started.
    pub fn provider(self) -> Option<Self> {
        let processes = std::fs::read_dir("/proc").expect("list the processes");
        let mut ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_provider = |id: &u32| {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let Some((name, rest)) = stat.rsplit_once(") ") else { return false };
            name.contains(PROVIDER) && rest.split(' ').nth(1) == Some(&self.0.to_string())
        };
        ids.find(is_provider).map(Self)
    }
}
