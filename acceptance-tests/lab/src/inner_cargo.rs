//! cargo, started by a program that cargo has started itself.

use std::env;
use std::process::Command;

/// What cargo tells a program that it runs of that program's package.
const OF_THE_PROGRAM: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"];

/// A cargo command that builds as if a person had started it. Build scripts look at the variables that cargo sets for a test
/// or a task (`ring`'s does), and with them everything above `ring` would be built again, and once more at the next build
/// outside.
pub fn inner_cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|name| OF_THE_PROGRAM.iter().any(|own| name.starts_with(own))) {
        cargo.env_remove(name);
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_package_that_runs_is_told() {
        assert!(env::var_os("CARGO_PKG_NAME").is_some(), "cargo runs this test");
        let cargo = inner_cargo();
        let removed: Vec<_> =
            cargo.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"] {
            assert!(removed.iter().any(|it| *it == name), "{name} is kept");
        }
    }
}
