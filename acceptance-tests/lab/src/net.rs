//! Network namespaces, links, routes and packet filters, by `ip` and `nft`.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, setns};

pub mod addresses;
pub mod node;
pub mod pod;
pub mod wan;

/// What can go wrong with the network.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tool could not be run.
    #[error("cannot run `{program}` to {act}")]
    Run {
        /// The tool.
        program: &'static str,
        /// What it was to do.
        act: String,
        /// What the system answered.
        source: io::Error,
    },
    /// A tool refused.
    #[error("`{program}` refused to {act}: {message}\n{input}")]
    Refused {
        /// The tool.
        program: &'static str,
        /// What it was to do.
        act: String,
        /// What it said.
        message: String,
        /// What it was given.
        input: String,
    },
    /// A namespace could not be entered.
    #[error("cannot enter the network namespace {}", path.display())]
    Enter {
        /// The namespace.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A kernel parameter could not be set.
    #[error("cannot set {name} to {value}")]
    Sysctl {
        /// The parameter.
        name: String,
        /// Its value.
        value: String,
        /// What the system answered.
        source: io::Error,
    },
    /// All addresses of a range are in use.
    #[error("no address is left in {0}")]
    Exhausted(String),
}

/// A named network namespace, removed when this is dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one.
    pub fn new(name: &str) -> Result<Self, Error> {
        ip(&format!("make the network namespace {name}"), &outside(), &format!("netns add {name}\n"))?;
        Ok(Self { name: name.to_owned() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its file.
    pub fn path(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The end of the jail removes it too.
        let _ = ip("remove a network namespace", &outside(), &format!("netns delete {}\n", self.name));
    }
}

/// The jail's own network namespace, where the bridge is. Threads of the lab may be elsewhere; the first never is.
pub fn outside() -> PathBuf {
    PathBuf::from(format!("/proc/{}/ns/net", std::process::id()))
}

/// Carries out lines of `ip -batch` in a namespace.
pub fn ip(act: &str, namespace: &Path, lines: &str) -> Result<(), Error> {
    feed(act, namespace, &["ip", "-batch", "-"], lines)
}

/// Carries out an nft script in a namespace.
pub fn nft(act: &str, namespace: &Path, script: &str) -> Result<(), Error> {
    feed(act, namespace, &["nft", "-f", "-"], script)
}

fn feed(act: &str, namespace: &Path, command: &[&'static str], input: &str) -> Result<(), Error> {
    let program = command.first().copied().unwrap_or_default();
    let failed = |source| Error::Run { program, act: act.to_owned(), source };
    let mut child = Command::new("nsenter")
        .arg(format!("--net={}", namespace.display()))
        .arg("--")
        .args(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A tool that ends before it has read everything says why on its standard error.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Refused { program, act: act.to_owned(), message, input: input.to_owned() })
}

/// Moves the calling thread into a network namespace. Sockets that it makes stay there, and so do the threads and
/// processes that it starts.
pub fn enter(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Enter { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    setns(file, CloneFlags::CLONE_NEWNET).map_err(|errno| failed(errno.into()))
}

/// Runs `work` on a thread inside a network namespace.
pub fn within<T: Send>(path: &Path, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            enter(path)?;
            Ok(work())
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Sets kernel parameters (`net.ipv4.ip_forward`) of a network namespace.
pub fn sysctl(path: &Path, parameters: &[(String, String)]) -> Result<(), Error> {
    within(path, || {
        for (name, value) in parameters {
            // The kernel shows the parameters of the namespace that the thread is in.
            let file = format!("/proc/sys/{}", name.replace('.', "/"));
            std::fs::write(&file, value).map_err(|source| Error::Sysctl {
                name: name.clone(),
                value: value.clone(),
                source,
            })?;
        }
        Ok(())
    })?
}
