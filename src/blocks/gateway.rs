//! The block of a gateway, for other networks or for other meshes: schema, model and reading.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tfplugin::schema::{Attribute, Block, NestedBlock};
use tfplugin::{AttributePath, Field, Model, Type};

use super::load_balancer::with_load_balancer;
use super::reader::Reader;
use super::sensitive::{self, Hidden, Purpose, SensitiveFields};
use super::stand_in::Loose;
use crate::mesh::{
    CallerAddresses, ChartName, EastWestGateway, FieldPath, GatewayRole, Layer, Resources, SensitiveDocument,
};

/// A gateway of a cluster.
#[derive(Clone, Default, Model)]
pub struct GatewayModel {
    pub namespace: Field<String>,
    pub service_type: Field<String>,
    pub service_annotations: Field<BTreeMap<String, Field<String>>>,
    pub load_balancer_class: Field<String>,
    pub load_balancer_source_ranges: Field<BTreeSet<Field<String>>>,
    pub port: Field<i64>,
    pub node_port: Field<i64>,
    pub addresses: Field<BTreeSet<Field<String>>>,
    pub address_port: Field<i64>,
    pub from: Field<BTreeMap<String, CallerModel>>,
    pub replicas: Field<i64>,
    pub values: Field<String>,
    pub sensitive_values: Field<String>,
    pub sensitive_values_wo: Field<String>,
    pub sensitive_values_wo_version: Field<i64>,
    pub resources: Field<ResourcesModel>,
}

impl fmt::Debug for GatewayModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayModel")
            .field("namespace", &self.namespace)
            .field("service_type", &self.service_type)
            .field("values", &self.values)
            .field("sensitive_values", &Hidden(&self.sensitive_values))
            .field("sensitive_values_wo", &Hidden(&self.sensitive_values_wo))
            .finish_non_exhaustive()
    }
}

/// Where one primary finds a gateway.
#[derive(Clone, Debug, Default, Model)]
pub struct CallerModel {
    pub addresses: Field<BTreeSet<Field<String>>>,
    pub address_port: Field<i64>,
}

impl CallerModel {
    /// The type of the block.
    pub(super) fn ty() -> Type {
        Type::object([("addresses", Type::Set(Box::new(Type::String))), ("address_port", Type::Number)])
    }
}

/// What pods ask for and may not exceed.
#[derive(Clone, Debug, Default, Model)]
pub struct ResourcesModel {
    pub requests: Field<BTreeMap<String, Field<String>>>,
    pub limits: Field<BTreeMap<String, Field<String>>>,
}

/// What the two blocks do not have in common.
struct Words {
    block: &'static str,
    namespace: &'static str,
    callers: &'static str,
    calls: &'static str,
    addresses: &'static str,
}

impl Words {
    fn of(role: GatewayRole) -> Self {
        match role {
            GatewayRole::EastWest => Self {
                block: "The gateway through which pods of other networks reach this cluster (port 15443). A mesh of several \
                        networks needs one in each, in one of its clusters; in a mesh of one network it is installed and left closed.",
                namespace: "Namespace of the gateway and of the objects that open it; the mesh's by default.",
                callers: "those of the other networks' nodes or NAT gateways",
                calls: "for calls between networks",
                addresses: "IP addresses or host names at which pods of other networks reach it, instead of those that istiod \
                            finds at its Service (load balancer, `externalIPs`, nodes): those of nodes, with a Service of type \
                            `NodePort`, of your own load balancer, or public ones where the load balancer reports internal \
                            ones. All control planes receive them as Istio's `meshNetworks`, and the Service is created without \
                            the label `topology.istio.io/network`, because istiod would otherwise use only the addresses of the \
                            Service.",
            },
            GatewayRole::Federation => Self {
                block: "The gateway through which other meshes reach the services that are exported to them (port 15443). It is \
                        closed until a federation opens it; its addresses are in `peer`. It needs a `trust_domain` other than \
                        Istio's default.",
                namespace: "Namespace of the gateway, and of nothing else: every Istio `Gateway` that selects its pods could \
                            export services to other meshes, so allow no other objects in it. Defaults to the mesh's namespace \
                            with the suffix `-federation`.",
                callers: "those of the other meshes' nodes or NAT gateways. Without it, a public load balancer accepts \
                          connections from everywhere, and only the check of callers' certificates rejects them",
                calls: "for calls of other meshes",
                addresses: "IP addresses or host names at which other meshes reach it, instead of those of its Service: those of \
                            nodes, with a Service of type `NodePort`, or of your own load balancer.",
            },
        }
    }
}

/// The block's schema.
pub fn block(role: GatewayRole) -> Block {
    let words = Words::of(role);
    let block = Block::new(words.block)
        .attribute("namespace", Attribute::string(format!(
            "{} It is created if it does not exist, and then deleted with the gateway. It must not be labelled with \
             `istio-injection` or `istio.io/rev`, and with `discoverySelectors` in `mesh_config` it needs a label that they select.",
            words.namespace
        )).optional())
        .attribute("service_type", Attribute::string(
            "Type of its Service: `LoadBalancer` (the chart's default), `NodePort` or `ClusterIP`.",
        ).optional());
    let block = with_load_balancer(block, words.callers)
        .attribute("port", Attribute::number(format!(
            "Port of its Service {}, 15443 by default.",
            words.calls
        )).optional())
        .attribute("node_port", Attribute::number(
            "Port on every node that forwards to `port`, with a Service of type `NodePort` or `LoadBalancer`. Without it, \
             Kubernetes chooses one.",
        ).optional())
        .attribute("addresses", Attribute::set(Type::String, words.addresses).optional())
        .attribute("address_port", Attribute::number(
            "Port at `addresses`. By default it is `node_port` with a Service of type `NodePort`, and otherwise `port`.",
        ).optional())
        .attribute("replicas", Attribute::number(
            "Number of its pods. Without it, the chart's HorizontalPodAutoscaler keeps 1 to 5 pods.",
        ).optional())
        .attribute("values", Attribute::string(
            "Helm values of the chart `gateway` as YAML; they override everything else that is set for it. They are stored in \
             state and in the inventory ConfigMap in each cluster, so do not put secrets in them: `sensitive_values` is for \
             these.",
        ).optional());
    let block = sensitive::attributes(sensitive::VALUES)
        .into_iter()
        .fold(block, |block, (name, attribute)| block.attribute(name, attribute))
        .block("resources", NestedBlock::single(resources()));
    match role {
        GatewayRole::EastWest => block.block("from", NestedBlock::map(caller())),
        GatewayRole::Federation => block,
    }
}

fn caller() -> Block {
    Block::new(
        "Where pods of the primary with this label reach the gateway, if not where the others do: for example, at the other end of a \
         peering or a VPN. That control plane receives only these addresses. The addresses of the Service are then used by nobody, \
         so set `addresses` for all other callers, or a `from` block for each.",
    )
    .attribute("addresses", Attribute::set(Type::String,
        "IP addresses or host names at which pods of that cluster reach the gateway.",
    ).required())
    .attribute("address_port", Attribute::number(
        "Port at these addresses. By default it is that of the other callers.",
    ).optional())
}

fn resources() -> Block {
    Block::new(
        "Resource requests and limits of each gateway pod. Without this block, the chart's defaults apply.",
    )
    .attribute(
        "requests",
        Attribute::map(
            Type::String,
            "Quantities by resource, such as `{ cpu = \"500m\", memory = \"256Mi\" }`.",
        )
        .optional(),
    )
    .attribute(
        "limits",
        Attribute::map(Type::String, "Maximum quantities by resource, in the same form.").optional(),
    )
}

impl Reader {
    /// The gateway of a cluster that a block declares; `path` is where the block is.
    pub fn gateway(
        &mut self,
        gateway: &GatewayModel,
        cluster: &str,
        path: &AttributePath,
    ) -> EastWestGateway {
        let loose = Loose::new(Some(cluster), Some(ChartName::Gateway.as_str()));
        EastWestGateway {
            namespace: self.text(&gateway.namespace),
            service_type: self
                .choice(&gateway.service_type, [Some("LoadBalancer"), Some("NodePort"), Some("ClusterIP")]),
            service_annotations: self.annotations(&gateway.service_annotations),
            load_balancer_class: self.text(&gateway.load_balancer_class),
            load_balancer_source_ranges: self.ranges(&gateway.load_balancer_source_ranges),
            port: self.number(&gateway.port),
            node_port: self.number(&gateway.node_port),
            addresses: self.texts(&gateway.addresses),
            address_port: self.number(&gateway.address_port),
            from: self.labelled(&gateway.from, |reader, _, caller| CallerAddresses {
                addresses: reader.own_texts(&caller.addresses),
                address_port: reader.number(&caller.address_port),
            }),
            resources: self.resources(&gateway.resources),
            replicas: self.number(&gateway.replicas),
            values: self.yaml(&gateway.values, path.clone().attribute("values"), loose),
        }
    }

    /// The documents with secrets of a gateway; `path` is where its block is.
    pub fn sensitive_gateway(
        &mut self,
        gateway: &GatewayModel,
        role: GatewayRole,
        cluster: &str,
        path: &AttributePath,
    ) -> Vec<SensitiveDocument> {
        let field = FieldPath::member(cluster).then(role.field());
        let layer = Layer::Gateway(role);
        let purpose = Purpose { names: sensitive::VALUES, chart: ChartName::Gateway, layer, field };
        let fields = SensitiveFields {
            kept: &gateway.sensitive_values,
            write_only: &gateway.sensitive_values_wo,
            version: &gateway.sensitive_values_wo_version,
        };
        self.sensitive(fields, &purpose, path)
    }

    /// Annotations of a Service. A selector of nodes that is not known yet is one nevertheless.
    fn annotations(
        &mut self,
        annotations: &Field<BTreeMap<String, Field<String>>>,
    ) -> BTreeMap<String, String> {
        let mut read = self.map(annotations);
        let selector = annotations.as_known().and_then(|it| it.get(EastWestGateway::NODE_SELECTOR));
        if selector.is_some_and(Field::is_unknown) {
            let stand_in = self.stand_in.name(0, None);
            read.insert(EastWestGateway::NODE_SELECTOR.to_owned(), format!("{{\"{stand_in}\": \"\"}}"));
        }
        read
    }

    fn resources(&mut self, resources: &Field<ResourcesModel>) -> Resources {
        let Some(resources) = self.block(resources) else { return Resources::default() };
        Resources { requests: self.map(&resources.requests), limits: self.map(&resources.limits) }
    }
}
