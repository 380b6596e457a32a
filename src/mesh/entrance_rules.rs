//! The rules of where a cluster is entered: by other networks, other meshes, and clusters without a control plane.

use core::net::IpAddr;
use std::collections::BTreeMap;

use super::declared::{Mesh, Primary};
use super::elsewhere;
use super::gateway::EastWestGateway;
use super::names::{DEFAULT_TRUST_DOMAIN, Namespace, is_dns_subdomain};
use super::release::GatewayRole;
use super::remote_control_plane::RemoteControlPlane;
use super::validate::Check;
use super::validated::ValidatedGateway;
use super::violation::FieldPath;

impl Check {
    /// The gateways of a cluster, each with its namespace.
    pub(super) fn gateways(
        &mut self,
        primary: &Primary,
        mesh_namespace: Option<&Namespace>,
        block: &FieldPath,
        cluster: &str,
    ) -> BTreeMap<GatewayRole, ValidatedGateway> {
        let mut gateways = BTreeMap::new();
        for role in GatewayRole::ALL {
            let Some(settings) = primary.gateway(role) else { continue };
            let field = block.then(role.block()).then("namespace");
            let default = mesh_namespace.map(|namespace| role.default_namespace(namespace.as_str()));
            let Some(text) = settings.namespace.clone().or(default) else { continue };
            let namespace = self.name(&text, field.clone(), Some(cluster));
            self.namespace_is_not_kubernetes_own(namespace.as_ref(), field, Some(cluster));
            if let Some(namespace) = namespace {
                gateways.insert(role, ValidatedGateway { settings: settings.clone(), namespace });
            }
        }
        self.federation_gateway_is_apart(&gateways, mesh_namespace, block, cluster);
        gateways
    }

    /// Other meshes reach what a Gateway resource opens that selects the federation gateway, so nobody may come to select it, or to
    /// be beside it, by accident.
    fn federation_gateway_is_apart(
        &mut self,
        gateways: &BTreeMap<GatewayRole, ValidatedGateway>,
        mesh_namespace: Option<&Namespace>,
        block: &FieldPath,
        cluster: &str,
    ) {
        let Some(federation) = gateways.get(&GatewayRole::Federation) else { return };
        let east_west = gateways.get(&GatewayRole::EastWest).map(|gateway| &gateway.namespace);
        if [mesh_namespace, east_west].contains(&Some(&federation.namespace)) {
            let cause = format!(
                "Namespace {:?} is also that of the control plane or of the east-west gateway, but the federation gateway needs \
                 its own namespace.",
                federation.namespace.as_str()
            );
            let help = "Choose a namespace that contains nothing else, or omit it.";
            let field = block.then(GatewayRole::Federation.block()).then("namespace");
            self.error(field, Some(cluster), cause, help);
        }
    }

    /// Identities of two meshes with Istio's default trust domain cannot be told apart.
    pub(super) fn federation_has_a_trust_domain(&mut self, mesh: &Mesh) {
        let mut federated = mesh.primaries.iter().filter(|(_, primary)| primary.federation_gateway.is_some());
        if let Some((label, _)) = federated.next().filter(|_| mesh.trust_domain == DEFAULT_TRUST_DOMAIN) {
            let field = FieldPath::attribute("primary").key(label).then(GatewayRole::Federation.block());
            let cause = format!("A mesh with trust domain {DEFAULT_TRUST_DOMAIN:?} cannot be federated.");
            let help = "Set trust_domain to your own name, such as \"shop.example\", or remove the block.";
            self.error(field, Some(label), cause, help);
        }
    }

    /// Clusters without a control plane reach istiod through the east-west gateway, or else through a load balancer of istiod's own.
    pub(super) fn remote_control_plane(&mut self, primary: &Primary, block: &FieldPath, cluster: &str) {
        let Some(remote) = &primary.remote_control_plane else { return };
        let field = block.then("remote_control_plane");
        if let Some(hostname) = &remote.hostname {
            self.hostname(hostname, &field.then("hostname"), cluster);
        }
        let settings =
            (&remote.load_balancer_class, &remote.service_annotations, &remote.load_balancer_source_ranges);
        self.load_balancer(settings, &field, cluster);
        if let Some(gateway) = &primary.east_west_gateway {
            self.has_no_load_balancer(remote, &field, cluster);
            self.gateway_leads_to_istiod(gateway, remote, &field, cluster);
        }
    }

    fn hostname(&mut self, hostname: &str, field: &FieldPath, cluster: &str) {
        if hostname.parse::<IpAddr>().is_err() && !is_dns_subdomain(hostname) {
            let cause = format!("{hostname:?} is neither a host name nor an IP address.");
            let help =
                "Use a name in lower-case letters without a port or scheme, such as \"istiod.east.example\".";
            return self.error(field.clone(), Some(cluster), cause, help);
        }
        if let Some(reason) = elsewhere::unusable(hostname) {
            let cause = format!("Other clusters cannot use this host name: {reason}.");
            let help = "Set the name or address at which the other clusters reach istiod of this one.";
            self.error(field.clone(), Some(cluster), cause, help);
        }
    }

    fn has_no_load_balancer(&mut self, remote: &RemoteControlPlane, field: &FieldPath, cluster: &str) {
        let set = [
            ("service_annotations", !remote.service_annotations.is_empty()),
            ("load_balancer_class", remote.load_balancer_class.is_some()),
            ("load_balancer_source_ranges", !remote.load_balancer_source_ranges.is_empty()),
        ];
        for (attribute, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
            let cause = format!(
                "{attribute} has no effect here: other clusters reach this control plane through the Service of its east-west \
                 gateway."
            );
            let help = "Move it to the east_west_gateway block, or remove it.";
            self.error(field.then(attribute), Some(cluster), cause, help);
        }
    }

    /// Ports of nodes are not istiod's, and a gateway that only its own cluster knows leads nobody there.
    fn gateway_leads_to_istiod(
        &mut self,
        gateway: &EastWestGateway,
        remote: &RemoteControlPlane,
        field: &FieldPath,
        cluster: &str,
    ) {
        let is_reached = match gateway.service_type.as_deref() {
            Some("NodePort") => false,
            Some("ClusterIP") => !gateway.addresses.is_empty(),
            _ => true,
        };
        if remote.hostname.is_none() && !is_reached {
            let cause = "No address is configured at which other clusters reach this control plane: the Service of its east-west \
                         gateway has no load balancer."
                .to_owned();
            let help = format!(
                "Set hostname to the name or address of your own load balancer that forwards to ports {} and {} of the gateway.",
                RemoteControlPlane::XDS_PORT,
                RemoteControlPlane::WEBHOOK_PORT
            );
            self.error(field.then("hostname"), Some(cluster), cause, &help);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{mesh, violation_of};
    use super::*;

    fn refused(change: impl FnOnce(&mut Primary)) -> (String, String) {
        let mut mesh = mesh();
        change(mesh.primaries.get_mut("east").unwrap());
        let violation = violation_of(&mesh);
        (violation.field.to_string(), violation.cause)
    }

    fn accepted(change: impl FnOnce(&mut Primary)) {
        let mut mesh = mesh();
        change(mesh.primaries.get_mut("east").unwrap());
        assert_eq!(mesh.validate().unwrap().warnings(), []);
    }

    fn gateway(namespace: Option<&str>) -> EastWestGateway {
        EastWestGateway { namespace: namespace.map(str::to_owned), ..EastWestGateway::default() }
    }

    fn remote(hostname: &str) -> RemoteControlPlane {
        RemoteControlPlane { hostname: Some(hostname.to_owned()), ..RemoteControlPlane::default() }
    }

    #[test]
    fn a_federation_gateway_has_a_namespace_of_its_own() {
        let mut mesh = mesh();
        mesh.primaries.get_mut("east").unwrap().federation_gateway = Some(gateway(None));
        let valid = mesh.validate().unwrap();
        let federated = valid.primaries().values().next().unwrap().gateway(GatewayRole::Federation).unwrap();
        assert_eq!(federated.namespace.as_str(), "istio-system-federation");
        let field = "primary[\"east\"].federation_gateway.namespace";
        assert_eq!(refused(|east| east.federation_gateway = Some(gateway(Some("istio-system")))).0, field);
        let beside = |east: &mut Primary| {
            east.east_west_gateway = Some(gateway(Some("gateways")));
            east.federation_gateway = Some(gateway(Some("gateways")));
        };
        assert_eq!(refused(beside).0, field);
        assert_eq!(refused(|east| east.federation_gateway = Some(gateway(Some("kube-federation")))).0, field);
    }

    #[test]
    fn a_mesh_with_istios_own_trust_domain_has_no_federation_gateway() {
        let mut mesh = mesh();
        mesh.trust_domain = DEFAULT_TRUST_DOMAIN.to_owned();
        mesh.primaries.get_mut("east").unwrap().federation_gateway = Some(gateway(None));
        let fields: Vec<String> =
            mesh.validate().unwrap_err().iter().map(|it| it.field.to_string()).collect();
        assert!(fields.contains(&"primary[\"east\"].federation_gateway".to_owned()), "{fields:?}");
    }

    #[test]
    fn a_federation_gateway_cannot_become_one_of_the_meshs_own_network() {
        for values in [
            json!({"networkGateway": "net-east"}),
            json!({"labels": {"topology.istio.io/network": "net-east"}}),
            json!({"env": {"ISTIO_META_REQUESTED_NETWORK_VIEW": "net-bank"}}),
            json!({"service": {"ports": [{"name": "all", "port": 1}]}}),
            json!({"name": "istio-eastwestgateway"}),
        ] {
            let block = EastWestGateway { values: values.clone(), ..EastWestGateway::default() };
            let (field, cause) = refused(|east| east.federation_gateway = Some(block));
            assert_eq!(field, "primary[\"east\"].federation_gateway.values", "{values}: {cause}");
            let chart = [("gateway".to_owned(), values.clone())].into();
            let (field, _) = refused(|east| {
                east.federation_gateway = Some(gateway(None));
                east.chart = chart;
            });
            assert_eq!(field, "primary[\"east\"].chart[\"gateway\"].values", "{values}");
        }
    }

    #[test]
    fn values_of_one_gateway_say_nothing_of_the_other() {
        accepted(|east| {
            let values = json!({"networkGateway": "net-east", "name": "istio-eastwestgateway"});
            east.east_west_gateway = Some(EastWestGateway { values, ..EastWestGateway::default() });
            east.federation_gateway = Some(gateway(None));
        });
    }

    #[test]
    fn istiod_is_dialled_by_a_name_that_others_can_use() {
        for name in ["istiod.east.example", "10.0.0.7", "fd00::7"] {
            accepted(|east| east.remote_control_plane = Some(remote(name)));
        }
        let field = "primary[\"east\"].remote_control_plane.hostname";
        for name in [
            "",
            "https://istiod.example",
            "istiod.example:15012",
            "a.example,b.example",
            "Istiod.example",
            "*.example",
            "127.0.0.1",
            "localhost",
            "::1",
        ] {
            assert_eq!(refused(|east| east.remote_control_plane = Some(remote(name))).0, field, "{name:?}");
        }
    }

    #[test]
    fn istiods_certificate_has_the_declared_name_and_no_other() {
        let values = json!({"env": {"ISTIOD_CUSTOM_HOST": "other.example"}});
        let (field, cause) = refused(|east| {
            east.remote_control_plane = Some(remote("istiod.example"));
            east.chart = [("istiod".to_owned(), values)].into();
        });
        assert_eq!(field, "primary[\"east\"].chart[\"istiod\"].values");
        assert!(cause.contains("remote_control_plane.hostname requires \"istiod.example\""), "{cause}");
    }

    #[test]
    fn a_load_balancer_of_istiods_own_is_for_clusters_without_a_gateway() {
        let settings = RemoteControlPlane {
            service_annotations: [("a".to_owned(), "b".to_owned())].into(),
            load_balancer_class: Some("internal".to_owned()),
            load_balancer_source_ranges: ["10.0.0.0/8".to_owned()].into(),
            ..RemoteControlPlane::default()
        };
        accepted(|east| east.remote_control_plane = Some(settings.clone()));
        let mut mesh = mesh();
        let east = mesh.primaries.get_mut("east").unwrap();
        east.remote_control_plane = Some(settings);
        east.east_west_gateway = Some(gateway(None));
        let fields: Vec<String> =
            mesh.validate().unwrap_err().iter().map(|it| it.field.to_string()).collect();
        let of = |attribute: &str| format!("primary[\"east\"].remote_control_plane.{attribute}");
        let expected = ["service_annotations", "load_balancer_class", "load_balancer_source_ranges"].map(of);
        assert_eq!(fields, expected);
        let bad = RemoteControlPlane {
            load_balancer_source_ranges: ["10.0.0.0".to_owned()].into(),
            ..RemoteControlPlane::default()
        };
        assert_eq!(
            refused(|east| east.remote_control_plane = Some(bad)).0,
            of("load_balancer_source_ranges")
        );
    }

    #[test]
    fn a_gateway_that_has_no_load_balancer_needs_a_host_name_for_istiod() {
        let gateway = |service_type: &str, addresses: &[&str]| EastWestGateway {
            service_type: Some(service_type.to_owned()),
            addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
            ..EastWestGateway::default()
        };
        for gateway in [gateway("ClusterIP", &[]), gateway("NodePort", &["192.0.2.7"])] {
            let serving = |remote: RemoteControlPlane| {
                let gateway = gateway.clone();
                move |east: &mut Primary| {
                    east.east_west_gateway = Some(gateway);
                    east.remote_control_plane = Some(remote);
                }
            };
            let field = "primary[\"east\"].remote_control_plane.hostname";
            assert_eq!(refused(serving(RemoteControlPlane::default())).0, field);
            accepted(serving(remote("istiod.example")));
        }
    }

    #[test]
    fn the_load_balancer_of_a_control_plane_has_a_class_and_annotations_that_kubernetes_takes() {
        let remote = |change: fn(&mut RemoteControlPlane)| {
            let mut block = RemoteControlPlane::default();
            change(&mut block);
            refused(|east| east.remote_control_plane = Some(block)).0
        };
        let block = "primary[\"east\"].remote_control_plane";
        let class = remote(|it| it.load_balancer_class = Some(String::new()));
        assert_eq!(class, format!("{block}.load_balancer_class"));
        let annotation = remote(|it| it.service_annotations = [("a b".to_owned(), String::new())].into());
        assert_eq!(annotation, format!("{block}.service_annotations"));
    }
}
