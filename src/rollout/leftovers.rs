//! What istiod itself writes, and leaves when it goes: copies of the mesh's root in every namespace; in its own, what it elects leaders
//! with and, if it has made a root for itself, the key of that. Only the work of the mesh's own istiod is touched.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{try_join, try_join3};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use ssa::ObjectId;

use super::own_root::root_of;
use super::owner::{OWNER_LABEL, OwnerKind};
use super::target::Target;
use crate::clusters::{Cluster, Error};
use crate::mesh::well_known::{
    INTERMEDIATE_SECRET, ISTIODS_OWN_SECRET, READER_ACCOUNT, ROOTS_CONFIG_MAP, ROOTS_KEY,
};
use crate::trust::{Certificate, ROOT_CERT, Signer};

/// What is revoked, in every namespace beside the root (`PILOT_CRL_CONFIGMAP`).
const REVOKED_COPY: &str = "istio-ca-crl";
/// What istiod labels these copies with.
const COPY_LABEL: &str = "istio.io/config";
/// The account of istiod, which bears its name.
const ISTIOD: &str = "istiod";
/// How long istiod of a primary may take to let go of a cluster that it is no longer told of.
const LETS_GO: Duration = Duration::from_secs(2);
/// By which every istiod is found.
const ISTIODS: &str = "app=istiod";
/// With which istiod elects leaders (`pilot/pkg/leaderelection`): `ConfigMap`s and leases, some of them with its revision behind the name.
const ELECTIONS: [&str; 11] = [
    "istio-analyze-leader",
    "istio-clustertrustbundle-controller-election",
    "istio-gateway-deployment",
    "istio-gateway-inferencepool",
    "istio-gateway-status-leader",
    "istio-ip-autoallocate",
    "istio-leader",
    "istio-namespace-controller-election",
    "istio-node-untaint",
    "istio-serviceexport-controller-election",
    "istio-status-leader",
];
/// How many deletions are under way at once.
const AT_ONCE: usize = 8;

/// What goes last, after what istiod left: by its authority and by its account that is known, also to a run that goes on where another
/// was interrupted.
pub(super) fn known_by(target: &Target) -> BTreeSet<ObjectId> {
    [("Secret", INTERMEDIATE_SECRET), ("ServiceAccount", account(target))]
        .map(|(kind, name)| ObjectId::new("", kind, &target.inventory.namespace, name))
        .into()
}

/// The account as which istiod works: its own, or that by which primaries read and serve a remote cluster.
fn account(target: &Target) -> &'static str {
    match target.owner.kind() {
        OwnerKind::RemoteCluster(_) => READER_ACCOUNT,
        OwnerKind::Mesh | OwnerKind::Federation(_) => ISTIOD,
    }
}

/// Deletes what the istiod of the mesh has left. What one in another cluster writes meanwhile, before it lets go, is deleted again.
pub(super) async fn delete(target: &Target) -> Result<(), Error> {
    delete_once(target).await?;
    if matches!(target.owner.kind(), OwnerKind::RemoteCluster(_)) {
        tokio::time::sleep(LETS_GO).await;
        delete_once(target).await?;
    }
    Ok(())
}

/// istiod is gone, and its account still there: without one that bears the owner's label, no istiod of the mesh has run, as after a create
/// that was refused.
async fn delete_once(target: &Target) -> Result<(), Error> {
    let (cluster, namespace) = (&target.cluster, target.inventory.namespace.as_str());
    let of = |error| cluster.error(error);
    let accounts = Api::<ServiceAccount>::namespaced(cluster.client(), namespace);
    let account = accounts.get_opt(account(target)).await.map_err(of)?;
    let is_ours = |account: &ServiceAccount| account.labels().get(OWNER_LABEL) == Some(&target.owner.label());
    let Some(account) = account.filter(is_ours) else { return Ok(()) };
    let others = other_istiods(cluster).await?;
    if others.contains(namespace) {
        // Of another revision, which has the same authority and the same leaders.
        return Ok(());
    }
    delete_copies(cluster, namespace, &others).await?;
    let all = ListParams::default();
    let (client, in_namespace) = (cluster.client(), namespace);
    let config_maps = Api::<ConfigMap>::namespaced(client.clone(), in_namespace);
    let leases = Api::<Lease>::namespaced(client.clone(), in_namespace);
    let own = Api::<Secret>::namespaced(client, in_namespace);
    let named = all.clone().fields(&format!("metadata.name={ISTIODS_OWN_SECRET}"));
    let lists =
        try_join3(config_maps.list_metadata(&all), leases.list_metadata(&all), own.list_metadata(&named));
    let (config_maps, leases, own) = lists.await.map_err(of)?;
    let is_its_work = |metadata: &&ObjectMeta| is_younger(metadata, &account.metadata);
    let is_election = |metadata: &&ObjectMeta| metadata.name.as_deref().is_some_and(is_election);
    let config_maps = config_maps.items.iter().map(|it| &it.metadata).filter(is_its_work);
    delete_all::<ConfigMap>(cluster, config_maps.filter(is_election)).await?;
    let leases = leases.items.iter().map(|it| &it.metadata).filter(is_its_work);
    delete_all::<Lease>(cluster, leases.filter(is_election)).await?;
    // The mark of the copies goes after them.
    delete_all::<Secret>(cluster, own.items.iter().map(|it| &it.metadata).filter(is_its_work)).await
}

/// Deletes the copies of the mesh's root in all namespaces. One with another root, or with one of another istiod's, is not ours.
async fn delete_copies(cluster: &Cluster, namespace: &str, others: &BTreeSet<String>) -> Result<(), Error> {
    let copies = |name| {
        let named = ListParams::default().fields(&format!("metadata.name={name}"));
        async move { Api::<ConfigMap>::all(cluster.client()).list(&named).await }
    };
    let lists = try_join(copies(ROOTS_CONFIG_MAP), copies(REVOKED_COPY)).await;
    let (roots, revoked) = lists.map_err(|error| cluster.error(error))?;
    let mut theirs = Vec::new();
    for other in others {
        theirs.extend(roots_of(cluster, other).await?);
    }
    let mut ours = roots_of(cluster, namespace).await?;
    if others.is_empty() {
        // Nobody else can have written it, whatever its authority has become.
        let own = roots.items.iter().filter(|copy| copy.namespace().as_deref() == Some(namespace));
        ours.extend(own.flat_map(roots_in));
    }
    let is_ours = |copy: &&ConfigMap| {
        let roots = roots_in(copy);
        roots.iter().any(|root| ours.contains(root)) && !roots.iter().any(|root| theirs.contains(root))
    };
    let (at_home, elsewhere): (Vec<&ConfigMap>, Vec<&ConfigMap>) =
        roots.items.iter().filter(is_ours).partition(|copy| copy.namespace().as_deref() == Some(namespace));
    if others.is_empty() {
        let labelled = |copy: &&ConfigMap| copy.labels().contains_key(COPY_LABEL);
        let revoked = revoked.items.iter().filter(labelled);
        delete_all::<ConfigMap>(cluster, revoked.map(|copy| &copy.metadata)).await?;
    }
    delete_all::<ConfigMap>(cluster, elsewhere.into_iter().map(|copy| &copy.metadata)).await?;
    delete_all::<ConfigMap>(cluster, at_home.into_iter().map(|copy| &copy.metadata)).await
}

/// The namespaces in which an istiod is still installed. That of the mesh is gone by then.
async fn other_istiods(cluster: &Cluster) -> Result<BTreeSet<String>, Error> {
    let labelled = ListParams::default().labels(ISTIODS);
    let found = Api::<Deployment>::all(cluster.client()).list_metadata(&labelled).await;
    let found = found.map_err(|error| cluster.error(error))?;
    Ok(found.items.iter().filter_map(ResourceExt::namespace).collect())
}

/// The roots that an istiod in this namespace tells proxies to trust, by what it signs with.
async fn roots_of(cluster: &Cluster, namespace: &str) -> Result<Vec<Certificate>, Error> {
    let secrets = Api::<Secret>::namespaced(cluster.client(), namespace);
    let reads = try_join(secrets.get_opt(INTERMEDIATE_SECRET), secrets.get_opt(ISTIODS_OWN_SECRET)).await;
    let (authority, own) = reads.map_err(|error| cluster.error(error))?;
    let own = own.and_then(|own| root_of(&own));
    let signer = authority.and_then(|secret| Signer::parse(&super::authority::files(secret)).ok());
    Ok(signer.iter().flat_map(Signer::roots).cloned().chain(own).collect())
}

fn roots_in(copy: &ConfigMap) -> Vec<Certificate> {
    let text = copy.data.as_ref().and_then(|data| data.get(ROOTS_KEY)).map_or("", String::as_str);
    Certificate::parse_all(ROOT_CERT, text.as_bytes()).unwrap_or_default()
}

/// Whether the object has been made since istiod's account was. What is older was there before the mesh.
fn is_younger(metadata: &ObjectMeta, account: &ObjectMeta) -> bool {
    let made = |metadata: &ObjectMeta| metadata.creation_timestamp.as_ref().map(|time| time.0);
    made(metadata) >= made(account)
}

/// Whether istiod elects leaders with an object of this name.
fn is_election(name: &str) -> bool {
    ELECTIONS.iter().any(|election| {
        name.strip_prefix(election).is_some_and(|revision| revision.is_empty() || revision.starts_with('-'))
    })
}

/// Deletes these very objects; one that is gone or was replaced meanwhile is left.
async fn delete_all<K>(cluster: &Cluster, objects: impl Iterator<Item = &ObjectMeta>) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let deletions = objects.map(|metadata| {
        let preconditions = Preconditions { uid: metadata.uid.clone(), resource_version: None };
        let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        let (namespace, name) = (metadata.namespace.clone(), metadata.name.clone());
        async move {
            let api = Api::<K>::namespaced(cluster.client(), &namespace.unwrap_or_default());
            match api.delete(&name.unwrap_or_default(), &parameters).await {
                Ok(_) => Ok(()),
                Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
                Err(error) => Err(cluster.error(error)),
            }
        }
    });
    stream::iter(deletions.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use k8s_openapi::jiff::Timestamp;

    use super::*;

    #[test]
    fn what_istiod_elects_leaders_with_is_known_by_its_name() {
        for ours in [
            "istio-leader",
            "istio-ip-autoallocate",
            "istio-gateway-deployment-default",
            "istio-gateway-status-leader-default",
            "istio-gateway-deployment-1-31",
            "istio-namespace-controller-election",
        ] {
            assert!(is_election(ours), "{ours}");
        }
        for other in ["istio", "istio-sidecar-injector", "istio-leaders", "istio-ca-root-cert", "leader"] {
            assert!(!is_election(other), "{other}");
        }
    }

    #[test]
    fn what_is_older_than_the_meshs_istiod_is_not_its_work() {
        let made = |second| ObjectMeta {
            creation_timestamp: Some(Time(Timestamp::from_second(second).unwrap())),
            ..ObjectMeta::default()
        };
        assert!(is_younger(&made(7), &made(7)));
        assert!(is_younger(&made(8), &made(7)));
        assert!(!is_younger(&made(6), &made(7)));
        assert!(!is_younger(&ObjectMeta::default(), &made(7)));
    }
}
