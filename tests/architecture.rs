//! The import table of ARCHITECTURE.md, and the ceilings of size and name that every file keeps.
//!
//! A violation names file, line and rule. The tests below also show every rule to be able to fail.

#![cfg(test)]

#[path = "architecture/packages.rs"]
mod packages;
#[path = "architecture/paths.rs"]
mod paths;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/self_test.rs"]
mod self_test;
#[path = "architecture/shape.rs"]
mod shape;
#[path = "architecture/table.rs"]
mod table;
#[path = "architecture/tree.rs"]
mod tree;
#[path = "architecture/wording.rs"]
mod wording;

use std::fmt;

/// A rule broken at one place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    file: String,
    line: usize,
    rule: String,
}

impl Violation {
    fn new(file: &str, line: usize, rule: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, rule: rule.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

fn assert_none(mut violations: Vec<Violation>) {
    violations.sort();
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn every_module_imports_only_what_the_table_allows() {
    let dependencies = packages::Packages::read().dependencies_of_the_provider();
    let files = tree::rust_files(&["src"]);
    assert!(files.len() > 10, "the sources of the provider were not found: {files:?}");
    assert_none(
        files.iter().flat_map(|file| rules::violations(&file.path, &file.text, &dependencies)).collect(),
    );
}

#[test]
fn modules_import_only_what_stands_above_them_so_there_is_no_cycle() {
    assert_eq!(table::upward_imports(table::TABLE), [""; 0]);
}

/// `UPDATE_GOLDEN=1` prints the table anew.
#[test]
fn the_architecture_page_prints_this_table() {
    const MARKS: [&str; 2] = ["<!-- import table -->\n", "<!-- end of the import table -->"];
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md");
    let page = std::fs::read_to_string(path).unwrap();
    let [begin, end] = MARKS.map(|mark| page.find(mark).unwrap_or_else(|| panic!("{path} has no {mark}")));
    let begin = begin + MARKS[0].len();
    let printed = table::markdown();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, format!("{}{printed}{}", &page[..begin], &page[end..])).unwrap();
    } else {
        assert_eq!(&page[begin..end], printed, "UPDATE_GOLDEN=1 prints the table");
    }
}

#[test]
fn crates_know_neither_each_other_nor_the_product() {
    let packages = packages::Packages::read();
    assert_none(packages.violations());
    let files = tree::rust_files(&["crates"]);
    assert_none(files.iter().flat_map(|file| shape::product_words(&file.path, &file.text)).collect());
}

#[test]
fn files_are_short_and_named_for_what_they_are() {
    let files = tree::rust_files(&["src", "crates", "acceptance-tests", "xtask", "tests"]);
    assert_none(files.iter().flat_map(|file| shape::violations(&file.path, &file.text)).collect());
}

#[test]
fn users_read_no_retired_words() {
    let sources = tree::rust_files(&["src", "crates/ssa/src", "crates/tfplugin/src", "xtask/src"]);
    assert!(!sources.is_empty());
    let sources = sources.iter().filter(|file| !rules::is_test(&file.path));
    let in_sources = sources.flat_map(|file| wording::in_source(&file.path, &file.text));
    let pages = tree::pages(&["templates", "docs", "examples"]);
    let in_pages = pages.iter().flat_map(|file| wording::in_text(&file.path, &file.text));
    assert_none(in_sources.chain(in_pages).collect());
}
