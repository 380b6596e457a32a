//! Ctrl-C during a task that has something to clean up.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::command;
use crate::error::Error;

/// How long an interrupted program may take to end by itself. The terminal interrupts it too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Receives SIGINT and SIGTERM in the task's stead.
pub struct Interrupt {
    runtime: Runtime,
    interrupted: Signal,
    terminated: Signal,
}

impl Interrupt {
    /// From here on the signals no longer end this process.
    pub fn listen() -> Result<Self, Error> {
        let failed = |source| Error::Start { command: "a signal handler".to_owned(), source };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let entered = runtime.enter();
        let interrupted = signal(SignalKind::interrupt()).map_err(failed)?;
        let terminated = signal(SignalKind::terminate()).map_err(failed)?;
        drop(entered);
        Ok(Self { runtime, interrupted, terminated })
    }

    /// Waits for one of the signals.
    pub fn wait(&mut self) {
        let Self { runtime, interrupted, terminated } = self;
        runtime.block_on(received(interrupted, terminated));
    }

    /// Runs a program like [`command::run`]; a signal waits for its end and then is an error.
    pub fn run(&mut self, command: &mut Command) -> Result<(), Error> {
        let line = command::line(command);
        eprintln!("$ {line}");
        let Self { runtime, interrupted, terminated } = self;
        runtime.block_on(async {
            let start = |source| Error::Start { command: line.clone(), source };
            let command = std::mem::replace(command, Command::new(""));
            let mut child = tokio::process::Command::from(command).spawn().map_err(start)?;
            let status = tokio::select! {
                status = child.wait() => status.map_err(start)?,
                () = received(interrupted, terminated) => {
                    if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
                        child.kill().await.map_err(start)?;
                    }
                    return Err(Error::Interrupted);
                }
            };
            if status.success() {
                Ok(())
            } else if status.signal().is_some() {
                // The terminal's Ctrl-C reaches the program too, and perhaps first.
                Err(Error::Interrupted)
            } else {
                Err(Error::Failed { command: line.clone(), status: status.to_string() })
            }
        })
    }
}

async fn received(interrupted: &mut Signal, terminated: &mut Signal) {
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
}
