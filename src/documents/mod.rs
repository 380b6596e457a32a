//! `join` and `peer`: what a mesh hands to clusters that join it and to other meshes. No secret is in them.
//!
//! They are written once: `join` by the resource `istio_mesh`, which also leaves it as a page in each primary ([`Page`]), and
//! `peer` follows from it ([`with_peer`]). A federation adds what it exports ([`PeerDocumentModel`]). They are read once, too
//! ([`decode`]), and what comes from another organisation is checked ([`PeerDocumentModel::checked`]). Lists are sorted and have
//! no doubles ([`sorted`]): order never means anything in them, and a list can be indexed, which a set cannot. What is null has
//! not been said by anybody.

mod checked;
mod decode;
mod error;
mod from_join;
mod json;
mod member_error;
mod model;
mod page;
mod peer_text;
mod rules;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::Field;

use crate::trust::{Certificate, ROOT_CERT};

pub use decode::{Document, decode};
pub use error::DocumentError;
pub use member_error::MemberError;
pub use model::{
    ExportModel, ExportPortModel, Gateways, JoinClusterModel, JoinModel, PeerDocumentModel, PeerGatewayModel,
    PeerModel, Texts,
};
pub use page::{Page, Services};
pub use schema::{PEER_DOCUMENT_MEMBERS, join, peer, peer_document, peer_document_type};

/// The format of all documents.
pub const FORMAT: i64 = 1;

/// Both documents.
pub fn with_peer(join: JoinModel) -> (Field<JoinModel>, Field<PeerModel>) {
    let peer = from_join::peer_of(&join);
    (Field::Known(join), Field::Known(peer))
}

/// All roots as one text, each once, in an order of their own; `None` if there are none.
pub fn bundle<'a>(roots: impl Iterator<Item = &'a String>) -> Option<String> {
    let certificates =
        roots.flat_map(|text| Certificate::parse_all(ROOT_CERT, text.as_bytes()).unwrap_or_default());
    let by_fingerprint: BTreeMap<String, String> =
        certificates.map(|certificate| (certificate.fingerprint(), certificate.pem())).collect();
    (!by_fingerprint.is_empty()).then(|| by_fingerprint.into_values().collect())
}

/// The texts of a set as a sorted list. As long as one of them is unknown, so is the whole list, for its place in it is.
pub fn sorted(set: &Field<BTreeSet<Field<String>>>) -> Texts {
    set.as_ref().and_then(|set| {
        if set.iter().any(Field::is_unknown) {
            return Field::Unknown;
        }
        texts(set.iter().filter_map(|text| text.as_known().cloned()))
    })
}

/// A list of these texts, sorted, each once.
pub fn texts(texts: impl IntoIterator<Item = String>) -> Texts {
    let texts: BTreeSet<String> = texts.into_iter().collect();
    Field::Known(texts.into_iter().map(Field::Known).collect())
}
