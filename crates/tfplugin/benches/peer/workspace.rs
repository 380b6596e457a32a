//! A workspace of the real Terraform with one of the programs as its provider.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lab::parts::{self, Part};
use tempfile::TempDir;

use crate::process;

/// How often the kernel's figures are read: the last ones are at most this old when a process ends.
const READING: Duration = Duration::from_millis(1);

/// What a plan is to say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Planned {
    Changes,
    Nothing,
}

impl Planned {
    /// What `terraform plan -detailed-exitcode` ends with.
    fn status(self) -> i32 {
        match self {
            Self::Changes => 2,
            Self::Nothing => 0,
        }
    }
}

/// What the provider took during a plan, which starts it several times.
pub struct Usage {
    /// The most memory of one process, in bytes.
    pub peak: u64,
    /// The processor time of all processes, in microseconds.
    pub busy: u64,
}

/// The Terraform that `TF_ACC_TERRAFORM_PATH` names, else the pinned one.
pub fn terraform() -> PathBuf {
    std::env::var_os("TF_ACC_TERRAFORM_PATH")
        .map_or_else(|| parts::find(Part::Terraform).unwrap_or_else(|error| panic!("{error}")), PathBuf::from)
}

pub struct Workspace {
    directory: TempDir,
    terraform: PathBuf,
    /// The provider, as the kernel names it.
    program: PathBuf,
}

impl Workspace {
    /// A workspace with `resources` resources that are not made yet.
    pub fn new(program: &Path, resources: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        std::fs::create_dir(path.join("plugins")).unwrap();
        std::os::unix::fs::symlink(program, path.join("plugins/terraform-provider-minimal")).unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"example/minimal\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
            path.join("plugins").display()
        );
        std::fs::write(path.join("cli.tfrc"), overrides).unwrap();
        std::fs::write(path.join("main.tf"), configuration(resources)).unwrap();
        Self { directory, terraform: terraform(), program: program.canonicalize().unwrap() }
    }

    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(&self.terraform)
            .args(arguments)
            .args(["-input=false", "-no-color"])
            .current_dir(self.directory.path())
            .env("TF_CLI_CONFIG_FILE", self.directory.path().join("cli.tfrc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn plan(&self) -> Child {
        self.start(&["plan", "-detailed-exitcode"])
    }

    pub fn apply(&self) {
        assert!(self.start(&["apply", "-auto-approve"]).wait().unwrap().success());
    }

    /// In microseconds.
    pub fn time_of_plan(&self, planned: Planned) -> u64 {
        let began = Instant::now();
        let status = self.plan().wait().unwrap();
        let time = began.elapsed();
        assert_eq!(status.code(), Some(planned.status()));
        time.as_micros().try_into().unwrap()
    }

    /// A plan whose time does not count, since reading the kernel's figures takes time, too.
    pub fn usage_of_plan(&self, planned: Planned) -> Usage {
        let mut terraform = self.plan();
        let mut last: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        let status = loop {
            let providers = process::children(terraform.id());
            for id in providers.into_iter().filter(|id| process::runs(*id, &self.program)) {
                if let (Some(peak), Some(busy)) = (process::peak(id), process::busy(id)) {
                    last.insert(id, (peak, busy));
                }
            }
            if let Some(status) = terraform.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(READING);
        };
        assert_eq!(status.code(), Some(planned.status()));
        assert!(!last.is_empty(), "no provider was seen");
        Usage {
            peak: last.values().map(|(peak, _)| *peak).max().unwrap(),
            busy: last.values().map(|(_, busy)| *busy).sum(),
        }
    }
}

fn configuration(resources: usize) -> String {
    format!(
        r#"
terraform {{
  required_providers {{
    minimal = {{
      source = "example/minimal"
    }}
  }}
}}

resource "minimal_item" "many" {{
  count   = {resources}
  name    = "item-${{count.index}}"
  load    = 0.5
  enabled = true
  tags    = {{ team = "blue", stage = "test", number = tostring(count.index) }}
  zones   = ["north", "south", "west"]
  rule {{
    action = "allow"
    port   = 80
  }}
  rule {{ action = "deny" }}
}}
"#
    )
}
