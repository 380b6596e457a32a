//! An istiod that found nothing to sign with has created a root for itself, and stays with it until it starts again.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, ResourceExt as _};

use super::RolloutError;
use super::authority::{files, secret};
use super::restart::restart;
use super::target::Target;
use crate::desired::{Component, ManifestSet};
use crate::mesh::well_known::{INTERMEDIATE_SECRET, ISTIODS_OWN_SECRET, ROOTS_CONFIG_MAP, ROOTS_KEY};
use crate::trust::{CA_CERT, Certificate, ROOT_CERT, Signer};

/// The pods of istiod.
const PODS: &str = "app=istiod";
/// How long one that was told to end is waited for. The charts leave Kubernetes' default, 30 seconds, and istiod takes all of it.
const ENDS: Duration = Duration::from_mins(1);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_secs(1);

/// What an istiod has been made to give up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// The fingerprint of the root that it created for itself; `None` if it had another one that was given to it.
    pub own: Option<String>,
    /// Whether it was restarted, because workloads were told to trust another root than the mesh's.
    pub was_restarted: bool,
}

/// Makes istiod sign with the Secret that is there for it now: restarts it if it tells proxies to trust another root, and deletes what
/// it created for itself, so that nothing comes back to that. Where nothing is wrong, nothing is done.
pub(super) async fn give_up(target: &Target, set: &ManifestSet) -> Result<Option<GivenUp>, RolloutError> {
    if !set.manifests().iter().any(|manifest| manifest.component == Component::Authority) {
        return Ok(None);
    }
    let namespace = &target.inventory.namespace;
    let authority = secret(&target.cluster, namespace, INTERMEDIATE_SECRET).await?;
    let written = authority.as_ref().and_then(Secret::creation_timestamp);
    // One that cannot be read is said by status.
    let Some(signer) = authority.and_then(|secret| Signer::parse(&files(secret)).ok()) else {
        return Ok(None);
    };
    let own = secret(&target.cluster, namespace, ISTIODS_OWN_SECRET).await?;
    let own = own.and_then(|own| Some((root_of(&own)?, own)));
    let faults = faults(&signer, own.as_ref().map(|(root, _)| root), &told_roots(target).await?);
    let mut given_up = GivenUp { own: None, was_restarted: false };
    // One that has yet to tell proxies of its own root would do so with nothing left to show for it.
    if faults.is_not_in_use || (faults.has_own && runs_since_before(target, written).await?) {
        given_up.was_restarted = restart(target, set).await.map_err(RolloutError::OwnRoot)?;
    }
    if let Some((root, secret)) = own.filter(|_| faults.has_own) {
        delete(target, &secret).await?;
        given_up.own = Some(root.fingerprint());
    }
    Ok((given_up.own.is_some() || given_up.was_restarted).then_some(given_up))
}

/// What is wrong with what istiod signs with.
#[derive(Debug, PartialEq, Eq)]
struct Faults {
    /// Proxies are told to trust other roots than what is there for istiod leads to.
    is_not_in_use: bool,
    /// istiod has a root of its own that nothing leads to.
    has_own: bool,
}

fn faults(signer: &Signer, own: Option<&Certificate>, told: &[Certificate]) -> Faults {
    Faults {
        is_not_in_use: !told.is_empty() && !told.contains(signer.leads_to()),
        has_own: own.is_some_and(|own| !signer.roots().contains(own)),
    }
}

/// The root in the Secret of istiod's own.
pub(super) fn root_of(own: &Secret) -> Option<Certificate> {
    let certificate = own.data.as_ref()?.get(CA_CERT)?;
    Certificate::parse_all(CA_CERT, &certificate.0).ok()?.into_iter().next()
}

async fn told_roots(target: &Target) -> Result<Vec<Certificate>, RolloutError> {
    let config_maps = Api::<ConfigMap>::namespaced(target.cluster.client(), &target.inventory.namespace);
    let copy = config_maps.get_opt(ROOTS_CONFIG_MAP).await;
    let copy = copy.map_err(|error| RolloutError::OwnRoot(target.cluster.error(error)))?;
    let text = copy.and_then(|copy| copy.data?.remove(ROOTS_KEY)).unwrap_or_default();
    Ok(Certificate::parse_all(ROOT_CERT, text.as_bytes()).unwrap_or_default())
}

/// Whether a pod of istiod has started before the Secret for it was written: then it may have read none.
async fn runs_since_before(target: &Target, written: Option<Time>) -> Result<bool, RolloutError> {
    let pods = Api::<Pod>::namespaced(target.cluster.client(), &target.inventory.namespace);
    let found = pods.list_metadata(&ListParams::default().labels(PODS)).await;
    let found = found.map_err(|error| RolloutError::OwnRoot(target.cluster.error(error)))?;
    // Both are whole seconds: in doubt, it has.
    Ok(found.items.iter().any(|pod| pod.creation_timestamp() <= written))
}

/// Waits until no pod of istiod is ending any more: until it has ended, one that trusts another root goes on writing that into the
/// webhooks of the clusters that it serves, and takes turns with its successor.
pub(super) async fn former_has_ended(target: &Target, left: Duration) -> Result<(), RolloutError> {
    let pods = Api::<Pod>::namespaced(target.cluster.client(), &target.inventory.namespace);
    let until = Instant::now() + left.min(ENDS);
    loop {
        let found = pods.list_metadata(&ListParams::default().labels(PODS)).await;
        let found = found.map_err(|error| RolloutError::OwnRoot(target.cluster.error(error)))?;
        let is_ending = found.items.iter().any(|pod| pod.metadata.deletion_timestamp.is_some());
        // One that never ends, since its node is gone, writes nothing either.
        if !is_ending || Instant::now() >= until {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn delete(target: &Target, secret: &Secret) -> Result<(), RolloutError> {
    let preconditions = Preconditions { uid: secret.uid(), resource_version: None };
    let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    let secrets = Api::<Secret>::namespaced(target.cluster.client(), &target.inventory.namespace);
    match secrets.delete(&secret.name_any(), &parameters).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        Err(error) => Err(RolloutError::OwnRoot(target.cluster.error(error))),
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::*;
    use crate::mesh::KeyType;
    use crate::trust::{Root, RootRequest};

    fn root() -> Certificate {
        let request = RootRequest {
            organization: "Shop",
            common_name: "Root",
            key_type: KeyType::EcdsaP256,
            now: OffsetDateTime::UNIX_EPOCH,
            lifetime: Duration::days(1),
        };
        Root::generate(&request).unwrap().certificate().clone()
    }

    #[test]
    fn only_an_istiod_that_tells_of_another_root_is_restarted() {
        let (root, own) = (root(), self::root());
        let signer = Signer::root(root.clone());
        let found = |is_not_in_use, has_own| Faults { is_not_in_use, has_own };
        let told = std::slice::from_ref(&root);
        let told_own = std::slice::from_ref(&own);
        assert_eq!(faults(&signer, None, told), found(false, false));
        assert_eq!(faults(&signer, None, &[]), found(false, false));
        assert_eq!(faults(&signer, Some(&own), told_own), found(true, true));
        // It has been restarted already.
        assert_eq!(faults(&signer, Some(&own), told), found(false, true));
        // It had what somebody put there.
        assert_eq!(faults(&signer, None, told_own), found(true, false));
        // A bundle with more than one root.
        assert_eq!(faults(&signer, None, &[own.clone(), root.clone()]), found(false, false));
        assert_eq!(faults(&signer, Some(&root), told), found(false, false));
    }
}
