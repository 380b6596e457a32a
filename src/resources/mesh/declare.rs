//! From the configuration to the declared mesh.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};

use super::model::{
    AddressModel, ApiServerModel, CertificateAuthorityModel, ChartModel, MeshModel, PrimaryModel,
};
use super::place::MEMBER;
use super::stand_ins::{Loose, StandIn};
use super::trust_list;
use crate::clusters;
use crate::diagnostics;
use crate::mesh::{
    CertificateAuthority, ChartSource, DEFAULT_NAMESPACE, DEFAULT_TRUST_DOMAIN, DeclaredAddress,
    DeclaredApiServer, DeclaredMember, EastWestGateway, GatewayRole, GivenAuthority, Images, Mesh, Primary,
    ValidatedMesh,
};

/// The mesh that the configuration declares, checked against every rule; unknown as long as a value that decides it is.
/// Warnings of a valid mesh are in the result beside it.
pub fn declare(config: &MeshModel) -> Result<(Field<ValidatedMesh>, Diagnostics), Diagnostics> {
    let (mesh, reader) = Reader::read(config, StandIn::default())?;
    if reader.unknown > 0 {
        return Ok((Field::Unknown, reader.diagnostics));
    }
    let told = |violations: &[_]| {
        violations.iter().map(|violation| diagnostics::violation(violation, &MEMBER)).collect()
    };
    let valid = mesh.validate().map_err(|violations| -> Diagnostics { told(&violations) })?;
    trust_list::check(&valid)?;
    let warnings = told(valid.warnings());
    Ok((Field::Known(valid), warnings))
}

/// Reads the fields, and notes on the way what is unknown and what cannot be read.
#[derive(Debug)]
pub(super) struct Reader {
    stand_in: StandIn,
    /// What one of the networks that are known says.
    network: Option<String>,
    /// How many values are unknown.
    pub(super) unknown: usize,
    /// Whether something is unknown that nothing can stand in for.
    pub(super) is_shapeless: bool,
    /// Objects of which nothing can be said.
    pub(super) loose: Vec<Loose>,
    /// The clusters whose `api_server` block is not wholly known; it is left out then.
    pub(super) unknown_api_servers: BTreeSet<String>,
    /// Whether the block `certificate_authority` is wholly known, and so are the names that certificates are for.
    pub(super) knows_authority: bool,
    diagnostics: Diagnostics,
}

impl Reader {
    fn new(stand_in: StandIn) -> Self {
        Self {
            stand_in,
            network: None,
            unknown: 0,
            is_shapeless: false,
            loose: Vec::new(),
            unknown_api_servers: BTreeSet::new(),
            knows_authority: true,
            diagnostics: Diagnostics::new(),
        }
    }

    /// The mesh that the configuration declares, with this stand-in for what is unknown.
    ///
    /// # Errors
    /// What cannot be read.
    pub(super) fn read(config: &MeshModel, stand_in: StandIn) -> Result<(Mesh, Self), Diagnostics> {
        let mut primaries = config.primary.as_known().into_iter().flatten();
        let network = primaries.find_map(|(_, primary)| primary.network.as_known().cloned());
        let mut reader = Self { network, ..Self::new(stand_in) };
        let mesh = reader.mesh(config);
        if reader.diagnostics.has_errors() { Err(reader.diagnostics) } else { Ok((mesh, reader)) }
    }
}

impl Reader {
    fn mesh(&mut self, config: &MeshModel) -> Mesh {
        Mesh {
            mesh_id: self.name(&config.mesh_id, None).unwrap_or_default(),
            trust_domain: self.text(&config.trust_domain).unwrap_or_else(|| DEFAULT_TRUST_DOMAIN.to_owned()),
            version: self.decisive(&config.version).unwrap_or_default(),
            namespace: self.text(&config.namespace).unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
            chart_source: self.chart_source(config),
            chart: self.charts(&config.chart, &AttributePath::root()),
            mesh_config: self.yaml(&config.mesh_config, AttributePath::new("mesh_config")),
            images: self.images(config),
            cni: self.block(&config.cni).is_some(),
            certificate_authority: self.certificate_authority(config),
            primaries: self.labelled(&config.primary, Self::primary),
        }
    }

    fn chart_source(&mut self, config: &MeshModel) -> ChartSource {
        ChartSource { repository: self.decisive(&config.chart_repository()).unwrap_or_default() }
    }

    fn images(&mut self, config: &MeshModel) -> Images {
        Images {
            hub: self.text(&config.hub),
            variant: self.text(&config.image_variant),
            platform: self.profile(&config.platform),
            pull_secrets: self.labelled(&config.image_pull_secret, |reader, _, secret| {
                reader.number(&secret.docker_config_json_wo_version).unwrap_or_default()
            }),
        }
    }

    fn primary(&mut self, label: &str, primary: &PrimaryModel) -> Primary {
        let remote_control_plane =
            self.block(&primary.remote_control_plane).map(|remote| self.remote_control_plane(remote));
        let member = DeclaredMember {
            network: self.network(&primary.network).unwrap_or_default(),
            version: self.decisive(&primary.version),
            chart: self.charts(&primary.chart, &AttributePath::new("primary").key(label)),
            pod_cidrs: self.known_texts(&primary.pod_cidrs),
            service_cidrs: self.known_texts(&primary.service_cidrs),
            crds: self.choice(&primary.crds, [Some("managed"), Some("external"), None]),
            drain: self.switch(primary.drain).unwrap_or_default(),
            east_west_gateway: self.gateway_of(label, primary, GatewayRole::EastWest),
            federation_gateway: self.gateway_of(label, primary, GatewayRole::Federation),
            api_server: self.known_api_server(label, &primary.api_server),
        };
        Primary { member, remote_control_plane }
    }

    fn gateway_of(
        &mut self,
        label: &str,
        primary: &PrimaryModel,
        role: GatewayRole,
    ) -> Option<EastWestGateway> {
        let path = AttributePath::new("primary").key(label).attribute(role.block());
        self.block(primary.gateway(role)).map(|gateway| self.gateway(gateway, &path))
    }

    /// Nothing stands in for an address: what is written with it is filled in by the apply.
    fn known_api_server(&mut self, label: &str, block: &Field<ApiServerModel>) -> Option<DeclaredApiServer> {
        let mut inside = Self::new(self.stand_in);
        let declared = inside.block(block).map(|block| inside.api_server(block, label));
        self.diagnostics.extend(inside.diagnostics);
        if inside.unknown == 0 {
            return declared;
        }
        self.unknown += inside.unknown;
        self.unknown_api_servers.insert(label.to_owned());
        None
    }

    fn api_server(&mut self, api_server: &ApiServerModel, label: &str) -> DeclaredApiServer {
        let ApiServerModel { url, cluster_ca_certificate, tls_server_name, from } = api_server;
        let block = AttributePath::new("primary").key(label).attribute("api_server");
        let usual = self.address(url, cluster_ca_certificate, tls_server_name, &block);
        let from = self.block(from).into_iter().flatten().map(|(reader, address)| {
            let AddressModel { url, cluster_ca_certificate, tls_server_name } = address;
            let block = block.clone().attribute("from").key(reader);
            (reader.clone(), self.address(url, cluster_ca_certificate, tls_server_name, &block))
        });
        DeclaredApiServer { usual, from: from.collect() }
    }

    fn address(
        &mut self,
        url: &Field<String>,
        cluster_ca_certificate: &Field<String>,
        tls_server_name: &Field<String>,
        block: &AttributePath,
    ) -> DeclaredAddress {
        let at = |attribute| block.clone().attribute(attribute);
        DeclaredAddress {
            url: self.text(url),
            cluster_ca_certificate: self.setting(
                cluster_ca_certificate,
                clusters::authorities,
                at("cluster_ca_certificate"),
            ),
            tls_server_name: self.setting(tls_server_name, clusters::server_name, at("tls_server_name")),
        }
    }

    /// A setting that the provider's own connections have, too, and that is read in the same way.
    fn setting(
        &mut self,
        field: &Field<String>,
        parse: impl Fn(&str) -> Result<String, clusters::Problem>,
        path: AttributePath,
    ) -> Option<String> {
        // Nothing stands in for a text that has to be read.
        match parse(&self.value(field, None)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                let summary = format!("Invalid value of {path}");
                self.diagnostics.push(diagnostics::failure(
                    summary,
                    &problem,
                    &problem.way_out(),
                    Some(path),
                ));
                None
            }
        }
    }

    fn certificate_authority(&mut self, config: &MeshModel) -> CertificateAuthority {
        let before = self.unknown;
        let authority = self.block(&config.certificate_authority);
        let authority = authority.map(|authority| self.authority(authority, config));
        let names = [&config.trust_domain, &config.namespace];
        self.knows_authority = self.unknown == before && !names.into_iter().any(Field::is_unknown);
        authority.unwrap_or_default()
    }

    fn authority(
        &mut self,
        authority: &CertificateAuthorityModel,
        config: &MeshModel,
    ) -> CertificateAuthority {
        let primaries = config.primary.as_known();
        let first = primaries.and_then(|primaries| primaries.keys().next()).map(String::as_str);
        let last = primaries.and_then(|primaries| primaries.keys().next_back()).map(String::as_str);
        CertificateAuthority {
            mode: self.decisive(&authority.mode),
            key_cluster: self.choice(&authority.key_cluster, [first, last, first]),
            root_lifetime_days: self.number(&authority.root_lifetime_days),
            intermediate_lifetime_days: self.number(&authority.intermediate_lifetime_days),
            intermediate_version: self.number(&authority.intermediate_version),
            key_type: self.choice(&authority.key_type, [Some("ecdsa-p256"), Some("ecdsa-p384"), None]),
            root_certificate: self.text(&authority.root_certificate),
            has_root_key: !authority.root_key_wo.is_null(),
            root_key_version: self.number(&authority.root_key_wo_version),
            given: self.labelled(&authority.given, |reader, _, given| GivenAuthority {
                certificate: reader.text(&given.certificate).unwrap_or_default(),
                certificate_chain: reader.text(&given.certificate_chain).unwrap_or_default(),
                root_certificates: reader.text(&given.root_certificates).unwrap_or_default(),
                private_key_version: reader.number(&given.private_key_wo_version).unwrap_or_default(),
            }),
        }
    }

    fn charts(
        &mut self,
        charts: &Field<BTreeMap<String, ChartModel>>,
        parent: &AttributePath,
    ) -> BTreeMap<String, Value> {
        self.labelled(charts, |reader, label, chart| {
            let path = parent.clone().attribute("chart").key(label).attribute("values");
            reader.yaml(&chart.values, path)
        })
    }

    fn labelled<M, T>(
        &mut self,
        blocks: &Field<BTreeMap<String, M>>,
        mut read: impl FnMut(&mut Self, &str, &M) -> T,
    ) -> BTreeMap<String, T> {
        let blocks = self.block(blocks).into_iter().flatten();
        blocks.map(|(label, block)| (label.clone(), read(self, label, block))).collect()
    }

    /// A block or a collection of blocks. Nothing stands in for one that may not be there.
    pub(super) fn block<'a, T>(&mut self, block: &'a Field<T>) -> Option<&'a T> {
        self.is_shapeless |= block.is_unknown();
        self.unknown += usize::from(block.is_unknown());
        block.as_known()
    }

    /// The value, or what stands in for it.
    fn value<T>(&mut self, field: &Field<T>, stand_in: Option<T>) -> Option<T>
    where
        T: Clone,
    {
        match field {
            Field::Known(value) => Some(value.clone()),
            Field::Null => None,
            Field::Unknown => {
                self.unknown += 1;
                stand_in
            }
        }
    }

    pub(super) fn text(&mut self, field: &Field<String>) -> Option<String> {
        self.value(field, self.stand_in.text())
    }

    /// A text that is always set, and of its own; but once it says the same as `other`.
    fn name(&mut self, field: &Field<String>, other: Option<&str>) -> Option<String> {
        let stand_in = self.stand_in.name(self.unknown, other);
        self.value(field, Some(stand_in))
    }

    fn network(&mut self, field: &Field<String>) -> Option<String> {
        let other = self.network.clone();
        self.name(field, other.as_deref())
    }

    /// One of a few texts.
    pub(super) fn choice(&mut self, field: &Field<String>, choices: [Option<&str>; 3]) -> Option<String> {
        self.value(field, self.stand_in.choice(choices).map(str::to_owned))
    }

    /// What decides which charts there are, or which rules hold.
    fn decisive(&mut self, field: &Field<String>) -> Option<String> {
        self.is_shapeless |= field.is_unknown();
        self.value(field, None)
    }

    /// What chooses between values that only the charts know.
    fn profile(&mut self, field: &Field<String>) -> Option<String> {
        if field.is_unknown() {
            self.loose.push(Loose::ALL);
        }
        self.value(field, None)
    }

    pub(super) fn number(&mut self, field: &Field<i64>) -> Option<i64> {
        self.value(field, self.stand_in.number())
    }

    fn switch(&mut self, field: Field<bool>) -> Option<bool> {
        self.value(&field, self.stand_in.switch())
    }

    pub(super) fn texts(&mut self, set: &Field<BTreeSet<Field<String>>>) -> BTreeSet<String> {
        let stand_in = self.stand_in.text();
        self.set(set, stand_in.as_deref())
    }

    /// Ranges of addresses from which a load balancer takes connections.
    pub(super) fn ranges(&mut self, set: &Field<BTreeSet<Field<String>>>) -> BTreeSet<String> {
        let stand_in = self.stand_in.choice([Some("192.0.2.0/24"), Some("198.51.100.0/24"), None]);
        self.set(set, stand_in)
    }

    /// Texts that are only checked: one that is unknown is left out.
    fn known_texts(&mut self, set: &Field<BTreeSet<Field<String>>>) -> BTreeSet<String> {
        self.set(set, None)
    }

    fn set(&mut self, set: &Field<BTreeSet<Field<String>>>, stand_in: Option<&str>) -> BTreeSet<String> {
        let stand_in = stand_in.map(str::to_owned);
        let whole = stand_in.iter().cloned().map(Field::Known).collect();
        let items = self.value(set, Some(whole)).into_iter().flatten();
        items.filter_map(|item| self.value(&item, stand_in.clone())).collect()
    }

    pub(super) fn map(&mut self, map: &Field<BTreeMap<String, Field<String>>>) -> BTreeMap<String, String> {
        let text = self.stand_in.text();
        let whole = text.iter().map(|text| (text.clone(), Field::Known(text.clone()))).collect();
        let items = self.value(map, Some(whole)).into_iter().flatten();
        items.filter_map(|(name, value)| Some((name, self.value(&value, text.clone())?))).collect()
    }

    /// A YAML document: a mapping, or nothing at all.
    pub(super) fn yaml(&mut self, field: &Field<String>, path: AttributePath) -> Value {
        if field.is_unknown() {
            self.loose.push(Loose::of(&path));
        }
        let Some(text) = self.value(field, None) else { return Value::Null };
        match helm_template::yaml::parse(&text) {
            Ok(value @ (Value::Object(_) | Value::Null)) => value,
            Ok(_) => {
                self.diagnostics.push(not_a_mapping(path));
                Value::Null
            }
            Err(error) => {
                let summary = format!("{path} is not valid YAML");
                let way_out = "Define the values as a map and let yamlencode(…) do the quoting.";
                self.diagnostics.push(diagnostics::failure(summary, &error, way_out, Some(path)));
                Value::Null
            }
        }
    }
}

fn not_a_mapping(path: AttributePath) -> Diagnostic {
    let detail = "The text is valid YAML, but a list or a single value. Values are a mapping of names to values, such as \
                  yamlencode({ name = \"value\" }).";
    Diagnostic::error(format!("{path} is not a mapping"), detail).at(path)
}

#[cfg(test)]
mod tests;
