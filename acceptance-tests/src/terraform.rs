//! One working directory of the real `terraform`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use lab::parts::{self, Part};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::provider_binary::{self, Build};

/// A working directory with a configuration, and the command line that drives it.
pub struct Workspace {
    directory: TempDir,
    terraform: PathBuf,
    environment: BTreeMap<String, String>,
}

/// What a run of `terraform` did.
#[derive(Debug)]
pub struct Run {
    /// Exit code; -1 after a signal.
    pub code: i32,
    /// Standard output and standard error, one after the other.
    pub output: String,
}

/// A run that goes on. It prints into a file: a pipe that nobody reads stops Terraform at a plan of some length.
#[derive(Debug)]
pub struct Running {
    process: Child,
    output: fs::File,
}

impl Running {
    /// The process of `terraform`.
    pub fn process(&self) -> Process {
        Process::of(self.process.id())
    }

    /// Whether it has printed this so far.
    pub fn has_printed(&self, text: &str) -> bool {
        let mut printed = vec![0; 1 << 20];
        // Where the file is read must not change: it is where the process writes.
        let length = self.output.read_at(&mut printed, 0).expect("read what terraform has printed");
        String::from_utf8_lossy(&printed[..length]).contains(text)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("ask for terraform").is_some()
    }

    /// Waits for its end.
    pub fn finished(mut self) -> Run {
        let status = self.process.wait().expect("wait for terraform");
        let mut output = Vec::new();
        self.output.rewind().expect("go to the beginning");
        self.output.read_to_end(&mut output).expect("read what terraform has printed");
        let output = String::from_utf8_lossy(&output).into_owned();
        Run { code: status.code().unwrap_or(-1), output }
    }
}

impl Workspace {
    /// A directory whose `main.tf` has this text, with the tests' build of the provider.
    pub fn new(configuration: &str) -> Self {
        Self::with_build(configuration, Build::Normal)
    }

    /// The same with a build of one's choice.
    pub fn with_build(configuration: &str, build: Build) -> Self {
        let directory = TempDir::new().expect("make a working directory");
        let terraform = parts::find(Part::Terraform).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        let cli_configuration = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"terraform-provider-istio/istio\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
            provider_binary::directory(build).display()
        );
        fs::write(directory.path().join("terraform.rc"), cli_configuration)
            .expect("write the CLI configuration");
        let cache = directory.path().join("cache");
        let environment = BTreeMap::from([
            ("TF_CLI_CONFIG_FILE".to_owned(), directory.path().join("terraform.rc").display().to_string()),
            ("TF_IN_AUTOMATION".to_owned(), "1".to_owned()),
            ("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()),
            ("XDG_CACHE_HOME".to_owned(), cache.display().to_string()),
        ]);
        let workspace = Self { directory, terraform, environment };
        workspace.configure(configuration);
        workspace
    }

    /// Writes another `main.tf`.
    pub fn configure(&self, configuration: &str) {
        fs::write(self.path().join("main.tf"), configuration).expect("write main.tf");
    }

    /// Writes the values of the configuration's variables.
    pub fn set_variables(&self, variables: &Value) {
        fs::write(self.path().join("terraform.tfvars.json"), variables.to_string())
            .expect("write the variables");
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Sets an environment variable for all later runs.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// `terraform plan -out=tfplan`: exit code 0 for no changes, 2 for changes, 1 for an error.
    pub fn plan(&self) -> Run {
        self.plan_with(&[])
    }

    /// The same with further arguments.
    pub fn plan_with(&self, arguments: &[&str]) -> Run {
        self.run(
            &[&["plan", "-input=false", "-no-color", "-detailed-exitcode", "-out=tfplan"], arguments]
                .concat(),
        )
    }

    /// Plans, and says what changes if anything does.
    #[track_caller]
    pub fn assert_no_changes(&self) {
        let plan = self.plan();
        assert_eq!(plan.code, 0, "a plan without changes was expected:\n{}", plan.output);
        let refresh = self.plan_with(&["-refresh-only"]);
        assert_eq!(refresh.code, 0, "no drift was expected:\n{}", refresh.output);
    }

    /// Plans: nothing changes, and there is nothing to warn of.
    #[track_caller]
    pub fn assert_well(&self) {
        let plan = self.plan_with(&["-json"]);
        let messages: Vec<Message> =
            plan.messages().into_iter().filter(|it| !it.is_about_overrides()).collect();
        assert!(plan.code == 0 && messages.is_empty(), "{messages:#?}\n{}", plan.output);
    }

    /// `terraform apply -auto-approve`.
    pub fn apply(&self) -> Run {
        self.run(&["apply", "-input=false", "-no-color", "-auto-approve"])
    }

    /// Applies the plan that [`Workspace::plan`] has made.
    pub fn apply_plan(&self) -> Run {
        self.run(&["apply", "-input=false", "-no-color", "tfplan"])
    }

    /// `terraform destroy -auto-approve`.
    pub fn destroy(&self) -> Run {
        self.run(&["destroy", "-input=false", "-no-color", "-auto-approve"])
    }

    /// The same as [`Workspace::apply`], with its messages to be read by [`Run::messages`].
    pub fn apply_with_messages(&self) -> Run {
        self.run(&["apply", "-input=false", "-auto-approve", "-json"])
    }

    /// Starts `terraform apply -auto-approve` and does not wait for it.
    pub fn start_apply(&self) -> Running {
        self.start(&["apply", "-input=false", "-no-color", "-auto-approve"])
    }

    /// Starts `terraform` with these arguments and does not wait for it.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let output = tempfile::tempfile().expect("make a file for what terraform prints");
        let copy = || Stdio::from(output.try_clone().expect("share a file"));
        let process = self.command(arguments).stdout(copy()).stderr(copy()).spawn();
        Running { process: process.expect("start terraform"), output }
    }

    /// The plan of the last [`Workspace::plan`], as JSON.
    pub fn shown_plan(&self) -> Value {
        self.json(&["show", "-json", "tfplan"])
    }

    /// The state, as JSON.
    pub fn shown_state(&self) -> Value {
        self.json(&["show", "-json"])
    }

    /// The state as it is stored; empty if there is none.
    pub fn state_text(&self) -> String {
        fs::read_to_string(self.path().join("terraform.tfstate")).unwrap_or_default()
    }

    /// The values of one resource in state; null if it is not there.
    pub fn resource(&self, address: &str) -> Value {
        let state = self.shown_state();
        let resources = state["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        resources
            .into_iter()
            .find(|it| it["address"] == address)
            .map_or(Value::Null, |it| it["values"].clone())
    }

    /// Runs `terraform` with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("run terraform");
        Run::of(&output)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).output().expect("run terraform");
        assert!(output.status.success(), "terraform {arguments:?}: {}", Run::of(&output).output);
        serde_json::from_slice(&output.stdout).expect("terraform prints JSON")
    }

    /// `terraform` with these arguments, not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.terraform);
        command.current_dir(self.path()).args(arguments).envs(&self.environment).stdin(Stdio::null());
        command
    }
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            output: format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }

    /// The errors and warnings of a run with `-json`.
    pub fn messages(&self) -> Vec<Message> {
        let events = self.output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let diagnostics = events.filter(|event| event["type"] == "diagnostic");
        diagnostics.map(|event| Message::of(&event["diagnostic"])).collect()
    }

    /// What it has printed, without the plan: what went wrong is behind that.
    pub fn story(&self) -> &str {
        let begin = self.output.find("\nPlan: ").unwrap_or_default();
        &self.output[begin..]
    }

    /// Fails the test unless the run succeeded.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "most callers want the check alone"
    )]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "terraform failed:\n{}", self.story());
        self
    }

    /// Fails the test unless the run failed and its output has each of these texts, whatever the line breaks.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "most callers want the check alone"
    )]
    pub fn failed_with(self, texts: &[&str]) -> Self {
        assert_eq!(self.code, 1, "terraform did not fail:\n{}", self.story());
        let words = flat(&self.output);
        for text in texts {
            assert!(words.contains(&flat(text)), "{text:?} is missing in:\n{}", self.story());
        }
        self
    }
}

/// An error or a warning of Terraform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `error` or `warning`.
    pub severity: String,
    /// Its first line.
    pub summary: String,
    /// All others.
    pub detail: String,
}

impl Message {
    /// Every run of a test warns that it has the provider from the build.
    fn is_about_overrides(&self) -> bool {
        self.summary == "Provider development overrides are in effect"
    }

    fn of(diagnostic: &Value) -> Self {
        let text = |name: &str| diagnostic[name].as_str().unwrap_or_default().to_owned();
        Self { severity: text("severity"), summary: text("summary"), detail: text("detail") }
    }
}

/// The text in one line, without the frame that Terraform draws around diagnostics.
fn flat(text: &str) -> String {
    text.split_whitespace().filter(|word| !matches!(*word, "│" | "╷" | "╵")).collect::<Vec<_>>().join(" ")
}
