use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{join, join_all};
use ssa::{Action, Claim, DeleteOptions, Expect, Inventory, ObjectId, ObjectPattern, Policy, StageReady};
use tokio_util::sync::CancellationToken;

use super::access::{self, Access};
use super::authority::Certificates;
use super::exchange::Exchange;
use super::fill::{Given, Produced};
use super::target::{ClusterOutcome, Target, Unclosed};
use super::{RolloutError, holder, injection, release, remote_secrets, shared_mesh_config};
use crate::mesh::ApiServerAddresses;
use crate::render::authority::{INTERMEDIATE_SECRET, ROOT_SECRET};
use crate::render::{Component, Hole, Manifest, ManifestSet, Stage};
use crate::trust::Root;

/// How long another run may not take over what this one has begun and no longer renews.
const CLAIM_EXPIRY: Duration = Duration::from_mins(2);
/// How long custom resource definitions and namespaces may take to be served.
const SERVED: Duration = Duration::from_mins(1);

/// What one cluster shall hold.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The cluster.
    pub target: Target,
    /// The objects. Holes that are left are filled on the way.
    pub set: ManifestSet,
    /// What new certificates shall be; `None` if istiod makes its own.
    pub certificates: Option<Certificates>,
    /// How other clusters reach the API server.
    pub api_server: ApiServerAddresses,
    /// What the user gives at each apply.
    pub given: Given,
    /// Whether this is the first installation.
    pub expect: Expect,
    /// What may be taken over.
    pub policy: Policy,
}

/// Brings every cluster to what it shall hold, all at once: records, applies stage after stage, deletes what is no longer
/// wanted and waits until everything is ready, for at most `timeout`. One cluster's failure stops only what needs it. The records
/// of the others are left to be closed.
pub async fn install(
    installations: Vec<Installation>,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Vec<ClusterOutcome> {
    let exchange = Exchange::between(installations.iter().map(|installation| installation.set.cluster()));
    let deadline = Instant::now() + timeout;
    let runs =
        installations.iter().map(|installation| Run { installation, exchange: &exchange, deadline, cancel });
    let runs: Vec<_> = runs.collect();
    join_all(runs.iter().map(Run::claimed)).await
}

/// The installation of one cluster, beside those of the others.
struct Run<'a> {
    installation: &'a Installation,
    exchange: &'a Exchange,
    deadline: Instant,
    cancel: &'a CancellationToken,
}

/// What is written into the cluster's record, and what was done.
struct Progress {
    inventory: Inventory,
    outcome: ClusterOutcome,
}

impl Run<'_> {
    async fn claimed(&self) -> ClusterOutcome {
        let Target { name, engine, .. } = &self.installation.target;
        let outcome = match self.claim().await {
            Ok(inventory) => {
                let mut progress = Progress { inventory, outcome: ClusterOutcome::begun(name) };
                match self.steps(&mut progress).await {
                    Ok(()) => {
                        let (target, inventory) = (self.installation.target.clone(), progress.inventory);
                        progress.outcome.unclosed = Some(Unclosed { target, inventory });
                    }
                    Err(error) => {
                        release(engine, &mut progress.inventory).await;
                        progress.outcome.error = Some(error);
                    }
                }
                progress.outcome
            }
            Err(error) => ClusterOutcome::failed(name, error),
        };
        self.give_up();
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

    async fn claim(&self) -> Result<Inventory, RolloutError> {
        let manifests = self.parse(self.installation.set.manifests().iter())?;
        let Target { engine, inventory, .. } = &self.installation.target;
        let claim = Claim {
            holder: holder(),
            expiry: CLAIM_EXPIRY,
            expect: self.installation.expect,
            digest: ssa::digest(&manifests),
        };
        engine.claim(inventory, &claim, &manifests, self.cancel).await.map_err(RolloutError::Claim)
    }

    async fn steps(&self, progress: &mut Progress) -> Result<(), RolloutError> {
        self.refuse_what_is_not_ours(&progress.inventory).await?;
        let nothing = Produced::default();
        self.apply(progress, &[Stage::Definitions, Stage::Namespaces], &nothing).await?;
        let root = self.root(progress).await?;
        self.intermediate(progress, root.as_deref()).await?;
        self.apply(progress, &[Stage::Configuration, Stage::Tokens], &self.given()).await?;
        shared_mesh_config::of_set(&self.installation.target, &self.installation.set, self.cancel).await?;
        let workloads = self.workloads(progress);
        let (offered, applied) = join(self.offer_access(), workloads).await;
        applied?;
        offered?;
        self.links(progress).await?;
        self.finish(progress).await
    }

    /// Before the first write: nothing is written if something must not be.
    async fn refuse_what_is_not_ours(&self, inventory: &Inventory) -> Result<(), RolloutError> {
        let Installation { target, set, policy, .. } = self.installation;
        let manifests = self.parse(set.manifests().iter())?;
        let planned = target.engine.diff(&manifests, Some(inventory), policy, self.cancel).await;
        let changes = planned.map_err(RolloutError::Compare)?.changes;
        let is_refused = |action: &Action| match action {
            Action::Foreign { .. } | Action::Conflict { .. } => true,
            Action::Recreated { .. } => !policy.recreate,
            _ => false,
        };
        let objects: Vec<_> = changes.into_iter().filter(|change| is_refused(&change.action)).collect();
        if objects.is_empty() {
            return Ok(());
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
        let is_to_be_made =
            |manifest: &Manifest| manifest.holes.values().any(|hole| matches!(hole, Hole::Root(_)));
        let root = if self.installation.set.manifests().iter().any(is_to_be_made) {
            let root = certificates.root(target).await?;
            let produced = Produced { root: Some(&root), ..Produced::default() };
            self.apply(progress, &[Stage::Root], &produced).await?;
            root
        } else {
            self.apply(progress, &[Stage::Root], &Produced::default()).await?;
            certificates.root(target).await?
        };
        let root = Arc::new(root);
        self.exchange.publish_root(root.clone());
        Ok(Some(root))
    }

    /// Writes what istiod signs with, before istiod is there.
    async fn intermediate(&self, progress: &mut Progress, own: Option<&Root>) -> Result<(), RolloutError> {
        let Some(certificates) = &self.installation.certificates else {
            return self.apply(progress, &[Stage::Authority], &self.given()).await;
        };
        let nothing = Produced::default();
        let is_to_be_made =
            |manifest: &Manifest| manifest.holes.values().any(|hole| matches!(hole, Hole::Intermediate(_)));
        if !self.installation.set.manifests().iter().any(is_to_be_made) {
            return self.apply(progress, &[Stage::Authority], &nothing).await;
        }
        let shared = if own.is_none() { self.exchange.root().await } else { None };
        let root = own.or(shared.as_deref()).ok_or(RolloutError::NoRoot)?;
        let intermediate = certificates.intermediate(&self.installation.target, root).await?;
        let produced = Produced { intermediate: Some(&intermediate), ..Produced::default() };
        self.apply(progress, &[Stage::Authority], &produced).await
    }

    fn given(&self) -> Produced<'_> {
        Produced { given: Some(&self.installation.given), ..Produced::default() }
    }

    async fn workloads(&self, progress: &mut Progress) -> Result<(), RolloutError> {
        let nothing = Produced::default();
        self.apply(progress, &[Stage::Workloads, Stage::Admission], &nothing).await?;
        let Installation { target, set, .. } = self.installation;
        injection::wait(target, set, self.left(), self.cancel).await?;
        self.apply(progress, &[Stage::Gateways, Stage::Exposure], &nothing).await
    }

    /// Tells the other clusters how to read this one.
    async fn offer_access(&self) -> Result<(), RolloutError> {
        let Installation { target, set, api_server, .. } = self.installation;
        if !set.manifests().iter().any(|manifest| manifest.component == Component::Reader) {
            return Ok(());
        }
        let token = access::token(target, self.cancel).await.inspect_err(|_| self.give_up())?;
        self.exchange.publish_access(set.cluster(), Access { api_server: api_server.clone(), token });
        Ok(())
    }

    /// Tells istiod of the other clusters, as far as they can be read.
    async fn links(&self, progress: &mut Progress) -> Result<(), RolloutError> {
        let mut kubeconfigs = BTreeMap::new();
        let mut failed = Vec::new();
        let set = &self.installation.set;
        let holes = set.manifests().iter().flat_map(|manifest| manifest.holes.values());
        for hole in holes {
            let Hole::Access(cluster) = hole else { continue };
            match self.exchange.access(cluster).await {
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
        let Installation { target, set, .. } = self.installation;
        let ids: BTreeSet<ObjectId> =
            self.parse(set.manifests().iter())?.iter().map(|manifest| manifest.id().clone()).collect();
        let loses_the_root = |id: &ObjectId| id.name == ROOT_SECRET && !ids.contains(id);
        if progress.inventory.entries().keys().any(loses_the_root) && self.exchange.root().await.is_none() {
            // It is still the only copy.
            return Err(RolloutError::NoRoot);
        }
        let options =
            DeleteOptions { timeout: self.left(), keep: self.left_to_others(), ..DeleteOptions::default() };
        let pruned = target.engine.prune(&mut progress.inventory, &ids, &options, self.cancel).await;
        progress.outcome.add(pruned.changes);
        if let Some(error) = pruned.error {
            return Err(RolloutError::Prune(error));
        }
        let wait = target.engine.wait(&ids, self.left(), self.cancel);
        let waited = target.engine.holding(&mut progress.inventory, wait, self.cancel).await;
        waited.map_err(RolloutError::Claim)?.map_err(RolloutError::Wait)
    }

    /// What is forgotten rather than deleted when it is no longer wanted: definitions, since all their resources would go with
    /// them, whoever made them; and what istiod signs with, which someone else keeps from now on.
    fn left_to_others(&self) -> Vec<ObjectPattern> {
        let namespace = &self.installation.target.inventory.namespace;
        vec![
            ObjectPattern::kind("apiextensions.k8s.io", "CustomResourceDefinition"),
            ObjectPattern::object(&ObjectId::new("", "Secret", namespace, INTERMEDIATE_SECRET)),
        ]
    }

    /// Applies these stages. An object with a hole that nothing fills is left out.
    async fn apply(
        &self,
        progress: &mut Progress,
        stages: &[Stage],
        produced: &Produced<'_>,
    ) -> Result<(), RolloutError> {
        let Installation { target, set, policy, .. } = self.installation;
        let wanted = set.stages().filter(|(stage, _)| stages.contains(stage));
        let mut applied = Vec::new();
        for (stage, manifests) in wanted {
            let objects = manifests.iter().filter_map(|manifest| produced.fill(manifest)).collect();
            let manifests = ssa::Manifest::parse_all(objects, &target.inventory.namespace);
            applied.push(ssa::Stage {
                name: stage.name().to_owned(),
                manifests: manifests.map_err(RolloutError::Manifest)?,
                ready: self.ready(stage),
            });
        }
        let done = target.engine.apply(&applied, &mut progress.inventory, policy, self.cancel).await;
        progress.outcome.add(done.changes);
        done.error.map_or(Ok(()), |error| Err(RolloutError::Apply(error)))
    }

    fn ready(&self, stage: Stage) -> StageReady {
        match stage {
            Stage::Definitions | Stage::Namespaces => StageReady::Within(SERVED),
            Stage::Workloads | Stage::Gateways => StageReady::Within(self.left()),
            Stage::Root
            | Stage::Authority
            | Stage::Configuration
            | Stage::Tokens
            | Stage::Admission
            | Stage::Exposure
            | Stage::Links => StageReady::Written,
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn parse<'m>(
        &self,
        manifests: impl Iterator<Item = &'m Manifest>,
    ) -> Result<Vec<ssa::Manifest>, RolloutError> {
        let objects = manifests.map(|manifest| manifest.object.clone()).collect();
        ssa::Manifest::parse_all(objects, &self.installation.target.inventory.namespace)
            .map_err(RolloutError::Manifest)
    }
}
