use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use crate::object_id::ObjectId;

/// Where an inventory is kept: a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InventoryRef {
    /// Namespace. May be one that the set itself makes: then it is made first.
    pub namespace: String,
    /// Name of the ConfigMap, and beginning of the names of its shards.
    pub name: String,
}

/// Who wants to work with an inventory, and under which conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose set it is. An inventory with another identity is never taken over.
    pub identity: String,
    /// Unique name of this run.
    pub holder: String,
    /// A holder whose unfinished work this run goes on with at once, because it knows it to be over.
    pub after: Option<String>,
    /// How long the claim lasts after its last renewal (every write renews it). After that another run may take over an unfinished inventory.
    pub expiry: Duration,
    /// What may already be there.
    pub expect: Expect,
    /// Digest of the planned set, see [`digest`](crate::digest).
    pub digest: String,
    /// What is remembered with the set, no secrets: it replaces what was remembered before.
    pub settings: BTreeMap<String, String>,
    /// What the caller knows to have made, with the order of its stage: if the inventory was lost, it is made again from this.
    pub known: BTreeMap<ObjectId, u16>,
}

/// What a [`Claim`] may find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A first installation: nothing, or a creation of this identity that never finished and whose holder is gone without
    /// giving it back. Everything else is an error, also what is being deleted after it was complete.
    Absent,
    /// A change: whatever this identity has there, also nothing (it was lost, or the first run never came to write it).
    Any,
}

/// How far the set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The first run that makes the set has not finished.
    Creating,
    /// The set was made completely once.
    Complete,
    /// The set is being deleted.
    Deleting,
}

/// What we made in one cluster, as the cluster's own record says.
#[derive(Clone, Debug, PartialEq)]
pub struct Inventory {
    pub(crate) at: InventoryRef,
    pub(crate) record: Record,
    pub(crate) claim: Option<Claim>,
    /// `metadata.resourceVersion` of the ConfigMap that this was read from or written to.
    pub(crate) resource_version: String,
    /// Names of the shards that hold its list of objects, if that is long.
    pub(crate) shards: Vec<String>,
    /// Where this copy of it comes from.
    pub(crate) origin: Origin,
}

/// Where an inventory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was read.
    Found,
    /// A claim has made it.
    New,
    /// A claim has made it, and its namespace.
    NewHome,
    /// A claim has made it again of what was known.
    Rebuilt,
    /// A claim has taken it over from a run that was killed.
    TakenOver,
    /// It lies nowhere.
    Detached,
}

/// Content of an inventory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub identity: String,
    pub phase: Phase,
    /// Whether the set was complete at any time, whatever came after.
    pub was_complete: bool,
    pub digest: String,
    pub holder: Option<Holder>,
    pub settings: BTreeMap<String, String>,
    pub entries: BTreeMap<ObjectId, Entry>,
}

/// Who works with an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Name of the run.
    pub name: String,
    /// Until when nobody else may take an unfinished inventory over.
    pub expires: Timestamp,
}

/// What an inventory knows about one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its UID, once it is known that the object was made.
    pub uid: Option<String>,
    /// The order of its stage when it was last applied; deletion goes the other way.
    pub order: u16,
}

impl Phase {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Complete => "complete",
            Self::Deleting => "deleting",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Creating, Self::Complete, Self::Deleting].into_iter().find(|phase| phase.word() == word)
    }
}

impl Holder {
    /// Whether its claim still lasts.
    pub fn is_at_work(&self) -> bool {
        self.expires > Timestamp::now()
    }
}

impl Inventory {
    /// An inventory that lies nowhere: what of a lost one the caller knows, so that it can be deleted.
    pub fn detached(at: &InventoryRef, identity: &str, known: &BTreeMap<ObjectId, u16>) -> Self {
        let mut inventory = Self::empty(at, identity);
        inventory.origin = Origin::Detached;
        inventory.record.add_known(known);
        inventory
    }

    /// Whether this run's claim has made it, of nothing.
    pub fn is_new(&self) -> bool {
        matches!(self.origin, Origin::New | Origin::NewHome)
    }

    /// Whether an object that was not recorded since cannot be there: this run's claim has made its namespace.
    pub(crate) fn rules_out(&self, id: &ObjectId) -> bool {
        let is_recorded = self.entries().get(id).is_some_and(|entry| entry.uid.is_some());
        self.origin == Origin::NewHome && id.namespace == self.at.namespace && !is_recorded
    }

    /// Whether it was lost, and this run's claim has made it again of what was known.
    pub fn is_rebuilt(&self) -> bool {
        self.origin == Origin::Rebuilt
    }

    /// Whether this run's claim has taken it over from a run that was killed.
    pub fn is_taken_over(&self) -> bool {
        self.origin == Origin::TakenOver
    }

    /// Whether it lies nowhere: of its objects no more than the names are known.
    pub fn is_detached(&self) -> bool {
        self.origin == Origin::Detached
    }

    /// Where it is kept.
    pub fn at(&self) -> &InventoryRef {
        &self.at
    }

    /// Whose set it is.
    pub fn identity(&self) -> &str {
        &self.record.identity
    }

    /// What is remembered with the set.
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.record.settings
    }

    /// Whether the set was complete at any time, whatever came after.
    pub fn was_complete(&self) -> bool {
        self.record.was_complete
    }

    /// How far the set is.
    pub fn phase(&self) -> Phase {
        self.record.phase
    }

    /// Digest of the set that was last planned.
    pub fn digest(&self) -> &str {
        &self.record.digest
    }

    /// Who works with it.
    pub fn holder(&self) -> Option<&Holder> {
        self.record.holder.as_ref()
    }

    /// The objects, with what is known of each.
    pub fn entries(&self) -> &BTreeMap<ObjectId, Entry> {
        &self.record.entries
    }
}
