//! Whether a file keeps to the import table.

use super::Violation;
use super::paths::{WrittenPath, written_paths};
use super::table::{Packages, Row, SIBLINGS, TABLE};

/// What reaches outside of the process, or differs from run to run.
const IMPURE: [&str; 7] = ["env", "fs", "io", "net", "process", "thread", "time"];

/// The imports of one file of the provider that the table does not allow; `dependencies` are the packages that it may
/// name at all, as Rust writes them.
pub fn violations(file: &str, text: &str, dependencies: &[String]) -> Vec<Violation> {
    let own = module_path(file);
    let Some(module) = own.first() else { return Vec::new() };
    if is_test(file) {
        return Vec::new();
    }
    let Some(row) = TABLE.iter().find(|row| row.module == module) else {
        let rule = format!("module `{module}` has no row in the import table of tests/architecture/table.rs");
        return vec![Violation::new(file, 1, rule)];
    };
    let check = Check { own: &own, row, dependencies };
    let broken = |path: &WrittenPath| check.broken_by(path).map(|rule| Violation::new(file, path.line, rule));
    written_paths(text).iter().filter_map(broken).collect()
}

/// `src/mesh/names.rs` is `mesh::names`; the crate's own files have the empty path.
fn module_path(file: &str) -> Vec<String> {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    match inside {
        "lib" | "main" => Vec::new(),
        inside => inside.split('/').map(str::to_owned).collect(),
    }
}

pub fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.split('/').any(|part| part == "tests")
}

struct Check<'a> {
    own: &'a [String],
    row: &'a Row,
    dependencies: &'a [String],
}

impl Check<'_> {
    fn broken_by(&self, path: &WrittenPath) -> Option<String> {
        match self.inside_the_crate(&path.segments) {
            Some(inside) => self.module_rule(&inside),
            None => self.package_rule(&path.segments),
        }
    }

    /// The path as seen from the crate's root, if it is one of ours and not `self`.
    fn inside_the_crate(&self, segments: &[String]) -> Option<Vec<String>> {
        match segments.first().map(String::as_str) {
            Some("crate") => Some(segments[1..].to_vec()),
            Some("super") => {
                let steps = segments.iter().take_while(|segment| *segment == "super").count();
                let above = self.own.len().saturating_sub(steps);
                Some(self.own[..above].iter().chain(&segments[steps..]).cloned().collect())
            }
            _ => None,
        }
    }

    fn module_rule(&self, inside: &[String]) -> Option<String> {
        let (module, own) = (inside.first()?.as_str(), self.row.module);
        if module == own {
            let is_sibling =
                SIBLINGS.contains(&own) && inside.get(1) != self.own.get(1) && self.own.len() > 1;
            return is_sibling.then(|| {
                format!("`{own}::{}` must not import its sibling `{}`", self.own[1], inside.join("::"))
            });
        }
        let is_module = TABLE.iter().any(|row| row.module == module);
        (is_module && !self.row.modules.contains(&module))
            .then(|| format!("`{own}` must not import `{module}`"))
    }

    fn package_rule(&self, segments: &[String]) -> Option<String> {
        let [package, item, ..] = segments else { return None };
        let own = self.row.module;
        let is_allowed = match &self.row.packages {
            Packages::Only(_) if package == "std" => !IMPURE.contains(&item.as_str()),
            Packages::Only(only) => !self.dependencies.contains(package) || only.contains(&package.as_str()),
            Packages::Except(except) => !except.contains(&package.as_str()),
        };
        let named = if package == "std" { format!("std::{item}") } else { package.clone() };
        (!is_allowed).then(|| format!("`{own}` must not import `{named}`"))
    }
}
