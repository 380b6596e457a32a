//! The process that is the lab: started by `up`, inside a jail, until it is killed.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Error;
use super::running::Running;
use crate::cloud::LoadBalancers;
use crate::{Lab, Spec, jail};

/// Tells the program that it is to be the lab, and which.
const REQUEST: &str = "ISTIO_LAB_SERVE";
const POLL: Duration = Duration::from_millis(25);

/// Which lab to start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The clusters' names.
    pub clusters: Vec<String>,
    /// Whether they share a network.
    pub flat: bool,
    /// Whether load balancers have host names.
    pub host_names: bool,
}

#[derive(Serialize, Deserialize)]
struct Orders {
    request: Request,
    kubeconfig: PathBuf,
}

/// Starts the lab's process and waits until it is ready.
pub fn start(request: &Request) -> Result<Running, Error> {
    let directory = Running::directory()?;
    let kubeconfig = directory.join("kubeconfig");
    let log = directory.join("lab.log");
    if kubeconfig.exists() {
        fs::remove_file(&kubeconfig)?;
    }
    let orders = Orders { request: request.clone(), kubeconfig: kubeconfig.clone() };
    let output = File::create(&log)?;
    let mut child = jail::command(&std::env::current_exe()?)?
        .env(REQUEST, serde_json::to_string(&orders).map_err(io::Error::from)?)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0)
        .spawn()?;
    // Before it is ready, so that `down` also stops one whose `up` was interrupted.
    let running = Running::new(child.id(), &request.clusters)?;
    while !kubeconfig.exists() {
        if child.try_wait()?.is_some() {
            return Err(Error::DidNotStart { log: fs::read_to_string(&log)? });
        }
        std::thread::sleep(POLL);
    }
    Ok(running)
}

/// If this process was started to be the lab, is it until it is killed; otherwise returns nothing. Call it first in
/// `main`.
pub fn serve_if_asked() -> Option<ExitCode> {
    let orders = std::env::var(REQUEST).ok()?;
    let own = tracing_subscriber::EnvFilter::new("lab=info");
    tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(own).init();
    let error = match serde_json::from_str::<Orders>(&orders) {
        Ok(orders) => serve(&orders),
        Err(error) => error.to_string(),
    };
    tracing::error!("{error}");
    Some(ExitCode::FAILURE)
}

fn serve(orders: &Orders) -> String {
    let Request { clusters, flat, host_names } = &orders.request;
    let names: Vec<&str> = clusters.iter().map(String::as_str).collect();
    let mut spec = if *flat { Spec::flat(&names) } else { Spec::isolated(&names) };
    if *host_names {
        for cluster in &mut spec.clusters {
            cluster.load_balancers = LoadBalancers::HostName(1);
        }
    }
    let lab = match Lab::start(&spec) {
        Ok(lab) => lab,
        Err(error) => return crate::chain(&error),
    };
    if let Err(error) = publish(&lab.kubeconfig(), &orders.kubeconfig) {
        return crate::chain(&error);
    }
    loop {
        std::thread::park();
    }
}

/// Puts the kubeconfig where it is seen from outside too, whole or not at all: it says that the lab is ready.
fn publish(from: &Path, to: &Path) -> io::Result<()> {
    let unfinished = to.with_extension("new");
    fs::copy(from, &unfinished)?;
    fs::rename(unfinished, to)
}
