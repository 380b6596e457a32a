//! The configuration as a plan reads it: some of its values may not be known yet.

use std::collections::BTreeSet;

use tfplugin::Diagnostics;

use super::declare::Declared;
use super::model::MeshModel;
use super::place::MEMBER;
use super::settings;
use super::trust_list;
use crate::blocks::{Loose, StandIn};
use crate::diagnostics;
use crate::mesh::{Mesh, Severity, ValidatedMesh, Violation, said_by_all};

/// What a plan reads.
#[derive(Debug, Default)]
pub struct Readings {
    /// The mesh, once with every stand-in for what is unknown; one if everything is known. None if the unknown decides too much for
    /// any stand-in: which charts there are, or whether the mesh is valid.
    pub meshes: Vec<ValidatedMesh>,
    /// Objects of which nothing can be said.
    pub loose: Vec<Loose>,
    /// The clusters whose `api_server` block is not wholly known; to the meshes they have none.
    pub unknown_api_servers: BTreeSet<String>,
    /// Whether the block `certificate_authority` is wholly known, and so are the names that certificates are for.
    pub knows_authority: bool,
    /// What Istio silently ignores of its mesh configuration, or takes otherwise than it looks.
    pub setting_warnings: Diagnostics,
}

/// Reads the configuration with every stand-in for what is unknown. Warnings of a valid mesh are in the result beside it.
///
/// # Errors
/// Rules that are broken whatever the unknown values turn out to be.
pub fn readings(config: &MeshModel) -> Result<(Readings, Diagnostics), Diagnostics> {
    let Declared { mesh, notes, unknown_api_servers, knows_authority } =
        Declared::read(config, StandIn::default())?;
    let mut meshes = vec![mesh];
    if !notes.is_known {
        for stand_in in StandIn::ALL.into_iter().filter(|stand_in| *stand_in != StandIn::default()) {
            meshes.push(Declared::read(config, stand_in)?.mesh);
        }
    }
    let mut readings =
        Readings { loose: notes.loose, unknown_api_servers, knows_authority, ..Readings::default() };
    if notes.is_shapeless {
        return Ok((readings, Diagnostics::new()));
    }
    let checked: Vec<Result<ValidatedMesh, Vec<Violation>>> = meshes.iter().map(Mesh::validate).collect();
    let said = said_by_all(checked.iter().map(|checked| match checked {
        Ok(mesh) => mesh.warnings(),
        Err(violations) => violations,
    }));
    let is_refused = checked.iter().all(Result::is_err);
    if is_refused && (notes.is_known || (readings.loose.is_empty() && said.iter().any(is_error))) {
        return Err(told(&said));
    }
    let valid: Vec<ValidatedMesh> = checked.into_iter().filter_map(Result::ok).collect();
    // Every stand-in leaves the list as it is.
    valid.first().map_or(Ok(()), trust_list::check)?;
    // Nothing stands in for a document that is not known.
    readings.setting_warnings = valid.first().map_or(Ok(Diagnostics::new()), settings::check)?;
    // A stand-in that is refused stands for values that an apply would refuse, too. One alone that is not says nothing.
    if notes.is_known || valid.len() > 1 {
        readings.meshes = valid;
    }
    let warnings: Vec<Violation> = said.into_iter().filter(|violation| !is_error(violation)).collect();
    Ok((readings, told(&warnings)))
}

fn is_error(violation: &Violation) -> bool {
    violation.severity() == Severity::Error
}

fn told(violations: &[Violation]) -> Diagnostics {
    violations.iter().map(|violation| diagnostics::violation(violation, &MEMBER)).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use tfplugin::Field;

    use super::*;
    use crate::blocks::{
        ApiServerModel, CallerModel, ChartModel, ChartSourceModel, GatewayModel, RemoteControlPlaneModel,
    };
    use crate::mesh::{ChartName, GatewayRole};
    use crate::resources::mesh::authority_block::CertificateAuthorityModel;
    use crate::resources::mesh::model::PrimaryModel;

    fn primary(network: &str) -> PrimaryModel {
        let gateway = Field::Known(GatewayModel::default());
        PrimaryModel { network: network.into(), east_west_gateway: gateway, ..PrimaryModel::default() }
    }

    /// Two clusters on two networks.
    pub fn config() -> MeshModel {
        let primaries = [("east", primary("net-east")), ("west", primary("net-west"))];
        let authority =
            CertificateAuthorityModel { key_cluster: "east".into(), ..CertificateAuthorityModel::default() };
        MeshModel {
            mesh_id: "shop".into(),
            trust_domain: "shop.example".into(),
            version: "1.31.0".into(),
            namespace: "istio-system".into(),
            chart_source: Field::Known(ChartSourceModel { repository: "charts".into() }),
            certificate_authority: Field::Known(authority),
            primary: Field::Known(primaries.map(|(label, primary)| (label.to_owned(), primary)).into()),
            ..MeshModel::default()
        }
    }

    /// The configuration with a change to the gateway of `west`.
    pub fn with_gateway(change: impl FnOnce(&mut GatewayModel)) -> MeshModel {
        let mut config = config();
        let west = config.primary.as_known_mut().unwrap().get_mut("west").unwrap();
        change(west.east_west_gateway.as_known_mut().unwrap());
        config
    }

    /// The configuration with a change to `west`.
    pub fn with_west(change: impl FnOnce(&mut PrimaryModel)) -> MeshModel {
        let mut config = config();
        change(config.primary.as_known_mut().unwrap().get_mut("west").unwrap());
        config
    }

    fn unknown_gateway() -> GatewayModel {
        GatewayModel {
            namespace: Field::Unknown,
            service_type: Field::Unknown,
            service_annotations: Field::Unknown,
            load_balancer_class: Field::Unknown,
            load_balancer_source_ranges: Field::Unknown,
            port: Field::Unknown,
            node_port: Field::Unknown,
            addresses: Field::Unknown,
            address_port: Field::Unknown,
            from: Field::Known(
                [(
                    "east".to_owned(),
                    CallerModel { addresses: Field::Unknown, address_port: Field::Unknown },
                )]
                .into(),
            ),
            replicas: Field::Unknown,
            values: Field::Unknown,
            sensitive_values: Field::Unknown,
            sensitive_values_wo: Field::Unknown,
            sensitive_values_wo_version: Field::Unknown,
            resources: Field::Unknown,
        }
    }

    fn read(config: &MeshModel) -> Readings {
        readings(config).unwrap().0
    }

    #[test]
    fn what_is_known_is_read_once() {
        let readings = read(&config());
        assert_eq!(readings.meshes.len(), 1);
        assert!(readings.loose.is_empty() && readings.knows_authority);
    }

    #[test]
    fn one_unknown_annotation_leaves_everything_else_alike() {
        let config = with_gateway(|gateway| {
            gateway.service_annotations =
                Field::Known([("eip".to_owned(), Field::Unknown), ("kind".to_owned(), "nlb".into())].into());
        });
        let readings = read(&config);
        assert_eq!(readings.meshes.len(), 3);
        let annotations = readings.meshes.iter().map(|mesh| {
            let gateway =
                mesh.primaries().values().last().unwrap().member().gateway(GatewayRole::EastWest).unwrap();
            gateway.settings.service_annotations.clone()
        });
        let annotations: Vec<_> = annotations.collect();
        assert!(annotations.iter().all(|annotations| annotations["kind"] == "nlb"));
        assert!(
            annotations.iter().any(|annotations| !annotations.contains_key("eip")),
            "it may turn out null"
        );
        let east = |mesh: &ValidatedMesh| mesh.primaries().values().next().cloned();
        assert!(readings.meshes.iter().all(|mesh| east(mesh) == east(&readings.meshes[0])));
    }

    #[test]
    fn a_selector_of_nodes_that_is_not_known_yet_is_one() {
        let config = with_gateway(|gateway| {
            gateway.service_type = "NodePort".into();
            let annotations = [("traffic.istio.io/nodeSelector".to_owned(), Field::Unknown)];
            gateway.service_annotations = Field::Known(annotations.into());
        });
        assert_eq!(read(&config).meshes.len(), 3);
    }

    #[test]
    fn ranges_that_are_only_checked_do_not_matter_while_they_are_unknown() {
        let mut config = with_west(|west| west.pod_cidrs = Field::Known([Field::Unknown].into()));
        let east = config.primary.as_known_mut().unwrap().get_mut("east").unwrap();
        east.pod_cidrs = Field::Unknown;
        let readings = read(&config);
        assert_eq!(readings.meshes.len(), 3);
        assert!(readings.meshes.iter().all(|mesh| *mesh == readings.meshes[0]));
    }

    #[test]
    fn unknown_values_leave_the_mesh_valid_and_loosen_their_chart() {
        let chart = ChartModel { values: Field::Unknown, ..ChartModel::default() };
        let config = with_west(|west| west.chart = Field::Known([("istiod".to_owned(), chart)].into()));
        let readings = read(&config);
        assert_eq!(readings.meshes.len(), 3);
        let [loose] = readings.loose.as_slice() else { panic!("{:?}", readings.loose) };
        assert!(loose.has("west", ChartName::Istiod) && !loose.has("east", ChartName::Istiod));
    }

    #[test]
    fn an_unknown_address_of_an_api_server_belongs_to_no_mesh() {
        let block = ApiServerModel { url: Field::Unknown, ..ApiServerModel::default() };
        let config = with_west(|west| west.api_server = Field::Known(block));
        let readings = read(&config);
        assert_eq!(readings.unknown_api_servers, BTreeSet::from(["west".to_owned()]));
        assert!(readings.meshes.iter().all(|mesh| *mesh == readings.meshes[0]));
    }

    #[test]
    fn an_unknown_network_is_tried_as_a_network_of_its_own_and_as_that_of_another_cluster() {
        let readings = read(&with_west(|west| west.network = Field::Unknown));
        let several = readings.meshes.iter().map(|mesh| mesh.identity().has_several_networks());
        let several: BTreeSet<bool> = several.collect();
        assert_eq!(several, BTreeSet::from([true, false]));
    }

    #[test]
    fn an_unknown_release_or_block_is_too_much_for_any_stand_in() {
        assert!(read(&MeshModel { version: Field::Unknown, ..config() }).meshes.is_empty());
        assert!(read(&MeshModel { primary: Field::Unknown, ..config() }).meshes.is_empty());
        assert!(read(&with_west(|west| west.version = Field::Unknown)).meshes.is_empty());
        assert!(read(&with_west(|west| west.east_west_gateway = Field::Unknown)).meshes.is_empty());
    }

    #[test]
    fn a_rule_that_is_broken_in_any_case_is_told_although_something_else_is_unknown() {
        let config = with_gateway(|gateway| {
            gateway.load_balancer_class = Field::Unknown;
            gateway.replicas = Field::Known(0);
        });
        let errors = readings(&config).unwrap_err();
        assert_eq!(errors.iter().count(), 1, "{errors:?}");
    }

    #[test]
    fn a_rule_that_only_a_stand_in_breaks_is_not_told() {
        let known = with_west(|west| west.crds = "others".into());
        assert!(readings(&known).is_err());
        let authority =
            CertificateAuthorityModel { key_cluster: Field::Unknown, ..CertificateAuthorityModel::default() };
        let config = MeshModel { certificate_authority: Field::Known(authority), ..config() };
        let readings = read(&config);
        assert_eq!(readings.meshes.len(), 3);
        assert!(!readings.knows_authority);
    }

    #[test]
    fn every_member_of_a_block_may_be_unknown_without_a_false_error() {
        assert!(readings(&with_gateway(|gateway| *gateway = unknown_gateway())).is_ok());
        let labels: BTreeMap<String, PrimaryModel> = [("east".to_owned(), primary("net-east"))].into();
        assert!(
            readings(&MeshModel { primary: Field::Known(labels), mesh_config: Field::Unknown, ..config() })
                .is_ok()
        );
    }

    #[test]
    fn values_of_every_entrance_may_be_unknown() {
        let gateway = GatewayModel {
            load_balancer_source_ranges: Field::Known([Field::Unknown].into()),
            addresses: Field::Unknown,
            ..GatewayModel::default()
        };
        let named =
            RemoteControlPlaneModel { hostname: Field::Unknown, ..RemoteControlPlaneModel::default() };
        let config = with_west(|west| {
            west.federation_gateway = Field::Known(gateway.into());
            west.remote_control_plane = Field::Known(named);
        });
        assert!(read(&config).meshes.len() > 1);
        let balanced = RemoteControlPlaneModel {
            service_annotations: Field::Unknown,
            load_balancer_source_ranges: Field::Unknown,
            ..RemoteControlPlaneModel::default()
        };
        let config = with_west(|west| {
            west.network = "net-east".into();
            west.east_west_gateway = Field::Null;
            west.remote_control_plane = Field::Known(balanced);
        });
        assert!(read(&config).meshes.len() > 1);
        assert!(read(&with_west(|west| west.federation_gateway = Field::Unknown)).meshes.is_empty());
        assert!(read(&with_west(|west| west.remote_control_plane = Field::Unknown)).meshes.is_empty());
    }

    #[test]
    fn a_certificate_of_an_api_server_that_is_not_known_is_no_error() {
        let block = ApiServerModel {
            cluster_ca_certificate: Field::Unknown,
            tls_server_name: Field::Unknown,
            ..ApiServerModel::default()
        };
        let readings = read(&with_west(|west| west.api_server = Field::Known(block)));
        assert_eq!(readings.unknown_api_servers, BTreeSet::from(["west".to_owned()]));
    }

    #[test]
    fn nobody_judges_certificates_while_the_names_that_they_are_for_are_unknown() {
        let config = MeshModel { trust_domain: Field::Unknown, ..config() };
        assert!(!read(&config).knows_authority);
    }

    #[test]
    fn a_certificate_that_istiod_would_refuse_is_told_although_something_else_is_unknown() {
        let mut config = with_gateway(|gateway| gateway.replicas = Field::Unknown);
        config.mesh_config = "caCertificates: [{pem: nothing}]".into();
        let error = readings(&config).unwrap_err().into_iter().next().unwrap();
        assert!(error.summary.contains("caCertificates[0]"), "{error:?}");
    }

    #[test]
    fn every_member_of_an_entrance_may_be_unknown_without_a_false_error() {
        let config = with_west(|west| {
            west.federation_gateway = Field::Known(unknown_gateway().into());
            west.remote_control_plane = Field::Known(RemoteControlPlaneModel {
                hostname: Field::Unknown,
                service_annotations: Field::Unknown,
                load_balancer_class: Field::Unknown,
                load_balancer_source_ranges: Field::Unknown,
            });
        });
        assert!(readings(&config).is_ok());
    }
}
