//! The attribute `reader_token_version`: schema, and what a plan says of an exchange.

use tfplugin::schema::Attribute;
use tfplugin::{AttributePath, Diagnostic, Field};

use crate::mesh::FIRST_TOKEN;
use crate::mesh::well_known::reader_token_secret;

/// Its name.
pub const READER_TOKEN_VERSION: &str = "reader_token_version";
/// The first release whose istiod keeps what it knows of a cluster until it has read it with the next token.
const KEEPS: semver::Version = semver::Version::new(1, 30, 4);

/// The attribute's schema.
pub fn attribute() -> Attribute {
    Attribute::number(
        "Version of the token by which istiod of primaries reads this cluster (default `1`). Increment it to exchange the token: the \
         apply creates the next one, changes the remote secrets of the primaries, and deletes the former one once istiod of each has \
         read the cluster again. Calls continue meanwhile where istiod is of release 1.30.4 or later.",
    )
    .optional()
}

/// The Secret with the token that this attribute names.
pub fn secret(version: Field<i64>) -> String {
    reader_token_secret(version.into_known().unwrap_or(FIRST_TOKEN))
}

/// What a plan says of a token of the cluster `read` that is exchanged while istiod of these primaries, each with its release, reads it.
pub fn lossy<'a>(
    read: &str,
    mut readers: impl Iterator<Item = (&'a str, &'a str)>,
    path: AttributePath,
) -> Option<Diagnostic> {
    let is_older = |version: &str| semver::Version::parse(version).is_ok_and(|version| version < KEEPS);
    let (reader, version) = readers.find(|(_, version)| is_older(version))?;
    let summary = format!("Cluster {read:?}: calls may fail while its token is exchanged");
    let detail = format!(
        "istiod of {reader:?} is of release {version}. Before release {KEEPS}, it forgets the pods of a cluster until it has read the \
         cluster with the next token, so that calls to Services that run only there fail for some seconds. Upgrade the primaries first, \
         or apply at a quiet time."
    );
    Some(Diagnostic::warning(summary, detail).at(path.attribute(READER_TOKEN_VERSION)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_that_forget_a_cluster_for_a_moment_are_named() {
        let said = |version| {
            lossy("edge", [("east", "1.31.0"), ("west", version)].into_iter(), AttributePath::root())
        };
        for version in ["1.29.5", "1.30.3"] {
            let warning = said(version).expect("a warning");
            assert!(!warning.is_error() && warning.detail.contains("\"west\""), "{}", warning.detail);
        }
        for version in ["1.30.4", "1.31.0"] {
            assert_eq!(said(version), None, "{version}");
        }
    }

    #[test]
    fn the_first_token_is_that_of_a_configuration_without_the_attribute() {
        assert_eq!(secret(Field::Null), "istio-mesh-reader-token-1");
        assert_eq!(secret(Field::Known(2)), "istio-mesh-reader-token-2");
    }
}
