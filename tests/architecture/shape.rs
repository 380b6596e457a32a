//! Size and names of files, and words that some must not have.

use super::Violation;
use super::rules::is_test;

/// The longest file, tests apart, in lines.
const LONGEST: usize = 400;

/// Names that say nothing about what is inside.
const VAGUE: [&str; 8] = ["common", "helper", "helpers", "manager", "misc", "util", "utils", "utilities"];

/// What is wrong with one file's size and name.
pub fn violations(file: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let parts = file.trim_end_matches(".rs").split('/');
    for part in parts.filter(|part| part.split(['_', '-']).any(|word| VAGUE.contains(&word))) {
        violations.push(Violation::new(file, 1, format!("`{part}` says nothing about what is inside")));
    }
    let lines = lines_without_tests(text);
    if lines > LONGEST && !is_test(file) && !is_integration_test(file) {
        let rule = format!("{lines} lines without tests are more than {LONGEST}: split the file by concept");
        violations.push(Violation::new(file, LONGEST + 1, rule));
    }
    violations
}

fn is_integration_test(file: &str) -> bool {
    file.starts_with("tests/") || file.contains("/benches/")
}

/// Lines before a test module at the end of the file.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let is_tests =
        |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
    lines.windows(2).position(is_tests).unwrap_or(lines.len())
}

/// The product's own words in a crate that must not know it.
pub fn product_words(file: &str, text: &str) -> Vec<Violation> {
    let is_source = file.split('/').nth(2) == Some("src") || file.contains("/derive/src/");
    if !is_source || is_test(file) {
        return Vec::new();
    }
    let names_it = |line: &str| line.to_lowercase().contains("istio");
    let lines = text.lines().take(lines_without_tests(text)).enumerate();
    let naming = lines.filter(|(_, line)| names_it(line));
    naming
        .map(|(number, _)| Violation::new(file, number + 1, "a general crate must not know Istio"))
        .collect()
}
