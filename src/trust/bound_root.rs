//! Roots of other meshes, each bound to its trust domain.
//!
//! Istio binds no root to a trust domain (`pilot/pkg/trustbundle`, `security/pkg/nodeagent/sds`): a proxy accepts any identity from any
//! root that it trusts, so another mesh could issue ours. What is trusted instead of such a root is a cross-certificate: the root's
//! own name and key, with critical name constraints (RFC 5280, 4.2.1.10) that permit the other mesh's trust domain alone.
//!
//! Verifiers must take it wherever they would take the root. `BoringSSL`, Go and OpenSSL look for an issuer by its name, and compare
//! what `authorityKeyIdentifier` says of it: the key identifier, or the issuer's issuer and serial number. Therefore all of these are
//! the root's, to the byte. It names no authority key, so it counts as the end of a path, and nobody looks at its signature; webpki, and
//! so ztunnel, refuses every URI below a constraint of URIs.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use sha2::{Digest as _, Sha256};

use super::certificate::Certificate;
use super::constraints::is_host;
use super::der::{BIT_STRING, OCTET_STRING, SEQUENCE, elements, tagged, unsigned};
use super::error::TrustError;
use crate::mesh::{Namespace, TrustDomain};

/// `ecdsa-with-SHA256` as an `AlgorithmIdentifier` (RFC 5758, 3.2).
const ECDSA_WITH_SHA256: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// `[0] { INTEGER 2 }`: X.509 version 3.
const VERSION_3: [u8; 5] = [0xa0, 0x03, 0x02, 0x01, 0x02];
/// `BOOLEAN TRUE`.
const TRUE: [u8; 3] = [0x01, 0x01, 0xff];
/// `BIT STRING` of `keyCertSign` and `cRLSign`.
const MAY_SIGN: [u8; 4] = [BIT_STRING, 0x02, 0x01, 0x06];

/// Extensions below 2.5.29, by their last number.
const SUBJECT_KEY_IDENTIFIER: u8 = 14;
const KEY_USAGE: u8 = 15;
const BASIC_CONSTRAINTS: u8 = 19;
const NAME_CONSTRAINTS: u8 = 30;

/// Forms of names (`GeneralName`), by their tags.
const DNS_NAME: u8 = 0x82;
const URI: u8 = 0x86;
/// `permittedSubtrees`, and the extensions of a certificate.
const PERMITTED: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// What the root of another mesh may issue certificates for.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The other mesh's trust domain: the host of its workloads' URIs.
    pub trust_domain: &'a TrustDomain,
    /// The namespace of its control planes. Their intermediates bear the DNS name of istiod in it (`tools/certs/common.mk`), and no
    /// other DNS name is permitted: workloads have none, and istiod's would let the other mesh pass for a control plane elsewhere.
    pub namespace: &'a Namespace,
}

impl Binding<'_> {
    /// The cross-certificate of a root; `file` names the root in errors. It has the root's validity. The same root always gives the same
    /// bytes: every change of the list of trusted certificates costs each proxy of the mesh a new certificate.
    ///
    /// # Errors
    /// The root is not an authority, or not self-signed, or cannot be bound to the trust domain.
    pub fn bind(&self, file: &str, root: &Certificate) -> Result<Certificate, TrustError> {
        root.check_authority(file)?;
        if !root.is_self_signed() {
            let (file, subject) = (file.to_owned(), root.subject().to_owned());
            return Err(TrustError::NotSelfSigned { file, subject });
        }
        if !is_host(self.trust_domain.as_str()) {
            let trust_domain = self.trust_domain.to_string();
            return Err(TrustError::Unbindable { file: file.to_owned(), trust_domain });
        }
        let body = self.body(root).ok_or(TrustError::Reread)?;
        let bits = tagged(BIT_STRING, &[&[0], signature(&body).as_bytes()].concat());
        let der = tagged(SEQUENCE, &[body.as_slice(), &ECDSA_WITH_SHA256, &bits].concat());
        Certificate::made(file, der)
    }

    /// What is signed of the cross-certificate. A change of this form would cost every proxy of every federated mesh a new certificate.
    fn body(&self, root: &Certificate) -> Option<Vec<u8>> {
        let [serial, validity, subject, key] = kept_parts(root.der())?;
        let extensions = tagged(EXTENSIONS, &tagged(SEQUENCE, &self.extensions(root)));
        let parts =
            [&VERSION_3, serial, &ECDSA_WITH_SHA256, subject, validity, subject, key, extensions.as_slice()];
        Some(tagged(SEQUENCE, &parts.concat()))
    }

    fn extensions(&self, root: &Certificate) -> Vec<u8> {
        let facts = root.facts();
        let path_length = facts.path_length.map(|length| {
            let octets = length.to_be_bytes();
            unsigned(&octets[octets.iter().take_while(|octet| **octet == 0).count()..])
        });
        let constraints = [&TRUE, path_length.unwrap_or_default().as_slice()].concat();
        // A root without an identifier must have none here either, or it would not be the one that certificates below it name.
        let key_id = facts
            .key_id
            .as_ref()
            .map(|id| extension(SUBJECT_KEY_IDENTIFIER, Importance::Optional, &tagged(OCTET_STRING, id)));
        [
            extension(BASIC_CONSTRAINTS, Importance::Critical, &tagged(SEQUENCE, &constraints)),
            extension(KEY_USAGE, Importance::Critical, &MAY_SIGN),
            key_id.unwrap_or_default(),
            extension(NAME_CONSTRAINTS, Importance::Critical, &self.name_constraints()),
        ]
        .concat()
    }

    /// `permitted;URI:<trust domain>, permitted;DNS:istiod.<namespace>.svc`. The URI is a plain host: to Envoy that permits this host and
    /// none below, and Go cannot read a certificate with any other form but a host behind a dot.
    fn name_constraints(&self) -> Vec<u8> {
        let istiod = format!("istiod.{}.svc", self.namespace);
        let permitted = [(URI, self.trust_domain.as_str()), (DNS_NAME, &istiod)]
            .map(|(form, name)| tagged(SEQUENCE, &tagged(form, name.as_bytes())));
        tagged(SEQUENCE, &tagged(PERMITTED, &permitted.concat()))
    }
}

/// A signature by a key that follows from what is signed (ECDSA with the nonce of RFC 6979). It says nothing, and need not: a certificate
/// that is trusted by itself is the end of a path, and whoever looked further would look for the key of the root.
fn signature(body: &[u8]) -> DerSignature {
    let mut seed = Sha256::digest(body);
    loop {
        // All but one in 2^32 digests are a key.
        match SigningKey::from_slice(&seed) {
            Ok(key) => return key.sign(body),
            Err(_) => seed = Sha256::digest(seed),
        }
    }
}

/// Whether who does not know an extension must refuse the certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Importance {
    Critical,
    Optional,
}

fn extension(number: u8, importance: Importance, value: &[u8]) -> Vec<u8> {
    // The object identifier 2.5.29.<number>.
    let identifier = [0x06, 0x03, 0x55, 0x1d, number];
    let critical = if importance == Importance::Critical { TRUE.as_slice() } else { &[] };
    tagged(SEQUENCE, &[identifier.as_slice(), critical, &tagged(OCTET_STRING, value)].concat())
}

/// Serial number, validity, subject and public key of a certificate, to the byte.
fn kept_parts(certificate: &[u8]) -> Option<[&[u8]; 4]> {
    let (_, content, _) = elements(certificate)?.into_iter().next()?;
    let (_, body, _) = elements(content)?.into_iter().next()?;
    let mut fields = elements(body)?;
    // One of version 1 does not say so.
    if fields.first().is_some_and(|(tag, ..)| *tag == VERSION_3[0]) {
        fields.remove(0);
    }
    let [(_, _, serial), _, _, (_, _, validity), (_, _, subject), (_, _, key), ..] = fields.as_slice() else {
        return None;
    };
    Some([*serial, *validity, *subject, *key])
}
