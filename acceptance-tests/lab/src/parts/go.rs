//! `go build` and `go mod download`, with one set of flags for every tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::cache;
use super::command;
use super::error::Error;

/// The flags that decide a program's bytes: static, no machine paths, no symbols.
pub(super) const FLAGS: [&str; 3] = ["-trimpath", "-buildvcs=false", "-mod=readonly"];

/// Builds `packages` of the module in `folder` into `output`, each under the name that Go gives it.
/// `stamps` are the linker's `-X` settings.
pub(super) fn build(folder: &Path, packages: &[&str], stamps: &[String], output: &Path) -> Result<(), Error> {
    let mut linker = String::from("-ldflags=-s -w");
    for stamp in stamps {
        linker.push_str(" -X ");
        linker.push_str(stamp);
    }
    let mut destination = output.as_os_str().to_owned();
    destination.push("/");
    command::run(go(folder).arg("build").args(FLAGS).arg(linker).arg("-o").arg(destination).args(packages))
}

/// Gives a program that [`build`] made the name `file_name`.
pub(super) fn rename_program(directory: &Path, package: &str, file_name: &str) -> Result<(), Error> {
    let built = directory.join(program_name(package));
    fs::rename(&built, directory.join(file_name)).map_err(cache::failed("rename", &built))
}

/// The folder of a module that `folder`'s go.mod pins, downloaded and checked against its go.sum.
pub(super) fn module_directory(folder: &Path, module: &str) -> Result<PathBuf, Error> {
    #[derive(Deserialize)]
    struct Downloaded {
        #[serde(rename = "Dir")]
        directory: PathBuf,
    }
    let text = command::output(go(folder).args(["mod", "download", "-json", module]))?;
    let downloaded: Downloaded =
        serde_json::from_str(&text).map_err(|_| Error::NoModule { module: module.to_owned() })?;
    Ok(downloaded.directory)
}

fn go(folder: &Path) -> Command {
    let mut go = Command::new("go");
    go.current_dir(folder).envs([("CGO_ENABLED", "0"), ("GOWORK", "off"), ("GOFLAGS", "")]);
    go
}

/// The name that `go build` gives a program: the last element of its import path that is not a major version.
fn program_name(package: &str) -> &str {
    let is_major_version = |element: &&str| {
        element.strip_prefix('v').is_some_and(|rest| rest.parse::<u32>().is_ok_and(|major| major > 1))
    };
    package.rsplit('/').find(|element| !is_major_version(element)).unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_as_go_names_it() {
        assert_eq!(program_name("go.etcd.io/etcd/server/v3"), "server");
        assert_eq!(program_name("helm.sh/helm/v4/cmd/helm"), "helm");
        assert_eq!(program_name("github.com/hashicorp/terraform"), "terraform");
    }
}
