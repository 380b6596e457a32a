//! A peer document as text, for handing it to another organisation.

use tfplugin::TerraformValue as _;

use super::decode::{Document as _, from_json};
use super::error::DocumentError;
use super::json;
use super::model::PeerDocumentModel;

impl PeerDocumentModel {
    /// JSON (RFC 8259) in one line, members sorted by name, lists sorted: the same bytes for the same document. It must
    /// be wholly known.
    ///
    /// # Errors
    /// It cannot be used, or is too long, so [`from_text`](Self::from_text) would refuse it.
    pub fn to_text(self) -> Result<String, DocumentError> {
        let document = Self::NAME;
        let value = self.checked()?.into_value();
        let text =
            value.to_json(&Self::ty()).map_err(|source| DocumentError::Unknown { document, source })?;
        let length = text.len();
        if length > json::LONGEST {
            return Err(DocumentError::TooLong { document, length });
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The document that a text is, whoever wrote it.
    ///
    /// # Errors
    /// It is not one JSON object of this format, has a member twice, or cannot be used.
    pub fn from_text(text: &str) -> Result<Self, DocumentError> {
        from_json::<Self>(text)?.checked()
    }
}
