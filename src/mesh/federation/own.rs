//! The mesh that federates, as far as its federations need to know it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::names::{ClusterName, Namespace, TrustDomain};
use super::super::release::GatewayRole;
use super::super::rules;
use super::super::violation::{FieldPath, Violations};
use super::super::well_known::DEFAULT_DOMAIN_SUFFIX;

/// The mesh as its federations are told of it; nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FederatedMesh {
    /// Istio's `global.meshID`.
    pub mesh_id: String,
    /// Istio's `meshConfig.trustDomain`.
    pub trust_domain: String,
    /// Other trust domains whose workloads count as the mesh's own: `trustDomainAliases`, and those of `caCertificates` that its user
    /// gives.
    pub further_trust_domains: BTreeSet<String>,
    /// Istio's namespace in every cluster.
    pub namespace: String,
    /// `meshConfig.rootNamespace`, whose policies are for the whole mesh; `None` for Istio's namespace.
    pub root_namespace: Option<String>,
    /// End of the names of Services; `None` for Kubernetes' default.
    pub domain_suffix: Option<String>,
    /// Digests of the keys of the mesh's own roots.
    pub root_keys: BTreeSet<String>,
    /// Whether proxies check revocation lists (`ca-crl.pem`) in any cluster.
    pub has_revocation_lists: bool,
    /// Addresses of the mesh's own gateways.
    pub gateway_addresses: BTreeSet<String>,
    /// Its primaries, by cluster name.
    pub primaries: BTreeMap<String, FederatedPrimary>,
}

/// One primary of the mesh.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FederatedPrimary {
    /// The network of its pods.
    pub network: String,
    /// Addresses of its pods.
    pub pod_cidrs: BTreeSet<String>,
    /// Addresses of its Services.
    pub service_cidrs: BTreeSet<String>,
    /// Where other meshes come in.
    pub gateway: Option<FederationGateway>,
}

/// The federation gateway of a primary.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FederationGateway {
    /// Its namespace.
    pub namespace: String,
    /// Labels that its pods have, and no others.
    pub labels: BTreeMap<String, String>,
}

impl Default for FederationGateway {
    fn default() -> Self {
        let labels = [("istio".to_owned(), GatewayRole::Federation.selector().to_owned())];
        Self { namespace: String::new(), labels: labels.into() }
    }
}

/// The mesh whose names are right.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnMesh {
    /// Its trust domain.
    pub trust_domain: TrustDomain,
    /// All trust domains whose workloads are the mesh's own, its trust domain first.
    pub trust_domains: Vec<TrustDomain>,
    /// Istio's namespace.
    pub namespace: Namespace,
    /// The namespace whose policies are for the whole mesh.
    pub root_namespace: Namespace,
    /// End of the names of Services.
    pub domain_suffix: String,
    /// Its primaries, with the federation gateways that they have.
    pub primaries: BTreeMap<ClusterName, Option<OwnGateway>>,
}

/// A federation gateway whose namespace is right.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnGateway {
    /// Its namespace.
    pub namespace: Namespace,
    /// Labels of its pods.
    pub labels: BTreeMap<String, String>,
}

impl FederatedMesh {
    pub(super) fn read(&self, found: &mut Violations) -> Option<OwnMesh> {
        let field = FieldPath::attribute("mesh");
        let trust_domain: Option<TrustDomain> =
            found.take(rules::name(&self.trust_domain, field.clone(), None));
        let further = self.further_trust_domains.iter();
        let further: Vec<TrustDomain> =
            further.filter_map(|text| found.take(rules::name(text, field.clone(), None))).collect();
        let namespace: Option<Namespace> = found.take(rules::name(&self.namespace, field.clone(), None));
        let root_namespace = match &self.root_namespace {
            Some(text) => found.take(rules::name(text, field.clone(), None)),
            None => namespace.clone(),
        };
        let primaries = self.primaries.iter().filter_map(|(name, primary)| {
            let name = found.take(rules::name(name, field.clone(), None))?;
            let gateway = match &primary.gateway {
                Some(FederationGateway { namespace, labels }) => {
                    let namespace = found.take(rules::name(namespace, field.clone(), None))?;
                    Some(OwnGateway { namespace, labels: labels.clone() })
                }
                None => None,
            };
            Some((name, gateway))
        });
        let primaries = primaries.collect();
        let trust_domain = trust_domain?;
        Some(OwnMesh {
            trust_domains: std::iter::once(trust_domain.clone()).chain(further).collect(),
            trust_domain,
            namespace: namespace?,
            root_namespace: root_namespace?,
            domain_suffix: self.domain_suffix().to_owned(),
            primaries,
        })
    }

    /// End of the names of Services.
    pub(in crate::mesh) fn domain_suffix(&self) -> &str {
        self.domain_suffix.as_deref().unwrap_or(DEFAULT_DOMAIN_SUFFIX)
    }
}
