//! Child processes that die with this process, even when it is killed.
//!
//! The kernel sends a child its parent-death signal when the *thread* that started it ends (`prctl(2)`,
//! `PR_SET_PDEATHSIG`). So one thread, which lives as long as the process, starts all of them, and `setpriv`
//! sets the signal.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};

struct Request {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

static SPAWNER: LazyLock<Sender<Request>> = LazyLock::new(|| {
    let (requests, received) = channel::<Request>();
    std::thread::spawn(move || {
        for mut request in received {
            // A requester that has gone away needs no child: dropping it would not end it, so end it here.
            if let Err(unclaimed) = request.reply.send(request.command.spawn())
                && let Ok(mut child) = unclaimed.0
            {
                let _ = child.kill();
            }
        }
    });
    requests
});

/// A command that runs `program` so that it is killed when this process ends. Run it with [`spawn`].
///
/// It leads a process group of its own: Ctrl-C in a terminal reaches this process only, which then decides.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program).process_group(0);
    command
}

/// Starts `command` from the thread that lives as long as this process.
pub fn spawn(command: Command) -> io::Result<Child> {
    let (reply, answer) = channel();
    let gone = |_| io::Error::other("the thread that starts processes has ended");
    SPAWNER.send(Request { command, reply }).map_err(|error| gone(error.to_string()))?;
    answer.recv().map_err(|error| gone(error.to_string()))?
}
