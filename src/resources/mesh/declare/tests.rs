use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::authority_block::CertificateAuthorityModel;
use super::*;
use crate::blocks::{AddressModel, ApiServerModel};
use crate::mesh::ClusterName;

fn primary(network: &str) -> PrimaryModel {
    PrimaryModel { network: network.into(), ..PrimaryModel::default() }
}

fn mesh(api_server: ApiServerModel) -> MeshModel {
    let east = PrimaryModel { api_server: Field::Known(api_server), ..primary("net") };
    let primaries = [("east".to_owned(), east), ("west".to_owned(), primary("net"))];
    MeshModel {
        mesh_id: "shop".into(),
        trust_domain: "shop.example".into(),
        version: "1.31.0".into(),
        certificate_authority: Field::Known(CertificateAuthorityModel {
            key_cluster: "east".into(),
            ..CertificateAuthorityModel::default()
        }),
        primary: Field::Known(primaries.into()),
        ..MeshModel::default()
    }
}

fn certificate() -> String {
    lab::certificates::Authority::generate("api").unwrap().pem().to_owned()
}

fn with_certificate(text: &str) -> ApiServerModel {
    ApiServerModel { cluster_ca_certificate: text.into(), ..ApiServerModel::default() }
}

/// The paths of all that is wrong.
fn refused(mesh: &MeshModel) -> Vec<String> {
    let diagnostics = declare(mesh).err().unwrap_or_default();
    let paths = diagnostics.iter().map(|it| it.path.as_ref().map(ToString::to_string).unwrap_or_default());
    paths.collect()
}

fn declared(mesh: &MeshModel) -> Option<String> {
    let (valid, _) = declare(mesh).unwrap();
    let east: ClusterName = "east".parse().unwrap();
    valid.into_known().unwrap().primaries()[&east].member().api_server().usual.cluster_ca_certificate.clone()
}

#[test]
fn the_certificate_of_an_api_server_is_pem_or_base64_of_it() {
    let pem = certificate();
    let as_pem = declared(&mesh(with_certificate(&pem)));
    let as_base64 = declared(&mesh(with_certificate(&STANDARD.encode(&pem))));
    assert!(as_pem.as_deref().unwrap().starts_with("-----BEGIN CERTIFICATE-----"), "{as_pem:?}");
    assert_eq!(as_pem, as_base64);
}

#[test]
fn a_certificate_that_is_none_is_refused_with_its_path() {
    let garbage = "-----BEGIN CERTIFICATE-----\nczNudGluZWw=\n-----END CERTIFICATE-----\n";
    for text in ["", " ", "not a pem", "bm90IGEgcGVt", garbage] {
        let own = mesh(with_certificate(text));
        assert_eq!(refused(&own), ["primary[\"east\"].api_server.cluster_ca_certificate"], "{text:?}");
        let address = AddressModel { cluster_ca_certificate: text.into(), ..AddressModel::default() };
        let from = Field::Known([("west".to_owned(), address)].into());
        let of_one = mesh(ApiServerModel { from, ..ApiServerModel::default() });
        let path = "primary[\"east\"].api_server.from[\"west\"].cluster_ca_certificate";
        assert_eq!(refused(&of_one), [path], "{text:?}");
    }
}

#[test]
fn a_server_name_that_no_certificate_has_is_refused() {
    for name in ["", "a b"] {
        let api_server = ApiServerModel { tls_server_name: name.into(), ..ApiServerModel::default() };
        assert_eq!(refused(&mesh(api_server)), ["primary[\"east\"].api_server.tls_server_name"], "{name:?}");
    }
}

#[test]
fn a_root_key_without_its_certificate_is_refused_even_before_it_is_known() {
    for key in [Field::Known("KEY".to_owned()), Field::Unknown] {
        let mut mesh = mesh(ApiServerModel::default());
        mesh.certificate_authority.as_known_mut().unwrap().root_key_wo = key;
        assert_eq!(refused(&mesh), ["certificate_authority.root_key_wo"]);
    }
}
