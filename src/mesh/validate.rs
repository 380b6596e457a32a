use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde_json::Value;

use super::chart::ChartName;
use super::chart_values::{self, Given};
use super::declared::{Mesh, Primary};
use super::derived::{DerivedValue, Identity};
use super::gateway::{all_networks, static_networks};
use super::names::{ChartVersion, ClusterName, DEFAULT_TRUST_DOMAIN, InvalidName, Namespace};
use super::release::GatewayRole;
use super::validated::{ValidatedMesh, ValidatedPrimary};
use super::violation::{FieldPath, Severity, Violation};

impl Mesh {
    /// Checks every rule that can be checked without a cluster or a chart.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the fields; warnings among them.
    pub fn validate(&self) -> Result<ValidatedMesh, Vec<Violation>> {
        let mut check = Check::default();
        let mesh_id = check.name(&self.mesh_id, FieldPath::attribute("mesh_id"), None);
        let trust_domain = check.name(&self.trust_domain, FieldPath::attribute("trust_domain"), None);
        let version = check.name(&self.version, FieldPath::attribute("version"), None);
        let namespace = check.name(&self.namespace, FieldPath::attribute("namespace"), None);
        check.trust_domain_is_its_own(&self.trust_domain);
        check.namespace_is_not_kubernetes_own(namespace.as_ref(), FieldPath::attribute("namespace"), None);
        check.chart_source(&self.chart_source.repository);
        let chart = check.charts(&self.chart, &FieldPath::default(), None);
        check.is_document(&self.mesh_config, &FieldPath::attribute("mesh_config"), None);
        let (mesh_config, ca_certificates) = check.ca_certificates(&self.mesh_config);
        check.images(&self.images);
        check.topology(self);
        check.federation_has_a_trust_domain(self);
        let authority = check.authority(&self.certificate_authority, &self.primaries);
        let primaries = self.validate_primaries(&mut check, version.as_ref(), namespace.as_ref());
        match (mesh_id, trust_domain, namespace, authority) {
            (Some(mesh_id), Some(trust_domain), Some(namespace), Some(authority)) if check.is_passed() => {
                Ok(ValidatedMesh {
                    mesh_id,
                    trust_domain,
                    namespace,
                    chart_source: self.chart_source.clone(),
                    chart,
                    mesh_config,
                    ca_certificates,
                    images: self.images.clone(),
                    cni: self.cni,
                    authority,
                    primaries,
                    warnings: check.violations,
                })
            }
            _ => Err(check.violations),
        }
    }

    fn validate_primaries(
        &self,
        check: &mut Check,
        mesh_version: Option<&ChartVersion>,
        mesh_namespace: Option<&Namespace>,
    ) -> BTreeMap<ClusterName, ValidatedPrimary> {
        let mut primaries = BTreeMap::new();
        for (label, primary) in &self.primaries {
            let field = FieldPath::attribute("primary").key(label);
            let cluster = check.name(label, field.clone(), Some(label));
            let network = check.name(&primary.network, field.then("network"), Some(label));
            let version = match &primary.version {
                Some(version) => check.name(version, field.then("version"), Some(label)),
                None => mesh_version.cloned(),
            };
            let chart = check.charts(&primary.chart, &field, Some(label));
            check.values_agree_with_identity(self, label, primary);
            check.host_names_are_resolved(self, label, primary);
            let manages_crds = check.manages_crds(primary, &field, label);
            check.remote_control_plane(primary, &field, label);
            let gateways = check.gateways(primary, mesh_namespace, &field, label);
            if let (Some(cluster), Some(network), Some(version)) = (cluster, network, version) {
                let validated = ValidatedPrimary {
                    network,
                    version,
                    chart,
                    charts: self.charts_of(primary),
                    manages_crds,
                    is_drained: primary.drain,
                    gateways,
                    remote_control_plane: primary.remote_control_plane.clone(),
                    api_server: primary.api_server.clone().unwrap_or_default(),
                };
                primaries.insert(cluster, validated);
            }
        }
        check.releases_are_close(&primaries);
        primaries
    }

    fn charts_of(&self, primary: &Primary) -> BTreeSet<ChartName> {
        let is_needed = |chart: &ChartName| match chart {
            ChartName::Base | ChartName::Istiod => true,
            ChartName::Cni => self.cni,
            ChartName::Gateway => GatewayRole::ALL.iter().any(|role| primary.gateway(*role).is_some()),
        };
        ChartName::ALL.into_iter().filter(is_needed).collect()
    }

    /// The gateways whose addresses are typed rather than observed.
    fn static_networks(&self) -> Value {
        let gateways = self.primaries.iter().filter_map(|(cluster, primary)| {
            Some((cluster.as_str(), primary.network.as_str(), primary.east_west_gateway.as_ref()?))
        });
        static_networks(gateways)
    }

    fn derived_values(&self, cluster: &str, primary: &Primary) -> Vec<DerivedValue> {
        let with_role = |role: GatewayRole| Some((role, primary.gateway(role)?));
        let identity = Identity {
            mesh_id: &self.mesh_id,
            trust_domain: &self.trust_domain,
            namespace: &self.namespace,
            cluster,
            network: &primary.network,
            images: &self.images,
            has_cni: self.cni,
            gateways: &GatewayRole::ALL.into_iter().filter_map(with_role).collect::<Vec<_>>(),
            remote_control_plane: primary.remote_control_plane.as_ref(),
            networks: &self.static_networks(),
            all_networks: &all_networks(self.primaries.values().map(|primary| primary.network.as_str())),
        };
        identity.derived_values()
    }

    /// Every document that ends up in the values of this cluster's charts.
    pub(super) fn given_values<'a>(&'a self, cluster: &str, primary: &'a Primary) -> Vec<Given<'a>> {
        let mut given = Vec::new();
        let block = FieldPath::attribute("primary").key(cluster);
        for (base, charts) in [(FieldPath::default(), &self.chart), (block, &primary.chart)] {
            for (name, values) in charts {
                if let Ok(chart) = ChartName::from_str(name) {
                    given.push(Given::values(chart, base.then("chart").key(name).then("values"), values));
                }
            }
        }
        for role in GatewayRole::ALL {
            let field = FieldPath::attribute("primary").key(cluster).then(role.block()).then("values");
            given.extend(primary.gateway(role).map(|gateway| Given::gateway(role, field, &gateway.values)));
        }
        given.push(Given::mesh_config(FieldPath::attribute("mesh_config"), &self.mesh_config));
        given
    }
}

/// Collects violations while the declaration is read.
#[derive(Default)]
pub(super) struct Check {
    violations: Vec<Violation>,
}

impl Check {
    fn is_passed(&self) -> bool {
        self.violations.iter().all(|violation| violation.severity == Severity::Warning)
    }

    pub(super) fn error(&mut self, field: FieldPath, cluster: Option<&str>, cause: String, way_out: &str) {
        let cluster = cluster.map(str::to_owned);
        let way_out = way_out.to_owned();
        let violation = Violation { severity: Severity::Error, field, cluster, cause, way_out };
        // Values for all clusters are read once for each of them.
        if !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    pub(super) fn name<T: FromStr<Err = InvalidName>>(
        &mut self,
        text: &str,
        field: FieldPath,
        cluster: Option<&str>,
    ) -> Option<T> {
        text.parse()
            .map_err(|invalid: InvalidName| {
                let cause = format!("{text:?} is not a {}.", invalid.kind);
                self.error(field, cluster, cause, &format!("Use {}.", invalid.rule));
            })
            .ok()
    }

    fn trust_domain_is_its_own(&mut self, trust_domain: &str) {
        if trust_domain == DEFAULT_TRUST_DOMAIN {
            self.violations.push(Violation {
                severity: Severity::Warning,
                field: FieldPath::attribute("trust_domain"),
                cluster: None,
                cause: format!(
                    "{DEFAULT_TRUST_DOMAIN:?} is the trust domain of every mesh that sets none, so this mesh can never be \
                     federated with another: their identities would be indistinguishable."
                ),
                way_out: "Choose your own name now, such as \"shop.example\"; changing it later gives every workload a new \
                          identity."
                    .to_owned(),
            });
        }
    }

    pub(super) fn namespace_is_not_kubernetes_own(
        &mut self,
        namespace: Option<&Namespace>,
        field: FieldPath,
        cluster: Option<&str>,
    ) {
        if let Some(namespace) = namespace.filter(|namespace| namespace.as_str().starts_with("kube-")) {
            let cause =
                format!("The prefix \"kube-\" of {:?} is reserved by Kubernetes.", namespace.as_str());
            self.error(field, cluster, cause, "Use your own name, such as \"istio-system\".");
        }
    }

    fn chart_source(&mut self, repository: &str) {
        if repository.is_empty() {
            let field = FieldPath::attribute("chart_source").then("repository");
            let way_out = "Set an HTTP chart repository, or a directory of charts or .tgz files.";
            self.error(field, None, "The source of the charts is empty.".to_owned(), way_out);
        }
    }

    fn charts(
        &mut self,
        charts: &BTreeMap<String, Value>,
        base: &FieldPath,
        cluster: Option<&str>,
    ) -> BTreeMap<ChartName, Value> {
        let mut known = BTreeMap::new();
        for (name, values) in charts {
            let field = base.then("chart").key(name);
            self.is_document(values, &field.then("values"), cluster);
            if let Some(chart) = self.name(name, field, cluster) {
                known.insert(chart, values.clone());
            }
        }
        known
    }

    pub(super) fn is_document(&mut self, values: &Value, field: &FieldPath, cluster: Option<&str>) {
        if !values.is_object() && !values.is_null() {
            let cause = format!("{field} is not a mapping.");
            self.error(
                field.clone(),
                cluster,
                cause,
                "Use keys and values, for example with yamlencode({ … }).",
            );
        }
    }

    fn values_agree_with_identity(&mut self, mesh: &Mesh, cluster: &str, primary: &Primary) {
        let derived = mesh.derived_values(cluster, primary);
        for given in mesh.given_values(cluster, primary) {
            for refusal in chart_values::refusals(&given, &derived, &mesh.mesh_id) {
                self.error(given.field.clone(), Some(cluster), refusal.cause, &refusal.way_out);
            }
        }
    }
}
