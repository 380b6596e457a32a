//! What to do about material that cannot be made or used.

use super::error::TrustError;
use super::rule::Rule;

impl TrustError {
    /// What the user can do.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "Provide all of ca-cert.pem, ca-key.pem, cert-chain.pem and root-cert.pem (or tls.crt, tls.key and ca.crt); \
                 istiod does not start with an incomplete set."
            }
            Self::MadeByIstiod => {
                "Such a root works for one cluster only. Have the certificates generated, or put a CA with a common root into \
                 the Secret of each cluster."
            }
            Self::NotPem { .. } | Self::Pem { .. } | Self::Markers { .. } => {
                "Copy the complete file again: each block from -----BEGIN to -----END, as openssl writes it."
            }
            Self::Notation { .. } => {
                "Write each block as openssl does: -----BEGIN and -----END at the start of lines of their own, without indentation, \
                 without a byte order mark, and with a line feed after each. Other programs accept more than istiod does."
            }
            Self::Kind { wanted: "PRIVATE KEY", .. } => {
                "Use a private key as PKCS#8, PKCS#1 or SEC1, without EC PARAMETERS before it; openssl pkcs8 -topk8 -nocrypt \
                 creates one."
            }
            Self::Kind { .. } => {
                "Remove the block. If it is a private key, it has been disclosed: replace it."
            }
            Self::Certificate { .. } => "Check it with openssl x509 -text and copy it again from its source.",
            Self::EncryptedKey { .. } => "Decrypt it with openssl pkcs8; istiod has no password for it.",
            Self::Key { .. } => {
                "openssl pkey -check shows its kind and whether it is complete. Use a key of the kinds above, unencrypted."
            }
            Self::CannotSign { .. } => {
                "For a root whose key is in the configuration, use RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519. \
                 With mode = \"given\", provide the CA of each cluster instead: istiod accepts more kinds of keys."
            }
            Self::OtherKey { .. } => {
                "Provide the key that the certificate was requested with; openssl pkey -pubout and openssl x509 -pubkey show the \
                 same public key when they fit."
            }
            Self::SeveralRoots { .. } => "Leave only the certificate that the key belongs to.",
            Self::NotAnAuthority { .. } | Self::MayNotSign { .. } => {
                "Have it issued as a CA: basicConstraints CA:true and keyUsage keyCertSign."
            }
            Self::NameForbidden { .. } => {
                "Have it issued without nameConstraints, or with ones that permit the trust domain as a URI (and the names of \
                 istiod, if they constrain DNS names). Otherwise every connection of the mesh would be rejected."
            }
            Self::NotSelfSigned { .. } => {
                "Provide the root itself. For a CA below a third party's root, provide one intermediate per cluster."
            }
            Self::Unbindable { .. } => {
                "The other mesh needs a trust domain of DNS labels of which the last is not a number, such as \"bank.example\"."
            }
            Self::NoRoomBelow { .. } => "Use a root without a path length, or with one that is large enough.",
            Self::Expired { .. } => "Replace it with a valid certificate.",
            Self::NotYetValid { .. } => {
                "Check the clock where Terraform runs; if it is correct, wait or use a certificate that is valid now."
            }
            Self::NotInChain { .. } => "Put the CA certificate first, then those above it up to the root.",
            Self::Stray { .. } => {
                "Remove it, or add the certificate that signed it; every proxy sends the whole chain in each handshake."
            }
            Self::OtherRoot { .. } => {
                "Provide the root that signed it, and in the chain every CA in between."
            }
            Self::Refused { source, .. } => way_out_of_refusal(source),
            Self::Revocation { .. } => REVOCATION,
            Self::UncheckedLists { .. } => {
                "Use RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519 for the CA, or leave the lists out."
            }
            Self::Lifetime { .. } => "Use at least one day, and an end before the year 10000.",
            Self::Make { .. } => "Names must be plain text; check organization, cluster and namespace.",
            Self::Reread | Self::Random(_) => {
                "This should not happen; try again and report it if it persists."
            }
            Self::NoCommonRoot { .. } => {
                "Clusters of one mesh need a common root: sign the CA of each with the same one, or rotate the roots step by \
                 step, first trusting both everywhere."
            }
            Self::Distrusted { .. } => {
                "Add the root to root-cert.pem of that cluster before anything is signed with it."
            }
        }
    }
}

const REVOCATION: &str = "Provide one current revocation list of every CA of the chain, signed by it and without the CA below, or none \
                          at all. A revoked CA must be replaced.";

fn way_out_of_refusal(rule: &Rule) -> &'static str {
    match rule {
        Rule::PathLength { .. } => {
            "A CA of the chain allows too few CAs below itself: have it issued again with a larger pathlen, or none."
        }
        Rule::NotValid { .. } => "Replace the CA of the chain that is not valid now.",
        Rule::Purpose { .. } => {
            "A CA of the chain has an extendedKeyUsage without serverAuth and clientAuth: workloads are both. Have it issued \
             without that extension."
        }
        Rule::Algorithm { .. } => {
            "Have it signed with SHA-256, SHA-384 or SHA-512; RSASSA-PSS needs a salt as long as the hash."
        }
        Rule::Unchecked { .. } => {
            "istiod and Envoy may accept it, but the provider does not write what it cannot check. Sign with RSA from 1024 bits, \
             ECDSA on P-256, P-384 or P-521, or Ed25519."
        }
        Rule::KeyIdentifier { .. } => {
            "Have the CA issued again by its present root: after a root was issued again with another key identifier or serial \
             number, what it signed before still names the former one. openssl x509 -text shows both identifiers."
        }
        Rule::Ambiguous { .. } => {
            "Remove the other certificate of that name, or have the CA issued again with an authorityKeyIdentifier and roots with \
             a subjectKeyIdentifier."
        }
        Rule::SelfIssued { .. } => {
            "Have the CA issued with another subject than its root, or with an authorityKeyIdentifier."
        }
        Rule::Critical { .. } => {
            "Have the certificate issued without that extension, or with the extension not marked critical."
        }
        Rule::Policy { .. } => "Have the CA issued without requireExplicitPolicy.",
        Rule::Name { .. } | Rule::NameSyntax { .. } | Rule::ConstraintSyntax { .. } => {
            "Have it issued without nameConstraints, or with ones that permit the trust domain as a URI (a host name alone, without \
             scheme, port or wildcard), the names of istiod, and those of every CA below."
        }
        Rule::NotAnAuthority { .. } => {
            "Have it issued as a CA: basicConstraints CA:true and keyUsage keyCertSign."
        }
        Rule::NoIssuer { .. } | Rule::Signature { .. } => {
            "Provide the certificate that signed it, and in the chain every CA up to a root."
        }
    }
}
