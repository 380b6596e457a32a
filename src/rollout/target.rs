use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::future::{Either, join_all, select};

use ssa::{Action, Annotation, ChangeSet, Engine, Inventory, InventoryRef, Live, ObjectId};
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::definitions::Definitions;
use super::own_root::GivenUp;
use super::owner::{Owner, OwnerKind, RELEASE_ANNOTATION};
use crate::clusters::Cluster;
use crate::desired::Stage;

/// The name under which the provider owns fields.
pub(super) const FIELD_MANAGER: &str = "terraform-provider-istio";
/// How long it may take to close a record.
const CLOSE_TIME: Duration = Duration::from_secs(30);

/// One cluster to roll out to.
#[derive(Clone)]
pub struct Target {
    /// The cluster's label.
    pub name: String,
    /// The cluster.
    pub cluster: Cluster,
    /// Its UID.
    pub uid: String,
    /// Whose objects are meant.
    pub owner: Owner,
    /// What reads and writes it.
    pub engine: Engine,
    /// What its custom resource definitions were seen to say.
    pub definitions: Definitions,
    /// Where its record is kept.
    pub inventory: InventoryRef,
}

impl Target {
    /// The same for an operation that may take until then.
    #[must_use]
    pub fn until(self, deadline: Instant) -> Self {
        Self { engine: self.engine.until(deadline), ..self }
    }

    /// The record of what is in the cluster, whoever's it is; `None` if there is none.
    pub async fn record(&self, cancel: &CancellationToken) -> Result<Option<Inventory>, RolloutError> {
        self.engine.inventory(&self.inventory, cancel).await.map_err(RolloutError::Record)
    }

    /// The same of its ConfigMap as it was read with other objects.
    pub async fn record_in(
        &self,
        live: &Live,
        cancel: &CancellationToken,
    ) -> Result<Option<Inventory>, RolloutError> {
        self.engine.inventory_in(&self.inventory, live, cancel).await.map_err(RolloutError::Record)
    }

    /// The order in which an object is made of which nothing but its name is known.
    pub fn order(&self, id: &ObjectId) -> u16 {
        Stage::of_id(&id.group, &id.kind, &id.name) as u16
    }
}

/// The annotation of what outlives its owner.
pub(super) fn release_annotation(release: &str) -> Annotation {
    Annotation { key: RELEASE_ANNOTATION.to_owned(), value: release.to_owned() }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("name", &self.name)
            .field("inventory", &self.inventory)
            .finish_non_exhaustive()
    }
}

/// What became of one cluster: what was done is kept also when something failed.
#[derive(Debug)]
pub struct ClusterOutcome {
    /// The cluster's label.
    pub cluster: String,
    /// What kind of resource it was about.
    pub kind: OwnerKind,
    /// What its record has now; `None` if it was not claimed, and so nothing was written.
    pub book: Option<BTreeSet<ObjectId>>,
    /// What was done, in order.
    pub changes: ChangeSet<ssa::Applied>,
    /// Why it stopped; `None` if all was done.
    pub error: Option<RolloutError>,
    /// Pods that were not waited for, since their nodes run nothing.
    pub excused: Vec<ssa::Excused>,
    /// What its istiod was made to give up.
    pub given_up: Option<GivenUp>,
    /// The record of an installation that holds what it shall, still to be closed.
    pub unclosed: Option<Unclosed>,
}

/// A record that says that a set is not complete, though it is.
#[derive(Debug)]
pub struct Unclosed {
    pub(super) target: Target,
    pub(super) inventory: Inventory,
}

impl Unclosed {
    /// The UID of the cluster.
    pub fn uid(&self) -> &str {
        &self.target.uid
    }

    /// Writes a page beside the record, for others to read.
    pub async fn write_page(
        &self,
        name: &str,
        data: &BTreeMap<String, String>,
        cancel: &CancellationToken,
    ) -> Result<(), RolloutError> {
        self.target.engine.write_page(&self.inventory, name, data, cancel).await.map_err(RolloutError::Page)
    }

    /// Keeps the claim for as long as it is polled; ends only when another run has the record.
    async fn held(&mut self, cancel: &CancellationToken) {
        let forever = std::future::pending::<()>();
        if let Err(error) = self.target.engine.holding(&mut self.inventory, forever, cancel).await {
            tracing::warn!(%error, "the claim on the record is lost");
            std::future::pending::<()>().await;
        }
    }
}

/// Does `work` and keeps the claims on all open records meanwhile.
pub async fn holding<T>(
    outcomes: &mut [ClusterOutcome],
    work: impl Future<Output = T>,
    cancel: &CancellationToken,
) -> T {
    let open = outcomes.iter_mut().filter_map(|outcome| outcome.unclosed.as_mut());
    let held = join_all(open.map(|unclosed| unclosed.held(cancel)));
    let (work, held) = (std::pin::pin!(work), std::pin::pin!(held));
    match select(work, held).await {
        Either::Left((done, _)) => done,
        Either::Right((_, work)) => work.await,
    }
}

impl Unclosed {
    /// Says that the set is complete, and remembers `settings`. From then on nobody may install there who does not know it from state, so this is the last
    /// thing before state is written: a run that is killed before can be taken up by the next one.
    pub async fn close(mut self, settings: &BTreeMap<String, String>) -> Result<(), RolloutError> {
        // Ctrl-C does not undo what is done.
        let uncancelled = CancellationToken::new();
        let closing = self.target.engine.complete(&mut self.inventory, settings, &uncancelled);
        match tokio::time::timeout(CLOSE_TIME, closing).await {
            Ok(closed) => closed.map_err(RolloutError::Complete),
            Err(_) => Err(RolloutError::CompleteLate),
        }
    }
}

impl ClusterOutcome {
    /// Nothing was done yet.
    pub(super) fn untouched(target: &Target, error: Option<RolloutError>) -> Self {
        Self {
            cluster: target.name.clone(),
            kind: target.owner.kind().clone(),
            book: None,
            changes: ChangeSet::default(),
            error,
            excused: Vec::new(),
            given_up: None,
            unclosed: None,
        }
    }

    /// The objects that are as the run wanted them.
    pub fn applied(&self) -> BTreeSet<&ObjectId> {
        let is_applied = |action: &Action| {
            matches!(
                action,
                Action::Created | Action::Changed { .. } | Action::Unchanged | Action::Recreated { .. }
            )
        };
        self.changes
            .changes
            .iter()
            .filter(|change| is_applied(&change.action))
            .map(|change| &change.id)
            .collect()
    }

    pub(super) fn add(&mut self, changes: ChangeSet<ssa::Applied>) {
        self.changes.changes.extend(changes.changes);
    }
}
