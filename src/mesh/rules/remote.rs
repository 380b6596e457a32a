//! The rules of what a remote cluster is to the mesh that it joins.

use core::net::IpAddr;
use std::collections::BTreeSet;

use thiserror::Error;

use super::super::injector::{Injector, LocalAuthority};
use super::super::member_record::MemberKind;
use super::super::names::{ChartVersion, ClusterName};
use super::super::remote::{Discovery, JoinedPrimary, RemoteCluster, broken};
use super::super::violation::{Checked, Violation};
use super::super::well_known::CONTROL_PLANE_CLUSTERS;

/// What is wrong between a remote cluster and its mesh.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RemoteRule {
    /// A cluster is a primary or a remote one.
    #[error("The mesh has a primary with this label.")]
    IsPrimary,
    /// The same under another label.
    #[error("It is the same cluster as primary {0:?} of the mesh.")]
    IsSameAsPrimary(String),
    /// Two members with one cluster would each get the endpoints of both.
    #[error("It is already in the mesh, as the remote cluster {0:?}.")]
    IsInMesh(String),
    /// Another cluster has the name.
    #[error("The mesh already has another remote cluster with this label.")]
    NameTaken,
    /// Nobody serves clusters without a control plane.
    #[error("No primary of the mesh serves clusters without a control plane.")]
    NobodyServes,
    /// It is for the user to choose.
    #[error("Several primaries of the mesh serve clusters without a control plane: {}.", .0.join(", "))]
    SeveralServe(Vec<String>),
    /// There is no such primary.
    #[error("The mesh has no primary {name:?}; it has {}.", .choices.join(", "))]
    NoPrimary {
        /// What was said.
        name: String,
        /// Those that it has.
        choices: Vec<String>,
    },
    /// It does not let others in.
    #[error("Primary {0:?} does not serve clusters without a control plane.")]
    DoesNotServe(String),
    /// It leaves.
    #[error("Primary {0:?} is being drained, so it cannot serve this cluster.")]
    Drained(String),
    /// What is injected is of the serving istiod's release.
    #[error("Its version is {own:?}, but {primary:?}, whose istiod injects its proxies, has {theirs:?}.")]
    OtherRelease {
        /// The cluster's.
        own: String,
        /// The primary.
        primary: String,
        /// The primary's.
        theirs: String,
    },
    /// What injects proxies is of another release than istiod supports.
    #[error(
        "Its version is {own:?}, so it would inject proxies of that release, which {primary:?} with {theirs:?} does not support."
    )]
    UnsupportedRelease {
        /// The cluster's.
        own: String,
        /// The primary.
        primary: String,
        /// The primary's.
        theirs: String,
    },
    /// It follows from who injects and who serves.
    #[error(
        "The annotation topology.istio.io/controlPlaneClusters of the mesh's namespace is set by the provider, from primaries and injector."
    )]
    Annotation,
    /// There is no such injector.
    #[error("{0:?} is not a valid injector.")]
    Injector(String),
    /// Nobody can issue anything of the mesh's root.
    #[error(
        "istiod in this cluster needs a certificate of the mesh's root, but the mesh's certificate authority is \"self_signed\": only \
         istiod of the primary has the root's key."
    )]
    NoAuthority,
    /// Nobody knows where istiod is.
    #[error("It is not known at which address istiod of the primaries that serve it is reached.")]
    NoAddress,
    /// A load balancer's host name is in no certificate of istiod, and API servers do not look it up for a Service.
    #[error(
        "istiod of the primaries that serve it is reached by a load balancer with the host name {0:?}, and API servers do not call \
         a webhook by that."
    )]
    HostNameOfBalancer(String),
    /// One webhook has one URL.
    #[error("The primaries that serve it are reached by different names: {}.", .0.join(", "))]
    SeveralNames(Vec<String>),
    /// The primary's injector writes these names into every pod.
    #[error(
        "Its image pull secrets are {}, but the mesh's are {}, which its proxies refer to.",
        list(.own), list(.theirs)
    )]
    OtherPullSecrets {
        /// The cluster's.
        own: Vec<String>,
        /// The mesh's.
        theirs: Vec<String>,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// A cluster is not a primary and a remote one at the same time.
pub(in crate::mesh) fn is_no_primary(remote: &RemoteCluster) -> Option<Violation> {
    let RemoteCluster { name, mesh, uid, .. } = remote;
    if mesh.primaries.contains_key(name) {
        return Some(broken(name, "cluster", RemoteRule::IsPrimary));
    }
    let uid = uid.as_ref()?;
    let (same, _) = mesh.primaries.iter().find(|(_, primary)| primary.uid == *uid)?;
    Some(broken(name, "cluster", RemoteRule::IsSameAsPrimary(same.clone())))
}

/// No other member of the mesh is the same cluster, or has its name.
pub(in crate::mesh) fn is_in_one_mesh_once(remote: &RemoteCluster) -> Option<Violation> {
    let uid = remote.uid.as_ref()?;
    let mut others =
        remote.others.iter().filter(|it| it.kind == MemberKind::RemoteCluster && !it.uid.is_empty());
    let rule = others.find_map(|other| match (other.name == remote.name, other.uid == *uid) {
        (true, false) => Some(RemoteRule::NameTaken),
        (false, true) => Some(RemoteRule::IsInMesh(other.name.clone())),
        _ => None,
    })?;
    Some(broken(&remote.name, "cluster", rule))
}

/// Whose istiod leads the cluster is nothing that the user says by an annotation.
pub(in crate::mesh) fn is_not_annotated(remote: &RemoteCluster) -> Option<Violation> {
    let is_annotated = remote.namespace_annotations.contains_key(CONTROL_PLANE_CLUSTERS);
    is_annotated.then(|| broken(&remote.name, "namespace_annotations", RemoteRule::Annotation))
}

/// Whose istiod is to inject its proxies; `None` if that is not right.
fn injector_of(remote: &RemoteCluster) -> Option<Injector> {
    remote.injector.as_deref().map_or(Some(Injector::default()), Injector::from_setting)
}

/// Where what istiod in the cluster signs with comes from; nothing if primaries inject its proxies.
pub(in crate::mesh) fn local_authority(remote: &RemoteCluster) -> Checked<Option<LocalAuthority>> {
    let RemoteCluster { name, mesh, injector, .. } = remote;
    let refused = |rule| Err(Box::new(broken(name, "injector", rule)));
    match injector_of(remote) {
        None => refused(RemoteRule::Injector(injector.clone().unwrap_or_default())),
        Some(Injector::Primary) => Ok(None),
        Some(Injector::Local) => {
            let authority = LocalAuthority::of(mesh.authority_mode.as_deref(), mesh.key_cluster.as_deref());
            authority.map_or_else(|| refused(RemoteRule::NoAuthority), |authority| Ok(Some(authority)))
        }
    }
}

/// The Secrets that proxies refer to are there, if a primary injects them.
pub(in crate::mesh) fn secrets_are_those_of_the_mesh(remote: &RemoteCluster) -> Option<Violation> {
    if injector_of(remote) == Some(Injector::Local) {
        return None;
    }
    let own: Vec<String> = remote.pull_secrets.keys().cloned().collect();
    let theirs: Vec<String> = remote.mesh.images.pull_secrets.keys().cloned().collect();
    (own != theirs)
        .then(|| broken(&remote.name, "image_pull_secret", RemoteRule::OtherPullSecrets { own, theirs }))
}

/// The primaries that serve the cluster.
pub(in crate::mesh) fn serving(remote: &RemoteCluster) -> Result<BTreeSet<ClusterName>, Vec<Violation>> {
    let (name, primaries) = (&remote.name, &remote.mesh.primaries);
    let broken = |rule| broken(name, "primaries", rule);
    if remote.primaries.is_empty() {
        let serve = primaries.iter().filter(|(_, primary)| primary.serves && !primary.drain);
        let serve: Vec<String> = serve.map(|(label, _)| label.clone()).collect();
        return match serve.as_slice() {
            [] => Err(vec![broken(RemoteRule::NobodyServes)]),
            [only] => Ok(only.parse().into_iter().collect()),
            _ => Err(vec![broken(RemoteRule::SeveralServe(serve))]),
        };
    }
    let wrong = remote.primaries.iter().filter_map(|label| match primaries.get(label) {
        None => {
            Some(RemoteRule::NoPrimary { name: label.clone(), choices: primaries.keys().cloned().collect() })
        }
        Some(primary) if !primary.serves => Some(RemoteRule::DoesNotServe(label.clone())),
        Some(primary) if primary.drain => Some(RemoteRule::Drained(label.clone())),
        Some(_) => None,
    });
    let wrong: Vec<Violation> = wrong.map(broken).collect();
    if wrong.is_empty() {
        Ok(remote.primaries.iter().filter_map(|label| label.parse().ok()).collect())
    } else {
        Err(wrong)
    }
}

/// The release that the cluster has unless it says another one: that of the primaries that serve it, the oldest if they differ.
pub(in crate::mesh) fn usual_release<'a>(
    serving: impl Iterator<Item = &'a JoinedPrimary>,
) -> Option<&'a str> {
    let versions = serving.map(|primary| primary.version.as_str());
    versions.min_by_key(|text| text.parse::<ChartVersion>().ok().map(|version| version.minor()))
}

/// The release of what is injected is one that istiod of the primaries supports.
pub(in crate::mesh) fn release_fits(
    remote: &RemoteCluster,
    serving: &BTreeSet<ClusterName>,
    injector: Injector,
) -> Option<Violation> {
    match injector {
        Injector::Primary => release_is_that_of(remote, serving),
        Injector::Local => release_is_supported_by(remote, serving),
    }
}

/// What primaries inject, and the charts beside it, are of one release.
fn release_is_that_of(remote: &RemoteCluster, serving: &BTreeSet<ClusterName>) -> Option<Violation> {
    let serving = serving.iter().filter_map(|name| Some((name, remote.mesh.primaries.get(name.as_str())?)));
    let mut versions = serving.map(|(name, primary)| (name.to_string(), primary.version.clone()));
    let first = versions.next()?;
    let own = remote.member.version.clone().unwrap_or(first.1.clone());
    let (primary, theirs) = [first].into_iter().chain(versions).find(|(_, version)| *version != own)?;
    let attribute = if remote.member.version.is_some() { "version" } else { "primaries" };
    Some(broken(&remote.name, attribute, RemoteRule::OtherRelease { own, primary, theirs }))
}

/// istiod supports proxies of its own minor release and of the one before ("Supported Releases").
fn release_is_supported_by(remote: &RemoteCluster, serving: &BTreeSet<ClusterName>) -> Option<Violation> {
    let own = remote.member.version.as_ref()?;
    let (major, minor) = own.parse::<ChartVersion>().ok()?.minor();
    let unsupported = serving.iter().find_map(|name| {
        let theirs = &remote.mesh.primaries.get(name.as_str())?.version;
        let of_primary = theirs.parse::<ChartVersion>().ok()?.minor();
        let is_supported = [(major, minor), (major, minor + 1)].contains(&of_primary);
        (!is_supported).then(|| RemoteRule::UnsupportedRelease {
            own: own.clone(),
            primary: name.to_string(),
            theirs: theirs.clone(),
        })
    })?;
    Some(broken(&remote.name, "version", unsupported))
}

/// Where istiod of these primaries is found. Proxies look host names up, also those of load balancers, and API servers do not.
pub(in crate::mesh) fn discovery(
    name: &str,
    serving: &[&JoinedPrimary],
    injector: Injector,
) -> Checked<Discovery> {
    let refused = |attribute, rule| Err(Box::new(broken(name, attribute, rule)));
    let is_name = |text: &&String| text.parse::<IpAddr>().is_err();
    let said: BTreeSet<&String> =
        serving.iter().filter_map(|primary| primary.hostname.as_ref()).filter(is_name).collect();
    let of_balancers = serving.iter().flat_map(|primary| &primary.addresses).filter(is_name);
    let names: BTreeSet<&String> = match injector {
        Injector::Local if said.is_empty() => of_balancers.collect(),
        Injector::Local | Injector::Primary => said,
    };
    if names.len() > 1 {
        return refused("primaries", RemoteRule::SeveralNames(names.into_iter().cloned().collect()));
    }
    if let Some(name) = names.into_iter().next() {
        return Ok(Discovery::Name(name.clone()));
    }
    let mut addresses = Vec::new();
    for text in serving.iter().flat_map(|primary| &primary.addresses) {
        match text.parse::<IpAddr>() {
            Ok(address) if !addresses.contains(&address) => addresses.push(address),
            Ok(_) => {}
            Err(_) => return refused("mesh", RemoteRule::HostNameOfBalancer(text.clone())),
        }
    }
    if addresses.is_empty() {
        refused("mesh", RemoteRule::NoAddress)
    } else {
        Ok(Discovery::Addresses(addresses))
    }
}
