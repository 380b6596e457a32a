//! A process tree with its own network, mounts and process ids, of which a kill leaves nothing.
//!
//! [`enter`] runs this program again as a descendant of `unshare` (util-linux), which takes this process's place: whoever
//! kills that one process ends everything, and what was mounted, linked and written in memory goes with it. Two jails
//! see nothing of each other, so two labs with identical addresses run side by side.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Set for the program that runs inside.
const INSIDE: &str = "ISTIO_LAB_JAIL";

/// Where the lab keeps its state inside a jail: in memory, and nobody outside sees it.
pub const STATE: &str = "/run/lab";

/// The first process inside. A shell stays it, so that orphans are reaped and the program itself is an ordinary
/// process, for which Ctrl-C works. Everything below /run is new: `ip netns` mounts its files there, and iptables
/// keeps its lock there.
const FIRST: &str = r#"
set -e
mount -t tmpfs -o mode=755 lab /run
mkdir /run/netns /run/lab
ip link set lo up
set +e
"$0" "$@"
exit $?
"#;

/// Why a jail cannot be entered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Only root may make the namespaces.
    #[error(
        "the lab needs root: it makes network, mount and process namespaces. Run the tests as root, for example \
         with `sudo --preserve-env=PATH,HOME`"
    )]
    NotRoot,
    /// The program cannot find itself.
    #[error("cannot find this program to run it inside the jail")]
    Program(#[source] io::Error),
    /// `unshare` cannot be run.
    #[error("cannot run `unshare`, which is part of util-linux")]
    Unshare(#[source] io::Error),
    /// The namespaces are there but not as they should be.
    #[error("this is not a jail: {STATE} is not there although {INSIDE} is set")]
    Broken,
}

/// Makes sure that this program runs inside a jail: returns if it does, else takes its own place with the jail and
/// this program inside it. Call it first in `main`.
pub fn enter() -> Result<(), Error> {
    if is_inside() {
        return if Path::new(STATE).is_dir() { Ok(()) } else { Err(Error::Broken) };
    }
    let program = std::env::current_exe().map_err(Error::Program)?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    Err(Error::Unshare(command(&program)?.args(arguments).exec()))
}

/// Whether this process is inside a jail.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// A command that runs `program` inside a jail of its own. Its process is the one to kill.
pub fn command(program: &Path) -> Result<Command, Error> {
    if !nix::unistd::geteuid().is_root() {
        return Err(Error::NotRoot);
    }
    let mut command = Command::new("unshare");
    command
        .args([
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--",
            "sh",
            "-c",
            FIRST,
        ])
        .arg(program)
        .env(INSIDE, "1");
    Ok(command)
}
