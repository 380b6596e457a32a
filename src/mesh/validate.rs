use std::collections::{BTreeMap, BTreeSet};

use super::declared::Mesh;
use super::identity::MeshIdentity;
use super::member::{Member, Usual};
use super::names::ClusterName;
use super::release::GatewayRole;
use super::rules;
use super::validated::{ValidatedMesh, ValidatedPrimary};
use super::violation::{FieldPath, Violation, Violations};
use super::well_known::DEFAULT_DOMAIN_SUFFIX;

/// The clusters with a control plane.
type Primaries = BTreeMap<ClusterName, ValidatedPrimary>;

impl Mesh {
    /// Checks every rule that can be checked without a cluster or a chart. What members are to each other is only looked at where all
    /// names are right.
    ///
    /// # Errors
    /// Everything that is wrong; warnings among it.
    pub fn validate(&self) -> Result<ValidatedMesh, Vec<Violation>> {
        let mut found = Violations::default();
        let (identity, primaries) = self.read(&mut found);
        let labels: Vec<&str> = self.primaries.keys().map(String::as_str).collect();
        found.extend(rules::has_a_primary(labels.is_empty()));
        let authority = rules::authority(&self.certificate_authority, &labels, &mut found);
        if let Some(identity) = &identity {
            for primary in primaries.values() {
                found.extend(rules::federation_gateway_is_apart(&identity.namespace, &primary.member));
                found.extend(rules::gateways(identity, &primary.member));
                let remote = primary.remote_control_plane.as_ref();
                found.extend(rules::remote_control_plane(identity, &primary.member, remote));
            }
            if primaries.len() == labels.len() {
                found.extend(between(identity, &primaries));
            }
        }
        match (identity, authority) {
            (Some(identity), Some(authority)) if found.are_warnings() => Ok(ValidatedMesh {
                identity,
                chart_source: self.chart_source.clone(),
                authority,
                primaries,
                warnings: found.into_vec(),
            }),
            _ => Err(found.into_vec()),
        }
    }

    /// What all members have alike, and those whose names are right.
    fn read(&self, found: &mut Violations) -> (Option<MeshIdentity>, Primaries) {
        let mesh_id = found.take(rules::name(&self.mesh_id, FieldPath::attribute("mesh_id"), None));
        let trust_domain =
            found.take(rules::name(&self.trust_domain, FieldPath::attribute("trust_domain"), None));
        let version = found.take(rules::name(&self.version, FieldPath::attribute("version"), None));
        let field = FieldPath::attribute("namespace");
        let namespace = found.take(rules::name(&self.namespace, field.clone(), None));
        found.extend(rules::trust_domain_is_its_own(&self.trust_domain));
        found.extend(
            namespace
                .as_ref()
                .and_then(|namespace| rules::namespace_is_not_kubernetes_own(namespace, field, None)),
        );
        found.extend(rules::namespace_metadata(&self.namespace_labels, &self.namespace_annotations));
        found.extend(rules::has_chart_source(&self.chart_source.repository));
        let chart = rules::charts(&self.chart, &FieldPath::default(), None, found);
        found.take(rules::document(&self.mesh_config, FieldPath::attribute("mesh_config"), None));
        let (mesh_config, ca_certificates) = rules::ca_certificates(&self.mesh_config, found);
        found.extend(rules::images(&self.images));
        let usual = Usual { version: version.as_ref(), namespace: namespace.as_ref(), has_cni: self.cni };
        let primaries = self.primaries.iter().filter_map(|(label, primary)| {
            let member = primary.member.read(label, &usual, found)?;
            let remote_control_plane = primary.remote_control_plane.clone();
            Some((member.name.clone(), ValidatedPrimary { member, remote_control_plane }))
        });
        let primaries: Primaries = primaries.collect();
        let identity = (|| {
            let identity = MeshIdentity {
                mesh_id: mesh_id?,
                trust_domain: trust_domain?,
                namespace: namespace?,
                namespace_labels: self.namespace_labels.clone(),
                namespace_annotations: self.namespace_annotations.clone(),
                images: self.images.clone(),
                has_cni: self.cni,
                chart,
                mesh_config,
                sensitive: self.sensitive.clone(),
                ca_certificates,
                networks: BTreeSet::new(),
                static_networks: BTreeMap::new(),
                domain_suffix: DEFAULT_DOMAIN_SUFFIX.to_owned(),
                serves_remote_clusters: primaries.values().any(serves_through_a_gateway),
            };
            Some(identity.with_members(&members(&primaries)))
        })();
        (identity, primaries)
    }
}

/// Whether clusters without a control plane reach istiod through the gateway, as they then reach pods.
fn serves_through_a_gateway(primary: &ValidatedPrimary) -> bool {
    primary.remote_control_plane.is_some() && primary.member.gateway(GatewayRole::EastWest).is_some()
}

fn members(primaries: &Primaries) -> Vec<&Member> {
    primaries.values().map(|primary| &primary.member).collect()
}

/// What is said in secret for all clusters decides nothing in any of them.
fn secrets_decide_nothing(identity: &MeshIdentity, primaries: &Primaries) -> Vec<Violation> {
    let mut found: Vec<Violation> = Vec::new();
    for primary in primaries.values() {
        let derived = primary.derived_values(identity);
        for violation in identity.sensitive.iter().flat_map(|document| document.decisive(&derived)) {
            if !found.contains(&violation) {
                found.push(violation);
            }
        }
    }
    found
}

/// The rules of what the primaries are to each other and to their mesh.
fn between(identity: &MeshIdentity, primaries: &Primaries) -> Vec<Violation> {
    let members = members(primaries);
    let mut found = Violations::default();
    found.extend(rules::somebody_stays(&members));
    found.extend(rules::networks_have_gateways(&members));
    found.extend(rules::gateways_are_told_apart(&members));
    found.extend(rules::ranges_are_apart(&members));
    found.extend(rules::releases_are_close(&members));
    found.extend(rules::federation_has_a_trust_domain(identity.trust_domain.as_str(), &members));
    found.extend(secrets_decide_nothing(identity, primaries));
    found.extend(rules::domains_are_alike(identity, &members));
    for primary in primaries.values() {
        let member = &primary.member;
        let is_reader = |reader: &str| primaries.keys().any(|name| name.as_str() == reader);
        found.extend(rules::api_server(member, is_reader));
        found.extend(rules::callers(member, &members));
        let derived = primary.derived_values(identity);
        found.extend(rules::values_fit(identity, member, &derived, rules::OF_NO_PRIMARY));
        found.extend(member.sensitive.iter().flat_map(|document| document.decisive(&derived)));
        found.extend(rules::host_names_are_resolved(identity, member, &members));
    }
    found.into_vec()
}
