//! One run over all clusters of a resource: it takes hold of all records before it writes anything, or of none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::future::{join_all, select};
use ssa::{Claim, Engine, Expect, Inventory, ObjectId};
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::target::Target;

/// How long another run may not take over what this one has begun and no longer renews.
const CLAIM_EXPIRY: Duration = Duration::from_mins(2);
/// How long a run may take to end after Ctrl-C.
const STOP_TIME: Duration = Duration::from_secs(2);
/// How long giving a claim back may take after a failure.
const RELEASE_TIME: Duration = Duration::from_secs(5);
/// How long the deletion of what a claim has made may take: Kubernetes takes seconds for an empty namespace.
const WITHDRAWAL_TIME: Duration = Duration::from_secs(30);

/// One run of one resource.
#[derive(Clone, Debug)]
pub struct Session<'a> {
    /// The name of the run, which no other has.
    pub holder: String,
    /// The run before, if state knows that it is over: it may have left without giving its claims back.
    pub after: Option<String>,
    /// When the time that the operation may take is over.
    pub deadline: Instant,
    /// Cancelled by Ctrl-C.
    pub cancel: &'a CancellationToken,
}

/// What the run wants to record in one cluster before it writes there.
pub(super) struct Claiming<'a> {
    pub target: &'a Target,
    pub expect: Expect,
    pub stages: Vec<ssa::Stage>,
    pub digest: String,
    pub settings: &'a BTreeMap<String, String>,
    pub known: &'a BTreeMap<ObjectId, u16>,
}

/// A name that no other run has. Only applies ask for it, plans never do.
pub fn holder() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("terraform-provider-istio-{}-{:x}", std::process::id(), now.as_nanos())
}

impl Session<'_> {
    /// What is left of the time.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Claims the records of all clusters. If one of them cannot be had, those that were are given back, what was made for them is
    /// taken away, and every error is returned by the position of its cluster.
    ///
    /// New clusters come first, one after the other, in the order of their UIDs: of two runs that want the same new clusters one
    /// gets the first of them and the other has touched nothing.
    pub(super) async fn claim_all(
        &self,
        claimings: &[Claiming<'_>],
    ) -> Result<Vec<Inventory>, BTreeMap<usize, RolloutError>> {
        let (mut claimed, mut errors) = (BTreeMap::new(), BTreeMap::new());
        let (mut new, known): (Vec<usize>, Vec<usize>) =
            (0..claimings.len()).partition(|place| claimings[*place].expect == Expect::Absent);
        new.sort_by_key(|place| claimings[*place].target.uid.clone());
        for place in new {
            match self.claim(&claimings[place]).await {
                Ok(inventory) => drop(claimed.insert(place, inventory)),
                Err(error) => {
                    errors.insert(place, error);
                    break;
                }
            }
        }
        if errors.is_empty() {
            let claims = known.iter().map(|place| self.claim(&claimings[*place]));
            for (place, claim) in known.iter().zip(join_all(claims).await) {
                match claim {
                    Ok(inventory) => drop(claimed.insert(*place, inventory)),
                    Err(error) => drop(errors.insert(*place, error)),
                }
            }
        }
        if errors.is_empty() {
            return Ok(claimed.into_values().collect());
        }
        let withdrawals = claimed.into_iter().map(|(place, inventory)| {
            let Claiming { target, .. } = &claimings[place];
            withdraw(&target.engine, inventory)
        });
        join_all(withdrawals).await;
        Err(errors)
    }

    pub(super) async fn claim(&self, claiming: &Claiming<'_>) -> Result<Inventory, RolloutError> {
        let Claiming { target, expect, stages, digest, settings, known } = claiming;
        let claim = Claim {
            identity: target.owner.id().to_owned(),
            holder: self.holder.clone(),
            after: self.after.clone(),
            expiry: CLAIM_EXPIRY,
            expect: *expect,
            digest: digest.clone(),
            settings: (*settings).clone(),
            known: (*known).clone(),
        };
        let claimed = target.engine.claim(&target.inventory, &claim, stages, self.cancel).await;
        let mut inventory = claimed.map_err(RolloutError::Claim)?;
        if inventory.is_rebuilt() {
            let owned = owned(target, known, self.cancel).await?;
            target.engine.note(&mut inventory, &owned, self.cancel).await.map_err(RolloutError::Claim)?;
        }
        Ok(inventory)
    }

    /// Gives a claim back after a failure, as well as that goes: one that is not given back expires. After Ctrl-C nobody knows whether
    /// Terraform still lives to write its state, so the claim stays: state that is written knows this run, and a lost one is
    /// found as what a killed run has left.
    pub(super) async fn release(&self, engine: &Engine, inventory: &mut Inventory) {
        if self.cancel.is_cancelled() {
            return;
        }
        let uncancelled = CancellationToken::new();
        let released = tokio::time::timeout(RELEASE_TIME, engine.release(inventory, &uncancelled)).await;
        if !matches!(released, Ok(Ok(()))) {
            tracing::warn!("the claim on the record could not be released and will expire");
        }
    }
}

/// Objects that bear the owner's label, of the kinds of those that are known, with the order of their stages: what a lost record had
/// beside what state knows.
pub(super) async fn owned(
    target: &Target,
    known: &BTreeMap<ObjectId, u16>,
    cancel: &CancellationToken,
) -> Result<BTreeMap<ObjectId, u16>, RolloutError> {
    let kinds: BTreeSet<_> = known.keys().map(ObjectId::group_kind).collect();
    let owned = target.engine.owned(&kinds, cancel).await.map_err(RolloutError::Owned)?;
    let is_book = |id: &ObjectId| id.kind == "ConfigMap" && id.name.starts_with(&target.inventory.name);
    let owned = owned.into_iter().filter(|id| !is_book(id) && !known.contains_key(id));
    Ok(owned.map(|id| (id.clone(), target.order(&id))).collect())
}

/// Takes back what a claim has made. Nothing else was written in its name.
pub(super) async fn withdraw(engine: &Engine, mut inventory: Inventory) {
    let uncancelled = CancellationToken::new();
    let done = if inventory.is_new() {
        let options = ssa::DeleteOptions { timeout: WITHDRAWAL_TIME, ..ssa::DeleteOptions::default() };
        let deleting = engine.delete(&mut inventory, &options, &uncancelled);
        tokio::time::timeout(WITHDRAWAL_TIME, deleting).await.is_ok_and(|deleted| deleted.error.is_none())
    } else if inventory.is_taken_over() {
        // Still what a killed run has left, for the next one to find.
        true
    } else {
        let releasing = engine.release(&mut inventory, &uncancelled);
        tokio::time::timeout(RELEASE_TIME, releasing).await.is_ok_and(|released| released.is_ok())
    };
    if !done {
        tracing::warn!("a claim could not be released and will expire");
    }
}

/// What `work` gives, unless the caller cancels and it does not end by itself soon: requests of clients that know nothing of a
/// cancellation do not.
pub(super) async fn unless_cancelled<T>(
    work: impl Future<Output = Result<T, RolloutError>>,
    cancel: &CancellationToken,
) -> Result<T, RolloutError> {
    let late = async {
        cancel.cancelled().await;
        tokio::time::sleep(STOP_TIME).await;
    };
    tokio::select! {
        biased;
        done = work => done,
        () = late => Err(RolloutError::Cancelled),
    }
}

/// Runs `work` beside `other`, which is polled until `work` is done.
pub(super) async fn beside<A, B, F>(work: impl Future<Output = A>, other: F) -> (A, Option<B>, Option<F>)
where
    F: Future<Output = B> + Unpin,
{
    let work = std::pin::pin!(work);
    match select(work, other).await {
        futures::future::Either::Left((done, other)) => (done, None, Some(other)),
        futures::future::Either::Right((other, work)) => (work.await, Some(other), None),
    }
}
