//! One pod of the node, from its address to its end.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::container::{Phase, Restart, Runner, State, States, Stop};
use super::downward::Facts;
use super::image::{self, Run};
use super::kubelet::{Context, Wanted};
use super::volumes::Volumes;
use super::{status, streaming};
use crate::net;
use crate::net::pod::{PodAddress, PodNetwork};

/// How often volumes are looked at although nothing changed: tokens must be renewed.
const LOOK: Duration = Duration::from_secs(10);
/// The pause after a refused update.
const RETRY: Duration = Duration::from_millis(500);
const GRACE_SECONDS: i64 = 30;

/// What the containers of a pod share.
pub struct Shared {
    pub context: Arc<Context>,
    pub states: States,
    pub volumes: Volumes,
    pub directory: PathBuf,
    pod: RwLock<Arc<Pod>>,
    address: PodAddress,
    network: OnceLock<PodNetwork>,
    grace: AtomicI64,
}

impl Shared {
    /// The pod as the API shows it now.
    pub fn pod(&self) -> Arc<Pod> {
        Arc::clone(&self.pod.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn facts<'a>(&self, pod: &'a Pod) -> Facts<'a> {
        Facts { pod, address: self.address(), node_address: self.context.node_address }
    }

    pub fn address(&self) -> Ipv4Addr {
        self.address.address()
    }

    /// The pod's network namespace; empty if no process needs one.
    pub fn network_namespace(&self) -> PathBuf {
        self.network.get().map(PodNetwork::path).unwrap_or_default()
    }

    /// Where a container's output goes.
    pub fn log(&self, container: &str) -> PathBuf {
        self.directory.join(format!("{container}.log"))
    }

    pub fn name(&self) -> String {
        self.pod().name_any()
    }

    pub fn namespace(&self) -> String {
        self.pod().namespace().unwrap_or_default()
    }

    /// How long the containers may take to end.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace.load(Ordering::Relaxed).unsigned_abs())
    }

    fn set_pod(&self, pod: Arc<Pod>) {
        let of_spec = pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds);
        let seconds = pod.metadata.deletion_grace_period_seconds.or(of_spec).unwrap_or(GRACE_SECONDS);
        self.grace.store(seconds, Ordering::Relaxed);
        *self.pod.write().unwrap_or_else(PoisonError::into_inner) = pod;
    }
}

/// Runs a pod until it is gone.
pub async fn run(context: Arc<Context>, pod: Arc<Pod>, wanted: watch::Receiver<Wanted>) {
    let name = format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
    match prepare(context, pod) {
        Ok(shared) => Worker::new(Arc::new(shared), wanted).run().await,
        Err(error) => tracing::warn!(pod = name, error = crate::chain(&error), "cannot run a pod"),
    }
}

/// Why a pod cannot be run at all.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot make its network")]
    Net(#[from] net::Error),
    #[error("cannot make its directory")]
    Directory(#[from] std::io::Error),
}

fn prepare(context: Arc<Context>, pod: Arc<Pod>) -> Result<Shared, Error> {
    let address = context.addresses.take()?;
    let directory = context.directory.join(pod.uid().unwrap_or_default());
    std::fs::create_dir_all(&directory)?;
    let network = OnceLock::new();
    if containers(&pod).any(needs_process) {
        let parameters = sysctls(&pod);
        // A fresh cell takes what it is given.
        let _ = network.set(PodNetwork::create(context.network.namespace(), address.address(), &parameters)?);
    }
    let states = containers(&pod).map(|it| (it.name.clone(), State::waiting("PodInitializing", "")));
    let shared = Shared {
        states: watch::Sender::new(states.collect()),
        volumes: Volumes::new(directory.join("volumes")),
        directory,
        pod: RwLock::new(Arc::clone(&pod)),
        address,
        network,
        grace: AtomicI64::new(GRACE_SECONDS),
        context,
    };
    shared.set_pod(pod);
    Ok(shared)
}

fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten().chain(&spec.containers))
}

fn needs_process(container: &Container) -> bool {
    let image = container.image.as_deref().unwrap_or_default();
    let run = image::run(image, container.command.as_deref().unwrap_or_default());
    matches!(run, Run::Known(_) | Run::Command)
}

fn sysctls(pod: &Pod) -> Vec<(String, String)> {
    let context = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref());
    let sysctls = context.and_then(|context| context.sysctls.as_ref()).into_iter().flatten();
    sysctls.map(|it| (it.name.clone(), it.value.clone())).collect()
}

/// The task of one pod.
struct Worker {
    shared: Arc<Shared>,
    wanted: watch::Receiver<Wanted>,
    containers: Stop,
    sidecars: CancellationToken,
    published: Option<Value>,
}

impl Worker {
    fn new(shared: Arc<Shared>, wanted: watch::Receiver<Wanted>) -> Self {
        let containers = Stop { gently: CancellationToken::new(), now: CancellationToken::new() };
        Self { shared, wanted, containers, sidecars: CancellationToken::new(), published: None }
    }

    async fn run(mut self) {
        let mut states = self.shared.states.subscribe();
        let mut changes = self.shared.context.stores.changes();
        let mut driver = self.drive();
        let mut over = false;
        self.look_at_pod();
        loop {
            states.borrow_and_update();
            changes.borrow_and_update();
            let published = self.publish().await;
            if over && self.may_go() && published {
                break;
            }
            tokio::select! {
                _ = states.changed() => {}
                _ = self.wanted.changed() => self.look_at_pod(),
                _ = changes.changed() => self.refresh_volumes().await,
                () = tokio::time::sleep(if published { LOOK } else { RETRY }) => self.refresh_volumes().await,
                _ = &mut driver, if !over => over = true,
            }
        }
        self.leave().await;
    }

    /// Starts the containers in their order; ends when all of them are over.
    fn drive(&self) -> JoinHandle<()> {
        let shared = Arc::clone(&self.shared);
        let containers = self.containers.clone();
        let sidecars = Stop { gently: self.sidecars.clone(), now: self.containers.now.clone() };
        tokio::spawn(async move {
            let mut running_sidecars = Vec::new();
            if let Some(running) = start_all(&shared, &containers, &sidecars, &mut running_sidecars).await {
                futures::future::join_all(running).await;
            }
            sidecars.gently.cancel();
            futures::future::join_all(running_sidecars).await;
        })
    }

    fn look_at_pod(&mut self) {
        match self.wanted.borrow_and_update().clone() {
            Wanted::Pod(pod) => {
                let ending = pod.metadata.deletion_timestamp.is_some();
                self.shared.set_pod(pod);
                if ending {
                    self.containers.gently.cancel();
                }
            }
            Wanted::Gone => {
                self.containers.gently.cancel();
                self.sidecars.cancel();
                self.containers.now.cancel();
            }
        }
    }

    fn is_gone(&self) -> bool {
        matches!(*self.wanted.borrow(), Wanted::Gone)
    }

    /// Whether a pod whose containers are over may leave: a finished one stays until somebody deletes it.
    fn may_go(&self) -> bool {
        self.is_gone() || self.shared.pod().metadata.deletion_timestamp.is_some()
    }

    async fn refresh_volumes(&self) {
        let pod = self.shared.pod();
        // What is missing now was there before; the containers keep it, as under a kubelet.
        if let Err(error) = self.shared.volumes.refresh(&self.shared.context, &self.shared.facts(&pod)).await
        {
            tracing::debug!(pod = pod.name_any(), error = crate::chain(&error), "volumes");
        }
    }

    /// Tells the API and kubeletd how the pod is, if that changed; whether they know now.
    async fn publish(&mut self) -> bool {
        let shared = &self.shared;
        let states = shared.states.borrow().clone();
        let known = streaming::Pod {
            netns: shared.network_namespace(),
            containers: states
                .iter()
                .map(|(name, state)| {
                    (name.clone(), streaming::Container { pid: state.pid, log: shared.log(name) })
                })
                .collect(),
        };
        let (namespace, name) = (shared.namespace(), shared.name());
        if let Err(error) = streaming::write(&shared.context.streaming, &namespace, &name, &known) {
            tracing::warn!(pod = name, %error, "cannot tell kubeletd about a pod");
        }
        let pod = shared.pod();
        let composed = status::compose(&shared.facts(&pod), &states, self.published.as_ref());
        if self.is_gone() || self.published.as_ref() == Some(&composed) {
            return true;
        }
        let pods = Api::<Pod>::namespaced(shared.context.client.clone(), &namespace);
        let patch = Patch::Merge(json!({"metadata": {"uid": pod.uid()}, "status": composed}));
        match pods.patch_status(&name, &PatchParams::default(), &patch).await {
            Ok(_) => {
                self.published = Some(composed);
                true
            }
            // The pod is gone, or another one has its name.
            Err(kube::Error::Api(answer)) if matches!(answer.code, 404 | 409) => true,
            Err(error) => {
                if matches!(error, kube::Error::Api(_)) {
                    tracing::warn!(pod = name, %error, "cannot publish a pod's status");
                }
                false
            }
        }
    }

    /// Removes the pod from the API and from the node.
    async fn leave(&self) {
        let shared = &self.shared;
        let (namespace, name) = (shared.namespace(), shared.name());
        streaming::remove(&shared.context.streaming, &namespace, &name);
        let pods = Api::<Pod>::namespaced(shared.context.client.clone(), &namespace);
        let uid = shared.pod().uid();
        let parameters = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions { uid, resource_version: None }),
            ..DeleteParams::default()
        };
        while !self.is_gone() {
            match pods.delete(&name, &parameters).await {
                Ok(_) | Err(kube::Error::Api(_)) => break,
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
        if let Err(error) = std::fs::remove_dir_all(&shared.directory) {
            tracing::debug!(pod = name, %error, "cannot remove a pod's directory");
        }
    }
}

/// Waits for the volumes, runs the init containers and starts the others; nothing if the pod ended before.
async fn start_all(
    shared: &Arc<Shared>,
    stop: &Stop,
    sidecar_stop: &Stop,
    sidecars: &mut Vec<JoinHandle<bool>>,
) -> Option<Vec<JoinHandle<bool>>> {
    wait_for_volumes(shared, stop).await?;
    let pod = shared.pod();
    let spec = pod.spec.as_ref()?;
    let policy = Restart::parse(spec.restart_policy.as_deref());
    let runner = |container: &Container, restart: Restart, stop: &Stop| Runner {
        shared: Arc::clone(shared),
        container: container.clone(),
        restart,
        stop: stop.clone(),
    };
    for container in spec.init_containers.iter().flatten() {
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars.push(tokio::spawn(runner(container, Restart::Always, sidecar_stop).run()));
            wait_until_started(shared, &container.name, stop).await?;
        } else {
            let restart = if policy == Restart::Never { policy } else { Restart::OnFailure };
            if !runner(container, restart, stop).run().await {
                give_up(shared);
                return None;
            }
        }
    }
    let start = |container: &Container| tokio::spawn(runner(container, policy, stop).run());
    Some(spec.containers.iter().map(start).collect())
}

async fn wait_for_volumes(shared: &Shared, stop: &Stop) -> Option<()> {
    let mut changes = shared.context.stores.changes();
    loop {
        changes.borrow_and_update();
        let pod = shared.pod();
        let Err(error) = shared.volumes.refresh(&shared.context, &shared.facts(&pod)).await else {
            return Some(());
        };
        let message = crate::chain(&error);
        shared.states.send_modify(|states| {
            for state in states.values_mut() {
                state.phase =
                    Phase::Waiting { reason: "ContainerCreating".to_owned(), message: message.clone() };
            }
        });
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
            () = stop.gently.cancelled() => {
                give_up(shared);
                return None;
            }
        }
    }
}

async fn wait_until_started(shared: &Shared, container: &str, stop: &Stop) -> Option<()> {
    let mut states = shared.states.subscribe();
    let started = |states: &BTreeMap<String, State>| states.get(container).is_some_and(|it| it.started);
    tokio::select! {
        _ = states.wait_for(started) => Some(()),
        () = stop.gently.cancelled() => {
            give_up(shared);
            None
        }
    }
}

/// Marks the containers that will never start.
fn give_up(shared: &Shared) {
    shared.states.send_modify(|states| {
        for state in states.values_mut().filter(|state| matches!(state.phase, Phase::Waiting { .. })) {
            state.over = true;
        }
    });
}
