//! A workspace of a real client with the example provider.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use lab::parts::{self, Part};
use serde_json::Value as Json;
use tempfile::TempDir;

/// Each test once with each client.
#[allow(unused_macros, reason = "not every target has tests for each of them")]
macro_rules! with_every_client {
    ($($test:ident,)+) => {
        mod newest_terraform {
            $(#[test] fn $test() { super::$test(crate::support::Client::NewestTerraform); })+
        }
        mod oldest_terraform {
            $(#[test] fn $test() { super::$test(crate::support::Client::OldestTerraform); })+
        }
        mod opentofu {
            $(#[test] fn $test() { super::$test(crate::support::Client::OpenTofu); })+
        }
    };
}

#[allow(unused_imports)]
pub(crate) use with_every_client;

/// Builds the example provider once; its path.
pub fn keeper() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let mut build = lab::inner_cargo();
        build
            .args(["build", "--quiet", "--workspace", "--example", "keeper"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        let status = build.status().unwrap();
        assert!(status.success(), "the example provider does not build");
        // Test binaries are in `<target>/<profile>/deps`, examples beside it.
        let deps = std::env::current_exe().unwrap();
        deps.parent().unwrap().parent().unwrap().join("examples/keeper")
    })
}

/// A program that drives providers.
#[derive(Clone, Copy, Debug)]
pub enum Client {
    /// The newest Terraform.
    NewestTerraform,
    /// The oldest Terraform that is supported.
    OldestTerraform,
    /// The newest `OpenTofu`.
    OpenTofu,
}

impl Client {
    /// The program. Its absence fails the test, and names the command that builds it.
    pub fn program(self) -> PathBuf {
        let part = match self {
            Self::NewestTerraform => Part::Terraform,
            Self::OldestTerraform => Part::Terraform111,
            Self::OpenTofu => Part::Tofu,
        };
        parts::find(part).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A directory with a configuration, the provider's files and Terraform's own.
pub struct Workspace {
    pub directory: TempDir,
    program: PathBuf,
}

impl Workspace {
    /// A workspace whose configuration is the provider block and `resources`. `$DIR` stands for the files' directory.
    pub fn new(client: Client, resources: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let workspace = Self { directory, program: client.program() };
        for folder in ["plugins", "files"] {
            std::fs::create_dir(workspace.path(folder)).unwrap();
        }
        std::os::unix::fs::symlink(keeper(), workspace.path("plugins/terraform-provider-keeper")).unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"example/keeper\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
            workspace.path("plugins").display()
        );
        std::fs::write(workspace.path("cli.tfrc"), overrides).unwrap();
        workspace.configure(resources);
        workspace
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Replaces the configuration.
    pub fn configure(&self, resources: &str) {
        let head = "terraform {\n  required_providers {\n    keeper = {\n      source = \"example/keeper\"\n    }\n  }\n}\n\n\
                    provider \"keeper\" {\n  directory = \"$DIR\"\n}\n\n";
        self.configure_all(&format!("{head}{resources}"));
    }

    /// Replaces the configuration, provider block included.
    pub fn configure_all(&self, configuration: &str) {
        let files = self.path("files").display().to_string();
        std::fs::write(self.path("main.tf"), configuration.replace("$DIR", &files)).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("TF_CLI_CONFIG_FILE", self.path("cli.tfrc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("RUST_BACKTRACE", "1")
            .env_remove("TF_LOG")
            .stdin(Stdio::null());
        command
    }

    /// Runs the client; its exit status, and its output without colours.
    pub fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().unwrap();
        (output.status.code().unwrap_or(-1), text(&output))
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Applies; fails the test if that fails.
    pub fn apply(&self) -> String {
        let (status, output) = self.run(&["apply", "-auto-approve", "-no-color", "-input=false"]);
        assert_eq!(status, 0, "{output}");
        output
    }

    /// Applies and expects a failure.
    pub fn apply_fails(&self) -> String {
        let (status, output) = self.run(&["apply", "-auto-approve", "-no-color", "-input=false"]);
        assert_eq!(status, 1, "{output}");
        // Terraform draws a frame around messages and breaks lines in it.
        output.replace(['│', '╷', '╵'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Plans; the plan as JSON.
    pub fn plan(&self) -> Json {
        let (status, output) = self.run(&["plan", "-out=plan", "-no-color", "-input=false"]);
        assert_eq!(status, 0, "{output}");
        let (status, json) = self.run(&["show", "-json", "plan"]);
        assert_eq!(status, 0, "{json}");
        serde_json::from_str(json.lines().find(|line| line.starts_with('{')).unwrap()).unwrap()
    }

    /// Fails the test if a plan has changes.
    pub fn assert_no_changes(&self) {
        let (status, output) = self.run(&["plan", "-detailed-exitcode", "-no-color", "-input=false"]);
        assert_eq!(status, 0, "changes where none were expected:\n{output}");
    }

    /// The attributes of `address` in state; null if it is not there.
    pub fn state(&self, address: &str) -> Json {
        let text = std::fs::read_to_string(self.path("terraform.tfstate")).unwrap();
        let state: Json = serde_json::from_str(&text).unwrap();
        let resources = state["resources"].as_array().cloned().unwrap_or_default();
        let found = resources.into_iter().find(|resource| {
            format!("{}.{}", resource["type"], resource["name"]).replace('"', "") == address
        });
        found.map_or(Json::Null, |resource| resource["instances"][0].clone())
    }
}

/// Both streams as one text.
pub fn text(output: &Output) -> String {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    format!("{out}{err}")
}

/// The actions that a plan has for `address`.
pub fn actions(plan: &Json, address: &str) -> Vec<String> {
    let change = change(plan, address);
    change["actions"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// The change that a plan has for `address`.
pub fn change(plan: &Json, address: &str) -> Json {
    let changes = plan["resource_changes"].as_array().unwrap();
    let found = changes.iter().find(|change| change["address"] == address);
    found.unwrap_or_else(|| panic!("no change of {address}"))["change"].clone()
}
