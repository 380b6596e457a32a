//! Further `ConfigMap`s beside an inventory, in which others find what the set tells them: they come and go with it.

use std::collections::BTreeMap;

use serde_json::{Map, json};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::inventory::{Inventory, InventoryRef};
use crate::inventory_error::InventoryError;
use crate::inventory_requests::write;
use crate::inventory_store::page_prefix;
use crate::live::Live;
use crate::request_error::RequestError;

/// How often a page that is replaced at the same time is tried again.
const ATTEMPTS: u32 = 5;

impl Engine {
    /// Writes the page `name` of an inventory: the ConfigMap `<inventory>.<name>` with this data. Nothing is written if it says so
    /// already. It is deleted with the inventory.
    ///
    /// Errors: the inventory is not claimed, or the ConfigMap cannot be read or written.
    pub async fn write_page(
        &self,
        inventory: &Inventory,
        name: &str,
        data: &BTreeMap<String, String>,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        let InventoryRef { namespace, name: inventory_name } = inventory.at().clone();
        if inventory.claim.is_none() {
            return Err(InventoryError::NotClaimed { namespace, name: inventory_name });
        }
        let at = inventory.at();
        let page = format!("{}{name}", page_prefix(at));
        let content = data.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Map<_, _>>();
        for attempt in 1.. {
            let live = self.config_map(at, &page, cancel).await?;
            let is_same = live.as_ref().is_some_and(|live| {
                live.value()["data"].as_object() == Some(&content)
                    && live.owner(&self.owner) == Some(&*self.owner.value)
            });
            if is_same {
                return Ok(());
            }
            let version = live.as_ref().map(Live::resource_version).unwrap_or_default();
            match self.put_config_map(at, &page, content.clone(), version, cancel).await {
                Err(RequestError::Conflict { .. }) if attempt < ATTEMPTS => {}
                answer => return answer.map(drop).map_err(|source| write(at, source)),
            }
        }
        Ok(())
    }
}
