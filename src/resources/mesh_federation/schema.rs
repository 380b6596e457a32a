//! The schema of `istio_mesh_federation`; its descriptions are the registry's documentation.

use tfplugin::schema::{Attribute, Block, NestedBlock, Schema};
use tfplugin::{Timeouts, Type};

use super::shares_schema::{export, import};
use crate::blocks::installation::{cluster_uids, id, kubernetes_versions, manifests};
use crate::documents::peer_document;

/// The schema, in the order of the table in the module's documentation.
pub fn schema() -> Schema {
    Schema::new(
        "One side of a federation: independent meshes, each with its own control planes, root CA and trust domain, use named Services \
         of each other through their federation gateways. The other mesh has its own resource, in this configuration or in another \
         workspace; the two only exchange documents, which contain no secrets. The provider never connects to the clusters of a peer.\n\n\
         An apply first has every proxy deny what is not exported, then has the mesh trust the peers' roots, each bound to its trust \
         domain, then opens the exports and adds the imports; a destroy goes the other way. Every workload of the mesh can be called only \
         through what is exported, and only by the identities that are allowed.",
    )
    .attribute("id", id())
    .attribute("name", Attribute::string(
        "Name of the federation, part of the name of every object; unique in the mesh. A change replaces the resource.",
    ).required().requires_replace())
    .attribute("mesh", Attribute::dynamic(
        "The attribute `join` of the `istio_mesh` of this side, in the same configuration or, from another workspace, of the data source \
         `istio_mesh`; or its JSON. The provider needs a `cluster` block for every primary in it. A mesh with another identity \
         replaces the resource.",
    ).required())
    .attribute("document", peer_document())
    .attribute("trusted", trusted())
    .attribute("manifests", manifests())
    .attribute("cluster_uids", cluster_uids())
    .attribute("kubernetes_versions", kubernetes_versions())
    .attribute("status", status())
    .block("peer", NestedBlock::map(peer()))
    .block("export", NestedBlock::map(export()))
    .block("import", NestedBlock::map(import()))
    .block("timeouts", Timeouts::block())
}

fn peer() -> Block {
    Block::new("Another mesh. The label is its name in this federation.")
        .attribute("document", Attribute::dynamic(
            "What the other mesh says of itself: the attribute `document` of its `istio_mesh_federation`, the attribute `peer` of its \
             `istio_mesh`, or the JSON that it has handed over (see the function `peer_document_decode`). Null while it is awaited: \
             exports and imports of that peer are then prepared and nothing is trusted. Its `serial` must not be lower than before.",
        ).optional())
        .attribute("root_sha256", Attribute::set(Type::String,
            "SHA-256 fingerprints of the root certificates that the document may have, as `openssl x509 -fingerprint -sha256` prints \
             them. Compare them with the other organisation over another channel. By default those of the first apply, recorded in \
             `trusted`: a document with other roots is rejected until they are named here.",
        ).optional())
        .attribute("trust_binding", Attribute::string(
            "What the peer's roots may issue: `name_constraints` (default) only identities of the peer's trust domain, `none` every \
             identity, including those of this mesh. With `none`, whoever has the key of such a root can pass for every workload here.",
        ).optional())
        .attribute("tls", Attribute::string(
            "Where TLS of calls between the meshes ends: `end_to_end` (default) at the workloads, which see each other's identity. \
             `gateway` is reserved.",
        ).optional())
}

fn trusted() -> Attribute {
    let peer = Type::object([
        ("trust_domain", Type::String),
        ("root_sha256", Type::list(Type::String)),
        ("serial", Type::Number),
    ]);
    Attribute::map(peer,
        "What was recorded of each peer when it was last applied: `trust_domain` and `root_sha256` (fingerprints of its roots), which only \
         change by name, and `serial` of its document, which never decreases.",
    ).computed()
}

fn status() -> Attribute {
    let texts = || Type::map(Type::String);
    let status = Type::object([
        ("peers", texts()),
        ("exports", texts()),
        ("imports", texts()),
        ("last_apply", Type::String),
    ]);
    Attribute::new(status,
        "Condition of the federation when it was last observed. `peers` (`ready`, `awaited`: its document is null, `not_trusted`: istiod of \
         a primary does not trust its roots, so its calls and those to it fail), `exports` (`ready`, `awaited`: no peer may use it yet, \
         `no_gateway`: no federation gateway is ready and has an address, `no_service`: no primary has the Service, `other_selector`: the \
         Service selects other pods than the `selector` of the export, so these are not protected), `imports` (`ready`, `awaited`, \
         `not_trusted`), `last_apply` (`complete`, or `unfinished` where the last apply stopped before everything was applied). Plans warn \
         about anything that is not well and how to fix it, and then plan a change of `status`: an apply waits for it until `timeouts` \
         end, or fails at once where waiting does not help.",
    ).computed()
}
