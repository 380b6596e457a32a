//! From the configuration to the declared mesh.

use std::collections::BTreeSet;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};

use super::authority_block;
use super::model::{MeshModel, PrimaryModel};
use super::place::{MEMBER, primary};
use super::settings;
use super::trust_list;
use crate::blocks::sensitive::{MESH_CONFIG, Purpose, SensitiveFields};
use crate::blocks::{Loose, Notes, Reader, StandIn};
use crate::diagnostics;
use crate::mesh::{
    CertificateAuthority, ChartName, ChartSource, DEFAULT_NAMESPACE, DEFAULT_TRUST_DOMAIN, DeclaredMember,
    EastWestGateway, FieldPath, GatewayRole, Images, Layer, Mesh, Primary, SensitiveDocument, ValidatedMesh,
};

/// The mesh that the configuration declares, checked against every rule; unknown as long as a value that decides it is.
/// Warnings of a valid mesh are in the result beside it.
pub fn declare(config: &MeshModel) -> Result<(Field<ValidatedMesh>, Diagnostics), Diagnostics> {
    let Declared { mesh, notes, .. } = Declared::read(config, StandIn::default())?;
    if !notes.is_known {
        return Ok((Field::Unknown, notes.warnings));
    }
    let told = |violations: &[_]| {
        violations.iter().map(|violation| diagnostics::violation(violation, &MEMBER)).collect()
    };
    let valid = mesh.validate().map_err(|violations| -> Diagnostics { told(&violations) })?;
    trust_list::check(&valid)?;
    settings::check(&valid)?;
    let warnings = told(valid.warnings());
    Ok((Field::Known(valid), warnings))
}

/// The mesh that a configuration declares, as it was read.
#[derive(Debug)]
pub(super) struct Declared {
    /// The mesh.
    pub(super) mesh: Mesh,
    /// What was noted on the way.
    pub(super) notes: Notes,
    /// The clusters whose `api_server` block is not wholly known; it is left out then.
    pub(super) unknown_api_servers: BTreeSet<String>,
    /// Whether the block `certificate_authority` is wholly known, and so are the names that certificates are for.
    pub(super) knows_authority: bool,
}

impl Declared {
    /// The mesh that the configuration declares, with this stand-in for what is unknown.
    ///
    /// # Errors
    /// What cannot be read.
    pub(super) fn read(config: &MeshModel, stand_in: StandIn) -> Result<Self, Diagnostics> {
        let mut primaries = config.primary.as_known().into_iter().flatten();
        let network = primaries.find_map(|(_, primary)| primary.network.as_known().cloned());
        let mut reader = Reader::new(stand_in, network);
        let mut unknown_api_servers = BTreeSet::new();
        let before_authority = reader.unknown();
        let certificate_authority = certificate_authority(&mut reader, config);
        let names = [&config.trust_domain, &config.namespace];
        let knows_authority =
            reader.unknown() == before_authority && !names.into_iter().any(Field::is_unknown);
        let mesh = Mesh {
            mesh_id: reader.name(&config.mesh_id, None).unwrap_or_default(),
            trust_domain: reader
                .text(&config.trust_domain)
                .unwrap_or_else(|| DEFAULT_TRUST_DOMAIN.to_owned()),
            version: reader.decisive(&config.version).unwrap_or_default(),
            namespace: reader.text(&config.namespace).unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
            namespace_labels: reader.map(&config.namespace_labels),
            namespace_annotations: reader.map(&config.namespace_annotations),
            chart_source: ChartSource {
                repository: reader.decisive(&config.chart_repository()).unwrap_or_default(),
            },
            chart: reader.charts(&config.chart, None, &AttributePath::root()),
            mesh_config: reader.yaml(
                &config.mesh_config,
                AttributePath::new("mesh_config"),
                Loose::new(None, Some(ChartName::Istiod.as_str())),
            ),
            sensitive: sensitive_of_mesh(&mut reader, config),
            images: images(&mut reader, config),
            cni: reader.block(&config.cni).is_some(),
            certificate_authority,
            primaries: reader.labelled(&config.primary, |reader, label, primary| {
                read_primary(reader, label, primary, &mut unknown_api_servers)
            }),
        };
        Ok(Self { mesh, notes: reader.notes()?, unknown_api_servers, knows_authority })
    }
}

/// The documents with secrets for all clusters.
fn sensitive_of_mesh(reader: &mut Reader, config: &MeshModel) -> Vec<SensitiveDocument> {
    let fields = SensitiveFields {
        kept: &config.sensitive_mesh_config,
        write_only: &config.sensitive_mesh_config_wo,
        version: &config.sensitive_mesh_config_wo_version,
    };
    let purpose = Purpose {
        names: MESH_CONFIG,
        chart: ChartName::Istiod,
        layer: Layer::MeshConfig,
        field: FieldPath::default(),
    };
    let mut documents = reader.sensitive_charts(&config.chart, None, &AttributePath::root());
    documents.extend(reader.sensitive(fields, &purpose, &AttributePath::root()));
    documents
}

/// The same for one cluster.
fn sensitive_of_primary(reader: &mut Reader, label: &str, declared: &PrimaryModel) -> Vec<SensitiveDocument> {
    let mut documents = reader.sensitive_charts(&declared.chart, Some(label), &primary(label));
    for role in GatewayRole::ALL {
        let gateway = declared.gateway(role);
        let Some(gateway) = gateway.as_known() else { continue };
        let path = primary(label).attribute(role.field());
        documents.extend(reader.sensitive_gateway(gateway, role, label, &path));
    }
    documents
}

fn images(reader: &mut Reader, config: &MeshModel) -> Images {
    Images {
        hub: reader.text(&config.hub),
        variant: reader.text(&config.image_variant),
        platform: reader.profile(&config.platform),
        pull_secrets: reader.pull_secrets(&config.image_pull_secret),
    }
}

fn certificate_authority(reader: &mut Reader, config: &MeshModel) -> CertificateAuthority {
    let labels = config.primary.as_known().into_iter().flatten();
    let labels: Vec<&str> = labels.map(|(label, _)| label.as_str()).collect();
    let authority = reader.block(&config.certificate_authority);
    authority.map(|authority| authority_block::read(reader, authority, &labels)).unwrap_or_default()
}

fn read_primary(
    reader: &mut Reader,
    label: &str,
    declared: &PrimaryModel,
    unknown_api_servers: &mut BTreeSet<String>,
) -> Primary {
    let remote_control_plane = reader.block(&declared.remote_control_plane);
    let remote_control_plane = remote_control_plane.map(|remote| reader.remote_control_plane(remote));
    let api_server = primary(label).attribute("api_server");
    let api_server = reader.known_api_server(&declared.api_server, &api_server);
    if api_server.is_unknown() {
        unknown_api_servers.insert(label.to_owned());
    }
    let member = DeclaredMember {
        network: reader.network(&declared.network).unwrap_or_default(),
        version: reader.decisive(&declared.version),
        chart: reader.charts(&declared.chart, Some(label), &primary(label)),
        sensitive: sensitive_of_primary(reader, label, declared),
        pod_cidrs: reader.known_texts(&declared.pod_cidrs),
        service_cidrs: reader.known_texts(&declared.service_cidrs),
        crds: reader.choice(&declared.crds, [Some("managed"), Some("external"), None]),
        drain: reader.switch(declared.drain).unwrap_or_default(),
        east_west_gateway: gateway(reader, label, declared, GatewayRole::EastWest),
        federation_gateway: gateway(reader, label, declared, GatewayRole::Federation),
        api_server: api_server.into_known(),
        reader_token_version: reader.number(&declared.reader_token_version),
    };
    Primary { member, remote_control_plane }
}

fn gateway(
    reader: &mut Reader,
    label: &str,
    declared: &PrimaryModel,
    role: GatewayRole,
) -> Option<EastWestGateway> {
    let path = primary(label).attribute(role.field());
    let block = declared.gateway(role);
    reader.block(&block).map(|gateway| reader.gateway(gateway, label, &path))
}

/// Terraform applies only what is wholly known.
pub fn still_unknown() -> Diagnostic {
    Diagnostic::error(
        "The configuration of the mesh is not known at apply",
        "This is a bug in Terraform or in the provider.",
    )
}

#[cfg(test)]
mod tests;
