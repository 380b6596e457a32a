//! A container's process: in the pod's network, with its own mounts and host name.
//!
//! Each has a thread, which enters the namespaces, starts the process and waits for it; only threads can do that
//! without `unsafe`, and a thread can unshare mounts and host name for itself alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, chroot, sethostname};
use tokio::sync::oneshot;

use super::rootfs::{self, Root};
use crate::net;

/// What a process is started with.
#[derive(Debug, Clone)]
pub struct Spec {
    pub network_namespace: PathBuf,
    pub root: Root,
    pub host_name: String,
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub user: u32,
    pub group: u32,
    pub working_directory: String,
    pub log: PathBuf,
}

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pod names no program.
    #[error("there is no command to run")]
    NoCommand,
    /// The network namespace.
    #[error("cannot enter the pod's network")]
    Net(#[from] net::Error),
    /// The file system.
    #[error("cannot make the file system")]
    Root(#[from] rootfs::Error),
    /// The other namespaces, or the log.
    #[error("cannot prepare the container")]
    Prepare(#[from] io::Error),
    /// The program.
    #[error("cannot run {program}")]
    Run {
        /// The program.
        program: String,
        /// What the system answered.
        source: io::Error,
    },
    /// The thread ended without a word.
    #[error("the container's thread ended")]
    Thread,
}

/// A running process; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// Its process id, which also names its process group.
    pub pid: u32,
    exit: oneshot::Receiver<i32>,
    ended: Option<i32>,
}

impl Running {
    /// Waits for the end and gives the exit code, 128 and the signal's number after a signal.
    pub async fn exited(&mut self) -> i32 {
        if let Some(code) = self.ended {
            return code;
        }
        // The thread waits for the process, so it can only end without a word if it panicked.
        let code = (&mut self.exit).await.unwrap_or(255);
        self.ended = Some(code);
        code
    }

    /// Asks the process to end.
    pub fn terminate(&self) {
        // It may have ended meanwhile.
        let _ = kill(self.group(), Signal::SIGTERM);
    }

    /// Kills the process and what it started.
    pub fn kill(&self) {
        let _ = killpg(self.group(), Signal::SIGKILL);
    }

    fn group(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.pid).unwrap_or(i32::MAX))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Once it has ended its number may be another's.
        if self.ended.is_none() {
            self.kill();
        }
    }
}

/// Starts a process.
pub async fn start(spec: Spec) -> Result<Running, Error> {
    let (started, starting) = oneshot::channel();
    let (exited, exit) = oneshot::channel();
    std::thread::Builder::new().name("container".to_owned()).spawn(move || {
        let mut child = match spawn(&spec) {
            Ok(child) => child,
            Err(error) => {
                let _ = started.send(Err(error));
                return;
            }
        };
        let pid = child.id();
        let _ = started.send(Ok(pid));
        let code =
            child.wait().map_or(255, |status| status.code().unwrap_or(128 + status.signal().unwrap_or(0)));
        // What it leaves behind is not to outlive the container.
        let _ = killpg(Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX)), Signal::SIGKILL);
        let _ = exited.send(code);
    })?;
    let pid = starting.await.map_err(|_| Error::Thread)??;
    Ok(Running { pid, exit, ended: None })
}

fn spawn(spec: &Spec) -> Result<std::process::Child, Error> {
    let (program, arguments) = spec.arguments.split_first().ok_or(Error::NoCommand)?;
    let output = File::options().create(true).append(true).open(&spec.log)?;
    net::enter(&spec.network_namespace)?;
    let own = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWUTS;
    unshare(own).map_err(io::Error::from)?;
    sethostname(&spec.host_name).map_err(io::Error::from)?;
    spec.root.make()?;
    chroot(&spec.root.directory).map_err(io::Error::from)?;
    std::env::set_current_dir("/")?;
    Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(&spec.environment)
        .current_dir(&spec.working_directory)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .uid(spec.user)
        .gid(spec.group)
        .process_group(0)
        .spawn()
        .map_err(|source| Error::Run { program: program.clone(), source })
}
