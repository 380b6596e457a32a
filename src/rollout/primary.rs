//! The order in which primary clusters become a mesh, and what they need of each other on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use ssa::{Expect, ObjectId, ObjectPattern};

use super::access::{self, Access};
use super::authority::{self, Certificates};
use super::exchange::Exchange;
use super::fill::{Given, Produced};
use super::installation::{Installation, definitions};
use super::run::{self, Run};
use super::session::{Session, beside, unless_cancelled};
use super::target::ClusterOutcome;
use super::{RolloutError, injection, own_root, remote_secrets, rotation, shared_mesh_config};
use crate::desired::{Component, Placeholder, Stage};
use crate::mesh::ApiServerAddresses;
use crate::mesh::well_known::{INTERMEDIATE_SECRET, ROOT_SECRET};
use crate::trust::Root;

/// What one primary cluster shall hold, and what fills it.
#[derive(Clone, Debug)]
pub struct Primary {
    /// The objects and their record.
    pub installation: Installation,
    /// What new certificates shall be; `None` if istiod makes its own.
    pub certificates: Option<Certificates>,
    /// How other clusters reach the API server.
    pub api_server: ApiServerAddresses,
    /// What the user gives at each apply.
    pub given: Given,
}

/// Brings every cluster to what it shall hold, all at once: takes hold of all records or of none, applies stage after stage, deletes
/// what is no longer wanted and waits until everything is ready, until the session's time is over. From then on one cluster's
/// failure stops only what needs it. The records of the others are left to be closed.
pub async fn install(primaries: Vec<Primary>, session: &Session<'_>) -> Vec<ClusterOutcome> {
    let installations: Vec<&Installation> = primaries.iter().map(|primary| &primary.installation).collect();
    let runs = match run::begin(&installations, session).await {
        Ok(runs) => runs,
        Err(untouched) => return untouched,
    };
    let exchange = Exchange::between(installations.iter().map(|installation| installation.set.cluster()));
    let is_a_mesh = installations.iter().any(|installation| !installation.known.is_empty());
    let orders = primaries.iter().map(|primary| {
        let joins = is_a_mesh && primary.installation.known.is_empty();
        Order { primary, exchange: &exchange, joins }
    });
    let running = orders.zip(runs).map(|(order, mut run)| async move {
        let done = unless_cancelled(Box::pin(order.steps(&mut run)), session.cancel).await;
        order.give_up();
        run.end(done).await
    });
    join_all(running).await
}

/// The order of one primary, beside the others.
struct Order<'a> {
    primary: &'a Primary,
    exchange: &'a Exchange,
    /// Whether it joins primaries that may call each other already.
    joins: bool,
}

impl Order<'_> {
    async fn steps(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        run.refuse_what_is_not_ours().await?;
        run.apply(&[Stage::Definitions, Stage::Namespaces], &Produced::default()).await?;
        let root = self.root(run).await?;
        self.intermediate(run, root.as_deref()).await?;
        self.give_up_own_root(run).await?;
        run.apply(&[Stage::Configuration, Stage::Tokens], &self.given()).await?;
        let offer = Box::pin(self.offer_access(rotation::is_under_way(run), run.session));
        if self.joins {
            self.workloads(run).await?;
            self.is_found(run).await?;
            run.holding(offer).await??;
        } else {
            let (applied, offered, offering) = Box::pin(beside(self.workloads(run), offer)).await;
            applied?;
            match (offered, offering) {
                (Some(offered), _) => offered?,
                (None, Some(offering)) => run.holding(offering).await??,
                (None, None) => {}
            }
        }
        Box::pin(self.links(run)).await?;
        self.exchange.publish_linked(self.primary.installation.set.cluster());
        self.others_are_linked(run).await?;
        self.finish(run).await
    }

    /// Whoever still waits for this cluster waits in vain.
    fn give_up(&self) {
        if self.keeps_the_root() {
            self.exchange.give_up_root();
        }
        self.exchange.give_up(self.primary.installation.set.cluster());
    }

    fn keeps_the_root(&self) -> bool {
        let manifests = self.primary.installation.set.manifests();
        manifests.iter().any(|manifest| manifest.component == Component::Root)
    }

    fn given(&self) -> Produced<'_> {
        Produced { given: Some(&self.primary.given), ..Produced::default() }
    }

    /// Writes the root where it is kept, before anything is signed with it. Elsewhere nothing is to be done.
    async fn root(&self, run: &mut Run<'_>) -> Result<Option<Arc<Root>>, RolloutError> {
        let Some(certificates) = &self.primary.certificates else { return Ok(None) };
        if let Some(root) = certificates.given_root() {
            // Where a Secret kept it before, that goes now.
            self.exchange.publish_root(root.clone());
            return Ok(Some(root));
        }
        if !self.keeps_the_root() {
            return Ok(None);
        }
        let target = &self.primary.installation.target;
        let root = certificates.root(target).await?;
        run.apply(&[Stage::Root], &Produced { root: Some(&root), ..Produced::default() }).await?;
        authority::is_stored(target, &root).await?;
        self.exchange.publish_root(root.clone());
        Ok(Some(root))
    }

    /// Writes what istiod signs with, before istiod is there.
    async fn intermediate(&self, run: &mut Run<'_>, own: Option<&Root>) -> Result<(), RolloutError> {
        let Installation { target, set, .. } = &self.primary.installation;
        let Some(certificates) = &self.primary.certificates else {
            return run.apply(&[Stage::Authority], &self.given()).await;
        };
        let Some(version) = authority::wanted_version(set) else {
            return run.apply(&[Stage::Authority], &Produced::default()).await;
        };
        let shared = if own.is_none() { run.holding(self.exchange.root()).await? } else { None };
        let root = own.or(shared.as_deref()).ok_or(RolloutError::NoRoot)?;
        let intermediate = certificates.intermediates().of(target, root, version).await?;
        let produced = Produced { intermediate: Some(&intermediate), ..Produced::default() };
        run.apply(&[Stage::Authority], &produced).await
    }

    /// Where the mesh was before, istiod may have started while there was nothing to sign with.
    async fn give_up_own_root(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let Installation { target, set, expect, .. } = &self.primary.installation;
        if *expect != Expect::Absent {
            run.outcome.given_up = own_root::give_up(target, set).await?;
        }
        Ok(())
    }

    async fn workloads(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let nothing = Produced::default();
        let Installation { target, set, .. } = &self.primary.installation;
        let session = run.session;
        shared_mesh_config::of_set(target, set, session.cancel).await?;
        run.apply(&[Stage::Workloads, Stage::Admission], &nothing).await?;
        run.holding(injection::wait(target, set, session.left(), session.cancel)).await??;
        run.apply(&[Stage::GatewayServices, Stage::Gateways, Stage::Exposure], &nothing).await
    }

    /// Tells the other clusters how to read this one.
    async fn offer_access(&self, is_rotated: bool, session: &Session<'_>) -> Result<(), RolloutError> {
        let Primary { installation: Installation { target, set, .. }, api_server, .. } = self.primary;
        let Some(secret) = rotation::token_secret(set) else { return Ok(()) };
        let token = access::token(target, secret, session.left(), session.cancel).await;
        let token = token.inspect_err(|_| self.give_up())?;
        let access = Access { api_server: api_server.clone(), token, is_rotated };
        self.exchange.publish_access(set.cluster(), access);
        Ok(())
    }

    /// Waits until the gateways of a cluster that joins have addresses. As soon as others read it, they call the pods that run there
    /// already: at the addresses of the gateway or, as long as it has none, at the pods' own, which another network does not reach.
    async fn is_found(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let installation = &self.primary.installation;
        let (services, session) = (installation.gateway_services()?, run.session);
        if services.is_empty() {
            return Ok(());
        }
        let wait = installation.target.engine.wait(&services, session.left(), session.cancel);
        Box::pin(run.holding(wait)).await?.map_err(RolloutError::Wait).map(drop)
    }

    /// Tells istiod of the other clusters, as far as they can be read.
    async fn links(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let mut kubeconfigs = BTreeMap::new();
        let (mut failed, mut rotated) = (Vec::new(), Vec::new());
        let Installation { target, set, .. } = &self.primary.installation;
        let placeholders = set.manifests().iter().flat_map(|manifest| manifest.placeholders.values());
        for placeholder in placeholders {
            let Placeholder::Access { cluster, comment } = placeholder else { continue };
            match run.holding(self.exchange.access(cluster)).await? {
                Some(access) => {
                    rotated.extend(access.is_rotated.then(|| cluster.clone()));
                    kubeconfigs.insert(cluster.clone(), access.kubeconfig(cluster, set.cluster(), comment));
                }
                None => failed.push(cluster.to_string()),
            }
        }
        let produced = Produced { kubeconfigs: Some(&kubeconfigs), ..Produced::default() };
        run.apply(&[Stage::Links], &produced).await?;
        remote_secrets::keep_own_clusters(target, set).await?;
        let session = run.session;
        let read = rotation::are_read(target, &rotated, session.left(), session.cancel);
        Box::pin(run.holding(read)).await??;
        if failed.is_empty() { Ok(()) } else { Err(RolloutError::Links { clusters: failed }) }
    }

    /// Waits until the other clusters use the present token of this one, if there is a former one.
    async fn others_are_linked(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        if rotation::is_under_way(run) {
            for linked in self.exchange.linked() {
                run.holding(linked.wait()).await?.ok_or(RolloutError::TokenInUse)?;
            }
        }
        Ok(())
    }

    async fn finish(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        if self.primary.certificates.is_some() && self.loses_the_root(run) {
            // Until another cluster or the user has it, this is the only copy.
            let root = run.holding(self.exchange.root()).await?.ok_or(RolloutError::NoRoot)?;
            authority::may_be_deleted(&self.primary.installation.target, &root).await?;
        }
        run.finish(self.left_to_others()).await
    }

    /// Whether the record has the root's Secret and the set has it no more.
    fn loses_the_root(&self, run: &Run<'_>) -> bool {
        !self.keeps_the_root() && run.inventory.entries().keys().any(|id| id.name == ROOT_SECRET)
    }

    /// What is forgotten rather than deleted when it is no longer wanted: definitions, since all their resources would go with
    /// them, whoever made them; what istiod signs with, which someone else keeps from now on; and, where the provider has no root
    /// any more, the one that it had, since nothing else may have its key.
    fn left_to_others(&self) -> Vec<ObjectPattern> {
        let namespace = &self.primary.installation.target.inventory.namespace;
        let secret = |name| ObjectPattern::object(&ObjectId::new("", "Secret", namespace, name));
        let root = self.primary.certificates.is_none().then(|| secret(ROOT_SECRET));
        [definitions(), secret(INTERMEDIATE_SECRET)].into_iter().chain(root).collect()
    }
}
