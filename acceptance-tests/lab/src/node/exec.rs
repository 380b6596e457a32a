//! Commands inside a running container: probes and lifecycle hooks.

use std::process::Stdio;

use tokio::process::Command;

/// Runs a command in the namespaces and the file system of a container's process; whether it succeeded.
pub async fn run(pid: u32, command: &[String]) -> bool {
    let status = Command::new("nsenter")
        .args(["--target", &pid.to_string(), "--mount", "--net", "--uts", "--root", "--wd", "--"])
        .args(command)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await;
    status.is_ok_and(|status| status.success())
}
