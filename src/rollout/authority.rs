//! The certificates of a generated authority: kept where they exist and hold, made where they do not.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use time::OffsetDateTime;

use super::RolloutError;
use super::target::Target;
use crate::mesh::{Authority, KeyType, ValidatedMesh};
use crate::render::authority::{INTERMEDIATE_SECRET, ROOT_CERTIFICATE, ROOT_KEY, ROOT_SECRET};
use crate::trust::{self, Intermediate, IntermediateRequest, Root, RootRequest};

/// The files of a Secret.
type Files = BTreeMap<String, Vec<u8>>;

/// What new certificates shall be.
#[derive(Clone, Debug)]
pub struct Certificates {
    mesh_id: String,
    trust_domain: String,
    root_lifetime: time::Duration,
    intermediate_lifetime: time::Duration,
    key_type: trust::KeyType,
    given_root: Option<Arc<Root>>,
}

impl Certificates {
    /// Those of a mesh; `None` if it does not generate them.
    pub fn of(mesh: &ValidatedMesh) -> Option<Self> {
        let Authority::Generated { root_lifetime, intermediate_lifetime, key_type, .. } = mesh.authority()
        else {
            return None;
        };
        Some(Self {
            mesh_id: mesh.mesh_id().to_string(),
            trust_domain: mesh.trust_domain().to_string(),
            root_lifetime: (*root_lifetime).try_into().ok()?,
            intermediate_lifetime: (*intermediate_lifetime).try_into().ok()?,
            key_type: match key_type {
                KeyType::EcdsaP256 => trust::KeyType::EcdsaP256,
                KeyType::EcdsaP384 => trust::KeyType::EcdsaP384,
            },
            given_root: None,
        })
    }

    /// The same, signed by a root that the user gives.
    #[must_use]
    pub fn signed_by(self, root: Arc<Root>) -> Self {
        Self { given_root: Some(root), ..self }
    }

    /// The root that the user gives; `None` if a cluster keeps it.
    pub(super) fn given_root(&self) -> Option<Arc<Root>> {
        self.given_root.clone()
    }

    /// The root in its Secret, or a new one if there is no such Secret.
    pub(super) async fn root(&self, target: &Target) -> Result<Root, RolloutError> {
        let now = OffsetDateTime::now_utc();
        if let Some(files) = files(target, ROOT_SECRET).await? {
            let file = |name: &str| files.get(name).map(Vec::as_slice).unwrap_or_default();
            return Root::parse(file(ROOT_CERTIFICATE), file(ROOT_KEY), now).map_err(RolloutError::Root);
        }
        let request = RootRequest {
            organization: &self.trust_domain,
            common_name: &format!("Root CA of mesh {}", self.mesh_id),
            key_type: self.key_type,
            now,
            lifetime: self.root_lifetime,
        };
        Root::generate(&request).map_err(RolloutError::Root)
    }

    /// The cluster's intermediate if it has one that leads to this root, or else a new one.
    pub(super) async fn intermediate(
        &self,
        target: &Target,
        root: &Root,
    ) -> Result<Intermediate, RolloutError> {
        let now = OffsetDateTime::now_utc();
        if let Some(files) = files(target, INTERMEDIATE_SECRET).await? {
            match Intermediate::parse(&files, now) {
                Ok(intermediate) if intermediate.roots().contains(root.certificate()) => {
                    return Ok(intermediate);
                }
                Ok(_) => tracing::info!("the cluster's intermediate leads to another root"),
                Err(error) => tracing::info!(%error, "the cluster's intermediate cannot be used"),
            }
        }
        let request = IntermediateRequest {
            cluster: &target.name,
            namespace: &target.inventory.namespace,
            key_type: self.key_type,
            now,
            lifetime: self.intermediate_lifetime,
        };
        root.issue(&request).map_err(RolloutError::Intermediate)
    }
}

async fn files(target: &Target, name: &str) -> Result<Option<Files>, RolloutError> {
    let cluster = &target.cluster;
    let secrets = Api::<Secret>::namespaced(cluster.client(), &target.inventory.namespace);
    let secret =
        secrets.get_opt(name).await.map_err(|error| RolloutError::ReadAuthority(cluster.error(error)))?;
    let data = secret.and_then(|secret| secret.data);
    Ok(data.map(|data| data.into_iter().map(|(name, bytes)| (name, bytes.0)).collect()))
}
