//! Which of several chart versions is meant.

use semver::Version;

use crate::mesh::ChartVersion;

/// Like Helm: an entry with exactly this text is the one; otherwise the first of the same version, which may have the prefix `v` or other
/// build metadata.
pub(super) fn choose<'a, T>(
    wanted: &ChartVersion,
    entries: impl IntoIterator<Item = &'a T> + Clone,
    version: impl Fn(&T) -> &str,
) -> Option<&'a T> {
    let exact = entries.clone().into_iter().find(|entry| version(entry) == wanted.as_str());
    exact.or_else(|| entries.into_iter().find(|entry| is_met_by(wanted, version(entry))))
}

/// Whether `version` is what was asked for.
pub(super) fn is_met_by(wanted: &ChartVersion, version: &str) -> bool {
    let parsed = Version::parse(version.strip_prefix('v').unwrap_or(version));
    parsed.is_ok_and(|version| version.cmp_precedence(&wanted.version()).is_eq())
}

/// Those of `texts` that are versions, the newest first.
pub(super) fn newest_first(texts: &[String]) -> Vec<String> {
    let mut versions: Vec<_> =
        texts.iter().filter_map(|text| Some((Version::parse(text).ok()?, text))).collect();
    versions.sort_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, text)| text.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_version_is_that_version() {
        let versions =
            ["1.30.5", "1.31.0", "1.31.1+build", "1.31.1", "1.32.0-rc.1", "1.29.9+build", "v1.28.0"];
        let chosen = |text: &str| {
            let wanted = text.parse().unwrap();
            choose(&wanted, &versions, |version| version).copied()
        };
        assert_eq!(chosen("1.31.0"), Some("1.31.0"));
        assert_eq!(chosen("1.31.1"), Some("1.31.1"));
        assert_eq!(chosen("1.29.9"), Some("1.29.9+build"));
        assert_eq!(chosen("1.28.0"), Some("v1.28.0"));
        assert_eq!(chosen("1.32.0-rc.1"), Some("1.32.0-rc.1"));
        assert_eq!(chosen("1.31.7"), None);
        assert_eq!(chosen("1.32.0"), None);
    }

    #[test]
    fn versions_are_sorted_by_precedence_and_other_tags_left_out() {
        let tags = ["1.9.0", "latest", "1.10.0", "sha256-abc.sig", "1.10.0-rc.1"].map(str::to_owned);
        assert_eq!(newest_first(&tags), ["1.10.0", "1.10.0-rc.1", "1.9.0"]);
    }
}
