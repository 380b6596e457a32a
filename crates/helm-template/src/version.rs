//! Semantic versions and constraints with the rules of Masterminds' `semver` v3, which Helm uses for chart versions,
//! `kubeVersion` and `semverCompare`.

use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};

/// A version; missing numbers are 0 (`v1.2` is `1.2.0`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
    pub(crate) prerelease: String,
    pub(crate) metadata: String,
    pub(crate) original: String,
}

/// Why a text is no version or no constraint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// Not a version.
    #[error("invalid semantic version")]
    Version,
    /// Not a constraint.
    #[error("improper constraint: {0:?}")]
    Constraint(String),
}

impl Version {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let plain = text.strip_prefix('v').unwrap_or(text);
        let (rest, metadata) = split_once_or_end(plain, '+');
        let (numbers, prerelease) = split_once_or_end(rest, '-');
        let identifiers_are_good = |identifiers: Option<&str>| {
            identifiers.is_none_or(|text| {
                text.split('.').all(|part| {
                    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                })
            })
        };
        let no_leading_zero = prerelease.is_none_or(|text| {
            text.split('.').all(|part| {
                !(part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()))
            })
        });
        if !identifiers_are_good(prerelease) || !identifiers_are_good(metadata) || !no_leading_zero {
            return Err(Error::Version);
        }
        let mut parsed = [0u64; 3];
        let parts: Vec<&str> = numbers.split('.').collect();
        if parts.len() > 3 {
            return Err(Error::Version);
        }
        for (slot, part) in parsed.iter_mut().zip(&parts) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Error::Version);
            }
            *slot = part.parse().map_err(|_| Error::Version)?;
        }
        let [major, minor, patch] = parsed;
        Ok(Self {
            major,
            minor,
            patch,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        })
    }

    /// Compares by precedence; metadata does not count.
    pub(crate) fn cmp_precedence(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_prerelease(&self.prerelease, &other.prerelease))
    }
}

impl Display for Version {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

fn split_once_or_end(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn compare_prerelease(first: &str, second: &str) -> Ordering {
    match (first.is_empty(), second.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (first.split('.'), second.split('.'));
    loop {
        let ordering = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// Alternatives (`||`) of comparisons that must all hold (`,` or blanks).
#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Debug, Clone)]
struct Comparison {
    operator: Operator,
    version: Version,
    minor_is_wild: bool,
    patch_is_wild: bool,
    /// `*`: any version.
    all_wild: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Tilde,
    Caret,
}

impl Constraint {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let improper = || Error::Constraint(text.to_owned());
        let alternatives = text.split("||").map(|alternative| {
            let ranged = rewrite_ranges(alternative);
            let comparisons = tokens(&ranged).ok_or_else(improper)?;
            if comparisons.is_empty() {
                return Err(improper());
            }
            comparisons.iter().map(|token| Comparison::parse(token).ok_or_else(improper)).collect()
        });
        Ok(Self { alternatives: alternatives.collect::<Result<_, _>>()? })
    }

    pub(crate) fn check(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|comparisons| {
            // A prerelease is taken only if a comparison of the same alternative names one.
            let takes_prereleases =
                comparisons.iter().any(|comparison| !comparison.version.prerelease.is_empty());
            comparisons.iter().all(|comparison| comparison.holds(version, takes_prereleases))
        })
    }
}

/// `1.2 - 1.4` becomes `>= 1.2, <= 1.4`.
fn rewrite_ranges(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out: Vec<String> = Vec::new();
    let mut index = 0;
    while index < words.len() {
        if words.get(index + 1) == Some(&"-")
            && let Some(high) = words.get(index + 2)
        {
            out.push(format!(">={} <={high}", words[index]));
            index += 3;
        } else {
            out.push(words[index].to_owned());
            index += 1;
        }
    }
    out.join(" ")
}

/// Splits into operator and version pairs.
fn tokens(text: &str) -> Option<Vec<String>> {
    const OPERATORS: &str = "=!<>~^";
    let mut out: Vec<String> = Vec::new();
    let mut operator = String::new();
    for word in text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty()) {
        let version = word.trim_start_matches(|c| OPERATORS.contains(c));
        operator.push_str(&word[..word.len() - version.len()]);
        if !version.is_empty() {
            out.push(format!("{operator}{version}"));
            operator.clear();
        }
    }
    operator.is_empty().then_some(out)
}

impl Comparison {
    fn parse(token: &str) -> Option<Self> {
        let version = token.trim_start_matches(|c| "=!<>~^".contains(c));
        let operator = match &token[..token.len() - version.len()] {
            "" | "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            ">" => Operator::Greater,
            ">=" | "=>" => Operator::GreaterOrEqual,
            "<" => Operator::Less,
            "<=" | "=<" => Operator::LessOrEqual,
            "~" | "~>" => Operator::Tilde,
            "^" => Operator::Caret,
            _ => return None,
        };
        let plain = version.strip_prefix('v').unwrap_or(version);
        let end = plain.find(['-', '+']).unwrap_or(plain.len());
        let (numbers, suffix) = plain.split_at(end);
        let is_wild = |part: &str| matches!(part, "x" | "X" | "*");
        let parts: Vec<&str> = numbers.split('.').collect();
        if parts.len() > 3
            || (parts.len() < 3 && suffix.starts_with('-') && parts.iter().any(|part| is_wild(part)))
        {
            return None;
        }
        let all_wild = is_wild(parts[0]);
        let minor_is_wild = parts.get(1).is_none_or(|part| is_wild(part));
        let patch_is_wild = minor_is_wild || parts.get(2).is_none_or(|part| is_wild(part));
        let fixed: Vec<&str> = parts.iter().map(|part| if is_wild(part) { "0" } else { part }).collect();
        let version = Version::parse(&format!("{}{suffix}", fixed.join("."))).ok()?;
        Some(Self { operator, version, minor_is_wild, patch_is_wild, all_wild })
    }

    fn holds(&self, version: &Version, takes_prereleases: bool) -> bool {
        if !version.prerelease.is_empty() && !takes_prereleases {
            return false;
        }
        if self.all_wild {
            return !matches!(self.operator, Operator::NotEqual | Operator::Greater | Operator::Less);
        }
        let ordering = version.cmp_precedence(&self.version);
        let same_major = version.major == self.version.major;
        let same_minor = same_major && version.minor == self.version.minor;
        match self.operator {
            Operator::Equal if self.patch_is_wild => self.tilde(version),
            Operator::Equal => ordering == Ordering::Equal,
            Operator::NotEqual if self.minor_is_wild => !same_major,
            Operator::NotEqual if self.patch_is_wild => !same_minor,
            Operator::NotEqual => ordering != Ordering::Equal,
            Operator::Greater if self.minor_is_wild => version.major > self.version.major,
            Operator::Greater if self.patch_is_wild => {
                (version.major, version.minor) > (self.version.major, self.version.minor)
            }
            Operator::Greater => ordering == Ordering::Greater,
            Operator::GreaterOrEqual => ordering != Ordering::Less,
            Operator::Less => ordering == Ordering::Less,
            Operator::LessOrEqual if self.minor_is_wild => version.major <= self.version.major,
            Operator::LessOrEqual if self.patch_is_wild => {
                (version.major, version.minor) <= (self.version.major, self.version.minor)
            }
            Operator::LessOrEqual => ordering != Ordering::Greater,
            Operator::Tilde => self.tilde(version),
            Operator::Caret => self.caret(version),
        }
    }

    /// The same major version, and the same minor one if it was given.
    fn tilde(&self, version: &Version) -> bool {
        version.cmp_precedence(&self.version) != Ordering::Less
            && version.major == self.version.major
            && (self.minor_is_wild || version.minor == self.version.minor)
    }

    /// The same number at the first place that is not zero.
    fn caret(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.cmp_precedence(wanted) == Ordering::Less || version.major != wanted.major {
            return false;
        }
        if wanted.major > 0 || self.minor_is_wild {
            return true;
        }
        if version.minor != wanted.minor {
            return false;
        }
        wanted.minor > 0 || self.patch_is_wild || version.patch == wanted.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_hold_as_masterminds_says() {
        for (constraint, version, holds) in [
            (">=1.20.0-0", "1.31.2", true),
            (">= 1.20, < 2", "1.31.2-gke.1", false),
            ("^1.2", "1.9.0", true),
            ("^0.2.3", "0.3.0", false),
            ("~1.2.3", "1.2.9", true),
            ("~1", "1.9.9", true),
            ("1.2.x", "1.2.7", true),
            ("1.2 - 1.4", "1.4.5", true),
            ("<1.0 || >2.0", "2.1.0", true),
            ("*", "3.4.5", true),
            ("!=1.2", "1.2.5", false),
            (">1.2", "1.2.5", false),
            (">1.2", "1.3.0", true),
        ] {
            let constraint_value = Constraint::parse(constraint).expect(constraint);
            let parsed = Version::parse(version).expect(version);
            assert_eq!(constraint_value.check(&parsed), holds, "{constraint} {version}");
        }
        assert!(Constraint::parse("nonsense").is_err());
    }
}
