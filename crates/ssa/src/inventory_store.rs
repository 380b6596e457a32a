//! How an inventory is kept: one ConfigMap, and further ones for its list of objects when that is long.
//!
//! ```yaml
//! data:
//!   identity: 5f0c…
//!   phase: creating
//!   complete: never
//!   digest: sha256:…
//!   holder: run-4f1c
//!   expires: "2026-01-01T00:00:00Z"
//!   setting.colour: blue  # what the caller wants to remember
//!   objects: |            # or shards: names of the further ones, one a line
//!     apps/Deployment/shop/web 3 6f1e…
//!     /ConfigMap/shop/settings 2
//! ```
//! An object's line has the order of its stage and, once the object was made, its UID.
//!
//! A shard's name ends with a digest of its content and a shard never changes, so that replacing the first ConfigMap replaces the
//! whole record at once.

use std::collections::BTreeMap;

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};
use tokio_util::sync::CancellationToken;

use crate::digest::hex;
use crate::engine::Engine;
use crate::inventory::{Claim, Entry, Holder, Inventory, InventoryRef, Origin, Phase, Record};
use crate::inventory_error::InventoryError;
use crate::inventory_record::{self, decode, malformed, text};
use crate::inventory_requests::{config_maps, read, write};
use crate::live::Live;
use crate::object_id::ObjectId;
use crate::observe::encode;
use crate::options::Owner;
use crate::request_error::RequestError;

/// How much of a shard's digest is in its name.
const SHARD_DIGEST: usize = 16;

impl Engine {
    /// Reads an inventory, whoever's it is; `None` if there is none, or not even its namespace.
    pub async fn inventory(
        &self,
        at: &InventoryRef,
        cancel: &CancellationToken,
    ) -> Result<Option<Inventory>, InventoryError> {
        let mut before = String::new();
        loop {
            let Some(live) = self.config_map(at, &at.name, cancel).await? else { return Ok(None) };
            match self.objects(at, &live, cancel).await? {
                Ok(objects) => return inventory_of(at, &live, &objects).map(Some),
                // A writer replaced the record, and its shards, while they were being read.
                Err(_) if live.resource_version() != before => {
                    live.resource_version().clone_into(&mut before);
                }
                Err(shard) => return Err(malformed(at, format!("its shard {shard} is missing"))),
            }
        }
    }

    /// The same of its ConfigMap as it was read with other objects: only what lies in further ones is read now.
    pub async fn inventory_in(
        &self,
        at: &InventoryRef,
        live: &Live,
        cancel: &CancellationToken,
    ) -> Result<Option<Inventory>, InventoryError> {
        match self.objects(at, live, cancel).await? {
            Ok(objects) => inventory_of(at, live, &objects).map(Some),
            // A writer has replaced the record, and its shards, since.
            Err(_) => self.inventory(at, cancel).await,
        }
    }

    /// The list of objects, from all shards; or the shard that is not there.
    async fn objects(
        &self,
        at: &InventoryRef,
        live: &Live,
        cancel: &CancellationToken,
    ) -> Result<Result<String, String>, InventoryError> {
        let mut objects = text(live, "objects").to_owned();
        for shard in text(live, "shards").lines() {
            match self.config_map(at, shard, cancel).await? {
                Some(live) => objects.push_str(text(&live, "objects")),
                None => return Ok(Err(shard.to_owned())),
            }
        }
        Ok(Ok(objects))
    }

    /// Marks the set complete, remembers further settings and gives the claim back.
    pub async fn complete(
        &self,
        inventory: &mut Inventory,
        settings: &BTreeMap<String, String>,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        let complete = |record: &mut Record| {
            record.phase = Phase::Complete;
            record.was_complete = true;
            record.settings.extend(settings.clone());
        };
        self.edit(inventory, complete, true, cancel).await
    }

    /// Gives the claim back as things are, so that another run need not wait until it expires.
    pub async fn release(
        &self,
        inventory: &mut Inventory,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        self.edit(inventory, |_| {}, true, cancel).await
    }

    /// Lets the claim last anew.
    pub(crate) async fn renew(
        &self,
        inventory: &mut Inventory,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        self.edit(inventory, |_| {}, false, cancel).await
    }

    pub(crate) async fn mark_deleting(
        &self,
        inventory: &mut Inventory,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        self.edit(inventory, |record| record.phase = Phase::Deleting, false, cancel).await
    }

    /// Adds or replaces entries, and takes out those that are `None`. Nothing is written if nothing changes and the claim lasts.
    pub(crate) async fn record(
        &self,
        inventory: &mut Inventory,
        entries: &BTreeMap<ObjectId, Option<Entry>>,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        let is_recorded =
            |(id, entry): (&ObjectId, &Option<Entry>)| inventory.entries().get(id) == entry.as_ref();
        if entries.iter().all(is_recorded) && inventory.claim_lasts() {
            return Ok(());
        }
        let edit = |record: &mut Record| {
            for (id, entry) in entries {
                match entry {
                    Some(entry) => drop(record.entries.insert(id.clone(), entry.clone())),
                    None => drop(record.entries.remove(id)),
                }
            }
        };
        self.edit(inventory, edit, false, cancel).await
    }

    /// Adds objects of which only the order of their stage is known.
    pub async fn note(
        &self,
        inventory: &mut Inventory,
        known: &BTreeMap<ObjectId, u16>,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        self.edit(inventory, |record| record.add_known(known), false, cancel).await
    }

    /// Deletes the ConfigMap, its shards, those of interrupted writes too, and its pages.
    pub(crate) async fn delete_inventory(
        &self,
        inventory: &Inventory,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        let at = &inventory.at;
        let config_maps = config_maps();
        if inventory.origin != Origin::Detached {
            self.delete_config_map(at, &at.name, cancel).await?;
        }
        let Owner { label, value } = &*self.owner;
        let selector = format!("&labelSelector={}", encode(&format!("{label}={value}")));
        let found = self.list(&config_maps, &at.namespace, &selector, cancel).await;
        for live in found.map_err(|source| read(at, source))? {
            let name = live.value()["metadata"]["name"].as_str().unwrap_or_default();
            if name.starts_with(&page_prefix(at)) {
                self.delete_config_map(at, name, cancel).await?;
            }
        }
        Ok(())
    }

    /// Reads, changes and replaces until no other writer came in between.
    async fn edit(
        &self,
        inventory: &mut Inventory,
        edit: impl Fn(&mut Record),
        give_back: bool,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        if inventory.origin == Origin::Detached {
            edit(&mut inventory.record);
            return Ok(());
        }
        let Some(claim) = inventory.claim.clone() else { return Err(not_claimed(inventory)) };
        loop {
            edit(&mut inventory.record);
            if give_back {
                inventory.claim = None;
            }
            match self.store(inventory, cancel).await {
                Ok(()) => return Ok(()),
                Err(RequestError::Conflict { .. }) => {
                    let found = self.reread(inventory, cancel).await?;
                    if give_back && found.record == inventory.record {
                        // The answer to an earlier attempt was lost on the way.
                        *inventory = found;
                        return Ok(());
                    }
                    *inventory = Inventory { origin: inventory.origin, ..still_held(found, &claim)? };
                }
                Err(source) => {
                    inventory.claim = Some(claim);
                    return Err(write(&inventory.at, source));
                }
            }
        }
    }

    /// The inventory as another writer left it.
    async fn reread(
        &self,
        inventory: &Inventory,
        cancel: &CancellationToken,
    ) -> Result<Inventory, InventoryError> {
        let InventoryRef { namespace, name } = &inventory.at;
        let lost = || InventoryError::Lost { namespace: namespace.clone(), name: name.clone(), holder: None };
        self.inventory(&inventory.at, cancel).await?.ok_or_else(lost)
    }

    /// Writes the record as it is, under its claim, if nobody else wrote since it was read.
    pub(crate) async fn store(
        &self,
        inventory: &mut Inventory,
        cancel: &CancellationToken,
    ) -> Result<(), RequestError> {
        inventory.record.holder = inventory
            .claim
            .as_ref()
            .map(|claim| Holder { name: claim.holder.clone(), expires: expiry(claim) });
        let (mut data, lists) = inventory_record::encode(&inventory.record);
        let mut shards = Vec::new();
        match lists.as_slice() {
            [] => drop(data.insert("objects".to_owned(), json!(""))),
            [objects] => drop(data.insert("objects".to_owned(), json!(objects))),
            lists => {
                for objects in lists {
                    shards.push(self.store_shard(&inventory.at, objects, cancel).await?);
                }
                data.insert("shards".to_owned(), json!(shards.join("\n")));
            }
        }
        let at = &inventory.at;
        let stored = self.put_config_map(at, &at.name, data, &inventory.resource_version, cancel).await?;
        stored.resource_version().clone_into(&mut inventory.resource_version);
        let old: Vec<String> = inventory.shards.drain(..).filter(|shard| !shards.contains(shard)).collect();
        for shard in old {
            // The record no longer names it: what is left of it here goes with the inventory.
            let _ = self.delete_config_map(&inventory.at, &shard, cancel).await;
        }
        inventory.shards = shards;
        Ok(())
    }

    async fn store_shard(
        &self,
        at: &InventoryRef,
        objects: &str,
        cancel: &CancellationToken,
    ) -> Result<String, RequestError> {
        let digest = hex(objects.as_bytes());
        let name = format!("{}{}", shard_prefix(at), &digest[..SHARD_DIGEST]);
        let data = Map::from_iter([("objects".to_owned(), json!(objects))]);
        match self.put_config_map(at, &name, data, "", cancel).await {
            // It exists: its name says that its content is the same.
            Ok(_) | Err(RequestError::Conflict { .. }) => Ok(name),
            Err(error) => Err(error),
        }
    }
}

fn inventory_of(at: &InventoryRef, live: &Live, objects: &str) -> Result<Inventory, InventoryError> {
    let shards = text(live, "shards").lines().map(str::to_owned).collect();
    Ok(Inventory {
        at: at.clone(),
        record: decode(at, live, objects)?,
        claim: None,
        resource_version: live.resource_version().to_owned(),
        shards,
        origin: Origin::Found,
    })
}

fn not_claimed(inventory: &Inventory) -> InventoryError {
    let InventoryRef { namespace, name } = inventory.at.clone();
    InventoryError::NotClaimed { namespace, name }
}

/// The inventory with its claim, if that is still the one that the cluster knows. Nobody's inventory is not ours either: who held it after us
/// has given it back.
fn still_held(found: Inventory, claim: &Claim) -> Result<Inventory, InventoryError> {
    let holder = found.record.holder.as_ref().map(|holder| holder.name.clone());
    if holder.as_ref() == Some(&claim.holder) {
        return Ok(Inventory { claim: Some(claim.clone()), ..found });
    }
    let InventoryRef { namespace, name } = found.at;
    Err(InventoryError::Lost { namespace, name, holder })
}

impl Inventory {
    pub(crate) fn empty(at: &InventoryRef, identity: &str) -> Self {
        Self {
            at: at.clone(),
            record: Record {
                identity: identity.to_owned(),
                phase: Phase::Creating,
                was_complete: false,
                digest: String::new(),
                holder: None,
                settings: BTreeMap::new(),
                entries: BTreeMap::new(),
            },
            claim: None,
            resource_version: String::new(),
            shards: Vec::new(),
            origin: Origin::Found,
        }
    }

    /// Whether more than half of the claim's time is left; without a claim nothing may be written.
    fn claim_lasts(&self) -> bool {
        let (Some(claim), Some(holder)) = (&self.claim, &self.record.holder) else { return false };
        let half = SignedDuration::try_from(claim.expiry / 2).unwrap_or(SignedDuration::MAX);
        holder.expires.duration_since(Timestamp::now()) > half
    }
}

fn expiry(claim: &Claim) -> Timestamp {
    let lasts = SignedDuration::try_from(claim.expiry).unwrap_or(SignedDuration::MAX);
    Timestamp::now().checked_add(lasts).unwrap_or(Timestamp::MAX)
}

/// How the names of all further `ConfigMap`s of an inventory begin.
pub(crate) fn page_prefix(at: &InventoryRef) -> String {
    format!("{}.", at.name)
}

fn shard_prefix(at: &InventoryRef) -> String {
    format!("{}shard.", page_prefix(at))
}
