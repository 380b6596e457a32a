//! The certificate authorities of a mesh: one root, one intermediate a cluster, made or checked here.
//!
//! Istiod signs workload certificates with the intermediate that it finds in the Secret `cacerts`; proxies of two
//! clusters trust each other when both intermediates lead to one root. [`Root::generate`] and [`Root::issue`] make
//! that material, [`Root::parse`] and [`Intermediate::parse`] check what others made, [`common_roots`] and
//! [`mutual_trust`] compare clusters. [`Signer`] is what can be told of an authority without its key, and [`Question::decide`]
//! says by it which root a mesh has from now on. [`Binding`] makes of another mesh's root what may be trusted.
//!
//! The only place that knows X.509. No I/O and no clock: the time is always an argument, in UTC. Random numbers go
//! into keys, serial numbers and ECDSA signatures and nowhere else; what a check answers does not depend on them.
//!
//! What is accepted is what both verifiers of a mesh accept, Go's (istiod, agents) and `BoringSSL`'s (Envoy); `acceptance-tests`
//! compares. Not checked, and therefore refused: ECDSA on P-224. The provider itself signs with what ring can: RSA keys of 2048 to
//! 4096 bits, ECDSA on P-256 and P-384, Ed25519.

mod agreement;
mod anchors;
mod bound_root;
mod certificate;
mod constraints;
mod decision;
mod der;
mod encoding;
mod error;
mod facts;
mod files;
mod holding;
mod intermediate;
mod issue;
mod key;
mod names;
mod notation;
mod path;
mod readable;
mod root;
mod rule;
mod signature;
mod signer;
mod succession;
mod way_out;

#[cfg(test)]
mod tests;

pub use agreement::{common_roots, mutual_trust};
pub use anchors::anchors;
pub use bound_root::Binding;
pub use certificate::Certificate;
pub use constraints::Names;
pub use decision::{Decision, Material, Refusal};
pub use error::TrustError;
pub use files::{CA_CERT, CA_CRL, CA_KEY, CERT_CHAIN, ROOT_CERT, ROOT_KEY};
pub use holding::{Found, Holding, Mode, Seen, Signing};
pub use intermediate::{Intermediate, IntermediateRequest};
pub use key::PrivateKey;
pub use root::{Root, RootRequest};
pub use rule::{Judge, Rule};
pub use signer::Signer;
pub use succession::Question;
