//! The programs that the machine itself must have.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::statvfs::statvfs;

use super::error::Error;

const GIB: u64 = 1 << 30;
/// What a full build of all targets takes, rounded up.
const NEEDED_ROOM: u64 = 10;

struct Tool {
    program: &'static str,
    /// The Debian package that has it, where that package is as good as any other source.
    package: Option<&'static str>,
    advice: &'static str,
}

const fn packaged(program: &'static str, package: &'static str) -> Tool {
    Tool { program, package: Some(package), advice: "" }
}

/// What making the parts needs.
const BUILD: [Tool; 3] = [
    Tool { program: "go", package: None, advice: "install Go 1.26 or newer (go.dev/doc/install)" },
    packaged("python3", "python3"),
    packaged("pip3", "python3-pip"),
];

/// What running clusters needs.
const RUN: [Tool; 8] = [
    packaged("nft", "nftables"),
    packaged("iptables", "iptables"),
    packaged("ip", "iproute2"),
    packaged("conntrack", "conntrack"),
    packaged("nsenter", "util-linux"),
    packaged("unshare", "util-linux"),
    packaged("setpriv", "util-linux"),
    packaged("mount", "mount"),
];

/// Sees to it that every program is there which making parts and running clusters needs. As root on a machine
/// with apt-get, missing Debian packages are installed, and that is said.
pub fn prepare() -> Result<(), Error> {
    let tools = || BUILD.iter().chain(&RUN);
    let mut packages: Vec<&str> = missing(tools()).filter_map(|tool| tool.package).collect();
    packages.dedup();
    if !packages.is_empty() && is_root() && is_there("apt-get") {
        install(&packages)?;
    }
    named(missing(tools()))
}

/// Checks that a file system has room for what the checks build: a linker that runs out of it dies of a bus error, which
/// says nothing.
pub fn check_room(directory: &Path) -> Result<(), Error> {
    let Ok(room) = statvfs(directory) else { return Ok(()) };
    let free = room.blocks_available() * room.fragment_size() / GIB;
    eprintln!("{free} GiB of disk are free");
    if free < NEEDED_ROOM {
        let missing = format!("room on its disk: {free} GiB are free, and the checks need {NEEDED_ROOM} GiB");
        return Err(Error::Machine { missing: vec![missing] });
    }
    Ok(())
}

/// Checks the programs that making parts needs.
pub(super) fn check_build() -> Result<(), Error> {
    named(missing(BUILD.iter()))
}

fn named<'a>(missing: impl Iterator<Item = &'a Tool>) -> Result<(), Error> {
    let missing: Vec<String> = missing.map(described).collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::Machine { missing }) }
}

fn described(tool: &Tool) -> String {
    match tool.package {
        Some(package) => format!("`{}` (apt-get install {package})", tool.program),
        None => format!("`{}` ({})", tool.program, tool.advice),
    }
}

fn missing<'a>(tools: impl Iterator<Item = &'a Tool>) -> impl Iterator<Item = &'a Tool> {
    tools.filter(|tool| !is_there(tool.program))
}

fn install(packages: &[&str]) -> Result<(), Error> {
    let names = packages.join(" ");
    eprintln!("installing Debian packages: {names}");
    apt_get(&["update", "--quiet"])?;
    apt_get(&[&["install", "--quiet", "--yes", "--no-install-recommends"], packages].concat())
}

fn apt_get(arguments: &[&str]) -> Result<(), Error> {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    super::command::run(&mut command)
}

fn is_there(program: &str) -> bool {
    // Debian keeps these two outside an ordinary user's PATH.
    let administration = ["/usr/sbin", "/sbin"].map(Into::into);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(administration).any(|directory| directory.join(program).is_file())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_the_way_to_get_it() {
        let tools = [packaged("sh", "dash"), packaged("no-such-program", "no-such-package")];
        let error = named(missing(tools.iter())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "this machine lacks `no-such-program` (apt-get install no-such-package)"
        );
        named(missing(tools[..1].iter())).unwrap();
    }
}
