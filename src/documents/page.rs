//! `join` as it stands in a cluster: a page of the mesh's book, from which other workspaces read it.

use tfplugin::TerraformValue as _;

use super::decode::{Document as _, from_json};
use super::error::DocumentError;
use super::model::JoinModel;

/// The text of the page: JSON, members sorted by name, the same bytes for the same document. It must be wholly known.
pub fn to_page(join: &JoinModel) -> Result<String, DocumentError> {
    let text = join.clone().into_value().to_json(&JoinModel::ty());
    let text = text.map_err(|source| DocumentError::Unknown { document: JoinModel::NAME, source })?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The document that a page holds.
pub fn from_page(text: &str) -> Result<JoinModel, DocumentError> {
    from_json(text)
}
