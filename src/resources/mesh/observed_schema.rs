//! The schema of what is observed of a mesh.

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
         `root_fingerprints` and `root_expires` of the roots that its proxies trust, `gateway_addresses`. `links`, \
         `\"<cluster>-><other>\"`: whether calls from a cluster reach the other: `ready`, `missing` (istiod does not know \
         the other cluster), `syncing`, `timeout` (istiod cannot read its API server), `no_gateway_address`, \
         `roots_differ`, `draining` (istiod still reads a cluster that is being drained), `drained` or `unknown`. Asking istiod takes the right `create pods/portforward`; without it the last known \
         value stays.",
    ).computed()
}
