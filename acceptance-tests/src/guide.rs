//! Tables of a guide that tests write, so that the guide says what Terraform said.
//!
//! With `UPDATE_GOLDEN=1` a test replaces its table in `templates/guides/`, from which `cargo xtask docs` makes the page; else it
//! fails unless the table is the same.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A table of one guide.
#[derive(Debug)]
pub struct Table {
    guide: &'static str,
    name: &'static str,
    text: String,
}

impl Table {
    /// An empty table, which stands in `templates/guides/<guide>.md` between `<!-- <name> -->` and `<!-- end of <name> -->`.
    pub fn new(guide: &'static str, name: &'static str, columns: &[&str]) -> Self {
        let mut table = Self { guide, name, text: String::new() };
        table.row(columns);
        table.row(&vec!["---"; columns.len()]);
        table
    }

    /// Adds a row. Line breaks become line breaks of the cell, and how long something took is left out.
    pub fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|cell| cell_text(cell)).collect();
        writeln!(self.text, "| {} |", cells.join(" | ")).expect("write into a text");
    }

    /// Compares the table with the guide's, or replaces that.
    #[track_caller]
    pub fn check(self) {
        let path = self.path();
        let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (begin, end) = (format!("<!-- {} -->\n", self.name), format!("<!-- end of {} -->", self.name));
        let (before, rest) = page.split_once(&begin).expect("the guide has a place for the table");
        let (there, after) = rest.split_once(&end).expect("the guide has an end of the table");
        let made = format!("\n{}\n", self.text);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, format!("{before}{begin}{made}{end}{after}")).expect("write the guide");
        } else {
            assert_eq!(there, made, "{} is stale: run this test with UPDATE_GOLDEN=1", path.display());
        }
    }

    fn path(&self) -> PathBuf {
        let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/guides");
        guides.join(self.guide).with_extension("md")
    }
}

fn cell_text(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> =
        lines.map(|line| line.split(' ').map(without_time).collect::<Vec<_>>().join(" ")).collect();
    lines.join("<br>").replace('|', "\\|")
}

/// `12s:` → `…:`, `12s**` → `…**`.
fn without_time(word: &str) -> String {
    let digits =
        word.len() - word.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.').len();
    let rest = &word[digits..];
    match rest.strip_prefix('s') {
        Some(after) if digits > 0 && !after.starts_with(char::is_alphanumeric) => format!("…{after}"),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::cell_text;

    #[test]
    fn a_cell_is_one_line_and_knows_no_time() {
        assert_eq!(cell_text("within 12s: a|b\n\nc 3 s"), "within …: a\\|b<br>c 3 s");
        assert_eq!(cell_text("timeout=10s 1.5s x1s 2st"), "timeout=10s … x1s 2st");
        assert_eq!(cell_text("**within 10s**"), "**within …**");
    }
}
