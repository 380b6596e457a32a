//! The order in which a cluster without a control plane joins a mesh, and what it and the primaries need of each other on the way.
//!
//! istiod reads whose cluster it is, and which trust domain it has, once, when it first reads the cluster: all of that is there before
//! the first remote secret. So is the address of the cluster's gateway, for istiod sends calls to pods behind a gateway that it does not
//! know straight to their addresses.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use ssa::Expect;

use super::access::{self, Access};
use super::authority::{self, Intermediates};
use super::fill::{Given, Produced};
use super::installation::{Installation, definitions};
use super::promise::Promise;
use super::run::{self, Run};
use super::session::{Session, unless_cancelled};
use super::target::ClusterOutcome;
use super::{RolloutError, admission, injection, own_root, remote_secrets, rotation, validators};
use crate::desired::{Placeholder, Stage, object};
use crate::mesh::well_known::ISTIOD_SERVICE;
use crate::mesh::{ApiServerAddresses, ClusterName, Injector, MemberRecord};
use crate::trust::Root;

/// What a remote cluster shall hold, and what primaries shall hold of it.
pub struct Joining<'a> {
    /// In the cluster itself.
    pub remote: Installation,
    /// In each primary that reads it.
    pub primaries: Vec<Reading>,
    /// How primaries reach the API server.
    pub api_server: ApiServerAddresses,
    /// What the user gives at each apply.
    pub given: Given,
    /// Whose istiod injects its proxies.
    pub injector: Injector,
    /// The root of the mesh with its key, if an intermediate of it is to be made.
    pub root: Option<Arc<Root>>,
    /// Whether pods of other networks call the cluster, through its gateway.
    pub is_called_from_other_networks: bool,
    /// Whether the cluster may be in the mesh beside these other dependents of it.
    pub admits: &'a (dyn Fn(Vec<MemberRecord>) -> Result<(), Box<RolloutError>> + Send + Sync),
}

/// What one primary shall hold of a remote cluster.
pub struct Reading {
    /// The objects and their record.
    pub installation: Installation,
    /// Whether its istiod serves the cluster.
    pub serves: bool,
    /// Whether its istiod is to ask the cluster again whose it is.
    pub asks_again: bool,
}

/// What the clusters of a joining need of each other.
struct Exchange {
    /// Nothing of others is in the way in the cluster itself.
    free: Promise<()>,
    /// The cluster is on record as a member of the mesh, and nothing is in its way.
    admitted: Promise<()>,
    /// The cluster can be read.
    access: Promise<Access>,
    /// A primary that serves the cluster can read it.
    served: Vec<Promise<()>>,
    /// The cluster's gateway takes calls.
    open: Promise<()>,
    /// A primary reads the cluster with the present token.
    read: Vec<Promise<()>>,
}

/// Brings the cluster and its primaries to what they shall hold, all at once: takes hold of all records or of none, and from then on
/// each goes on as soon as the others are as far as it needs them. The records are left to be closed. The outcome of the cluster is the
/// first.
pub async fn join(joining: Joining<'_>, session: &Session<'_>) -> Vec<ClusterOutcome> {
    let readings = joining.primaries.iter().map(|reading| &reading.installation);
    let all: Vec<&Installation> = [&joining.remote].into_iter().chain(readings).collect();
    let mut runs = match run::begin(&all, session).await {
        Ok(runs) => runs.into_iter(),
        Err(untouched) => return untouched,
    };
    let exchange = Exchange {
        free: Promise::new(),
        admitted: Promise::new(),
        access: Promise::new(),
        served: joining.primaries.iter().filter(|reading| reading.serves).map(|_| Promise::new()).collect(),
        open: Promise::new(),
        read: joining.primaries.iter().map(|_| Promise::new()).collect(),
    };
    let remote = runs.next().map(|mut run| async {
        let steps = of_remote(&joining, &exchange, &mut run);
        let done = unless_cancelled(Box::pin(steps), session.cancel).await;
        exchange.free.give_up();
        exchange.access.give_up();
        exchange.open.give_up();
        run.end(done).await
    });
    // Of several workspaces, all look at the same primary first.
    let arbiter = joining.primaries.iter().map(|reading| &reading.installation.target.uid).min();
    let mut served = exchange.served.iter();
    let primaries = joining.primaries.iter().zip(&exchange.read).zip(runs);
    let primaries = primaries.map(|((reading, read), mut run)| {
        let served = if reading.serves { served.next() } else { None };
        let (joining, exchange) = (&joining, &exchange);
        let is_arbiter = Some(&reading.installation.target.uid) == arbiter;
        async move {
            let order = OfPrimary { joining, reading, exchange, served, read, is_arbiter };
            let done = unless_cancelled(Box::pin(order.steps(&mut run)), session.cancel).await;
            order.give_up();
            run.end(done).await
        }
    });
    let (remote, primaries) = futures::future::join(join_all(remote), join_all(primaries)).await;
    remote.into_iter().chain(primaries).collect()
}

/// The order of the cluster itself.
async fn of_remote(
    joining: &Joining<'_>,
    exchange: &Exchange,
    run: &mut Run<'_>,
) -> Result<(), RolloutError> {
    let (nothing, given) =
        (Produced::default(), Produced { given: Some(&joining.given), ..Produced::default() });
    let Installation { target, set, .. } = &joining.remote;
    run.refuse_what_is_not_ours().await.map_err(RolloutError::before_any_write)?;
    exchange.free.keep(());
    run.holding(exchange.admitted.wait()).await?.ok_or(RolloutError::NotAdmitted)?;
    run.apply(&[Stage::Definitions, Stage::Namespaces], &nothing).await?;
    own_authority(joining, run).await?;
    if loses_its_injector(&joining.remote) {
        // It is the Service istiod by which the API server calls the webhook. Once that leads to a primary, a pod is of the primary's
        // cluster unless the webhook says which one it is of.
        run.apply(&[Stage::Admission], &nothing).await?;
    }
    run.apply(&[Stage::Configuration, Stage::Tokens], &given).await?;
    run.apply(&[Stage::Workloads, Stage::Admission, Stage::GatewayServices], &nothing).await?;
    if joining.is_called_from_other_networks {
        let session = run.session;
        let services = joining.remote.gateway_services()?;
        let wait = target.engine.wait(&services, session.left(), session.cancel);
        Box::pin(run.holding(wait)).await?.map_err(RolloutError::Wait)?;
    }
    let is_rotated = rotation::is_under_way(run);
    let secret = rotation::token_secret(set).unwrap_or_default();
    let token = access::token(target, secret, run.session.left(), run.session.cancel).await?;
    exchange.access.keep(Access { api_server: joining.api_server.clone(), token, is_rotated });
    for served in &exchange.served {
        run.holding(served.wait()).await?.ok_or(RolloutError::NotServed)?;
    }
    let session = run.session;
    let namespace = &target.inventory.namespace;
    run.holding(injection::wait_in(target, set, namespace, session.left(), session.cancel)).await??;
    run.apply(&[Stage::Gateways, Stage::Exposure], &nothing).await?;
    exchange.open.keep(());
    if is_rotated {
        for read in &exchange.read {
            run.holding(read.wait()).await?.ok_or(RolloutError::TokenInUse)?;
        }
    }
    run.finish(vec![definitions()]).await?;
    if joining.injector == Injector::Primary && joining.remote.expect != Expect::Absent {
        run.holding(validators::open(target, set)).await?.map_err(RolloutError::Validators)?;
    }
    Ok(())
}

/// Writes what istiod in the cluster signs with, before that is there, if the provider issues it.
async fn own_authority(joining: &Joining<'_>, run: &mut Run<'_>) -> Result<(), RolloutError> {
    let Installation { target, set, expect, .. } = &joining.remote;
    match authority::wanted_version(set) {
        None => run.apply(&[Stage::Authority], &Produced::default()).await?,
        Some(version) => {
            let root = joining.root.as_deref().ok_or(RolloutError::NoRoot)?;
            let intermediate = Intermediates::default().of(target, root, version).await?;
            let produced = Produced { intermediate: Some(&intermediate), ..Produced::default() };
            run.apply(&[Stage::Authority], &produced).await?;
        }
    }
    if *expect != Expect::Absent {
        run.outcome.given_up = own_root::give_up(target, set).await?;
    }
    Ok(())
}

/// Whether an istiod that has injected proxies so far goes.
fn loses_its_injector(remote: &Installation) -> bool {
    let is_istiod = |kind: &str, name: &str| kind == "Deployment" && name == ISTIOD_SERVICE;
    let mut stays = remote.set.manifests().iter().map(|manifest| manifest.object.as_ref());
    remote.known.keys().any(|id| is_istiod(&id.kind, &id.name))
        && !stays.any(|it| is_istiod(object::kind(it), object::name(it)))
}

/// The order of one primary that reads the cluster.
struct OfPrimary<'a> {
    joining: &'a Joining<'a>,
    reading: &'a Reading,
    exchange: &'a Exchange,
    /// What it promises if it serves the cluster.
    served: Option<&'a Promise<()>>,
    /// What it promises of its istiod.
    read: &'a Promise<()>,
    /// Whether it decides on which of two clusters that cannot both be in the mesh came first.
    is_arbiter: bool,
}

impl OfPrimary<'_> {
    async fn steps(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let Installation { target, set, .. } = &self.reading.installation;
        let nothing = Produced::default();
        run.refuse_what_is_not_ours().await.map_err(RolloutError::before_any_write)?;
        if self.is_arbiter {
            let entrance = admission::Entrance::open(target, run.session).await?;
            let admitted = self.admit(run).await;
            entrance.close().await;
            admitted?;
            self.exchange.admitted.keep(());
        } else {
            run.holding(self.exchange.admitted.wait()).await?.ok_or(RolloutError::NotAdmitted)?;
            run.apply(&[Stage::Configuration], &nothing).await?;
        }
        if !self.reading.serves {
            // Its pods would call the cluster before anything there answers.
            run.holding(self.exchange.open.wait()).await?.ok_or(RolloutError::NotJoined)?;
        }
        let access = run.holding(self.exchange.access.wait()).await?.ok_or(RolloutError::NotJoined)?;
        let kubeconfigs = self.kubeconfigs(&access).await?;
        run.apply(&[Stage::Links], &Produced { kubeconfigs: Some(&kubeconfigs), ..nothing }).await?;
        remote_secrets::keep_own_clusters(target, set).await?;
        if let Some(served) = self.served {
            served.keep(());
        }
        if access.is_rotated {
            let (session, read) = (run.session, [self.joining.remote.set.cluster().clone()]);
            let read = rotation::are_read(target, &read, session.left(), session.cancel);
            Box::pin(run.holding(read)).await??;
        }
        self.read.keep(());
        run.finish(Vec::new()).await
    }

    /// How istiod of the primary reads the cluster.
    async fn kubeconfigs(
        &self,
        access: &Access,
    ) -> Result<BTreeMap<ClusterName, secrecy::SecretString>, RolloutError> {
        let Reading { installation, asks_again, .. } = self.reading;
        let Installation { target, set, .. } = installation;
        let placeholders = set.manifests().iter().flat_map(|manifest| manifest.placeholders.values());
        let mut kubeconfigs = BTreeMap::new();
        for placeholder in placeholders {
            let Placeholder::Access { cluster, comment } = placeholder else { continue };
            let comment = remote_secrets::comment(target, cluster, comment, *asks_again).await?;
            kubeconfigs.insert(cluster.clone(), access.kubeconfig(cluster, set.cluster(), &comment));
        }
        Ok(kubeconfigs)
    }

    /// Puts the cluster on record if nothing on record is in its way.
    async fn admit(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let members = admission::members(&self.reading.installation.target).await?;
        (self.joining.admits)(members).map_err(|refusal| *refusal)?;
        run.holding(self.exchange.free.wait()).await?.ok_or(RolloutError::NotAdmitted)?;
        run.apply(&[Stage::Configuration], &Produced::default()).await
    }

    /// Whoever still waits for this primary waits in vain.
    fn give_up(&self) {
        if self.is_arbiter {
            self.exchange.admitted.give_up();
        }
        if let Some(served) = self.served {
            served.give_up();
        }
        self.read.give_up();
    }
}
