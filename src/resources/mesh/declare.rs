//! From the configuration to the declared mesh.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};

use super::model::{AddressModel, ApiServerModel, ChartModel, MeshModel, PrimaryModel};
use super::trust_list;
use crate::clusters;
use crate::diagnostics;
use crate::mesh::{
    CertificateAuthority, ChartSource, DEFAULT_NAMESPACE, DEFAULT_TRUST_DOMAIN, DeclaredAddress,
    DeclaredApiServer, EastWestGateway, GatewayRole, GivenAuthority, Images, Mesh, Primary, ValidatedMesh,
};

/// The mesh that the configuration declares, checked against every rule; unknown as long as a value that decides it is.
/// Warnings of a valid mesh are in the result beside it.
pub fn declare(config: &MeshModel) -> Result<(Field<ValidatedMesh>, Diagnostics), Diagnostics> {
    let mut reader = Reader::default();
    let mesh = reader.mesh(config);
    if reader.diagnostics.has_errors() {
        return Err(reader.diagnostics);
    }
    if reader.unknown {
        return Ok((Field::Unknown, reader.diagnostics));
    }
    match mesh.validate() {
        Ok(valid) => {
            trust_list::check(&valid)?;
            let warnings = valid.warnings().iter().map(diagnostics::violation).collect();
            Ok((Field::Known(valid), warnings))
        }
        Err(violations) => Err(violations.iter().map(diagnostics::violation).collect()),
    }
}

/// Reads the fields, and notes on the way what is unknown and what cannot be read.
#[derive(Default)]
pub(super) struct Reader {
    unknown: bool,
    diagnostics: Diagnostics,
}

impl Reader {
    fn mesh(&mut self, config: &MeshModel) -> Mesh {
        Mesh {
            mesh_id: self.text(&config.mesh_id).unwrap_or_default(),
            trust_domain: self.text(&config.trust_domain).unwrap_or_else(|| DEFAULT_TRUST_DOMAIN.to_owned()),
            version: self.text(&config.version).unwrap_or_default(),
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
        ChartSource { repository: self.text(&config.chart_repository()).unwrap_or_default() }
    }

    fn images(&mut self, config: &MeshModel) -> Images {
        Images {
            hub: self.text(&config.hub),
            variant: self.text(&config.image_variant),
            platform: self.text(&config.platform),
            pull_secrets: self.labelled(&config.image_pull_secret, |reader, _, secret| {
                reader.number(&secret.docker_config_json_wo_version).unwrap_or_default()
            }),
        }
    }

    fn primary(&mut self, label: &str, primary: &PrimaryModel) -> Primary {
        Primary {
            network: self.text(&primary.network).unwrap_or_default(),
            version: self.text(&primary.version),
            chart: self.charts(&primary.chart, &AttributePath::new("primary").key(label)),
            pod_cidrs: self.texts(&primary.pod_cidrs),
            service_cidrs: self.texts(&primary.service_cidrs),
            crds: self.text(&primary.crds),
            drain: self.block(&primary.drain).copied().unwrap_or_default(),
            east_west_gateway: self.gateway_of(label, primary, GatewayRole::EastWest),
            federation_gateway: self.gateway_of(label, primary, GatewayRole::Federation),
            remote_control_plane: self
                .block(&primary.remote_control_plane)
                .map(|remote| self.remote_control_plane(remote)),
            api_server: self.block(&primary.api_server).map(|api_server| self.api_server(api_server, label)),
        }
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
        match parse(&self.text(field)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                let summary = format!("{path} cannot be used");
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
        let Some(authority) = self.block(&config.certificate_authority) else {
            return CertificateAuthority::default();
        };
        CertificateAuthority {
            mode: self.text(&authority.mode),
            key_cluster: self.text(&authority.key_cluster),
            root_lifetime_days: self.number(&authority.root_lifetime_days),
            intermediate_lifetime_days: self.number(&authority.intermediate_lifetime_days),
            intermediate_version: self.number(&authority.intermediate_version),
            key_type: self.text(&authority.key_type),
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
        self.unknown |= blocks.is_unknown();
        let blocks = blocks.as_known().into_iter().flatten();
        blocks.map(|(label, block)| (label.clone(), read(self, label, block))).collect()
    }

    pub(super) fn block<'a, T>(&mut self, block: &'a Field<T>) -> Option<&'a T> {
        self.unknown |= block.is_unknown();
        block.as_known()
    }

    pub(super) fn text(&mut self, field: &Field<String>) -> Option<String> {
        self.block(field).cloned()
    }

    pub(super) fn number(&mut self, field: &Field<i64>) -> Option<i64> {
        self.block(field).copied()
    }

    pub(super) fn texts(&mut self, set: &Field<BTreeSet<Field<String>>>) -> BTreeSet<String> {
        let items = self.block(set).into_iter().flatten();
        items.filter_map(|item| self.text(item)).collect()
    }

    pub(super) fn map(&mut self, map: &Field<BTreeMap<String, Field<String>>>) -> BTreeMap<String, String> {
        let items = self.block(map).into_iter().flatten();
        items.filter_map(|(name, value)| Some((name.clone(), self.text(value)?))).collect()
    }

    /// A YAML document: a mapping, or nothing at all.
    pub(super) fn yaml(&mut self, field: &Field<String>, path: AttributePath) -> Value {
        let Some(text) = self.text(field) else { return Value::Null };
        match helm_template::yaml::parse(&text) {
            Ok(value @ (Value::Object(_) | Value::Null)) => value,
            Ok(_) => {
                self.diagnostics.push(not_a_mapping(path));
                Value::Null
            }
            Err(error) => {
                let summary = format!("{path} is not valid YAML");
                let way_out = "Write the values as a map and let yamlencode(…) do the quoting.";
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
