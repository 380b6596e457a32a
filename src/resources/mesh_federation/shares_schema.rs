//! The blocks `export` and `import`.

use tfplugin::Type;
use tfplugin::schema::{Attribute, Block, NestedBlock};

/// The block `export`.
pub fn export() -> Block {
    Block::new(
        "A Service of this mesh that peers may use. The label is its name in this federation. Its pods may run in any cluster of the \
         mesh; the Service must exist in each primary with a federation gateway.",
    )
    .attribute("to", Attribute::set(Type::String, "Labels of the `peer` blocks for which it is.").required())
    .attribute("namespace", Attribute::string("Namespace of the Service.").required())
    .attribute("service", Attribute::string("Name of the Service.").required())
    .attribute("selector", Attribute::map(Type::String,
        "Labels of the Service's pods, equal to its `spec.selector`. The policy that denies other callers applies to these pods.",
    ).required())
    .attribute("identities", Attribute::set(Type::String,
        "Service accounts of the pods, as `<namespace>/<service account>`. Importers accept no others.",
    ).required())
    .attribute("allow", Attribute::set(Type::String,
        "Who may call it, as `<trust domain>/ns/<namespace>/sa/<service account>`, each of a peer in `to`. Everyone else who is not of \
         this mesh is denied.",
    ).required())
    .block("port", NestedBlock::map(port("A port of the Service that peers may call. The label is its name.")))
}

/// The block `import`.
pub fn import() -> Block {
    Block::new(
        "A Service of a peer that workloads of this mesh may use. The label is its name in this federation. Clients call `hostname`; \
         their proxies resolve it (DNS capture, on in meshes of this provider).",
    )
    .attribute("from", Attribute::string("Label of the `peer` block.").required())
    .attribute("namespace", Attribute::string("Namespace of the Service in the peer's mesh.").required())
    .attribute("service", Attribute::string("Name of the Service in the peer's mesh.").required())
    .attribute("hostname", Attribute::string(
        "Its name here, such as `payments.bank.mesh`. Not a name of this mesh's own Services.",
    ).required())
    .attribute("into", Attribute::string(
        "Namespace here that its ServiceEntry and DestinationRule are in. It must exist in every primary.",
    ).required())
    .attribute("visible_to", Attribute::set(Type::String,
        "Namespaces whose workloads may use it; `[\"*\"]` for all. By default only `into`.",
    ).optional())
    .attribute("identities", Attribute::set(Type::String,
        "Service accounts of the pods in the peer's mesh, as `<namespace>/<service account>`; no other is accepted. By default those of \
         the export in the peer's document.",
    ).optional())
    .attribute("addresses", Attribute::set(Type::String,
        "IP addresses that `hostname` resolves to, the same in all clusters. By default one in 240.248.0.0/13 that follows from \
         `hostname`.",
    ).optional())
    .attribute("dns", Attribute::string(
        "How clients find it: `capture` (default) by `hostname`, which their proxies resolve, or `service` also by a Kubernetes Service \
         with the name of the import in `into`, for clients whose DNS is not captured.",
    ).optional())
    .block("port", NestedBlock::map(port(
        "A port of the Service; the number is the same in both meshes. The label is its name. By default those of the export in the peer's \
         document.",
    )))
    .block("connection", NestedBlock::single(connection()))
}

fn port(description: &str) -> Block {
    Block::new(description)
        .attribute("number", Attribute::number("Port number of the Service.").required())
        .attribute(
            "protocol",
            Attribute::string(
                "Protocol, as in a ServiceEntry: `HTTP`, `HTTP2`, `GRPC`, `HTTPS`, `MONGO`, `TCP` or `TLS`.",
            )
            .required(),
        )
}

fn connection() -> Block {
    let duration = |text: &str| Attribute::string(text).optional();
    Block::new("How long proxies wait for the peer's gateways. Durations have one unit, such as `500ms`, `5s` or `1m`.")
        .attribute("connect_timeout", duration("How long a connection may take to be established. Defaults to `5s`."))
        .attribute("keepalive_time", duration("How long a connection may be idle before it is probed. Defaults to `30s`."))
        .attribute("keepalive_interval", duration("Time between probes. Defaults to `10s`."))
        .attribute("keepalive_probes", Attribute::number("How many probes may fail, 1 to 100. Defaults to 3.").optional())
        .attribute("failures", Attribute::number(
            "How many consecutive connections to a gateway may fail before it is ejected, 1 to 100. Defaults to 5.",
        ).optional())
        .attribute("ejection_time", duration("How long it is ejected the first time. Defaults to `15s`."))
}
