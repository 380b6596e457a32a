use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::change_set::{Action, Change, ChangeSet, FieldConflict, Planned};
use crate::compare::{Comparison, compare, reword};
use crate::diff_error::DiffError;
use crate::discovery::{Discovery, Resource};
use crate::document::Document;
use crate::engine::Engine;
use crate::immutable::immutable_fields;
use crate::inventory::Inventory;
use crate::live::Live;
use crate::manifest::Manifest;
use crate::object_id::{GroupKind, ObjectId};
use crate::observe::{Observation, Observed};
use crate::options::{Adoption, Policy};
use crate::schema::Schema;
use crate::shown::shown;
use crate::wanted::Body;

/// One manifest beside its live object.
pub(crate) struct Compared {
    /// What to apply.
    pub wanted: Body,
    /// How to address the object; `None` while its kind is yet to be defined.
    pub resource: Option<Resource>,
    /// Only the identity of one that nothing is to be done about.
    pub live: Option<Live>,
    /// UID of an object of the same name that is on its way out.
    pub going: Option<String>,
    /// Whether the live object stays others'.
    pub is_shared: bool,
    /// Whether fields are taken from others, as the policy permits.
    pub force: bool,
    /// Whether the fields of predecessors are to become ours first.
    pub succeeds: bool,
    pub change: Change,
}

/// What comparing a manifest needs beside it.
#[derive(Clone, Copy)]
pub(crate) struct Comparing<'a> {
    pub inventory: Option<&'a Inventory>,
    pub policy: &'a Policy,
    pub definitions: &'a Definitions,
    /// Objects that need not be read: they were not there a moment ago. Whoever makes one notices if it is there by now.
    pub absent: &'a BTreeSet<ObjectId>,
}

/// What a set was found to change, and which of its objects were not there at all: an apply that follows need not look for them
/// again.
#[derive(Debug, Default)]
pub struct Preflight {
    /// The change of each object.
    pub changes: Vec<Change>,
    pub(crate) absent: BTreeSet<ObjectId>,
}

/// The kinds that the whole set defines.
pub(crate) type Definitions = BTreeMap<GroupKind, Document>;

/// The definitions in a set of manifests.
pub(crate) fn definitions<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> Definitions {
    manifests
        .filter_map(|manifest| Some((manifest.defined_kind()?, Document::of_definition(manifest.value()))))
        .collect()
}

/// Where each kind of a set stands in discovery.
enum Kind {
    Served(Resource),
    /// A definition in the same set makes it.
    ToBeDefined,
}

impl Kind {
    fn version(&self) -> Option<String> {
        match self {
            Self::Served(resource) => Some(resource.version.clone()),
            Self::ToBeDefined => None,
        }
    }
}

impl Engine {
    /// Says what applying `manifests` would do, in their order, and, if an inventory is given, then what pruning would delete.
    /// Sends only GET and LIST.
    ///
    /// An object on its way out counts as absent. Conflicts that `policy` permits to resolve count as changes.
    pub async fn diff(
        &self,
        manifests: &[Manifest],
        inventory: Option<&Inventory>,
        policy: &Policy,
        cancel: &CancellationToken,
    ) -> Result<ChangeSet<Planned>, DiffError> {
        let changes = self.preflight(manifests, inventory, policy, cancel).await?.changes;
        self.with_surplus(changes, manifests, inventory, cancel).await
    }

    /// Says what applying `manifests` would do, in their order, for [`Engine::apply_after`]. Sends only GET and LIST.
    pub async fn preflight(
        &self,
        manifests: &[Manifest],
        inventory: Option<&Inventory>,
        policy: &Policy,
        cancel: &CancellationToken,
    ) -> Result<Preflight, DiffError> {
        let definitions = definitions(manifests.iter());
        let ids = manifests.iter().map(Manifest::id);
        let absent = ids.filter(|id| inventory.is_some_and(|inventory| inventory.rules_out(id))).cloned();
        let absent = &absent.collect();
        let comparing = Comparing { inventory, policy, definitions: &definitions, absent };
        let compared = self.compare_all(manifests, &comparing, cancel).await?;
        let is_absent = |compared: &&Compared| compared.live.is_none() && compared.going.is_none();
        let absent = compared.iter().filter(is_absent).map(|compared| compared.change.id.clone()).collect();
        Ok(Preflight { changes: compared.into_iter().map(|compared| compared.change).collect(), absent })
    }

    /// The changes, and after them what pruning would delete.
    pub(crate) async fn with_surplus(
        &self,
        mut changes: Vec<Change>,
        manifests: &[Manifest],
        inventory: Option<&Inventory>,
        cancel: &CancellationToken,
    ) -> Result<ChangeSet<Planned>, DiffError> {
        let keep: BTreeSet<ObjectId> = manifests.iter().map(|manifest| manifest.id().clone()).collect();
        if let Some(inventory) = inventory {
            changes.extend(self.surplus(inventory, &keep, cancel).await?);
        }
        Ok(ChangeSet::new(changes))
    }

    /// What the inventory has and the set has no more.
    async fn surplus(
        &self,
        inventory: &Inventory,
        keep: &BTreeSet<ObjectId>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Change>, DiffError> {
        let ids = inventory.entries().keys().filter(|id| !keep.contains(id)).cloned().collect();
        let mut changes = Vec::new();
        for (id, observation) in self.observe(&ids, cancel).await {
            if let Some(live) = observed(&id, observation)? {
                let goes =
                    self.is_ours(&live, &id, Some(inventory)) && !self.shared.options.rules.keeps(&live);
                changes.push(Change { id, action: if goes { Action::Deleted } else { Action::Left } });
            }
        }
        Ok(changes)
    }

    pub(crate) async fn compare_all(
        &self,
        manifests: &[Manifest],
        comparing: &Comparing<'_>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Compared>, DiffError> {
        let knows_all = |discovery: &Discovery| kinds(manifests, discovery, comparing.definitions).is_ok();
        let discovery = self.discovery_with(knows_all, cancel).await;
        let discovery = discovery.map_err(|source| DiffError::Discover { source })?;
        let kinds = kinds(manifests, &discovery, comparing.definitions)?;
        let documents = self.documents(&kinds, comparing.definitions, cancel);
        let wanted =
            manifests.iter().zip(&kinds).filter(|(manifest, _)| !comparing.absent.contains(manifest.id()));
        let wanted = wanted.map(|(manifest, kind)| (manifest.id().clone(), kind.version())).collect();
        let (documents, mut live) = futures::join!(documents, self.observe_versions(wanted, cancel));
        let documents = documents?;
        let mut compared = Vec::with_capacity(manifests.len());
        for (manifest, kind) in manifests.iter().zip(kinds) {
            let live = take(&mut live, manifest.id())?;
            let going = live.as_ref().filter(|live| live.is_terminating()).map(|live| live.uid().to_owned());
            let live = live.filter(|live| !live.is_terminating());
            let resource = match kind {
                Kind::Served(resource) => Some(resource),
                Kind::ToBeDefined => None,
            };
            let schema = schema(manifest, resource.as_ref(), comparing.definitions, &documents);
            let one = self.compare_one(manifest, resource, live, &schema, comparing);
            compared.push(Compared { going, ..one });
        }
        Ok(compared)
    }

    /// The documents of the kinds that the set does not define itself.
    async fn documents(
        &self,
        kinds: &[Kind],
        definitions: &Definitions,
        cancel: &CancellationToken,
    ) -> Result<BTreeMap<String, Arc<Document>>, DiffError> {
        let mut wanted = BTreeMap::new();
        for kind in kinds {
            if let Kind::Served(resource) = kind
                && !definitions.contains_key(&resource.kind)
            {
                wanted.insert(resource.group_version_path(), resource);
            }
        }
        let documents = wanted.into_iter().map(|(path, resource)| async move {
            let document = self.document(resource, cancel).await;
            let document = document.map_err(|source| DiffError::Schema {
                api_version: resource.api_version(),
                kind: resource.kind.kind.clone(),
                source,
            })?;
            Ok((path, document))
        });
        Ok(futures::future::try_join_all(documents).await?.into_iter().collect())
    }

    fn compare_one(
        &self,
        manifest: &Manifest,
        resource: Option<Resource>,
        live: Option<Live>,
        schema: &Schema<'_>,
        comparing: &Comparing<'_>,
    ) -> Compared {
        let Comparing { inventory, policy, .. } = *comparing;
        let id = manifest.id().clone();
        let is_shared = live.as_ref().is_some_and(|live| self.is_shared(live, &id, inventory));
        let mut wanted = self.wanted(manifest, live.as_ref(), is_shared, schema, policy);
        let (mut force, mut succeeds) = (false, false);
        let action = match &live {
            None => Action::Created,
            Some(live) if !is_shared && !self.may_write(live, &id, inventory, policy) => {
                if self.shared.options.rules.creates_only_if_absent(&id) {
                    Action::Left
                } else {
                    let owner = live.owner(&self.owner).map(str::to_owned);
                    Action::Foreign { managers: live.managers(), owner }
                }
            }
            Some(live) => {
                let manager = &self.shared.options.field_manager;
                let comparison =
                    compare(&wanted, live.value(), schema, manager, |entry| policy.succeeds(&id, entry));
                succeeds = comparison.succeeds;
                force = !comparison.conflicts.is_empty();
                reword(&mut wanted, live.value(), &comparison.reworded);
                action(manifest, live, comparison, (policy, !is_shared))
            }
        };
        let is_settled = matches!(action, Action::Unchanged | Action::Left);
        Compared {
            wanted: Body::of(wanted, manifest.is_confidential()),
            resource,
            live: live.map(|live| if is_settled { live.identity() } else { live }),
            going: None,
            is_shared,
            force,
            succeeds,
            change: Change { id, action },
        }
    }

    fn may_write(&self, live: &Live, id: &ObjectId, inventory: Option<&Inventory>, policy: &Policy) -> bool {
        let inherits = || policy.inherit.iter().any(|inherit| inherit.takes(id, live));
        self.is_ours(live, id, inventory)
            || (self.is_unowned(live) && inherits())
            || match policy.adoption {
                Adoption::Never => false,
                Adoption::Unowned => live.owner(&self.owner).is_none(),
                Adoption::Any => true,
            }
    }

    /// Whether an object is others' and shared with them by a rule.
    pub(crate) fn is_shared(&self, live: &Live, id: &ObjectId, inventory: Option<&Inventory>) -> bool {
        self.shared.options.rules.shares(id)
            && live.owner(&self.owner).is_none()
            && !self.is_ours(live, id, inventory)
    }

    /// Whether an object bears our owner label, or is in the inventory with this UID and bears nobody else's.
    pub(crate) fn is_ours(&self, live: &Live, id: &ObjectId, inventory: Option<&Inventory>) -> bool {
        match live.owner(&self.owner) {
            Some(value) => value == self.owner.value,
            None => inventory.is_some_and(|inventory| {
                let entry = inventory.entries().get(id);
                entry.is_some_and(|entry| entry.uid.as_deref() == Some(live.uid()))
            }),
        }
    }
}

/// The schema of a manifest in the version that it is compared in.
fn schema<'a>(
    manifest: &Manifest,
    resource: Option<&Resource>,
    definitions: &'a Definitions,
    documents: &'a BTreeMap<String, Arc<Document>>,
) -> Schema<'a> {
    let kind = manifest.id().group_kind();
    let version = resource.map_or(manifest.version(), |resource| &resource.version);
    let published = || documents.get(&resource?.group_version_path()).map(Arc::as_ref);
    let document = definitions.get(&kind).or_else(published);
    document.map_or(Schema::untyped(), |document| document.kind(&kind, version))
}

fn kinds(
    manifests: &[Manifest],
    discovery: &Discovery,
    definitions: &Definitions,
) -> Result<Vec<Kind>, DiffError> {
    let kind = |manifest: &Manifest| {
        let id = manifest.id();
        let kind = id.group_kind();
        let is_defined_here = definitions.contains_key(&kind);
        // A definition of the set may bring the wanted version to a kind that is there in others.
        let other_version = || discovery.resource(&kind, None).filter(|_| is_defined_here);
        match discovery.resource(&kind, Some(manifest.version())).or_else(other_version) {
            Some(resource) if resource.namespaced == id.namespace.is_empty() => {
                Err(DiffError::Scope { id: id.clone(), namespaced: resource.namespaced })
            }
            Some(resource) => Ok(Kind::Served(resource.clone())),
            None if is_defined_here => Ok(Kind::ToBeDefined),
            None => Err(DiffError::UnknownKind { id: id.clone(), api_version: manifest.api_version() }),
        }
    };
    manifests.iter().map(kind).collect()
}

fn take(live: &mut Observed, id: &ObjectId) -> Result<Option<Live>, DiffError> {
    live.remove(id).map_or(Ok(None), |observation| observed(id, observation))
}

pub(crate) fn observed(id: &ObjectId, observation: Observation) -> Result<Option<Live>, DiffError> {
    match observation {
        Observation::Found(live) => Ok(Some(live)),
        Observation::Absent => Ok(None),
        Observation::Unknown(source) => Err(DiffError::Observe { id: id.clone(), source }),
    }
}

fn action(
    manifest: &Manifest,
    live: &Live,
    comparison: Comparison,
    (policy, is_ours): (&Policy, bool),
) -> Action {
    let id = manifest.id();
    let Comparison { differences, acquired, conflicts, succeeds, .. } = comparison;
    let immutable = immutable_fields(id, live.value(), &differences);
    let conflicts = forbidden(id, conflicts, policy, is_ours);
    let is_same = differences.is_empty() && acquired.is_empty() && !succeeds;
    let fields = || differences.iter().map(|difference| shown(manifest, difference)).collect();
    if !immutable.is_empty() {
        Action::Recreated { immutable, fields: fields() }
    } else if !conflicts.is_empty() {
        Action::Conflict { conflicts, fields: fields() }
    } else if is_same {
        Action::Unchanged
    } else {
        Action::Changed { fields: fields(), acquired }
    }
}

/// The conflicts that the policy does not permit to resolve.
fn forbidden(
    id: &ObjectId,
    conflicts: Vec<FieldConflict>,
    policy: &Policy,
    is_ours: bool,
) -> Vec<FieldConflict> {
    let conflicts = conflicts.into_iter().map(|mut conflict| {
        conflict.fields.retain(|path| !policy.takes(id, &conflict.manager, path, is_ours));
        conflict
    });
    conflicts.filter(|conflict| !conflict.fields.is_empty()).collect()
}
