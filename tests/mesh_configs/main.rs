//! What the provider takes of Istio's mesh configuration is what istiod takes: both read the same documents.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod documents;

use std::io::Write as _;
use std::process::{Command, Stdio};

use documents::{ACCEPTED, Case, DIFFERENCES, Difference, REFUSED};
use istio_provider::mesh_config::{self, Document};
use serde_json::{Value, json};

/// The minor release of the Istio that the lab is built from.
const MINOR: u64 = 31;

fn document(name: &str) -> Document {
    let all = [Document::MeshConfig, Document::MeshNetworks, Document::ProxyConfig];
    all.into_iter().find(|document| document.name() == name).unwrap()
}

/// What istiod's own packages say of each document: what it then runs, or why it drops the document.
fn of_istiod(cases: &[&Case]) -> Vec<Result<Value, String>> {
    let program =
        lab::parts::find(lab::parts::Part::MeshConfigOracle).unwrap_or_else(|error| panic!("{error}"));
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let questions =
        cases.iter().map(|case| json!({"document": case.document, "text": case.text}).to_string());
    let questions = questions.collect::<Vec<_>>().join("\n");
    child.stdin.take().unwrap().write_all(questions.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers = answers.lines().map(|line| {
        let answer: Value = serde_json::from_str(line).unwrap();
        answer["error"].as_str().map_or_else(|| Ok(answer["running"].clone()), |error| Err(error.to_owned()))
    });
    answers.collect()
}

fn parsed(text: &str) -> Value {
    helm_template::yaml::parse(text).unwrap()
}

/// The paths of what the provider refuses.
fn of_provider(case: &Case) -> Vec<String> {
    let findings = mesh_config::read(document(case.document), MINOR, &parsed(case.text)).findings;
    let refused = findings.iter().filter(|finding| !finding.problem.is_warning());
    refused.map(|finding| finding.path.to_string()).collect()
}

fn difference(case: &Case) -> Option<&'static Difference> {
    DIFFERENCES.iter().find(|difference| difference.text == case.text)
}

#[test]
fn the_provider_refuses_what_istiod_drops_and_nothing_else() {
    let cases: Vec<&Case> = ACCEPTED.iter().chain(REFUSED).collect();
    assert!(ACCEPTED.len() >= 30 && REFUSED.len() >= 30, "{} and {}", ACCEPTED.len(), REFUSED.len());
    let mut wrong = Vec::new();
    for (case, istiod) in cases.iter().zip(of_istiod(&cases)) {
        let is_refused = REFUSED.iter().any(|refused| refused.text == case.text);
        if is_refused != istiod.is_err() {
            wrong.push(format!("istiod on {:?}: {istiod:?}", case.text));
        }
        let ours = of_provider(case);
        let is_other = ours.is_empty() == istiod.is_err();
        match difference(case) {
            None if is_other => wrong.push(format!("{:?}: {ours:?}, istiod: {istiod:?}", case.text)),
            Some(known) if !is_other || ours != [known.path] => {
                wrong.push(format!("the difference at {} is none any more: {ours:?}", known.path));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_differences_are_few_and_each_is_about_a_case() {
    assert!(DIFFERENCES.len() <= 5, "{}", DIFFERENCES.len());
    for known in DIFFERENCES {
        let mut cases = ACCEPTED.iter().chain(REFUSED);
        assert!(cases.any(|case| case.text == known.text), "{}", known.path);
        assert!(!known.reason.is_empty());
    }
}

#[test]
fn istiod_runs_what_the_provider_expects_of_a_document() {
    let cases: Vec<&Case> = ACCEPTED.iter().filter(|case| case.document == "MeshConfig").collect();
    for (case, running) in cases.iter().zip(of_istiod(&cases)) {
        let read = |value: &Value| mesh_config::read(Document::MeshConfig, MINOR, value).value;
        let differences = mesh_config::differences(&read(&parsed(case.text)), &read(&running.unwrap()));
        assert_eq!(differences, [], "{}", case.text);
    }
}

/// What istiod's own packages run of a `MeshConfig`, as it is read.
fn running(cases: &[Case]) -> Vec<Value> {
    let answers = of_istiod(&cases.iter().collect::<Vec<_>>());
    answers.into_iter().map(|running| read(&running.unwrap())).collect()
}

fn read(value: &Value) -> Value {
    mesh_config::read(Document::MeshConfig, MINOR, value).value
}

#[test]
fn istiod_runs_nothing_but_its_defaults_and_what_it_was_given() {
    let defaults = mesh_config::defaults(MINOR).unwrap();
    let empty = Case { document: "MeshConfig", text: "{}" };
    assert_eq!(running(&[empty]), std::slice::from_ref(&defaults));
    let is_whole = |case: &&Case| case.document == "MeshConfig" && difference(case).is_none();
    let cases: Vec<&Case> = ACCEPTED.iter().filter(is_whole).collect();
    for (case, running) in cases.iter().zip(of_istiod(&cases)) {
        let kept = mesh_config::kept(&defaults, &read(&parsed(case.text)), &read(&running.unwrap()));
        assert_eq!(kept, [], "{}", case.text);
    }
}

#[test]
fn what_was_removed_is_found_in_what_istiod_runs() {
    let defaults = mesh_config::defaults(MINOR).unwrap();
    let cases = ACCEPTED.iter().filter(|case| case.document == "MeshConfig");
    let cases: Vec<&Case> = cases.collect();
    let mut unseen = Vec::new();
    for (case, running) in cases.iter().zip(of_istiod(&cases)) {
        let running = read(&running.unwrap());
        let kept = mesh_config::kept(&defaults, &json!({}), &running);
        // A document that changes nothing leaves nothing.
        if kept.is_empty() != (running == defaults) {
            unseen.push(format!("{}: {kept:?}", case.text));
        }
    }
    assert_eq!(unseen, Vec::<String>::new());
}
