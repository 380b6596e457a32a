//! One server process: started, stopped, killed, frozen and started again by tests.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::spawner;

/// How long a stopped process may take before it is killed.
const STOP: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

/// What can go wrong with a component.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process could not be started.
    #[error("cannot start {name} ({})", program.display())]
    Start {
        /// The component.
        name: String,
        /// Its binary.
        program: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A signal could not be sent.
    #[error("cannot send {signal} to {name}")]
    Signal {
        /// The component.
        name: String,
        /// The signal.
        signal: Signal,
        /// What the system answered.
        source: nix::Error,
    },
    /// The process was asked for something while it was not running.
    #[error("{name} is not running; the end of its log:\n{log}")]
    NotRunning {
        /// The component.
        name: String,
        /// The last lines it wrote.
        log: String,
    },
}

/// One server process and how to start it.
pub struct Component {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    network_namespace: Option<PathBuf>,
    log: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Component {
    /// A component that is not started yet; `log` gets all its output.
    pub fn new(name: &str, program: &Path, arguments: Vec<String>, log: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments,
            environment: Vec::new(),
            network_namespace: None,
            log,
            child: Mutex::new(None),
        }
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn with_environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs the process in the network namespace at `path` instead of ours.
    #[must_use]
    pub fn in_network_namespace(mut self, path: &Path) -> Self {
        self.network_namespace = Some(path.to_owned());
        self
    }

    /// The component's name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Starts the process unless it runs.
    pub fn start(&self) -> Result<(), Error> {
        let mut child = self.lock();
        if child.as_mut().is_some_and(is_running) {
            return Ok(());
        }
        *child = Some(self.spawn().map_err(|source| Error::Start {
            name: self.name.clone(),
            program: self.program.clone(),
            source,
        })?);
        Ok(())
    }

    fn spawn(&self) -> io::Result<Child> {
        let output = File::options().create(true).append(true).open(&self.log)?;
        let mut command = match &self.network_namespace {
            // Not `ip netns exec`: it also leaves our mount namespace.
            Some(namespace) => {
                let mut command = spawner::command("nsenter");
                command.arg(format!("--net={}", namespace.display())).arg("--").arg(&self.program);
                command
            }
            None => spawner::command(&self.program),
        };
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        spawner::spawn(command)
    }

    /// Asks the process to end (SIGTERM), kills it after five seconds, and waits until it is gone.
    pub fn stop(&self) {
        let mut slot = self.lock();
        let Some(child) = slot.as_mut() else { return };
        if let Some(pid) = pid_of(child) {
            // A frozen process takes no SIGTERM; that it may be gone already is no error.
            let _ = kill(pid, Signal::SIGCONT);
            let _ = kill(pid, Signal::SIGTERM);
        }
        let deadline = Instant::now() + STOP;
        while is_running(child) && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
        let _ = child.kill();
        let _ = child.wait();
        *slot = None;
    }

    /// Kills the process (SIGKILL) and waits until it is gone.
    pub fn kill(&self) {
        if let Some(mut child) = self.lock().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops the process from running without ending it (SIGSTOP): its connections stay open and silent. Returns when
    /// every thread has stopped, which one on another processor does a moment after the signal.
    pub fn freeze(&self) -> Result<(), Error> {
        self.signal(Signal::SIGSTOP)?;
        let deadline = Instant::now() + STOP;
        while self.pid().is_some_and(|pid| !is_stopped(pid)) && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Lets a frozen process run again.
    pub fn thaw(&self) -> Result<(), Error> {
        self.signal(Signal::SIGCONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), Error> {
        let pid = self.pid().ok_or_else(|| self.not_running())?;
        let pid = Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX));
        kill(pid, signal).map_err(|source| Error::Signal { name: self.name.clone(), signal, source })
    }

    /// The process id, if it runs.
    pub fn pid(&self) -> Option<u32> {
        let mut child = self.lock();
        child.as_mut().and_then(|child| is_running(child).then(|| child.id()))
    }

    /// An error, with the end of the log, if the process has ended.
    pub fn check(&self) -> Result<(), Error> {
        if self.pid().is_some() { Ok(()) } else { Err(self.not_running()) }
    }

    fn not_running(&self) -> Error {
        Error::NotRunning { name: self.name.clone(), log: self.log_tail(15) }
    }

    /// The last `lines` lines of its output.
    pub fn log_tail(&self, lines: usize) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Component {
    fn drop(&mut self) {
        self.kill();
    }
}

fn is_running(child: &mut Child) -> bool {
    matches!(child.try_wait(), Ok(None))
}

/// Whether no thread of the process runs (`T` behind its name in `/proc/<pid>/task/<tid>/stat`).
fn is_stopped(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with(['T', 'Z', 'X']))
    })
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().map(Pid::from_raw)
}
