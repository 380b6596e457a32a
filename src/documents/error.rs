use tfplugin::{AttributePath, ValueError};
use thiserror::Error;

use super::member_error::MemberError;
use super::{FORMAT, json};

/// What to do about a document that the provider has not written like this.
pub(super) const UNCHANGED: &str = "Pass the document exactly as the provider wrote it.";

/// A document cannot be read or written.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// It is something else.
    #[error("not {origin}: {found}")]
    NotADocument {
        /// What the document is an attribute of.
        origin: &'static str,
        /// A reference to it.
        example: &'static str,
        /// What is there.
        found: String,
    },
    /// It is of a format that this release does not know.
    #[error("{document} has format {found}, but this release of the provider reads format {FORMAT}")]
    OtherFormat {
        /// The document's name.
        document: &'static str,
        /// Its format.
        found: String,
    },
    /// A member is not what the format has there.
    #[error("{document} is not a valid document of format {FORMAT}")]
    Member {
        /// The document's name.
        document: &'static str,
        /// Which member, and what it should be.
        source: ValueError,
    },
    /// A member has the right type, and what it says cannot be used.
    #[error("{document} has an invalid member {path}")]
    Unusable {
        /// The document's name.
        document: &'static str,
        /// The member.
        path: AttributePath,
        /// What is wrong with it.
        source: Box<MemberError>,
    },
    /// The text is longer than any document.
    #[error("the text of {document} has {length} bytes, and {} are allowed", json::LONGEST)]
    TooLong {
        /// The document's name.
        document: &'static str,
        /// How long it is.
        length: usize,
    },
    /// The text is not JSON.
    #[error("the text of {document} is not valid JSON")]
    Json {
        /// The document's name.
        document: &'static str,
        /// Where.
        source: serde_json::Error,
    },
    /// It is not wholly known, so it has no text.
    #[error("{document} is not known yet")]
    Unknown {
        /// The document's name.
        document: &'static str,
        /// Which member.
        source: ValueError,
    },
}

impl DocumentError {
    /// What to do about it.
    pub fn way_out(&self) -> String {
        match self {
            Self::NotADocument { origin, example, .. } => {
                format!("Pass {origin}, such as {example}, or the same as JSON.")
            }
            Self::OtherFormat { .. } => {
                "Use the release of the provider that wrote the document, or a later one.".to_owned()
            }
            Self::Unusable { source, .. } => source.way_out(),
            Self::Member { .. } | Self::Json { .. } => UNCHANGED.to_owned(),
            Self::TooLong { .. } => format!(
                "{UNCHANGED} If the provider wrote all of it, split the exports among several federations."
            ),
            Self::Unknown { .. } => "This is a bug in the provider.".to_owned(),
        }
    }
}
