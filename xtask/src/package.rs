//! `cargo xtask package`: what a release publishes for this machine's processor, as Terraform's registry wants it.
//!
//! A zip with the static binary, the registry manifest and the checksums of both. The detached signature of the
//! checksums is the releaser's act: it needs the releaser's key.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base16ct::lower;
use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::command;
use crate::error::{Error, file_error};
use crate::workspace::{PROVIDER, Workspace};

const MANIFEST: &str = "terraform-registry-manifest.json";

/// Builds the provider and writes the release's files to `dist/` in cargo's target folder.
pub fn run(workspace: &Workspace) -> Result<(), Error> {
    let processor = std::env::consts::ARCH;
    let target = format!("{processor}-unknown-linux-musl");
    has_standard_library(workspace, &target)?;
    command::run(&mut workspace.cargo(&["build", "--release", "--target", &target, "--bin", PROVIDER]))?;
    let profile = workspace.built(&target).join("release");
    let manifest = workspace.root.join(MANIFEST);
    let dist = workspace.built("dist");
    for file in pack(&profile.join(PROVIDER), &manifest, &workspace.version, go_name(processor), &dist)? {
        eprintln!("{}", workspace.relative(&file).display());
    }
    Ok(())
}

/// The registry knows processors by Go's names.
fn go_name(processor: &str) -> &str {
    match processor {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn has_standard_library(workspace: &Workspace, target: &str) -> Result<(), Error> {
    let mut rustc = std::process::Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]).current_dir(&workspace.root);
    let printed = command::output(&mut rustc)?;
    if Path::new(String::from_utf8_lossy(&printed).trim()).is_dir() {
        Ok(())
    } else {
        Err(Error::NoTarget { target: target.to_owned() })
    }
}

/// The release's files, named and built as the registry's documentation for publishing providers says.
fn pack(
    binary: &Path,
    manifest: &Path,
    version: &str,
    processor: &str,
    dist: &Path,
) -> Result<[PathBuf; 3], Error> {
    fs::create_dir_all(dist).map_err(file_error("create", dist))?;
    let name = format!("{PROVIDER}_{version}");
    let archive = dist.join(format!("{name}_linux_{processor}.zip"));
    write_archive(binary, &format!("{PROVIDER}_v{version}"), &archive)?;
    let manifest_copy = dist.join(format!("{name}_manifest.json"));
    fs::copy(manifest, &manifest_copy).map_err(file_error("copy", manifest))?;
    let sums = dist.join(format!("{name}_SHA256SUMS"));
    let lines = [checksum_line(&archive)?, checksum_line(&manifest_copy)?];
    fs::write(&sums, lines.concat()).map_err(file_error("write", &sums))?;
    Ok([archive, manifest_copy, sums])
}

/// The archive holds neither the time nor the owner, so the same binary gives the same bytes.
fn write_archive(binary: &Path, name: &str, archive: &Path) -> Result<(), Error> {
    let failed = |source| Error::Archive { path: archive.into(), source };
    let content = fs::read(binary).map_err(file_error("read", binary))?;
    let file = File::create(archive).map_err(file_error("create", archive))?;
    let mut zip = ZipWriter::new(file);
    zip.start_file(name, SimpleFileOptions::default().unix_permissions(0o755)).map_err(failed)?;
    zip.write_all(&content).map_err(io_error).map_err(failed)?;
    zip.finish().map_err(failed)?;
    Ok(())
}

fn io_error(error: io::Error) -> zip::result::ZipError {
    zip::result::ZipError::Io(error)
}

/// A line as `sha256sum` prints it.
fn checksum_line(path: &Path) -> Result<String, Error> {
    let content = fs::read(path).map_err(file_error("read", path))?;
    let digest = lower::encode_string(&Sha256::digest(content));
    let name = path.file_name().unwrap_or_default();
    Ok(format!("{digest}  {}\n", name.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_release_has_the_names_the_registry_wants_and_checksums_that_hold() {
        let scratch = tempfile::tempdir().unwrap();
        let (binary, manifest) = (scratch.path().join("binary"), scratch.path().join("manifest.json"));
        fs::write(&binary, "a binary").unwrap();
        fs::write(&manifest, "{}").unwrap();
        let dist = scratch.path().join("dist");
        let files = pack(&binary, &manifest, "1.2.3", "amd64", &dist).unwrap();
        let names = files.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
        assert_eq!(
            names,
            [
                "terraform-provider-istio_1.2.3_linux_amd64.zip",
                "terraform-provider-istio_1.2.3_manifest.json",
                "terraform-provider-istio_1.2.3_SHA256SUMS"
            ]
        );
        let checked =
            Command::new("sha256sum").args(["--check", &names[2]]).current_dir(&dist).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
        let mut archive = zip::ZipArchive::new(File::open(dist.join(&names[0])).unwrap()).unwrap();
        archive.extract(scratch.path()).unwrap();
        let unpacked = scratch.path().join("terraform-provider-istio_v1.2.3");
        assert_eq!(fs::read_to_string(&unpacked).unwrap(), "a binary");
        assert_eq!(fs::metadata(&unpacked).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn the_same_binary_gives_the_same_archive() {
        let scratch = tempfile::tempdir().unwrap();
        let binary = scratch.path().join("binary");
        fs::write(&binary, "a binary").unwrap();
        let archives = ["one.zip", "two.zip"].map(|name| scratch.path().join(name));
        for archive in &archives {
            write_archive(&binary, "binary", archive).unwrap();
        }
        assert_eq!(fs::read(&archives[0]).unwrap(), fs::read(&archives[1]).unwrap());
    }
}
