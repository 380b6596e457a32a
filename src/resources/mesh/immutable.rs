//! Which attribute sets a field that Kubernetes never lets change.

use tfplugin::AttributePath;

use super::place::primary;
use crate::manifests::ObjectId;
use crate::mesh::{GatewayRole, RemoteControlPlane};

/// The attribute that sets this field of an object.
pub fn attribute(id: &ObjectId, field: &str) -> AttributePath {
    let of_gateway = GatewayRole::ALL.into_iter().find(|role| role.name() == id.name).map(GatewayRole::field);
    let of_istiod = (id.name == RemoteControlPlane::SERVICE).then_some("remote_control_plane");
    let Some(block) = of_gateway.or(of_istiod) else { return primary(&id.cluster) };
    let block = primary(&id.cluster).attribute(block);
    match (id.kind.as_str(), field) {
        ("Service", "spec.loadBalancerClass") => block.attribute("load_balancer_class"),
        _ => block,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_a_gateways_load_balancer_is_an_attribute_of_its_block() {
        let id = "east//Service/istio-system/istio-eastwestgateway".parse().unwrap();
        let path = attribute(&id, "spec.loadBalancerClass").to_string();
        assert_eq!(path, "primary[\"east\"].east_west_gateway.load_balancer_class");
    }
}
