//! A cluster without a control plane of its own, in the mesh that it joins.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::declared::ChartSource;
use super::derived::{self, DerivedValue};
use super::gateway::EastWestGateway;
use super::identity::MeshIdentity;
use super::images::Images;
use super::injector::{Injector, LocalAuthority};
use super::member::{DeclaredMember, Member, Usual};
use super::member_record::{MemberKind, MemberRecord};
use super::names::{ClusterName, Namespace};
use super::rules::{self, RemoteRule};
use super::violation::{FieldPath, Violation, Violations};
use super::well_known::{DEFAULT_DOMAIN_SUFFIX, ISTIOD_WEBHOOK_PORT};

/// A mesh as it tells clusters of itself that join it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JoinedMesh {
    /// Istio's `global.meshID`.
    pub mesh_id: String,
    /// Istio's `meshConfig.trustDomain`.
    pub trust_domain: String,
    /// Istio's namespace in every cluster.
    pub namespace: String,
    /// End of the names of Services; `None` if clusters differ.
    pub domain_suffix: Option<String>,
    /// Where the charts come from.
    pub repository: String,
    /// Where the images come from, and the names of the Secrets that they are pulled with.
    pub images: Images,
    /// Whether Istio's CNI plugin redirects the traffic of pods.
    pub cni: bool,
    /// Where what its control planes sign with comes from, as the setting has it.
    pub authority_mode: Option<String>,
    /// The primary that keeps the key of its root, if one does.
    pub key_cluster: Option<String>,
    /// Its primaries, by cluster name.
    pub primaries: BTreeMap<String, JoinedPrimary>,
}

/// One primary of a mesh that is joined.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JoinedPrimary {
    /// UID of the cluster; empty while it is not known.
    pub uid: String,
    /// Release of the charts.
    pub version: String,
    /// The network that its pods are on.
    pub network: String,
    /// Addresses of its pods.
    pub pod_cidrs: BTreeSet<String>,
    /// Addresses of its Services.
    pub service_cidrs: BTreeSet<String>,
    /// Whether it is on its way out of the mesh.
    pub drain: bool,
    /// Whether its istiod serves clusters without one.
    pub serves: bool,
    /// The name or address by which its user wants istiod to be reached.
    pub hostname: Option<String>,
    /// Where istiod is reached.
    pub addresses: BTreeSet<String>,
    /// Whether it has an east-west gateway.
    pub has_gateway: bool,
}

/// A cluster that joins a mesh, as its user declares it; nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RemoteCluster {
    /// Istio's name of the cluster.
    pub name: String,
    /// The mesh.
    pub mesh: JoinedMesh,
    /// `primary`, the default, or `local`: whose istiod injects its proxies.
    pub injector: Option<String>,
    /// What every cluster of a mesh has. Without a version, it has that of the primaries that serve it.
    pub member: DeclaredMember,
    /// The primaries that serve it; empty for the only one that serves any.
    pub primaries: BTreeSet<String>,
    /// Secrets with which images are pulled, by name; the number tells one content from the next.
    pub pull_secrets: BTreeMap<String, i64>,
    /// Labels of its namespaces, beside those that Istio needs.
    pub namespace_labels: BTreeMap<String, String>,
    /// Annotations of its namespaces.
    pub namespace_annotations: BTreeMap<String, String>,
    /// The other dependents of the mesh, as its primaries have them on record.
    pub others: Vec<MemberRecord>,
    /// UID of the cluster, if it is known.
    pub uid: Option<String>,
}

/// Where proxies and the API server of a remote cluster find istiod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// At these addresses. The API server, which tries only one for a call, uses the first.
    Addresses(Vec<IpAddr>),
    /// By this name, which the cluster looks up.
    Name(String),
}

/// A remote cluster that keeps every rule; only [`RemoteCluster::validate`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedRemote {
    pub(super) identity: MeshIdentity,
    pub(super) chart_source: ChartSource,
    pub(super) member: Member,
    pub(super) serving: BTreeSet<ClusterName>,
    pub(super) readers: BTreeSet<ClusterName>,
    pub(super) discovery: Discovery,
    pub(super) local_authority: Option<LocalAuthority>,
    pub(super) declared: RemoteCluster,
}

impl RemoteCluster {
    /// Checks every rule that can be checked without a chart.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn validate(&self) -> Result<ValidatedRemote, Vec<Violation>> {
        let mut found = Violations::default();
        found.extend(rules::is_no_primary(self));
        found.extend(rules::secrets_are_those_of_the_mesh(self));
        found.extend(rules::is_not_annotated(self));
        found.extend(rules::namespace_metadata(&self.namespace_labels, &self.namespace_annotations));
        let serving = found.take_all(rules::serving(self));
        let parts = serving.and_then(|serving| self.parts(serving, &mut found));
        if let Some(parts) = &parts {
            found.extend(self.between(parts));
        }
        match parts {
            Some(parts) if found.are_warnings() => Ok(parts),
            _ => Err(found.into_vec()),
        }
    }

    /// Everything but what it is to others.
    fn parts(&self, serving: BTreeSet<ClusterName>, found: &mut Violations) -> Option<ValidatedRemote> {
        let mesh = &self.mesh;
        let by = || serving.iter().filter_map(|name| mesh.primaries.get(name.as_str()));
        let local_authority = found.take(rules::local_authority(self))?;
        let injector = if local_authority.is_some() { Injector::Local } else { Injector::Primary };
        let version = rules::usual_release(by())?;
        found.extend(rules::release_fits(self, &serving, injector));
        let discovery = found.take(rules::discovery(&self.name, &by().collect::<Vec<_>>(), injector));
        let field = FieldPath::attribute("mesh");
        let version = found.take(rules::name(version, field.clone(), None));
        let namespace = found.take(rules::name::<Namespace>(&mesh.namespace, field.clone(), None));
        let usual = Usual { version: version.as_ref(), namespace: namespace.as_ref(), has_cni: mesh.cni };
        let member = self.member.read(&self.name, &usual, found);
        let readers = mesh.primaries.iter().filter(|(name, primary)| {
            let is_served = serving.iter().any(|serving| serving.as_str() == *name);
            is_served || !(primary.drain || self.member.drain)
        });
        let readers = readers.filter_map(|(name, _)| name.parse().ok()).collect();
        let mesh_id = found.take(rules::name(&mesh.mesh_id, field.clone(), None));
        let trust_domain = found.take(rules::name(&mesh.trust_domain, field, None));
        let (member, discovery) = (member?, discovery?);
        let networks = mesh.primaries.values().filter_map(|primary| primary.network.parse().ok());
        let identity = MeshIdentity {
            mesh_id: mesh_id?,
            trust_domain: trust_domain?,
            namespace: namespace?,
            namespace_labels: self.namespace_labels.clone(),
            namespace_annotations: self.namespace_annotations.clone(),
            images: Images { pull_secrets: self.pull_secrets.clone(), ..mesh.images.clone() },
            has_cni: mesh.cni,
            chart: BTreeMap::new(),
            mesh_config: Value::Null,
            sensitive: Vec::new(),
            ca_certificates: Vec::new(),
            networks: networks.chain([member.network.clone()]).collect(),
            static_networks: BTreeMap::new(),
            domain_suffix: mesh.domain_suffix.clone().unwrap_or_else(|| DEFAULT_DOMAIN_SUFFIX.to_owned()),
            // Its pods may be called from any network, also one that comes later.
            serves_remote_clusters: true,
        };
        Some(ValidatedRemote {
            identity,
            chart_source: ChartSource { repository: mesh.repository.clone() },
            member,
            serving,
            readers,
            discovery,
            local_authority,
            declared: self.clone(),
        })
    }

    /// What it is to the other members of its mesh.
    fn between(&self, parts: &ValidatedRemote) -> Vec<Violation> {
        let mut found = Violations::default();
        found.extend(rules::is_in_one_mesh_once(self));
        let others = self.other_members();
        let members: Vec<&Member> = others.iter().chain([&parts.member]).collect();
        found.extend(rules::networks_have_gateways(&members));
        found.extend(rules::ranges_are_apart(&members));
        found.extend(rules::gateways(&parts.identity, &parts.member));
        found.extend(rules::api_server(&parts.member, |reader| self.mesh.primaries.contains_key(reader)));
        let derived = parts.derived_values();
        let refused = match parts.injector() {
            Injector::Primary => rules::OF_NO_REMOTE.to_vec(),
            Injector::Local => rules::of_no_local_injector(&derived),
        };
        found.extend(rules::values_fit(&parts.identity, &parts.member, &derived, &refused));
        found.extend(parts.member.sensitive.iter().flat_map(|document| document.decisive(&derived)));
        found.into_vec()
    }

    /// The other clusters of the mesh, as far as it is known where they are. One with an address that is none has been refused where it
    /// was declared.
    fn other_members(&self) -> Vec<Member> {
        let primaries = self.mesh.primaries.iter().map(|(name, primary)| {
            let declared = DeclaredMember {
                network: primary.network.clone(),
                pod_cidrs: primary.pod_cidrs.clone(),
                service_cidrs: primary.service_cidrs.clone(),
                drain: primary.drain,
                east_west_gateway: primary.has_gateway.then(EastWestGateway::default),
                ..DeclaredMember::default()
            };
            (name, declared)
        });
        let is_other = |it: &&MemberRecord| it.kind == MemberKind::RemoteCluster && it.name != self.name;
        let remotes = self.others.iter().filter(is_other).map(|record| {
            let declared = DeclaredMember {
                network: record.network.clone(),
                pod_cidrs: record.pod_cidrs.clone(),
                service_cidrs: record.service_cidrs.clone(),
                drain: record.drain,
                // Whether it needs one was its own matter.
                east_west_gateway: Some(EastWestGateway::default()),
                ..DeclaredMember::default()
            };
            (&record.name, declared)
        });
        let version = "0.0.0".parse().ok();
        let namespace = self.mesh.namespace.parse().ok();
        let usual = Usual { version: version.as_ref(), namespace: namespace.as_ref(), has_cni: false };
        let read = |(name, declared): (&String, DeclaredMember)| {
            declared.read(name, &usual, &mut Violations::default())
        };
        primaries.chain(remotes).filter_map(read).collect()
    }
}

impl ValidatedRemote {
    /// What all members of the mesh have alike.
    pub fn identity(&self) -> &MeshIdentity {
        &self.identity
    }

    /// Where the charts come from.
    pub fn chart_source(&self) -> &ChartSource {
        &self.chart_source
    }

    /// What every cluster of a mesh has.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// The primaries whose istiod serves the cluster.
    pub fn serving(&self) -> &BTreeSet<ClusterName> {
        &self.serving
    }

    /// The primaries whose istiod reads the cluster: those that serve it, and all others that are not on their way out, unless the
    /// cluster is itself.
    pub fn readers(&self) -> &BTreeSet<ClusterName> {
        &self.readers
    }

    /// Where istiod is found.
    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// Whose istiod injects its proxies.
    pub fn injector(&self) -> Injector {
        if self.local_authority.is_some() { Injector::Local } else { Injector::Primary }
    }

    /// Where what istiod in the cluster signs with comes from, if that injects its proxies.
    pub fn local_authority(&self) -> Option<&LocalAuthority> {
        self.local_authority.as_ref()
    }

    /// The primaries of the mesh, by cluster name.
    pub fn primaries(&self) -> &BTreeMap<String, JoinedPrimary> {
        &self.declared.mesh.primaries
    }

    /// Whether a primary that reads it is on another network.
    pub fn is_called_from_other_networks(&self) -> bool {
        let networks = self.readers.iter().filter_map(|name| self.primaries().get(name.as_str()));
        networks.into_iter().any(|primary| primary.network != self.member.network.as_str())
    }

    /// The value of the annotation that says whose istiod serves the cluster. istiod does not trim what is between its commas
    /// (`checkShouldLead` in `pilot/pkg/serviceregistry/kube/controller/multicluster.go`).
    pub fn control_plane_clusters(&self) -> String {
        let names: Vec<&str> = self.serving.iter().map(ClusterName::as_str).collect();
        names.join(",")
    }

    /// What istiod's webhook is told of the cluster in its URL.
    pub fn injection_path(&self) -> String {
        format!("/inject/cluster/{}/net/{}", self.member.name, self.member.network)
    }

    /// Where istiod is, as the chart takes it: one address or name. An IPv6 address is in its canonical form.
    pub(super) fn pilot_address(&self) -> String {
        match &self.discovery {
            Discovery::Addresses(addresses) => addresses.first().map(ToString::to_string).unwrap_or_default(),
            Discovery::Name(name) => name.clone(),
        }
    }

    /// The URL of istiod's webhook, where the API server cannot call it by a Service.
    pub fn injection_url(&self) -> Option<String> {
        match &self.discovery {
            Discovery::Addresses(_) => None,
            Discovery::Name(name) => {
                Some(format!("https://{name}:{ISTIOD_WEBHOOK_PORT}{}", self.injection_path()))
            }
        }
    }

    /// What the primaries keep on record of it.
    pub fn record(&self) -> MemberRecord {
        let RemoteCluster { member, uid, .. } = &self.declared;
        MemberRecord {
            uid: uid.clone().unwrap_or_default(),
            network: self.member.network.to_string(),
            pod_cidrs: member.pod_cidrs.clone(),
            service_cidrs: member.service_cidrs.clone(),
            primaries: self.serving.iter().map(ToString::to_string).collect(),
            injector: self.injector(),
            version: self.member.version.to_string(),
            drain: member.drain,
            ..MemberRecord::new(MemberKind::RemoteCluster, self.member.name.as_str())
        }
    }

    /// The Helm values that follow from the mesh for this cluster.
    pub fn derived_values(&self) -> Vec<DerivedValue> {
        derived::of_remote(self)
    }

    /// Whether another member is in the way of this one; its own record is none.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check_beside(&self, others: Vec<MemberRecord>) -> Result<(), Vec<Violation>> {
        RemoteCluster { others, ..self.declared.clone() }.validate().map(drop)
    }
}

/// One rule that is broken by a field of the remote cluster itself.
pub(super) fn broken(name: &str, attribute: &'static str, rule: RemoteRule) -> Violation {
    Violation::of_member(name, FieldPath::attribute(attribute), rule)
}
