//! Which of several chart versions is meant: an exact one, or the newest that a constraint allows.
//!
//! The notation is that of `github.com/Masterminds/semver/v3`, which Helm uses.

use std::cmp::Ordering;
use std::num::ParseIntError;

use semver::{Prerelease, Version};

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    text: String,
    /// Alternatives; in each of them all comparisons must hold.
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Clone, Debug)]
struct Comparison {
    low: Option<Bound>,
    high: Option<Bound>,
    /// `!=`: outside of the bounds rather than inside.
    outside: bool,
    allows_prereleases: bool,
}

#[derive(Clone, Debug)]
struct Bound {
    version: Version,
    inclusive: bool,
}

/// `1.31`, `1.x`, `*` or a whole version.
struct Partial {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    pre: Prerelease,
}

impl Wanted {
    /// `None` if `text` is neither a version nor a constraint.
    pub fn parse(text: &str) -> Option<Self> {
        let alternatives = text.split("||").map(conjunction).collect::<Option<_>>()?;
        Some(Self { text: text.trim().to_owned(), alternatives })
    }

    /// What was asked for, as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether one version is meant and no other.
    pub fn is_exact(&self) -> bool {
        Version::parse(&self.text).is_ok()
    }

    /// Like Helm: an entry with exactly this text is the one; otherwise the newest that is allowed.
    pub fn choose<'a, T>(
        &self,
        entries: impl IntoIterator<Item = &'a T> + Clone,
        version: impl Fn(&T) -> &str,
    ) -> Option<&'a T> {
        if let Some(exact) = entries.clone().into_iter().find(|entry| version(entry) == self.text) {
            return Some(exact);
        }
        let parsed = entries.into_iter().filter_map(|entry| Some((parse(version(entry))?, entry)));
        let allowed = parsed.filter(|(version, _)| self.allows(version));
        // The first of equals wins, as it does in Helm's sorted index.
        allowed
            .reduce(|best, next| if next.0.cmp_precedence(&best.0).is_gt() { next } else { best })
            .map(|(_, entry)| entry)
    }

    /// Whether `version` is what was asked for.
    pub fn is_met_by(&self, version: &str) -> bool {
        version == self.text || parse(version).is_some_and(|version| self.allows(&version))
    }

    fn allows(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|all| {
            // A prerelease is taken only by who names one.
            (version.pre.is_empty() || all.iter().any(|comparison| comparison.allows_prereleases))
                && all.iter().all(|comparison| comparison.holds(version))
        })
    }
}

impl Comparison {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| c.is_ascii_alphanumeric() || c == '*')?;
        let (operator, version) = text.split_at(digits);
        let wanted = Partial::parse(version)?;
        let allows_prereleases = !wanted.pre.is_empty();
        let within = |low, high| Self { low, high, outside: false, allows_prereleases };
        let floor = || Some(Bound { version: wanted.floor(), inclusive: true });
        Some(match operator.trim() {
            "" | "=" => within(floor(), wanted.end()),
            "!=" => Self { outside: true, ..within(floor(), wanted.end()) },
            ">" => match wanted.end() {
                Some(Bound { version, inclusive: true }) => {
                    within(Some(Bound { version, inclusive: false }), None)
                }
                Some(end) => within(Some(Bound { inclusive: true, ..end }), None),
                // Nothing is newer than every version.
                None => within(None, Some(before(0, 0, 0))),
            },
            ">=" | "=>" => within(floor(), None),
            "<" => within(None, Some(Bound { version: wanted.floor(), inclusive: false })),
            "<=" | "=<" => within(None, wanted.end()),
            "~" | "~>" => within(floor(), wanted.same_minor()),
            "^" => within(floor(), wanted.compatible()),
            _ => return None,
        })
    }

    fn holds(&self, version: &Version) -> bool {
        let from = self.low.as_ref().is_none_or(|low| match version.cmp_precedence(&low.version) {
            Ordering::Greater => true,
            Ordering::Equal => low.inclusive,
            Ordering::Less => false,
        });
        let until = self.high.as_ref().is_none_or(|high| match version.cmp_precedence(&high.version) {
            Ordering::Less => true,
            Ordering::Equal => high.inclusive,
            Ordering::Greater => false,
        });
        (from && until) != self.outside
    }
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _build)| version);
        let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
        let mut parts = numbers.split('.').map(number);
        let mut next = || parts.next().unwrap_or(Ok(None)).ok();
        let (major, minor, patch) = (next()?, next()?, next()?);
        let pre = Prerelease::new(pre).ok()?;
        parts.next().is_none().then_some(Self { major, minor, patch, pre })
    }

    /// The oldest version that it can mean.
    fn floor(&self) -> Version {
        let mut floor =
            Version::new(self.major.unwrap_or(0), self.minor.unwrap_or(0), self.patch.unwrap_or(0));
        floor.pre = self.pre.clone();
        floor
    }

    /// Where what it can mean ends; `None` if it never does.
    fn end(&self) -> Option<Bound> {
        match (self.major, self.minor, self.patch) {
            (Some(_), Some(_), Some(_)) => Some(Bound { version: self.floor(), inclusive: true }),
            _ => self.same_minor(),
        }
    }

    fn same_minor(&self) -> Option<Bound> {
        match (self.major?, self.minor) {
            (major, Some(minor)) => Some(before(major, minor + 1, 0)),
            (major, None) => Some(before(major + 1, 0, 0)),
        }
    }

    /// Up to the first number that may not change: the leftmost one that is not zero.
    fn compatible(&self) -> Option<Bound> {
        Some(match (self.major?, self.minor, self.patch) {
            (0, Some(0), Some(patch)) => before(0, 0, patch + 1),
            (0, Some(minor), _) => before(0, minor + 1, 0),
            (major, _, _) => before(major + 1, 0, 0),
        })
    }
}

/// Before this version and before its prereleases.
fn before(major: u64, minor: u64, patch: u64) -> Bound {
    let mut version = Version::new(major, minor, patch);
    version.pre = Prerelease::new("0").unwrap_or(Prerelease::EMPTY);
    Bound { version, inclusive: false }
}

/// A number, or none for a wildcard.
fn number(text: &str) -> Result<Option<u64>, ParseIntError> {
    if matches!(text, "x" | "X" | "*") { Ok(None) } else { text.parse().map(Some) }
}

/// Comparisons that are separated by commas or blanks; `1.2 - 1.4` is a range.
fn conjunction(text: &str) -> Option<Vec<Comparison>> {
    let words: Vec<&str> = text.split(',').flat_map(str::split_whitespace).collect();
    let mut comparisons = Vec::new();
    let mut rest = words.as_slice();
    while let [first, others @ ..] = rest {
        let taken = match others {
            ["-", last, ..] => {
                comparisons.push(Comparison::parse(&format!(">={first}"))?);
                comparisons.push(Comparison::parse(&format!("<={last}"))?);
                3
            }
            // A blank may stand between operator and version.
            [version, ..] if !first.contains(|c: char| c.is_ascii_alphanumeric() || c == '*') => {
                comparisons.push(Comparison::parse(&format!("{first}{version}"))?);
                2
            }
            _ => {
                comparisons.push(Comparison::parse(first)?);
                1
            }
        };
        rest = &rest[taken..];
    }
    (!comparisons.is_empty()).then_some(comparisons)
}

/// Those of `texts` that are versions, the newest first.
pub(super) fn newest_first(texts: &[String]) -> Vec<String> {
    let mut versions: Vec<_> =
        texts.iter().filter_map(|text| Some((Version::parse(text).ok()?, text))).collect();
    versions.sort_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, text)| text.clone()).collect()
}

/// A chart's version; Helm takes a leading `v` and missing numbers.
fn parse(text: &str) -> Option<Version> {
    Version::parse(text.strip_prefix('v').unwrap_or(text))
        .ok()
        .or_else(|| Partial::parse(text).map(|it| it.floor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSIONS: [&str; 9] =
        ["1.30.5", "1.31.0", "1.31.1", "1.32.0-rc.1", "0.0.3", "0.2.4", "2.0.0", "1.29.9+build", "v1.28.0"];

    fn chosen(constraint: &str) -> Option<&'static str> {
        Wanted::parse(constraint).unwrap().choose(&VERSIONS, |version| version).copied()
    }

    #[test]
    fn an_exact_version_is_that_version() {
        assert_eq!(chosen("1.31.0"), Some("1.31.0"));
        assert_eq!(chosen("v1.31.0"), Some("1.31.0"));
        assert_eq!(chosen("1.28.0"), Some("v1.28.0"));
        assert_eq!(chosen("1.32.0-rc.1"), Some("1.32.0-rc.1"));
        assert_eq!(chosen("1.31.7"), None);
    }

    #[test]
    fn a_constraint_takes_the_newest_allowed() {
        for (constraint, expected) in [
            ("*", Some("2.0.0")),
            ("1.x", Some("1.31.1")),
            ("1.30", Some("1.30.5")),
            ("~1.31.0", Some("1.31.1")),
            ("~1", Some("1.31.1")),
            ("^1.30.0", Some("1.31.1")),
            ("^0.0.3", Some("0.0.3")),
            ("^0.2", Some("0.2.4")),
            (">1.30", Some("2.0.0")),
            (">1", Some("2.0.0")),
            (">*", None),
            (">=1.30.0, <1.31.0", Some("1.30.5")),
            (">= 1.30.0 < 1.31.1", Some("1.31.0")),
            ("<=1.30", Some("1.30.5")),
            ("1.29 - 1.31", Some("1.31.1")),
            ("!=2.0.0 >=1.0.0 !=1.31", Some("1.30.5")),
            ("1.29.x || 0.x", Some("1.29.9+build")),
            (">=1.32.0-0 <2", Some("1.32.0-rc.1")),
            (">3", None),
        ] {
            assert_eq!(chosen(constraint), expected, "{constraint}");
        }
    }

    #[test]
    fn versions_are_sorted_by_precedence_and_other_tags_left_out() {
        let tags = ["1.9.0", "latest", "1.10.0", "sha256-abc.sig", "1.10.0-rc.1"].map(str::to_owned);
        assert_eq!(newest_first(&tags), ["1.10.0", "1.10.0-rc.1", "1.9.0"]);
    }

    #[test]
    fn a_caret_does_not_reach_the_next_majors_prereleases() {
        let wanted = Wanted::parse("^1.2.0-0").unwrap();
        assert!(wanted.is_met_by("1.9.0-beta") && !wanted.is_met_by("2.0.0-alpha"));
    }

    #[test]
    fn what_is_no_constraint_is_refused() {
        for text in ["", "latest", "1.2.3.4", ">", "1.a", ">>1", "||", "1.2 -"] {
            assert!(Wanted::parse(text).is_none(), "{text:?}");
        }
    }
}
