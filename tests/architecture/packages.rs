//! The packages of the workspace and what they depend on, as Cargo says.

use std::process::Command;

use serde_json::Value;

use super::Violation;

/// The package that is the product.
const PROVIDER: &str = "terraform-provider-istio";

/// What `cargo metadata` says of the workspace.
pub struct Packages(pub Vec<Value>);

impl Packages {
    pub fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        Self(metadata["packages"].as_array().unwrap().clone())
    }

    /// The names of the packages that the provider is built from, as Rust writes them.
    pub fn dependencies_of_the_provider(&self) -> Vec<String> {
        let provider = self.0.iter().find(|package| package["name"] == PROVIDER).unwrap();
        dependencies(provider).iter().map(|name| name.replace('-', "_")).collect()
    }

    /// Crates that are built from another crate of ours; a crate's own macros are a part of it.
    pub fn violations(&self) -> Vec<Violation> {
        let names: Vec<&str> = self.0.iter().map(name).collect();
        let mut violations = Vec::new();
        for package in self.0.iter().filter(|package| is_general(package)) {
            let own = name(package);
            for dependency in dependencies(package) {
                if names.contains(&dependency.as_str()) && dependency != format!("{own}-derive") {
                    let rule = format!("crate `{own}` must not depend on `{dependency}`");
                    violations.push(Violation::new(&format!("crates/{own}/Cargo.toml"), 1, rule));
                }
            }
        }
        violations
    }
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

/// Whether the package is one of `crates/`.
fn is_general(package: &Value) -> bool {
    package["manifest_path"].as_str().unwrap().replace('\\', "/").contains("/crates/")
}

/// What a package is built from; development dependencies apart.
fn dependencies(package: &Value) -> Vec<String> {
    let dependencies = package["dependencies"].as_array().unwrap();
    let built_from = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
    built_from.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
}
