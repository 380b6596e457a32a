//! What no file of this tree may say.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The hosts of package registries: tools know theirs, and elsewhere a mirror may stand in for them.
/// In pieces, so that this file does not name them.
const REGISTRY_HOSTS: [[&str; 2]; 8] = [
    ["proxy.golang", ".org"],
    ["sum.golang", ".org"],
    ["pypi", ".org"],
    ["files.pythonhosted", ".org"],
    ["index.crates", ".io"],
    ["static.crates", ".io"],
    ["registry.npmjs", ".org"],
    ["deb.debian", ".org"],
];

/// Folders that differ from machine to machine, likewise in pieces.
const MACHINE_PATHS: [[&str; 2]; 3] = [["/wo", "rk/"], ["/ro", "ot/"], ["/tm", "p/"]];

#[test]
fn no_file_names_the_host_of_a_package_registry() {
    // Cargo writes its own registry's address into the lock file.
    let found = places(&REGISTRY_HOSTS.map(|pieces| pieces.concat()), |path| path.ends_with("Cargo.lock"));
    assert!(found.is_empty(), "registry hosts are named in {found:#?}");
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    // What charts render to holds the paths inside containers.
    let rendered = |path: &Path| path.iter().any(|folder| folder == "golden");
    let found = places(&MACHINE_PATHS.map(|pieces| pieces.concat()), rendered);
    assert!(found.is_empty(), "paths of one machine are named in {found:#?}");
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let found = places(&["the_search_finds_what_it".to_owned()], |_| false);
    assert_eq!(found.len(), 2, "{found:#?}");
}

/// `file:line: text` wherever one of `words` stands in a file that git tracks or would track.
fn places(words: &[String], skipped: impl Fn(&Path) -> bool) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for path in files(root).into_iter().filter(|path| !skipped(path)) {
        let content = fs::read(root.join(&path)).unwrap_or_default();
        for (index, line) in String::from_utf8_lossy(&content).lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {}", path.display(), index + 1, line.trim()));
            }
        }
    }
    found
}

fn files(root: &Path) -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git lists the files");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<PathBuf> = names.split_terminator('\0').map(PathBuf::from).collect();
    assert!(files.len() > 100, "git lists only {} files", files.len());
    files
}
