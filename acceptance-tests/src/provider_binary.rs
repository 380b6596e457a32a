//! The provider's binary, built by cargo like every test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// A build of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// The tests' own: not optimised, with debug assertions.
    Normal,
    /// As it is shipped.
    Release,
    /// The tests' own, which has nothing but `istio_test_objects`.
    Objects,
    /// With the feature `leak`, which plants secrets where none may be; in a target directory of its own.
    Leaking,
    /// As it was shipped at the [`baseline_commit`].
    Baseline,
}

/// The commit that benchmarks compare with, unless `BENCH_BASELINE` names another one.
pub const BASELINE: &str = "d7c7f67";

/// The commit of this run.
pub fn baseline_commit() -> String {
    std::env::var("BENCH_BASELINE").unwrap_or_else(|_| BASELINE.to_owned())
}

/// A directory that holds only this build's `terraform-provider-istio`, as Terraform's `dev_overrides` wants it.
pub fn directory(build: Build) -> &'static Path {
    static NORMAL: OnceLock<PathBuf> = OnceLock::new();
    static RELEASE: OnceLock<PathBuf> = OnceLock::new();
    static OBJECTS: OnceLock<PathBuf> = OnceLock::new();
    static LEAKING: OnceLock<PathBuf> = OnceLock::new();
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    let cell = match build {
        Build::Normal => &NORMAL,
        Build::Release => &RELEASE,
        Build::Objects => &OBJECTS,
        Build::Leaking => &LEAKING,
        Build::Baseline => return BASE.get_or_init(baseline),
    };
    cell.get_or_init(|| make(build))
}

fn make(build: Build) -> PathBuf {
    let binary = if build == Build::Objects { "test-provider" } else { "terraform-provider-istio" };
    let mut cargo = cargo(&["build", "--offline", "--bin", binary]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    let name = match build {
        // From the whole workspace, so that the dependencies have the features that the tests' build has, and are there.
        Build::Normal => {
            cargo.arg("--workspace");
            "normal"
        }
        Build::Objects => {
            cargo.arg("--workspace");
            "objects"
        }
        Build::Release => {
            cargo.args(["--workspace", "--release"]);
            "release"
        }
        // In a place of its own, so that nobody takes it for the provider and no build of the provider has to replace it.
        Build::Leaking => {
            cargo.arg("--target-dir").arg(target_directory().join("leaking"));
            cargo.args(["--package", "terraform-provider-istio", "--features", "leak"]);
            cargo.env("CARGO_PROFILE_DEV_DEBUG", "false");
            "leaking"
        }
        Build::Baseline => return baseline(),
    };
    let printed = output(&mut cargo);
    let binary = executable(&printed);
    // Cargo's own directory has more than the provider in it.
    let directory = binary.parent().expect("a directory").join("acceptance").join(name);
    std::fs::create_dir_all(&directory).expect("make the provider's directory");
    // Test binaries run side by side, each in a PID namespace of its own: only a random name is nobody else's.
    let unfinished = tempfile::NamedTempFile::new_in(&directory).expect("name the provider").into_temp_path();
    std::fs::copy(&binary, &unfinished).expect("copy the provider");
    unfinished.persist(directory.join("terraform-provider-istio")).expect("put the provider in place");
    directory
}

/// Builds the provider of the [`baseline_commit`] from a worktree of its own, in a target directory of its own. A commit does not change, so this
/// is done once.
fn baseline() -> PathBuf {
    let commit = baseline_commit();
    let target = target_directory().join("baseline").join(&commit);
    let directory = target.join("acceptance");
    let provider = directory.join("terraform-provider-istio");
    if provider.exists() {
        return directory;
    }
    let temporary = tempfile::TempDir::new().expect("make a directory");
    let source = temporary.path().join("source");
    git(&["worktree", "add", "--detach", &source.display().to_string(), &commit]);
    let mut cargo = lab::inner_cargo();
    cargo.current_dir(&source).args(["build", "--offline", "--release", "--target-dir"]).arg(&target);
    cargo.args(["--bin", "terraform-provider-istio", "--message-format", "json-render-diagnostics"]);
    let binary = executable(&output(&mut cargo));
    std::fs::create_dir_all(&directory).expect("make the provider's directory");
    // Half a copy must not be taken for the provider.
    let unfinished = directory.join("unfinished");
    std::fs::copy(&binary, &unfinished).expect("copy the provider");
    std::fs::rename(&unfinished, &provider).expect("put the provider in place");
    git(&["worktree", "remove", "--force", &source.display().to_string()]);
    directory
}

fn git(arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    output(&mut git);
}

/// Where cargo puts what it builds.
fn target_directory() -> PathBuf {
    let printed = output(&mut cargo(&["metadata", "--offline", "--no-deps", "--format-version=1"]));
    let metadata: Value = serde_json::from_slice(&printed).expect("cargo prints JSON");
    PathBuf::from(metadata["target_directory"].as_str().expect("cargo names its target directory"))
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = lab::inner_cargo();
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    cargo
}

/// What a program has printed.
fn output(program: &mut Command) -> Vec<u8> {
    let output = program.output().expect("run a program");
    assert!(output.status.success(), "{program:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The path that cargo tells of the binary it has built.
fn executable(messages: &[u8]) -> PathBuf {
    let messages = String::from_utf8_lossy(messages);
    let mut executables = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executables.next_back().expect("cargo names the binary")
}
