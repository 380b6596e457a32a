//! `join` as it stands in a cluster: a page of the mesh's book, from which other workspaces read it.

use std::collections::BTreeMap;

use tfplugin::TerraformValue as _;

use super::decode::{Document as _, from_json};
use super::error::DocumentError;
use super::model::JoinModel;

/// The key of the Services in the page; that of the document is its name.
const SERVICES: &str = "services";

/// Services whose addresses are in `join`: cluster → member of it → `<namespace>/<name>`. Other addresses do not change by themselves.
pub type Services = BTreeMap<String, BTreeMap<String, String>>;

/// What a primary has written down about its mesh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The document.
    pub join: JoinModel,
    /// Where its addresses come from.
    pub services: Services,
}

impl Page {
    /// The data of the `ConfigMap`: JSON, members sorted by name, the same bytes for the same page. `join` must be wholly known.
    pub fn to_data(&self) -> Result<BTreeMap<String, String>, DocumentError> {
        let join = self.join.clone().into_value().to_json(&JoinModel::ty());
        let join = join.map_err(|source| DocumentError::Unknown { document: JoinModel::NAME, source })?;
        let join = String::from_utf8_lossy(&join).into_owned();
        let services = serde_json::to_string(&self.services)
            .map_err(|source| DocumentError::Json { document: SERVICES, source })?;
        Ok([(JoinModel::NAME.to_owned(), join), (SERVICES.to_owned(), services)].into())
    }

    /// The page with this data. Where addresses come from is not missed: they are then as they were written.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, DocumentError> {
        let join = from_json(data.get(JoinModel::NAME).map_or("", String::as_str))?;
        let services = data.get(SERVICES).and_then(|text| serde_json::from_str(text).ok());
        Ok(Self { join, services: services.unwrap_or_default() })
    }
}
