//! What one cluster shall hold, and what is recorded of it before it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use ssa::{Expect, Inherit, ObjectId, ObjectPattern, Policy, Predecessor, StageReady};

use super::RolloutError;
use super::session::Claiming;
use super::target::{FIELD_MANAGER, Target, release_annotation};
use crate::desired::{ManifestSet, Stage, object};

/// What one cluster shall hold.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The cluster.
    pub target: Target,
    /// The objects. Placeholders that are left are filled on the way.
    pub set: ManifestSet,
    /// Whether this is the first installation.
    pub expect: Expect,
    /// What may be taken over.
    pub policy: Policy,
    /// The release of the charts.
    pub release: String,
    /// Digest of the objects as they were planned, placeholders open: the record is no Secret.
    pub digest: String,
    /// What the record remembers of the resource, no secrets.
    pub settings: BTreeMap<String, String>,
    /// What state says to be there, with the order of its stages: if the record is lost, it is made again from this.
    pub known: BTreeMap<ObjectId, u16>,
}

impl Installation {
    /// What is recorded before the first write.
    pub(super) fn claiming(&self) -> Result<Claiming<'_>, RolloutError> {
        let mut stages = Vec::new();
        for (stage, manifests) in self.set.stages() {
            let objects = manifests.iter().map(|manifest| Value::clone(&manifest.object)).collect();
            stages.push(ssa::Stage {
                name: stage.name().to_owned(),
                order: stage as u16,
                manifests: self.parse(objects)?,
                ready: StageReady::Written,
            });
        }
        Ok(Claiming {
            target: &self.target,
            expect: self.expect,
            stages,
            digest: self.digest.clone(),
            settings: &self.settings,
            known: &self.known,
        })
    }

    pub(super) fn parse(&self, objects: Vec<Value>) -> Result<Vec<ssa::Manifest>, RolloutError> {
        let manifests = ssa::Manifest::parse_all(objects, &self.target.inventory.namespace);
        let secret = self.set.manifests().iter().filter(|manifest| manifest.sensitive.is_some());
        let secret: Vec<_> = secret.map(|manifest| manifest.shown().as_ref()).collect();
        let marked = |manifest: ssa::Manifest| {
            let is_secret = secret.iter().any(|object| object::is_same(object, manifest.value()));
            if is_secret { manifest.confidential() } else { manifest }
        };
        Ok(manifests.map_err(RolloutError::Manifest)?.into_iter().map(marked).collect())
    }

    /// The Services of its gateways.
    pub(super) fn gateway_services(&self) -> Result<BTreeSet<ObjectId>, RolloutError> {
        let services = self.set.manifests().iter().filter(|it| it.stage == Stage::GatewayServices);
        let services = self.parse(services.map(|it| Value::clone(&it.object)).collect())?;
        Ok(services.iter().map(|manifest| manifest.id().clone()).collect())
    }

    /// What may be taken over: beside what the caller permits, definitions that nobody owns and that are not newer.
    pub(super) fn policy(&self) -> Policy {
        let inherit = Inherit { objects: definitions(), version: release_annotation(&self.release) };
        Policy { inherit: vec![inherit], predecessors: vec![creation()], ..self.policy.clone() }
    }
}

/// A namespace is created before it is applied, so that the labels that it has from the beginning are owned by the creation.
fn creation() -> Predecessor {
    Predecessor { manager: FIELD_MANAGER.into(), objects: ObjectPattern::kind("", "Namespace") }
}

/// All custom resource definitions.
pub(super) fn definitions() -> ObjectPattern {
    ObjectPattern::kind("apiextensions.k8s.io", "CustomResourceDefinition")
}
