//! `.helmignore`.

use crate::golang::path;

/// The patterns of a `.helmignore` file, in order.
#[derive(Debug, Default)]
pub(super) struct Rules {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    negated: bool,
    directories_only: bool,
    /// Without a slash a pattern is held against the last element only.
    whole_path: bool,
}

impl Rules {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Self::default();
        for line in text.trim_start_matches('\u{feff}').lines() {
            rules.add(line.trim())?;
        }
        Ok(rules)
    }

    /// Hidden files under `templates/` are never templates.
    pub(super) fn with_defaults(mut self) -> Self {
        self.patterns.push(Pattern {
            text: "templates/.?*".to_owned(),
            negated: false,
            directories_only: false,
            whole_path: true,
        });
        self
    }

    fn add(&mut self, rule: &str) -> Result<(), String> {
        if rule.is_empty() || rule.starts_with('#') {
            return Ok(());
        }
        if rule.contains("**") {
            return Err("double-star (**) syntax is not supported".to_owned());
        }
        path::matches(rule, "abc").map_err(|error| error.to_string())?;
        let (negated, rule) = rule.strip_prefix('!').map_or((false, rule), |rest| (true, rest));
        let (directories_only, rule) = rule.strip_suffix('/').map_or((false, rule), |rest| (true, rest));
        let (rooted, rule) = rule.strip_prefix('/').map_or((false, rule), |rest| (true, rest));
        self.patterns.push(Pattern {
            text: rule.to_owned(),
            negated,
            directories_only,
            whole_path: rooted || rule.contains('/'),
        });
        Ok(())
    }

    /// Whether the file or directory at `name` is left out. The first pattern that decides wins.
    pub(super) fn ignores(&self, name: &str, is_directory: bool) -> bool {
        for pattern in &self.patterns {
            if pattern.negated {
                if (pattern.directories_only && !is_directory) || !pattern.matches(name) {
                    return true;
                }
            } else if (is_directory || !pattern.directories_only) && pattern.matches(name) {
                return true;
            }
        }
        false
    }
}

impl Pattern {
    fn matches(&self, name: &str) -> bool {
        let candidate = if self.whole_path { name } else { name.rsplit('/').next().unwrap_or(name) };
        path::matches(&self.text, candidate).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_helm_reads_them() {
        let rules = Rules::parse("# comment\n*.txt\n/root.md\nbuild/\na/b.yaml\n").unwrap().with_defaults();
        for (name, is_directory, ignored) in [
            ("x.txt", false, true),
            ("a/x.txt", false, true),
            ("root.md", false, true),
            ("a/root.md", false, false),
            ("build", true, true),
            ("build", false, false),
            ("a/b.yaml", false, true),
            ("c/a/b.yaml", false, false),
            ("templates/.hidden", false, true),
            ("templates/x.yaml", false, false),
        ] {
            assert_eq!(rules.ignores(name, is_directory), ignored, "{name}");
        }
    }

    #[test]
    fn double_stars_are_refused() {
        assert!(Rules::parse("a/**").is_err());
    }
}
