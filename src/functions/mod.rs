//! Functions that configurations can call: pure and offline.

pub mod peer_document_decode;
pub mod peer_document_encode;
