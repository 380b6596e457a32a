//! The certificates of a generated authority: kept where they exist and hold, made where they do not.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt as _};
use time::OffsetDateTime;

use super::RolloutError;
use super::target::Target;
use crate::clusters::Cluster;
use crate::desired::{ManifestSet, Placeholder};
use crate::mesh::well_known::{
    INTERMEDIATE_SECRET, INTERMEDIATE_VERSION, ROOT_CERTIFICATE, ROOT_KEY, ROOT_SECRET,
};
use crate::mesh::{Authority, DEFAULT_INTERMEDIATE_DAYS, KeyType, ValidatedMesh};
use crate::trust::{Intermediate, IntermediateRequest, Root, RootRequest};

/// Where the root comes from that signs in a mesh.
#[derive(Clone, Debug)]
pub enum RootSource {
    /// There is none yet, in any cluster: that has been looked at.
    New,
    /// A cluster keeps it, maybe another one than shall keep it from now on.
    Kept(Arc<Root>),
    /// The user gives it at each apply, and no cluster keeps it.
    Given(Arc<Root>),
}

/// What new certificates shall be.
#[derive(Clone, Debug)]
pub struct Certificates {
    mesh_id: String,
    trust_domain: String,
    root_lifetime: time::Duration,
    intermediates: Intermediates,
    source: RootSource,
}

/// What new intermediates shall be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Intermediates {
    lifetime: time::Duration,
    key_type: KeyType,
}

impl Certificates {
    /// Those of a mesh whose root comes from `source`; `None` if it does not generate them.
    pub fn of(mesh: &ValidatedMesh, source: RootSource) -> Option<Self> {
        let Authority::Generated { root_lifetime, intermediate_lifetime, key_type, .. } = mesh.authority()
        else {
            return None;
        };
        Some(Self {
            mesh_id: mesh.identity().mesh_id().to_string(),
            trust_domain: mesh.identity().trust_domain().to_string(),
            root_lifetime: (*root_lifetime).try_into().ok()?,
            intermediates: Intermediates {
                lifetime: (*intermediate_lifetime).try_into().ok()?,
                key_type: *key_type,
            },
            source,
        })
    }

    /// The root that the user gives; `None` if a cluster keeps it.
    pub(super) fn given_root(&self) -> Option<Arc<Root>> {
        match &self.source {
            RootSource::Given(root) => Some(root.clone()),
            RootSource::New | RootSource::Kept(_) => None,
        }
    }

    /// The root that the cluster shall keep: the one that is kept already, or a new one.
    pub(super) async fn root(&self, target: &Target) -> Result<Arc<Root>, RolloutError> {
        match &self.source {
            RootSource::Kept(root) | RootSource::Given(root) => return Ok(root.clone()),
            RootSource::New => {}
        }
        if kept_root(&target.cluster, &target.inventory.namespace).await?.is_some() {
            return Err(RolloutError::RootAppeared);
        }
        let request = RootRequest {
            organization: &self.trust_domain,
            common_name: &format!("Root CA of mesh {}", self.mesh_id),
            key_type: self.intermediates.key_type,
            now: OffsetDateTime::now_utc(),
            lifetime: self.root_lifetime,
        };
        Root::generate(&request).map(Arc::new).map_err(RolloutError::Root)
    }

    /// What the intermediates of its clusters shall be.
    pub(super) fn intermediates(&self) -> Intermediates {
        self.intermediates
    }
}

impl Default for Intermediates {
    /// As those of a mesh that says nothing else of them.
    fn default() -> Self {
        Self { lifetime: time::Duration::days(DEFAULT_INTERMEDIATE_DAYS), key_type: KeyType::default() }
    }
}

impl Intermediates {
    /// The cluster's intermediate if it has one of this root alone, of the version that is asked for, with time left; or else a new
    /// one.
    pub(super) async fn of(
        self,
        target: &Target,
        root: &Root,
        version: i64,
    ) -> Result<Intermediate, RolloutError> {
        let now = OffsetDateTime::now_utc();
        let secret = secret(&target.cluster, &target.inventory.namespace, INTERMEDIATE_SECRET).await?;
        if let Some(intermediate) = secret.and_then(|secret| still_good(secret, root, version, now)) {
            return Ok(intermediate);
        }
        let request = IntermediateRequest {
            cluster: &target.name,
            namespace: &target.inventory.namespace,
            key_type: self.key_type,
            now,
            lifetime: self.lifetime,
        };
        root.issue(&request).map_err(RolloutError::Intermediate)
    }
}

/// The version of the intermediate that a set still lacks; `None` if it lacks none.
pub fn wanted_version(set: &ManifestSet) -> Option<i64> {
    let mut placeholders = set.manifests().iter().flat_map(|manifest| manifest.placeholders.values());
    placeholders.find_map(|placeholder| match placeholder {
        Placeholder::Intermediate { version, .. } => Some(*version),
        _ => None,
    })
}

/// The root with its key that this cluster keeps; `None` if it keeps none.
pub async fn kept_root(cluster: &Cluster, namespace: &str) -> Result<Option<Root>, RolloutError> {
    let Some(secret) = secret(cluster, namespace, ROOT_SECRET).await? else { return Ok(None) };
    let files = files(secret);
    let file = |name: &str| files.get(name).map(Vec::as_slice).unwrap_or_default();
    let root = Root::parse(file(ROOT_CERTIFICATE), file(ROOT_KEY), OffsetDateTime::now_utc());
    root.map(Some).map_err(RolloutError::Root)
}

/// What this cluster's istiod signs with, if something else has written it.
///
/// # Errors
/// It cannot be read, or istiod could not sign with it.
pub async fn kept_intermediate(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Option<Intermediate>, RolloutError> {
    let Some(secret) = secret(cluster, namespace, INTERMEDIATE_SECRET).await? else { return Ok(None) };
    let intermediate = Intermediate::parse(&files(secret), OffsetDateTime::now_utc());
    intermediate.map(Some).map_err(RolloutError::UnusableAuthority)
}

/// Reads back what was written: the cluster keeps this root, with a key that fits. From then on another copy may go.
pub(super) async fn is_stored(target: &Target, root: &Root) -> Result<(), RolloutError> {
    let stored = kept_root(&target.cluster, &target.inventory.namespace).await?;
    match stored.filter(|stored| stored.certificate() == root.certificate()) {
        Some(_) => Ok(()),
        None => Err(RolloutError::RootNotStored),
    }
}

/// A root that this cluster keeps may be deleted, because it is `elsewhere`, too.
pub(super) async fn may_be_deleted(target: &Target, elsewhere: &Root) -> Result<(), RolloutError> {
    match kept_root(&target.cluster, &target.inventory.namespace).await? {
        Some(own) if own.certificate() != elsewhere.certificate() => Err(RolloutError::OnlyCopy {
            kept: own.certificate().fingerprint(),
            elsewhere: elsewhere.certificate().fingerprint(),
        }),
        _ => Ok(()),
    }
}

/// What is in the Secret, unless it has to be another one.
fn still_good(secret: Secret, root: &Root, version: i64, now: OffsetDateTime) -> Option<Intermediate> {
    let is_of = secret.annotations().get(INTERMEDIATE_VERSION).map_or("0", String::as_str);
    if is_of != version.to_string() {
        return None;
    }
    match Intermediate::parse(&files(secret), now) {
        Ok(intermediate) => {
            let leads_elsewhere = intermediate.roots() != std::slice::from_ref(root.certificate());
            (!leads_elsewhere && !intermediate.is_renewal_due(now)).then_some(intermediate)
        }
        Err(error) => {
            tracing::info!(%error, "the cluster's intermediate cannot be used");
            None
        }
    }
}

pub(super) async fn secret(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Option<Secret>, RolloutError> {
    let secrets = Api::<Secret>::namespaced(cluster.client(), namespace);
    secrets.get_opt(name).await.map_err(|error| RolloutError::ReadAuthority(cluster.error(error)))
}

pub(super) fn files(secret: Secret) -> BTreeMap<String, Vec<u8>> {
    secret.data.unwrap_or_default().into_iter().map(|(name, bytes)| (name, bytes.0)).collect()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;
    use secrecy::ExposeSecret as _;
    use time::Duration;

    use super::*;
    use crate::trust;

    const KEY_TYPE: KeyType = KeyType::EcdsaP256;

    fn made() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(946_684_800).unwrap()
    }

    fn root() -> Root {
        let lifetime = Duration::days(3650);
        let (organization, common_name) = ("Shop", "Root");
        let request = RootRequest { organization, common_name, key_type: KEY_TYPE, now: made(), lifetime };
        Root::generate(&request).unwrap()
    }

    fn secret(root: &Root, version: Option<&str>) -> Secret {
        let lifetime = Duration::days(730);
        let (cluster, namespace) = ("east", "istio-system");
        let request = IntermediateRequest { cluster, namespace, key_type: KEY_TYPE, now: made(), lifetime };
        let files = root.issue(&request).unwrap().files().into_iter();
        let files =
            files.map(|(name, text)| (name.to_owned(), ByteString(text.expose_secret().as_bytes().to_vec())));
        let mut secret = Secret { data: Some(files.collect()), ..Secret::default() };
        secret.metadata.annotations =
            version.map(|version| [(INTERMEDIATE_VERSION.to_owned(), version.to_owned())].into());
        secret
    }

    #[test]
    fn an_intermediate_stays_as_long_as_nothing_asks_for_another_one() {
        let root = root();
        let is_kept = |secret: Secret, version: i64, days: i64| {
            still_good(secret, &root, version, made() + Duration::days(days)).is_some()
        };
        assert!(is_kept(secret(&root, None), 0, 0));
        assert!(is_kept(secret(&root, Some("2")), 2, 600));
        // Renewed by its version, and before it ends.
        assert!(!is_kept(secret(&root, None), 1, 0));
        assert!(!is_kept(secret(&root, Some("2")), 3, 0));
        assert!(!is_kept(secret(&root, Some("2")), 0, 0));
        assert!(!is_kept(secret(&root, None), 0, 700));
        assert!(!is_kept(secret(&root, None), 0, 800));
    }

    #[test]
    fn an_intermediate_with_another_bundle_does_not_stay() {
        let (root, other) = (root(), self::root());
        assert!(still_good(secret(&other, None), &root, 0, made()).is_none());
        let mut edited = secret(&root, None);
        let both = root.certificate().pem() + &other.certificate().pem();
        edited.data.as_mut().unwrap().insert(trust::ROOT_CERT.to_owned(), ByteString(both.into_bytes()));
        assert!(still_good(edited, &root, 0, made()).is_none());
        assert!(still_good(Secret::default(), &root, 0, made()).is_none());
    }
}
