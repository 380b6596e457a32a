//! Probes of a container, from the node as a kubelet makes them.

use std::net::Ipv4Addr;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::exec;

/// What is probed.
pub struct Target<'a> {
    pub container: &'a Container,
    pub address: Ipv4Addr,
    pub pid: u32,
}

/// What a probe says after so many equal results in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    Bad,
}

/// How often a container is asked whether it is ready while it never was. The period is for what comes after: a kubelet, too, probes a
/// container that runs and is not ready again whenever it looks at the pod.
const UNTIL_READY: Duration = Duration::from_secs(1);

/// Probes until `report` returns false; it is called with every verdict.
pub async fn watch(probe: &Probe, target: &Target<'_>, report: impl FnMut(Verdict) -> bool) {
    watch_from(probe, target, Duration::MAX, report).await;
}

/// The same for readiness: until the first good verdict, the pauses are short.
pub async fn watch_readiness(probe: &Probe, target: &Target<'_>, report: impl FnMut(Verdict) -> bool) {
    watch_from(probe, target, UNTIL_READY, report).await;
}

async fn watch_from(
    probe: &Probe,
    target: &Target<'_>,
    until_good: Duration,
    mut report: impl FnMut(Verdict) -> bool,
) {
    let seconds = |value: Option<i32>, default: u64| {
        Duration::from_secs(value.and_then(|value| u64::try_from(value).ok()).unwrap_or(default))
    };
    let success = probe.success_threshold.unwrap_or(1);
    let failure = probe.failure_threshold.unwrap_or(3);
    let limit = seconds(probe.timeout_seconds, 1);
    let period = seconds(probe.period_seconds, 10);
    let (mut good, mut bad, mut was_good) = (0, 0, false);
    sleep(seconds(probe.initial_delay_seconds, 0)).await;
    loop {
        if timeout(limit, check(probe, target)).await.unwrap_or(false) {
            (good, bad) = (good + 1, 0);
        } else {
            (good, bad) = (0, bad + 1);
        }
        let verdict = match (good >= success, bad >= failure) {
            (true, _) => Some(Verdict::Good),
            (_, true) => Some(Verdict::Bad),
            _ => None,
        };
        was_good |= verdict == Some(Verdict::Good);
        if verdict.is_some_and(|verdict| !report(verdict)) {
            return;
        }
        sleep(if was_good { period } else { period.min(until_good) }).await;
    }
}

async fn check(probe: &Probe, target: &Target<'_>) -> bool {
    if let Some(action) = &probe.http_get {
        return http(action, target).await.unwrap_or(false);
    }
    if let Some(action) = &probe.tcp_socket {
        let Some(port) = port(&action.port, target.container) else { return false };
        return TcpStream::connect((target.address, port)).await.is_ok();
    }
    if let Some(action) = &probe.exec {
        return exec::run(target.pid, action.command.as_deref().unwrap_or_default()).await;
    }
    // The lab makes no gRPC calls; that somebody listens is what it can see.
    let grpc = probe.grpc.as_ref().and_then(|action| u16::try_from(action.port).ok());
    match grpc {
        Some(port) => TcpStream::connect((target.address, port)).await.is_ok(),
        None => false,
    }
}

/// Whether the answer to one GET is a success or a redirection.
async fn http(action: &HTTPGetAction, target: &Target<'_>) -> std::io::Result<bool> {
    let Some(port) = port(&action.port, target.container) else { return Ok(false) };
    let host = action.host.clone().unwrap_or_else(|| target.address.to_string());
    let path = action.path.as_deref().unwrap_or("/");
    let mut stream = TcpStream::connect((host.as_str(), port)).await?;
    let own = format!("Host: {host}:{port}\r\nUser-Agent: kube-probe/1.36\r\nConnection: close\r\n");
    let given = action.http_headers.iter().flatten();
    let given: Vec<String> = given.map(|header| format!("{}: {}\r\n", header.name, header.value)).collect();
    let request = format!("GET {path} HTTP/1.1\r\n{own}{}\r\n", given.concat());
    stream.write_all(request.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    Ok(matches!(status[9..], [b'2' | b'3', _, _]))
}

fn port(port: &IntOrString, container: &Container) -> Option<u16> {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            let ports = container.ports.iter().flatten();
            ports.into_iter().find(|port| port.name.as_deref() == Some(name))?.container_port
        }
    };
    u16::try_from(number).ok()
}
