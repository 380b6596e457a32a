use tfplugin::ValueError;
use thiserror::Error;

use super::FORMAT;

/// A document cannot be read or written.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// It is something else.
    #[error("not the attribute {document} of an istio_mesh: {found}")]
    NotADocument {
        /// The document's name.
        document: &'static str,
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
    /// The text is not JSON.
    #[error("the text of {document} is not JSON")]
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
            Self::NotADocument { document, .. } => format!(
                "Pass the attribute {document} of the resource or the data source istio_mesh, such as istio_mesh.shop.{document}, or \
                 the same as JSON."
            ),
            Self::OtherFormat { .. } => {
                "Use the release of the provider that wrote the document, or a later one.".to_owned()
            }
            Self::Member { .. } | Self::Json { .. } => {
                "Pass the document exactly as the provider wrote it.".to_owned()
            }
            Self::Unknown { .. } => "This is a bug in the provider.".to_owned(),
        }
    }
}
