//! The lab that runs, and what is written down about it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::Error;
use super::processes::{self, Process};
use crate::parts::{self, Parts};

/// How long the processes of a killed lab may take to go.
const STOP: Duration = Duration::from_secs(20);

/// A lab that was started by `up`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    /// Its process: the one to kill.
    pub pid: u32,
    /// When that process was started.
    started: u64,
    /// Its clusters.
    pub clusters: Vec<String>,
    /// The kubeconfig: a file that is there inside and outside, for addresses that are there only inside.
    pub kubeconfig: PathBuf,
}

impl Running {
    /// Where everything about the running lab is.
    pub fn directory() -> Result<PathBuf, Error> {
        let directory = parts::cache_directory()?.join("run");
        fs::create_dir_all(&directory)?;
        Ok(directory)
    }

    /// The lab that runs.
    pub fn find() -> Result<Option<Self>, Error> {
        let Ok(text) = fs::read(Self::record()?) else { return Ok(None) };
        let running: Self = serde_json::from_slice(&text).map_err(io::Error::from)?;
        Ok(running.runs().then_some(running))
    }

    /// Writes down that a lab runs.
    pub fn new(pid: u32, clusters: &[String]) -> Result<Self, Error> {
        let started = processes::started(pid).unwrap_or_default();
        let kubeconfig = Self::directory()?.join("kubeconfig");
        let running = Self { pid, started, clusters: clusters.to_vec(), kubeconfig };
        fs::write(Self::record()?, serde_json::to_vec(&running).map_err(io::Error::from)?)?;
        Ok(running)
    }

    fn record() -> Result<PathBuf, Error> {
        Ok(Self::directory()?.join("lab.json"))
    }

    /// Whether it still runs, and no other process got its number.
    pub fn runs(&self) -> bool {
        processes::runs(self.pid) && processes::started(self.pid) == Some(self.started)
    }

    /// All its processes.
    pub fn processes(&self) -> io::Result<Vec<Process>> {
        processes::family(self.pid)
    }

    /// The cluster whose files a process was started with.
    pub fn cluster_of(&self, process: &Process) -> &str {
        let belongs = |cluster: &&String| {
            let directory = format!("{}/{cluster}/", crate::jail::STATE);
            process.arguments.iter().any(|argument| argument.contains(&directory))
        };
        self.clusters.iter().find(belongs).map_or("", String::as_str)
    }

    /// Kills it and waits until all its processes are gone.
    pub fn stop(&self) -> Result<(), Error> {
        let family: Vec<u32> = self.processes()?.into_iter().map(|process| process.pid).collect();
        kill(Pid::from_raw(i32::try_from(self.pid).unwrap_or(i32::MAX)), Signal::SIGKILL)
            .map_err(io::Error::from)?;
        let deadline = Instant::now() + STOP;
        loop {
            let left: Vec<u32> = family.iter().copied().filter(|pid| processes::runs(*pid)).collect();
            if left.is_empty() {
                break;
            }
            if Instant::now() > deadline {
                return Err(Error::Left(left));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        for file in [Self::record()?, self.kubeconfig.clone()] {
            if file.exists() {
                fs::remove_file(file)?;
            }
        }
        Ok(())
    }

    /// A command that runs among the clusters, in the directory that this process is in.
    pub fn command(&self, command: &[OsString]) -> Result<Command, Error> {
        // `unshare` stays outside; its child is the first process inside.
        let inside = processes::children(self.pid).first().copied().ok_or(Error::NotUp)?;
        let mut entered = Command::new("nsenter");
        entered.args(["--target", &inside.to_string(), "--net", "--mount", "--pid", "--", "env", "-C"]);
        entered.arg(std::env::current_dir()?).args(command);
        entered.env("KUBECONFIG", &self.kubeconfig).env("PATH", path_with(&Parts::located()?));
        Ok(entered)
    }
}

/// The lab's programs before those of the machine.
fn path_with(parts: &Parts) -> OsString {
    let own = parts.program_directories().into_iter().map(Path::to_owned);
    let machine = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = own.chain(std::env::split_paths(&machine)).collect();
    std::env::join_paths(all).unwrap_or(machine)
}
