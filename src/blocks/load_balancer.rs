//! What blocks say about the load balancer of a Service.

use tfplugin::Type;
use tfplugin::schema::{Attribute, Block};

/// The block with the attributes of a load balancer; `callers` says whose addresses may connect.
pub(super) fn with_load_balancer(block: Block, callers: &str) -> Block {
    block
        .attribute("service_annotations", Attribute::map(Type::String,
            "Annotations of its Service, which a cloud's load balancer controller reads: for an internal load balancer \
             `service.beta.kubernetes.io/aws-load-balancer-scheme = \"internal\"`, \
             `networking.gke.io/load-balancer-type = \"Internal\"` or \
             `service.beta.kubernetes.io/azure-load-balancer-internal = \"true\"`. The load balancer must operate at layer 4.",
        ).optional())
        .attribute("load_balancer_class", Attribute::string("`loadBalancerClass` of its Service.").optional())
        .attribute("load_balancer_source_ranges", Attribute::set(Type::String, format!(
            "Addresses from which its load balancer accepts connections, in CIDR notation: {callers}."
        )).optional())
}
