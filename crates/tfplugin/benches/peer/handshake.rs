//! From the start of a provider to its handshake.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::identities::ONE;
use crate::process;

/// How long a provider is left alone before its memory is read: what it still starts after the handshake counts.
const SETTLING: Duration = Duration::from_millis(50);

pub struct Started {
    pub microseconds: u64,
    /// In bytes.
    pub resident: u64,
    /// In bytes: pages that several processes share count in parts.
    pub proportional: u64,
}

/// Starts a provider with the environment that Terraform gives it, reads its handshake, and ends it.
pub fn start(program: &Path) -> Started {
    let sockets = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command
        .env("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("PLUGIN_MIN_PORT", "10000")
        .env("PLUGIN_MAX_PORT", "25000")
        .env("PLUGIN_CLIENT_CERT", ONE.pem())
        .env("TMPDIR", sockets.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let began = Instant::now();
    let mut provider = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(provider.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let time = began.elapsed();
    let fields: Vec<&str> = line.trim_end().split('|').collect();
    assert!(
        matches!(fields[..], ["1", "5", "unix", _, "grpc", certificate, ..] if certificate.len() > 50),
        "{line:?}"
    );
    std::thread::sleep(SETTLING);
    let (resident, proportional) = process::memory(provider.id()).unwrap();
    provider.kill().unwrap();
    provider.wait().unwrap();
    Started { microseconds: time.as_micros().try_into().unwrap(), resident, proportional }
}
