//! One container from its first start to its last end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, LifecycleHandler};
use k8s_openapi::jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::image::{self, Run};
use super::pod::Shared;
use super::probes::{self, Target, Verdict};
use super::process::{self, Running};
use super::{env, exec};

mod launch;

/// The longest pause before a container that keeps ending is started again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What a container is for its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    Always,
    OnFailure,
    Never,
}

impl Restart {
    pub fn parse(policy: Option<&str>) -> Self {
        match policy {
            Some("Never") => Self::Never,
            Some("OnFailure") => Self::OnFailure,
            _ => Self::Always,
        }
    }
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Termination {
    pub exit_code: i32,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
}

/// What a container does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    Waiting { reason: String, message: String },
    Running { since: Timestamp },
    Terminated(Termination),
}

/// All that is known of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub phase: Phase,
    /// How it ended the time before.
    pub last: Option<Termination>,
    pub restarts: i32,
    pub started: bool,
    pub ready: bool,
    /// It will not be started again.
    pub over: bool,
    pub pid: Option<u32>,
}

impl State {
    /// A container that has not been started.
    pub fn waiting(reason: &str, message: &str) -> Self {
        let phase = Phase::Waiting { reason: reason.to_owned(), message: message.to_owned() };
        Self { phase, last: None, restarts: 0, started: false, ready: false, over: false, pid: None }
    }

    /// The exit code of a container that has ended for good.
    pub fn result(&self) -> Option<i32> {
        match &self.phase {
            Phase::Terminated(termination) if self.over => Some(termination.exit_code),
            _ => None,
        }
    }
}

/// The states of a pod's containers by name.
pub type States = watch::Sender<BTreeMap<String, State>>;

/// What ends a container.
#[derive(Clone)]
pub struct Stop {
    /// It is to end, and may take its time.
    pub gently: CancellationToken,
    /// It is to end now.
    pub now: CancellationToken,
}

/// One container and its pod.
pub struct Runner {
    pub shared: Arc<Shared>,
    pub container: Container,
    pub restart: Restart,
    pub stop: Stop,
}

impl Runner {
    /// Runs the container until it is over; whether it ended well.
    pub async fn run(self) -> bool {
        let image = self.container.image.as_deref().unwrap_or_default();
        let command = self.container.command.as_deref().unwrap_or_default();
        let well = match image::run(image, command) {
            Run::Unpullable => self.wait_for_image(image).await,
            Run::Fake => self.pretend().await,
            Run::Known(_) | Run::Command => self.run_process().await,
        };
        self.update(|state| (state.over, state.ready, state.pid) = (true, false, None));
        well
    }

    async fn wait_for_image(&self, image: &str) -> bool {
        let message = format!("Back-off pulling image \"{image}\": the lab cannot pull it");
        self.wait("ImagePullBackOff", &message);
        self.stop.gently.cancelled().await;
        false
    }

    /// Counts as running and ready; one that is to end by itself ends at once.
    async fn pretend(&self) -> bool {
        let started_at = Timestamp::now();
        if self.restart == Restart::Always {
            self.update(|state| {
                state.phase = Phase::Running { since: started_at };
                (state.started, state.ready) = (true, true);
            });
            self.stop.gently.cancelled().await;
        }
        self.terminated(0, started_at);
        true
    }

    async fn run_process(&self) -> bool {
        let mut pause = FIRST_PAUSE;
        loop {
            let started_at = Timestamp::now();
            let code = match self.run_once(started_at).await {
                Ok(code) => code,
                // A stop while it still waited for what it needs.
                Err(Stopped) => return false,
            };
            self.terminated(code, started_at);
            let again = match self.restart {
                Restart::Always => true,
                Restart::OnFailure => code != 0,
                Restart::Never => false,
            };
            if !again || self.stop.gently.is_cancelled() {
                return code == 0;
            }
            self.update(|state| {
                if let Phase::Terminated(termination) = &state.phase {
                    state.last = Some(termination.clone());
                }
            });
            self.wait(
                "CrashLoopBackOff",
                &format!("back-off {} ms restarting the container", pause.as_millis()),
            );
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.gently.cancelled() => return false,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            self.update(|state| state.restarts += 1);
        }
    }

    /// One start and one end; the exit code.
    async fn run_once(&self, started_at: Timestamp) -> Result<i32, Stopped> {
        let mut running = match self.start().await? {
            Ok(running) => running,
            Err(error) => {
                self.write_log(&crate::chain(&error));
                return Ok(128);
            }
        };
        self.update(|state| {
            state.phase = Phase::Running { since: started_at };
            state.pid = Some(running.pid);
        });
        let lifecycle = self.container.lifecycle.as_ref();
        if let Some(hook) = lifecycle.and_then(|lifecycle| lifecycle.post_start.as_ref()) {
            run_hook(hook, running.pid).await;
        }
        let pid = running.pid;
        let code = tokio::select! {
            code = running.exited() => code,
            () = self.probe(pid) => self.end(running).await,
            () = self.stop.gently.cancelled() => self.end(running).await,
            () = self.stop.now.cancelled() => self.end(running).await,
        };
        self.update(|state| (state.started, state.ready, state.pid) = (false, false, None));
        Ok(code)
    }

    /// Starts the process as soon as its environment can be had.
    async fn start(&self) -> Result<Result<Running, process::Error>, Stopped> {
        let mut changes = self.shared.context.stores.changes();
        loop {
            changes.borrow_and_update();
            match launch::spec(&self.shared, &self.container) {
                Ok(spec) => return Ok(process::start(spec).await),
                Err(error) => self.wait("CreateContainerConfigError", &crate::chain(&error)),
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = self.stop.gently.cancelled() => return Err(Stopped),
            }
        }
    }

    /// Runs the hook, asks the process to end, and kills it when its time is over.
    async fn end(&self, mut running: Running) -> i32 {
        let grace = self.shared.grace();
        let gently = async {
            let lifecycle = self.container.lifecycle.as_ref();
            if let Some(hook) = lifecycle.and_then(|lifecycle| lifecycle.pre_stop.as_ref()) {
                run_hook(hook, running.pid).await;
            }
            running.terminate();
            running.exited().await
        };
        let ended = tokio::select! {
            ended = timeout(grace, gently) => ended.ok(),
            () = self.stop.now.cancelled() => None,
        };
        if let Some(code) = ended {
            return code;
        }
        running.kill();
        running.exited().await
    }

    /// Probes the container; returns when it must be restarted.
    async fn probe(&self, pid: u32) {
        let target = Target { container: &self.container, address: self.shared.address(), pid };
        if let Some(probe) = &self.container.startup_probe {
            let mut verdict = Verdict::Bad;
            probes::watch(probe, &target, |seen| {
                verdict = seen;
                false
            })
            .await;
            if verdict == Verdict::Bad {
                return;
            }
        }
        let unprobed = self.container.readiness_probe.is_none();
        self.update(|state| (state.started, state.ready) = (true, unprobed));
        let readiness = async {
            if let Some(probe) = &self.container.readiness_probe {
                probes::watch_readiness(probe, &target, |verdict| {
                    self.update(|state| state.ready = verdict == Verdict::Good);
                    true
                })
                .await;
            }
            std::future::pending::<()>().await;
        };
        let liveness = async {
            match &self.container.liveness_probe {
                Some(probe) => probes::watch(probe, &target, |verdict| verdict == Verdict::Good).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = readiness => {}
            () = liveness => {}
        }
    }

    fn wait(&self, reason: &str, message: &str) {
        self.update(|state| {
            state.phase = Phase::Waiting { reason: reason.to_owned(), message: message.to_owned() };
        });
    }

    fn terminated(&self, exit_code: i32, started_at: Timestamp) {
        let termination = Termination { exit_code, started_at, finished_at: Timestamp::now() };
        self.update(|state| state.phase = Phase::Terminated(termination));
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        self.shared.states.send_if_modified(|states| {
            let Some(state) = states.get_mut(&self.container.name) else { return false };
            let before = state.clone();
            change(state);
            *state != before
        });
    }

    fn write_log(&self, text: &str) {
        use std::io::Write as _;
        let log = self.shared.log(&self.container.name);
        // The message is also what the exit code stands for; a log that cannot be written changes nothing.
        if let Ok(mut file) = std::fs::File::options().create(true).append(true).open(log) {
            let _ = writeln!(file, "lab: {text}");
        }
    }
}

/// The container was stopped before it ran.
struct Stopped;

async fn run_hook(hook: &LifecycleHandler, pid: u32) {
    if let Some(action) = &hook.exec {
        exec::run(pid, action.command.as_deref().unwrap_or_default()).await;
    }
    if let Some(action) = &hook.sleep {
        sleep(Duration::from_secs(action.seconds.unsigned_abs())).await;
    }
}
