//! The order in which the primaries of a mesh get what a federation has in them.
//!
//! Nobody of another mesh is trusted before every proxy denies what is not exported, and denials stay until nobody is trusted any more.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use serde_json::{Value, json};

use super::acknowledgement::Acknowledgement;
use super::admission::{self, Entrance};
use super::fill::Produced;
use super::installation::Installation;
use super::promise::Promise;
use super::run::{self, Run};
use super::session::{Session, unless_cancelled};
use super::target::{ClusterOutcome, Target};
use super::{RolloutError, shared_mesh_config};
use crate::desired::{Component, Manifest, Stage, object};
use crate::mesh::{MemberRecord, SharedMeshConfig};

/// What the primaries of a mesh shall hold of a federation.
pub struct Federating<'a> {
    /// In each primary.
    pub primaries: Vec<Installation>,
    /// Whether the federation may be in the mesh beside these other dependents of it.
    pub admits: &'a (dyn Fn(Vec<MemberRecord>) -> Result<(), Box<RolloutError>> + Send + Sync),
}

/// Brings the primaries to what they shall hold, all at once: takes hold of all records or of none. The records are left to be closed.
pub async fn federate(federating: Federating<'_>, session: &Session<'_>) -> Vec<ClusterOutcome> {
    let installations: Vec<&Installation> = federating.primaries.iter().collect();
    let runs = match run::begin(&installations, session).await {
        Ok(runs) => runs,
        Err(untouched) => return untouched,
    };
    let admitted = Promise::new();
    // Of several workspaces, all look at the same primary first.
    let arbiter = installations.iter().map(|installation| &installation.target.uid).min();
    let running = installations.iter().zip(runs).map(|(installation, mut run)| {
        let is_arbiter = Some(&installation.target.uid) == arbiter;
        let order = Order { installation, admits: federating.admits, admitted: &admitted, is_arbiter };
        async move {
            let done = unless_cancelled(Box::pin(order.steps(&mut run)), session.cancel).await;
            if is_arbiter {
                order.admitted.give_up();
            }
            run.end(done).await
        }
    });
    join_all(running).await
}

/// The order of one primary.
struct Order<'a> {
    installation: &'a Installation,
    admits: &'a (dyn Fn(Vec<MemberRecord>) -> Result<(), Box<RolloutError>> + Send + Sync),
    /// The federation is on record, and nothing is in its way.
    admitted: &'a Promise<()>,
    is_arbiter: bool,
}

impl Order<'_> {
    async fn steps(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let nothing = Produced::default();
        let target = &self.installation.target;
        run.refuse_what_is_not_ours().await.map_err(RolloutError::before_any_write)?;
        self.be_admitted(run).await?;
        let change = self.trust_change().await?;
        self.end_trust(&change, run).await?;
        self.deny(&change, run).await?;
        run.apply(&[Stage::Trust], &nothing).await?;
        self.compose(target, run).await?;
        run.apply(&[Stage::Exports, Stage::Imports], &nothing).await?;
        run.finish(Vec::new()).await
    }

    /// Puts the federation on record, in one primary before all others, if nothing on record is in its way.
    async fn be_admitted(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        if !self.is_arbiter {
            run.holding(self.admitted.wait()).await?.ok_or(RolloutError::NotAdmitted)?;
            return run.apply(&[Stage::Configuration], &Produced::default()).await;
        }
        let (target, session) = (&self.installation.target, run.session);
        let entrance = run.holding(Entrance::open(target, session)).await??;
        let admitted = self.admit(run).await;
        entrance.close().await;
        admitted?;
        self.admitted.keep(());
        Ok(())
    }

    async fn admit(&self, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let members = admission::members(&self.installation.target).await?;
        (self.admits)(members).map_err(|refusal| *refusal)?;
        run.apply(&[Stage::Configuration], &Produced::default()).await
    }

    /// Whoever is no longer to be trusted is not trusted any more while all denials are still there.
    async fn end_trust(&self, change: &TrustChange, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let target = &self.installation.target;
        let Some((rest, wanted)) = change.rest().zip(self.manifest(Component::Trust)) else { return Ok(()) };
        let mut object = Value::clone(&wanted.object);
        object["data"] = json!(BTreeMap::from([(SharedMeshConfig::KEY, rest.to_text())]));
        run.apply_instead(Stage::Trust, object).await?;
        self.compose(target, run).await?;
        let effect = shared_mesh_config::takes_effect(
            &target.cluster,
            &target.inventory.namespace,
            run.session.left(),
        );
        Box::pin(run.holding(effect)).await?.map_err(RolloutError::SharedMeshConfig)
    }

    /// Denies what is not exported, and waits until every proxy does. A run before this one may have written the policies and not have
    /// waited to the end.
    async fn deny(&self, change: &TrustChange, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let before = Acknowledgement::begin(&self.installation.target).await?;
        run.apply(&[Stage::Policies], &Produced::default()).await?;
        let is_written = self.changes_for_all(run);
        if is_written || change.begins() {
            let before = if is_written { before } else { before.of_nothing_new() };
            let left = run.session.left();
            Box::pin(run.holding(before.wait(left))).await??;
        }
        Ok(())
    }

    /// Whom the mesh trusts by the federation's record, and is to trust.
    async fn trust_change(&self) -> Result<TrustChange, RolloutError> {
        let wanted = self.manifest(Component::Trust).map(|record| &record.object);
        let name = wanted.map(|record| object::name(record)).unwrap_or_default();
        let live = trusted(&self.installation.target, name).await?.unwrap_or_default();
        let read = |text: &str| SharedMeshConfig::parse(text).unwrap_or_default();
        Ok(TrustChange { live: read(&live), wanted: read(wanted.map(|it| text_of(it)).unwrap_or_default()) })
    }

    /// Whether the policy for the whole mesh was written.
    fn changes_for_all(&self, run: &Run<'_>) -> bool {
        let Some(policy) = self.manifest(Component::Policy) else { return false };
        let (namespace, name) = (object::namespace(&policy.object), object::name(&policy.object));
        run.outcome.changes.changes.iter().any(|change| {
            change.id.kind == "AuthorizationPolicy"
                && change.id.name == name
                && change.id.namespace == namespace
                && !matches!(change.action, ssa::Action::Unchanged)
        })
    }

    /// The first object of this component: of policies, that for the whole mesh.
    fn manifest(&self, component: Component) -> Option<&Manifest> {
        self.installation.set.manifests().iter().find(|manifest| manifest.component == component)
    }

    async fn compose(&self, target: &Target, run: &mut Run<'_>) -> Result<(), RolloutError> {
        let namespace = &target.inventory.namespace;
        let written = shared_mesh_config::write(&target.cluster, namespace, run.session.cancel);
        run.holding(written).await?.map_err(RolloutError::SharedMeshConfig)
    }
}

/// What the record of this name says now.
async fn trusted(target: &Target, name: &str) -> Result<Option<String>, RolloutError> {
    let records = Api::<ConfigMap>::namespaced(target.cluster.client(), &target.inventory.namespace);
    let record = records.get_opt(name).await;
    let record = record.map_err(|error| {
        RolloutError::SharedMeshConfig(shared_mesh_config::SharedMeshConfigError::Read(
            target.cluster.error(error),
        ))
    })?;
    Ok(record.and_then(|record| record.data?.remove(SharedMeshConfig::KEY)))
}

fn text_of(record: &Value) -> &str {
    record["data"][SharedMeshConfig::KEY].as_str().unwrap_or_default()
}

/// A change of whom the mesh trusts.
struct TrustChange {
    live: SharedMeshConfig,
    wanted: SharedMeshConfig,
}

impl TrustChange {
    /// Whether somebody is to be trusted who is not yet.
    fn begins(&self) -> bool {
        !domains(&self.wanted).is_subset(&domains(&self.live))
    }

    /// Who is trusted and stays so; `None` if nobody goes.
    fn rest(&self) -> Option<SharedMeshConfig> {
        let before = domains(&self.live);
        if before.is_subset(&domains(&self.wanted)) {
            return None;
        }
        let mut rest = self.wanted.clone();
        rest.ca_certificates.retain(|entry| entry.trust_domains.iter().all(|domain| before.contains(domain)));
        Some(rest)
    }
}

fn domains(config: &SharedMeshConfig) -> BTreeSet<String> {
    config.ca_certificates.iter().flat_map(|entry| entry.trust_domains.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::CaCertificate;

    fn config(domains: &[&str]) -> SharedMeshConfig {
        let entry = |domain: &&str| CaCertificate {
            pem: Some(format!("root of {domain}")),
            trust_domains: vec![(*domain).to_owned()],
            ..CaCertificate::default()
        };
        let ca_certificates = domains.iter().map(entry).collect();
        SharedMeshConfig { ca_certificates, ..SharedMeshConfig::default() }
    }

    #[test]
    fn whoever_goes_is_gone_before_denials_change_and_whoever_comes_is_not_there_yet() {
        let change = |live: &[&str], wanted: &[&str]| {
            let change = TrustChange { live: config(live), wanted: config(wanted) };
            (change.rest(), change.begins())
        };
        assert_eq!(change(&["bank", "post"], &["post"]), (Some(config(&["post"])), false));
        assert_eq!(change(&["bank"], &["post"]), (Some(config(&[])), true));
        assert_eq!(change(&["bank"], &["bank", "post"]), (None, true));
        assert_eq!(change(&[], &["bank"]), (None, true));
        assert_eq!(change(&["bank"], &["bank"]), (None, false));
    }
}
