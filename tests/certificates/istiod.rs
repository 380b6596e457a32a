//! istiod's own packages, in a program of the lab.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab::parts::{Part, find};
use serde::Deserialize;
use serde_json::json;

pub struct Istiod {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What istiod and programs in Go make of a Secret.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// Why istiod does not start, or does not sign.
    pub istiod: String,
    /// Why a program in Go does not accept what it signs.
    pub agents: String,
    /// What a workload gets.
    pub chain: String,
    pub key: String,
}

impl Istiod {
    pub fn start() -> Self {
        let program = find(Part::CertificateOracle).unwrap_or_else(|error| panic!("{error}"));
        let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let requests = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, requests, answers }
    }

    pub fn judge(
        &mut self,
        files: &BTreeMap<String, Vec<u8>>,
        trust_domain: &str,
        namespace: &str,
    ) -> Answer {
        let files: BTreeMap<&String, String> =
            files.iter().map(|(name, content)| (name, STANDARD.encode(content))).collect();
        let request = json!({"files": files, "trustDomain": trust_domain, "namespace": namespace});
        writeln!(self.requests, "{request}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }
}

impl Drop for Istiod {
    fn drop(&mut self) {
        // The program ends with its input anyway.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
