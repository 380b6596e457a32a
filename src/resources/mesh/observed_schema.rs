//! The schema of what is observed of a mesh, and of the documents made from it.

use tfplugin::Type;
use tfplugin::schema::Attribute;

/// What the mesh was last seen to be.
pub fn status() -> Attribute {
    let texts = || Type::List(Box::new(Type::String));
    let cluster = Type::Object(
        [
            ("control_plane".to_owned(), Type::String),
            ("root_fingerprints".to_owned(), texts()),
            ("root_expires".to_owned(), Type::String),
            ("gateway".to_owned(), Type::String),
            ("gateway_addresses".to_owned(), texts()),
        ]
        .into(),
    );
    let status = Type::Object(
        [
            ("clusters".to_owned(), Type::Map(Box::new(cluster))),
            ("links".to_owned(), Type::Map(Box::new(Type::String))),
        ]
        .into(),
    );
    Attribute::new(status,
        "What the mesh was last seen to be. `clusters`: `control_plane` (`ready`, `not_ready` or `unknown`), \
         `root_fingerprints` and `root_expires` of the roots that its proxies trust, `gateway` (`ready`, `no_address`, \
         `not_labelled`, `not_injected` or `not_ready`; null without an east-west gateway), `gateway_addresses`. `links`, \
         `\"<cluster>-><other>\"`: whether calls from a cluster reach the other: `ready`, `no_control_plane`, `missing` (istiod \
         does not know the other cluster), `invalid_secret`, `token_refused`, `reader_forbidden`, `untrusted_certificate`, \
         `unreachable`, `syncing` and `timeout` (istiod cannot read the other API server), `roots_differ`, `no_gateway` or \
         `unknown`. Every plan warns of what is not `ready`, with the way out; an apply that cannot mend it fails. Asking istiod \
         takes the right `create pods/portforward`; without it the last known value stays.",
    ).computed()
}

/// What a cluster needs to join the mesh.
pub fn join() -> Attribute {
    let cluster = object(&[
        ("network", Type::String),
        ("serves_remote_clusters", Type::Bool),
        ("gateway_addresses", Type::List(Box::new(Type::String))),
        ("gateway_port", Type::Number),
    ]);
    let texts = [
        "mesh_id",
        "trust_domain",
        "namespace",
        "version",
        "chart_repository",
        "hub",
        "image_variant",
        "platform",
        "root_certificates",
    ];
    let mut members: Vec<(&str, Type)> = texts.map(|name| (name, Type::String)).into();
    members.push(("format", Type::Number));
    members.push(("clusters", Type::map(cluster)));
    Attribute::new(object(&members),
        "Everything that a cluster needs to join the mesh, and that a topology is drawn from: identity and release, roots, and for \
         each primary its network, whether it serves remote clusters, and where its east-west gateway is. No secret is in it. \
         `format` is 1.",
    ).computed()
}

/// What another mesh needs to know of this one.
pub fn peer() -> Attribute {
    let gateway = object(&[
        ("network", Type::String),
        ("addresses", Type::List(Box::new(Type::String))),
        ("port", Type::Number),
    ]);
    let peer = object(&[
        ("format", Type::Number),
        ("mesh_id", Type::String),
        ("trust_domain", Type::String),
        ("root_certificates", Type::String),
        ("gateways", Type::map(gateway)),
    ]);
    Attribute::new(peer,
        "What another mesh needs to know to be federated with this one: trust domain, roots and gateways. No secret is in it, so it \
         can be handed to another organisation. `format` is 1.",
    ).computed()
}

fn object(members: &[(&str, Type)]) -> Type {
    Type::Object(members.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect())
}
