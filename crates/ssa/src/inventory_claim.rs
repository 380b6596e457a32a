//! How a run takes hold of an inventory.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::inventory::{Claim, Entry, Expect, Holder, Inventory, InventoryRef, Origin, Phase, Record};
use crate::inventory_error::InventoryError;
use crate::inventory_requests::{namespaces, read, write};
use crate::live::Live;
use crate::manifest::Manifest;
use crate::object_id::ObjectId;
use crate::observe::encode;
use crate::request::Call;
use crate::request_error::{RequestError, Target, Verb};
use crate::stage::Stage;

/// The namespace that an inventory is to lie in.
enum Home {
    /// It is yet to be made.
    Missing,
    /// A run has made it that was killed before there was an inventory: nobody owns it, and nobody but ourselves has ever written it.
    Left(ObjectId, Entry),
    /// It is others', or not of the set.
    There,
}

impl Engine {
    /// Takes hold of an inventory for one run, before the first object is written: records the objects of `stages`
    /// beside those that it has, the digest, the settings and the holder. Makes the inventory if there is none, from what the claim
    /// knows, and its namespace first if that is among the objects.
    pub async fn claim(
        &self,
        at: &InventoryRef,
        claim: &Claim,
        stages: &[Stage],
        cancel: &CancellationToken,
    ) -> Result<Inventory, InventoryError> {
        let mut made: BTreeMap<ObjectId, Entry> = BTreeMap::new();
        let mut has_new_home = false;
        loop {
            let found = self.inventory(at, cancel).await?;
            let mut inventory = if let Some(found) = found {
                admit(found, claim)?
            } else {
                if made.is_empty() && !has_new_home {
                    match self.home(at, stages, cancel).await? {
                        Home::Missing => {
                            made.extend(self.make_namespace(at, stages, cancel).await?);
                            has_new_home = !made.is_empty();
                        }
                        Home::Left(id, entry) => drop(made.insert(id, entry)),
                        Home::There => {}
                    }
                }
                Inventory::made_by(at, claim, has_new_home)
            };
            inventory.record.take(claim, stages);
            inventory.claim = Some(claim.clone());
            inventory.record.entries.append(&mut made.clone());
            match self.store(&mut inventory, cancel).await {
                Ok(()) => return Ok(inventory),
                Err(RequestError::Conflict { .. }) => {}
                Err(error) if error.is_not_found() && inventory.resource_version.is_empty() => {
                    made.extend(self.make_namespace(at, stages, cancel).await?);
                }
                Err(source) => return Err(write(at, source)),
            }
        }
    }

    /// What is known of the namespace that the inventory is to lie in, if the set has it.
    async fn home(
        &self,
        at: &InventoryRef,
        stages: &[Stage],
        cancel: &CancellationToken,
    ) -> Result<Home, InventoryError> {
        let Some((order, manifest)) = namespace_in(stages, at) else { return Ok(Home::There) };
        let id = manifest.id().clone();
        let live = self.get(&namespaces(), &id, cancel).await.map_err(|source| read(at, source))?;
        Ok(match live {
            None => Home::Missing,
            Some(live) if self.is_unowned(&live) && self.has_written(&live) => {
                Home::Left(id, Entry { uid: Some(live.uid().to_owned()), order })
            }
            Some(_) => Home::There,
        })
    }

    /// Makes the namespace that the inventory lies in, without the owner label: a run that is killed before there is an inventory leaves
    /// no mark of an owner that nobody knows. Its UID in the inventory makes it ours; until then, that nobody but ourselves has written
    /// it. It is created rather than applied, because an API server does not note who has applied an object without any fields.
    /// `None` if somebody was faster.
    async fn make_namespace(
        &self,
        at: &InventoryRef,
        stages: &[Stage],
        cancel: &CancellationToken,
    ) -> Result<Option<(ObjectId, Entry)>, InventoryError> {
        let found = namespace_in(stages, at);
        let (order, manifest) =
            found.ok_or_else(|| InventoryError::NoNamespace { namespace: at.namespace.clone() })?;
        let id = manifest.id().clone();
        let mut body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": at.namespace}});
        // A policy may demand them.
        for name in ["labels", "annotations"] {
            if let Some(value) = manifest.value()["metadata"].get(name) {
                body["metadata"][name] = value.clone();
            }
        }
        let manager = encode(&self.shared.options.field_manager);
        let uri = format!("{}?fieldManager={manager}", namespaces().list_path(""));
        let body = body.to_string().into_bytes();
        let target = Target::Object(id.clone());
        let call = Call::new(Verb::Create, target, Method::POST, uri, "application/json", body);
        match self.read::<Value>(&call, cancel).await {
            Ok(value) => Ok(Some((id, Entry { uid: Some(Live::of(value).uid().to_owned()), order }))),
            Err(RequestError::Conflict { .. }) => Ok(None),
            Err(source) => Err(InventoryError::Namespace { id, source: Box::new(source.into()) }),
        }
    }
}

/// Whether this run may go on with what it found.
fn admit(found: Inventory, claim: &Claim) -> Result<Inventory, InventoryError> {
    let (namespace, name) = (found.at.namespace.clone(), found.at.name.clone());
    if found.record.identity != claim.identity {
        return Err(InventoryError::OtherIdentity { namespace, name, identity: found.record.identity });
    }
    let is_other = |holder: &&Holder| {
        let is_known_to_be_gone = claim.after.as_ref() == Some(&holder.name);
        holder.name != claim.holder && !is_known_to_be_gone
    };
    let other = found.record.holder.as_ref().filter(is_other);
    if let Some(holder) = other.filter(|holder| holder.is_at_work()) {
        let (holder, expires) = (holder.name.clone(), holder.expires);
        return Err(InventoryError::Held { namespace, name, holder, expires });
    }
    if claim.expect == Expect::Absent && !found.is_abandoned() {
        return Err(InventoryError::AlreadyInstalled { namespace, name, digest: found.record.digest });
    }
    let origin = if found.is_abandoned() { Origin::TakenOver } else { Origin::Found };
    Ok(Inventory { origin, ..found })
}

/// The namespace that the inventory lies in with the order of its stage, if it is among the objects.
fn namespace_in<'a>(stages: &'a [Stage], at: &InventoryRef) -> Option<(u16, &'a Manifest)> {
    let id = ObjectId::of_namespace(&at.namespace);
    ordered(stages).find(|(_, manifest)| *manifest.id() == id)
}

/// The objects of all stages, each with the order of its stage.
fn ordered(stages: &[Stage]) -> impl Iterator<Item = (u16, &Manifest)> {
    stages.iter().flat_map(|stage| stage.manifests.iter().map(|manifest| (stage.order, manifest)))
}

impl Record {
    /// Becomes the record of a run under this claim.
    fn take(&mut self, claim: &Claim, stages: &[Stage]) {
        self.digest.clone_from(&claim.digest);
        self.settings.clone_from(&claim.settings);
        let mut objects = ordered(stages).peekable();
        if self.phase == Phase::Deleting && objects.peek().is_some() {
            self.phase = Phase::Creating;
        }
        for (order, manifest) in objects {
            self.entries.entry(manifest.id().clone()).or_default().order = order;
        }
    }

    /// Adds objects of which only the order of their stage is known.
    pub(crate) fn add_known(&mut self, known: &BTreeMap<ObjectId, u16>) {
        for (id, order) in known {
            self.entries.entry(id.clone()).or_insert(Entry { uid: None, order: *order });
        }
    }
}

impl Inventory {
    /// The one that a claim makes where there is none.
    fn made_by(at: &InventoryRef, claim: &Claim, has_new_home: bool) -> Self {
        let mut inventory = Self::empty(at, &claim.identity);
        inventory.origin = match (claim.known.is_empty(), has_new_home) {
            (true, true) => Origin::NewHome,
            (true, false) => Origin::New,
            (false, _) => Origin::Rebuilt,
        };
        inventory.record.add_known(&claim.known);
        inventory
    }

    /// Whether it is what a run has left that was killed while it made the set for the first time. A run that ends by itself gives
    /// the inventory back, and somebody knows of it.
    pub fn is_abandoned(&self) -> bool {
        let is_held = self.record.holder.as_ref();
        !self.record.was_complete && is_held.is_some_and(|holder| !holder.is_at_work())
    }
}
