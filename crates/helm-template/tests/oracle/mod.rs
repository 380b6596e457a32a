//! The oracle of these tests: the real `helm`, version 3 and 4.

#[path = "../../examples/template/arguments.rs"]
mod arguments;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::parts::{self, Part};
use sha2::{Digest as _, Sha256};

/// One comparison: a chart, values and flags.
pub struct Case {
    pub name: String,
    pub chart: String,
    pub flags: Vec<String>,
    pub values: String,
}

/// What a renderer printed, or why it refused.
pub type Outcome = Result<String, String>;

/// The majors of Helm, with the names that their records bear.
pub const MAJORS: [(&str, Part); 2] = [("helm4", Part::Helm), ("helm3", Part::Helm3)];

/// Outputs longer than this are recorded by their digest.
const LONGEST_RECORD: usize = 6_000;

impl Case {
    /// The cases of a file in `tests/`.
    pub fn all(file: &str) -> Vec<Self> {
        let text = fs::read_to_string(here().join(file)).expect("the file of cases is there");
        let cases = helm_template::yaml::parse(&text).expect("the file of cases is YAML");
        let text = |value: Option<&serde_json::Value>| {
            value.and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        let cases: Vec<Self> = cases
            .as_array()
            .expect("the cases are a list")
            .iter()
            .map(|case| Self {
                name: text(case.get("name")),
                chart: text(case.get("chart")),
                flags: case
                    .get("flags")
                    .and_then(|flags| flags.as_array())
                    .map(|flags| flags.iter().map(|flag| text(Some(flag))).collect())
                    .unwrap_or_default(),
                values: text(case.get("values")),
            })
            .collect();
        assert!(!cases.is_empty(), "{file} holds no case");
        cases
    }

    fn arguments(&self, chart: &Path, directory: &Path) -> Vec<String> {
        let file = directory.join("values.yaml");
        fs::write(&file, &self.values).expect("the values can be written");
        let mut arguments =
            vec!["x".into(), chart.display().to_string(), "-f".into(), file.display().to_string()];
        arguments.extend(self.flags.iter().cloned());
        for (flag, value) in [("-n", "istio-system"), ("--kube-version", "v1.31.2")] {
            if !self.flags.iter().any(|given| given == flag) {
                arguments.extend([flag.to_owned(), value.to_owned()]);
            }
        }
        arguments
    }

    /// What this crate says.
    pub fn ours(&self, chart: &Path, major: &str) -> Outcome {
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        let mut arguments = self.arguments(chart, directory.path());
        if major == "helm3" {
            arguments.push("--helm3".into());
        }
        arguments::run(arguments.into_iter())
    }

    /// What the real helm says.
    pub fn helm(&self, chart: &Path, part: Part) -> Outcome {
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        let arguments = self.arguments(chart, directory.path());
        let helm = parts::find(part).expect("the real helm is built");
        let output = Command::new(helm).arg("template").args(arguments).output().expect("helm runs");
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout).expect("helm prints UTF-8"));
        }
        Err(without_noise(&String::from_utf8_lossy(&output.stderr)))
    }
}

/// An error of helm without its warnings and its advice.
fn without_noise(stderr: &str) -> String {
    let is_log = |line: &&str| {
        line.starts_with("level=") || line.split(' ').next().is_some_and(|place| place.contains(".go:"))
    };
    let text: Vec<&str> = stderr.lines().filter(|line| !is_log(line)).collect();
    let text = text.join("\n");
    let text = text.replace("\n\nUse --debug flag to render out invalid YAML", "");
    text.trim().trim_start_matches("Error: ").to_owned()
}

/// The parts of outcomes that must be equal: all of an output; all of an error but the own words of the parser of regular
/// expressions, and the advice on `helm dependency build`.
pub fn comparable(outcome: &Outcome) -> Outcome {
    match outcome {
        Ok(text) => Ok(text.clone()),
        Err(message) => {
            const OWN_WORDS: &str = "error parsing regexp:";
            let message = match message.find(OWN_WORDS) {
                Some(position) => &message[..position + OWN_WORDS.len()],
                None => message,
            };
            let message = message.split("found in Chart.yaml, but").last().unwrap_or(message).trim();
            if !message.contains("schema(s)") {
                return Err(message.to_owned());
            }
            // Helm names violations and keys in the order of a Go map, that is in any order.
            let mut words: Vec<&str> =
                message.split([' ', '\n', ',']).filter(|word| !word.is_empty()).collect();
            words.sort_unstable();
            Err(words.join(" "))
        }
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The record of an outcome as it is committed.
fn record(outcome: &Outcome) -> String {
    match comparable(outcome) {
        Ok(text) if text.len() <= LONGEST_RECORD => text,
        Ok(text) => {
            let digest: Vec<String> =
                Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("sha256 {} of {} bytes\n", digest.concat(), text.len())
        }
        Err(message) => format!("Error: {message}\n"),
    }
}

/// Holds our outcomes against the committed records of helm's; `UPDATE_GOLDEN=1` has the real helm write them anew.
pub fn check_golden(folder: &str, cases: &[Case], chart: impl Fn(&str) -> PathBuf) {
    let folder = here().join(folder);
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for case in cases {
        for (major, part) in MAJORS {
            let directory = chart(&case.chart);
            let file = folder.join(format!("{}.{major}.txt", case.name));
            if update {
                fs::create_dir_all(&folder).expect("the folder of records can be made");
                fs::write(&file, record(&case.helm(&directory, part))).expect("a record can be written");
            }
            let expected =
                fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let actual = record(&case.ours(&directory, major));
            if expected != actual {
                wrong.push(format!("{} with {major}: {}", case.name, first_difference(&expected, &actual)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} outcomes are not as recorded:\n{}", wrong.len(), wrong.join("\n"));
}

/// Holds our outcomes against those of the real helm, right now.
pub fn check_live(cases: &[Case], chart: impl Fn(&str) -> PathBuf) {
    let mut wrong = Vec::new();
    for case in cases {
        for (major, part) in MAJORS {
            let directory = chart(&case.chart);
            let expected = comparable(&case.helm(&directory, part));
            let actual = comparable(&case.ours(&directory, major));
            if expected != actual {
                let text =
                    |outcome: &Outcome| outcome.clone().unwrap_or_else(|message| format!("Error: {message}"));
                let difference = first_difference(&text(&expected), &text(&actual));
                wrong.push(format!("{} with {major}: {difference}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} outcomes differ from helm's:\n{}", wrong.len(), wrong.join("\n"));
}

fn first_difference(expected: &str, actual: &str) -> String {
    let (mut left, mut right) = (expected.lines(), actual.lines());
    let mut line = 0;
    loop {
        line += 1;
        match (left.next(), right.next()) {
            (None, None) => return "only the ends of lines differ".to_owned(),
            (a, b) if a == b => {}
            (a, b) => return format!("line {line}: helm says {a:?}, we say {b:?}"),
        }
    }
}
