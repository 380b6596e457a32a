use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use ssa::{Action, DeleteOptions, Expect, Inventory, ObjectId, ObjectPattern, Preflight, StageReady};
use tokio::sync::Barrier;

use super::access::{self, Access};
use super::authority;
use super::exchange::Exchange;
use super::fill::Produced;
use super::installation::{Installation, definitions};
use super::session::{Session, beside};
use super::target::{ClusterOutcome, Target, Unclosed, release_annotation};
use super::{RolloutError, injection, own_root, remote_secrets, shared_mesh_config};
use crate::desired::{Component, Placeholder, Stage};
use crate::mesh::well_known::{INTERMEDIATE_SECRET, ROOT_SECRET};
use crate::trust::Root;

/// How long custom resource definitions and namespaces may take to be served.
const SERVED: Duration = Duration::from_mins(1);

/// Brings every cluster to what it shall hold, all at once: takes hold of all records or of none, applies stage after stage, deletes
/// what is no longer wanted and waits until everything is ready, until the session's time is over. From then on one cluster's
/// failure stops only what needs it. The records of the others are left to be closed.
pub async fn install(installations: Vec<Installation>, session: &Session<'_>) -> Vec<ClusterOutcome> {
    let claimed = match claim_all(&installations, session).await {
        Ok(claimed) => claimed,
        Err(untouched) => return untouched,
    };
    let exchange = Exchange::between(installations.iter().map(|installation| installation.set.cluster()));
    let all_done = Barrier::new(installations.len());
    let run = |installation| Run { installation, exchange: &exchange, session, all_done: &all_done };
    let runs: Vec<_> = installations.iter().map(run).collect();
    join_all(runs.iter().zip(claimed).map(|(run, inventory)| run.whole(inventory))).await
}

/// Claims the records of all clusters, or says why nothing was written in any.
async fn claim_all(
    installations: &[Installation],
    session: &Session<'_>,
) -> Result<Vec<Inventory>, Vec<ClusterOutcome>> {
    let untouched = |mut errors: BTreeMap<usize, RolloutError>| {
        let outcomes = installations.iter().enumerate().map(|(place, installation)| {
            ClusterOutcome::untouched(&installation.target.name, errors.remove(&place))
        });
        outcomes.collect::<Vec<_>>()
    };
    let mut claimings = Vec::new();
    for (place, installation) in installations.iter().enumerate() {
        match installation.claiming() {
            Ok(claiming) => claimings.push(claiming),
            Err(error) => return Err(untouched(BTreeMap::from([(place, error)]))),
        }
    }
    session.claim_all(&claimings).await.map_err(untouched)
}

/// The installation of one cluster, beside those of the others.
struct Run<'a> {
    installation: &'a Installation,
    exchange: &'a Exchange,
    session: &'a Session<'a>,
    all_done: &'a Barrier,
}

/// What is written into the cluster's record, and what was done.
struct Progress {
    inventory: Inventory,
    outcome: ClusterOutcome,
    /// What was found before the first write.
    preflight: Preflight,
}

impl Run<'_> {
    async fn whole(&self, inventory: Inventory) -> ClusterOutcome {
        let Target { name, engine, .. } = &self.installation.target;
        let (outcome, preflight) = (ClusterOutcome::untouched(name, None), Preflight::default());
        let mut progress = Progress { inventory, outcome, preflight };
        let done = Box::pin(self.steps(&mut progress)).await;
        self.give_up();
        let Progress { mut inventory, mut outcome, .. } = progress;
        outcome.book = Some(inventory.entries().keys().cloned().collect());
        match done {
            Ok(()) => {
                // The others may take longer, and the record is closed when all are done.
                let others = engine.holding(&mut inventory, self.all_done.wait(), self.session.cancel);
                outcome.error = others.await.err().map(RolloutError::Claim);
                let target = self.installation.target.clone();
                outcome.unclosed = outcome.error.is_none().then_some(Unclosed { target, inventory });
            }
            Err(error) => {
                self.session.release(engine, &mut inventory).await;
                outcome.error = Some(error);
                self.all_done.wait().await;
            }
        }
        outcome
    }

    /// Whoever still waits for this cluster waits in vain.
    fn give_up(&self) {
        if self.keeps_the_root() {
            self.exchange.give_up_root();
        }
        self.exchange.give_up_access(self.installation.set.cluster());
    }

    fn keeps_the_root(&self) -> bool {
        self.installation.set.manifests().iter().any(|manifest| manifest.component == Component::Root)
    }

    /// Waits for something and keeps the claim meanwhile.
    async fn holding<T>(
        &self,
        progress: &mut Progress,
        work: impl Future<Output = T> + Send,
    ) -> Result<T, RolloutError> {
        let engine = &self.installation.target.engine;
        engine.holding(&mut progress.inventory, work, self.session.cancel).await.map_err(RolloutError::Claim)
    }

    async fn steps(&self, progress: &mut Progress) -> Result<(), RolloutError> {
        progress.preflight = self.refuse_what_is_not_ours(&progress.inventory).await?;
        let nothing = Produced::default();
        self.apply(progress, &[Stage::Definitions, Stage::Namespaces], &nothing).await?;
        let root = self.root(progress).await?;
        self.intermediate(progress, root.as_deref()).await?;
        self.give_up_own_root(progress).await?;
        self.apply(progress, &[Stage::Configuration, Stage::Tokens], &self.given()).await?;
        let offer = Box::pin(self.offer_access());
        let (applied, offered, offering) = Box::pin(beside(self.workloads(progress), offer)).await;
        applied?;
        match (offered, offering) {
            (Some(offered), _) => offered?,
            (None, Some(offering)) => self.holding(progress, offering).await??,
            (None, None) => {}
        }
        self.links(progress).await?;
        self.finish(progress).await
    }

    /// Before the first write: nothing is written if something must not be.
    async fn refuse_what_is_not_ours(&self, inventory: &Inventory) -> Result<Preflight, RolloutError> {
        let Installation { target, .. } = self.installation;
        let (manifests, policy) = (self.manifests()?, self.installation.policy());
        let (engine, cancel) = (&target.engine, self.session.cancel);
        let preflight = engine.preflight(&manifests, Some(inventory), &policy, cancel).await;
        let preflight = preflight.map_err(RolloutError::Compare)?;
        let is_refused = |action: &Action| match action {
            Action::Foreign { .. } | Action::Conflict { .. } => true,
            Action::Recreated { .. } => !policy.recreate,
            _ => false,
        };
        let objects = preflight.changes.iter().filter(|change| is_refused(&change.action));
        let objects: Vec<_> = objects.cloned().collect();
        if objects.is_empty() {
            return Ok(preflight);
        }
        Err(RolloutError::Apply(ssa::ApplyError::Refused { objects }))
    }

    /// Writes the root where it is kept, before anything is signed with it. Elsewhere nothing is to be done.
    async fn root(&self, progress: &mut Progress) -> Result<Option<Arc<Root>>, RolloutError> {
        let Some(certificates) = &self.installation.certificates else { return Ok(None) };
        if let Some(root) = certificates.given_root() {
            // Where a Secret kept it before, that goes now.
            self.exchange.publish_root(root.clone());
            return Ok(Some(root));
        }
        if !self.keeps_the_root() {
            return Ok(None);
        }
        let target = &self.installation.target;
        let root = certificates.root(target).await?;
        let produced = Produced { root: Some(&root), ..Produced::default() };
        self.apply(progress, &[Stage::Root], &produced).await?;
        authority::is_stored(target, &root).await?;
        self.exchange.publish_root(root.clone());
        Ok(Some(root))
    }

    /// Writes what istiod signs with, before istiod is there.
    async fn intermediate(&self, progress: &mut Progress, own: Option<&Root>) -> Result<(), RolloutError> {
        let Some(certificates) = &self.installation.certificates else {
            return self.apply(progress, &[Stage::Authority], &self.given()).await;
        };
        let nothing = Produced::default();
        let Some(version) = authority::wanted_version(&self.installation.set) else {
            return self.apply(progress, &[Stage::Authority], &nothing).await;
        };
        let shared = if own.is_none() { self.holding(progress, self.exchange.root()).await? } else { None };
        let root = own.or(shared.as_deref()).ok_or(RolloutError::NoRoot)?;
        let intermediate = certificates.intermediate(&self.installation.target, root, version).await?;
        let produced = Produced { intermediate: Some(&intermediate), ..Produced::default() };
        self.apply(progress, &[Stage::Authority], &produced).await
    }

    /// Where the mesh was before, istiod may have started while there was nothing to sign with.
    async fn give_up_own_root(&self, progress: &mut Progress) -> Result<(), RolloutError> {
        let Installation { target, set, expect, .. } = self.installation;
        if *expect != Expect::Absent {
            progress.outcome.given_up = own_root::give_up(target, set).await?;
        }
        Ok(())
    }

    fn given(&self) -> Produced<'_> {
        Produced { given: Some(&self.installation.given), ..Produced::default() }
    }

    async fn workloads(&self, progress: &mut Progress) -> Result<(), RolloutError> {
        let nothing = Produced::default();
        let Installation { target, set, .. } = self.installation;
        shared_mesh_config::of_set(target, set, self.session.cancel).await?;
        self.apply(progress, &[Stage::Workloads, Stage::Admission], &nothing).await?;
        let injected = injection::wait(target, set, self.session.left(), self.session.cancel);
        self.holding(progress, injected).await??;
        self.apply(progress, &[Stage::Gateways, Stage::Exposure], &nothing).await
    }

    /// Tells the other clusters how to read this one.
    async fn offer_access(&self) -> Result<(), RolloutError> {
        let Installation { target, set, api_server, .. } = self.installation;
        if !set.manifests().iter().any(|manifest| manifest.component == Component::Reader) {
            return Ok(());
        }
        let token = access::token(target, self.session.cancel).await.inspect_err(|_| self.give_up())?;
        self.exchange.publish_access(set.cluster(), Access { api_server: api_server.clone(), token });
        Ok(())
    }

    /// Tells istiod of the other clusters, as far as they can be read.
    async fn links(&self, progress: &mut Progress) -> Result<(), RolloutError> {
        let mut kubeconfigs = BTreeMap::new();
        let mut failed = Vec::new();
        let set = &self.installation.set;
        let placeholders = set.manifests().iter().flat_map(|manifest| manifest.placeholders.values());
        for placeholder in placeholders {
            let Placeholder::Access(cluster) = placeholder else { continue };
            match self.holding(progress, self.exchange.access(cluster)).await? {
                Some(access) => {
                    kubeconfigs.insert(cluster.clone(), access.kubeconfig(cluster, set.cluster()));
                }
                None => failed.push(cluster.to_string()),
            }
        }
        let produced = Produced { kubeconfigs: Some(&kubeconfigs), ..Produced::default() };
        self.apply(progress, &[Stage::Links], &produced).await?;
        remote_secrets::keep_own_clusters(&self.installation.target, set).await?;
        if failed.is_empty() { Ok(()) } else { Err(RolloutError::Links { clusters: failed }) }
    }

    async fn finish(&self, progress: &mut Progress) -> Result<(), RolloutError> {
        let Installation { target, release, .. } = self.installation;
        let ids: BTreeSet<ObjectId> =
            self.manifests()?.iter().map(|manifest| manifest.id().clone()).collect();
        let loses_the_root = |id: &ObjectId| id.name == ROOT_SECRET && !ids.contains(id);
        let loses_the_root = progress.inventory.entries().keys().any(loses_the_root);
        if self.installation.certificates.is_some() && loses_the_root {
            // Until another cluster or the user has it, this is the only copy.
            let root = self.holding(progress, self.exchange.root()).await?.ok_or(RolloutError::NoRoot)?;
            authority::may_be_deleted(target, &root).await?;
        }
        let options = DeleteOptions {
            timeout: self.session.left(),
            keep: self.left_to_others(),
            version: Some(release_annotation(release)),
            ..DeleteOptions::default()
        };
        let pruned = target.engine.prune(&mut progress.inventory, &ids, &options, self.session.cancel).await;
        progress.outcome.add(pruned.changes);
        if let Some(error) = pruned.error {
            return Err(RolloutError::Prune(error));
        }
        let wait = target.engine.wait(&ids, self.session.left(), self.session.cancel);
        self.holding(progress, wait).await?.map_err(RolloutError::Wait)
    }

    /// What is forgotten rather than deleted when it is no longer wanted: definitions, since all their resources would go with
    /// them, whoever made them; what istiod signs with, which someone else keeps from now on; and, where the provider has no root
    /// any more, the one that it had, since nothing else may have its key.
    fn left_to_others(&self) -> Vec<ObjectPattern> {
        let namespace = &self.installation.target.inventory.namespace;
        let secret = |name| ObjectPattern::object(&ObjectId::new("", "Secret", namespace, name));
        let root = self.installation.certificates.is_none().then(|| secret(ROOT_SECRET));
        [definitions(), secret(INTERMEDIATE_SECRET)].into_iter().chain(root).collect()
    }

    /// Applies these stages. An object with a placeholder that nothing fills is left out.
    async fn apply(
        &self,
        progress: &mut Progress,
        stages: &[Stage],
        produced: &Produced<'_>,
    ) -> Result<(), RolloutError> {
        let Installation { target, set, .. } = self.installation;
        let wanted = set.stages().filter(|(stage, _)| stages.contains(stage));
        let mut applied = Vec::new();
        for (stage, manifests) in wanted {
            let objects = manifests.iter().filter_map(|manifest| produced.fill(manifest)).collect();
            applied.push(ssa::Stage {
                name: stage.name().to_owned(),
                order: stage as u16,
                manifests: self.installation.parse(objects)?,
                ready: self.ready(stage),
            });
        }
        let policy = self.installation.policy();
        let Progress { inventory, preflight, .. } = progress;
        let (engine, cancel) = (&target.engine, self.session.cancel);
        let done = engine.apply_after(preflight, &applied, inventory, &policy, cancel).await;
        progress.outcome.add(done.changes);
        done.error.map_or(Ok(()), |error| Err(RolloutError::Apply(error)))
    }

    fn ready(&self, stage: Stage) -> StageReady {
        match stage {
            Stage::Definitions | Stage::Namespaces => StageReady::Within(SERVED),
            Stage::Workloads | Stage::Gateways => StageReady::Within(self.session.left()),
            Stage::Root
            | Stage::Authority
            | Stage::Configuration
            | Stage::Tokens
            | Stage::Admission
            | Stage::Exposure
            | Stage::Links => StageReady::Written,
        }
    }

    fn manifests(&self) -> Result<Vec<ssa::Manifest>, RolloutError> {
        let manifests = self.installation.set.manifests().iter();
        self.installation.parse(manifests.map(|manifest| Value::clone(&manifest.object)).collect())
    }
}
