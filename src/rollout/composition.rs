//! From records to the one document that istiod reads. Pure.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::mesh::{CaCertificate, SharedMeshConfig};
use crate::trust::{self, TrustError};

/// Why a shared mesh configuration cannot be composed. Nothing is written then: istiod keeps what it has, where a bad entry would
/// make it drop everybody's in silence.
#[derive(Debug, Error)]
pub enum CompositionError {
    /// A record does not say what a record says.
    #[error("ConfigMap {record} is not a record of a mesh configuration")]
    Record {
        /// Its name.
        record: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// A record has a certificate that istiod would refuse, and every other with it.
    #[error("ConfigMap {record} has a certificate that cannot be trusted")]
    Certificate {
        /// Its name.
        record: String,
        /// Why not.
        #[source]
        source: TrustError,
    },
    /// Two records say otherwise what a mesh has once.
    #[error("ConfigMap {record} says that {what} is {second:?}, and another record says {first:?}")]
    Differ {
        /// The member.
        what: &'static str,
        /// What was said first.
        first: String,
        /// Who says otherwise.
        record: String,
        /// What it says.
        second: String,
    },
    /// The mesh's own record is not there.
    #[error("no record has the {what} of the mesh")]
    Missing {
        /// The member.
        what: &'static str,
    },
}

/// Whom an entry is about; their order is the order of the list.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Anchor {
    /// One certificate, by its fingerprint.
    Certificate(String),
    /// A bundle, by its URL.
    Bundle(String),
}

/// What the records say together.
#[derive(Default)]
struct Composition {
    trust_domain: Option<String>,
    root_namespace: Option<String>,
    entries: BTreeMap<Anchor, Entry>,
}

/// One entry of the list, with what several records say of it.
#[derive(Default)]
struct Entry {
    pem: Option<String>,
    cert_signers: BTreeSet<String>,
    trust_domains: BTreeSet<String>,
}

/// The document of all records, by name: each certificate once, by itself and in one notation, in an order of their own, so that
/// the same records always give the same bytes. A change of these bytes costs every proxy of the mesh a new certificate.
///
/// # Errors
/// A record cannot be read, has a bad certificate, or contradicts another.
pub(super) fn compose(records: &BTreeMap<String, String>) -> Result<SharedMeshConfig, CompositionError> {
    let mut composition = Composition::default();
    for (record, text) in records {
        let unreadable = |source| CompositionError::Record { record: record.clone(), source };
        composition.add(record, SharedMeshConfig::parse(text).map_err(unreadable)?)?;
    }
    composition.document()
}

impl Composition {
    fn add(&mut self, record: &str, config: SharedMeshConfig) -> Result<(), CompositionError> {
        let SharedMeshConfig { trust_domain, root_namespace, ca_certificates } = config;
        once(record, "trustDomain", &mut self.trust_domain, trust_domain)?;
        once(record, "rootNamespace", &mut self.root_namespace, root_namespace)?;
        for (position, entry) in ca_certificates.into_iter().enumerate() {
            for (anchor, pem) in anchors(record, position, &entry)? {
                let known = self.entries.entry(anchor).or_default();
                known.pem = pem;
                known.cert_signers.extend(entry.cert_signers.iter().cloned());
                known.trust_domains.extend(entry.trust_domains.iter().cloned());
            }
        }
        Ok(())
    }

    fn document(self) -> Result<SharedMeshConfig, CompositionError> {
        let said = |what, member: Option<String>| member.ok_or(CompositionError::Missing { what }).map(Some);
        Ok(SharedMeshConfig {
            trust_domain: said("trustDomain", self.trust_domain)?,
            root_namespace: said("rootNamespace", self.root_namespace)?,
            ca_certificates: self.entries.into_iter().map(entry).collect(),
        })
    }
}

fn entry((anchor, entry): (Anchor, Entry)) -> CaCertificate {
    CaCertificate {
        pem: entry.pem,
        spiffe_bundle_url: match anchor {
            Anchor::Bundle(url) => Some(url),
            Anchor::Certificate(_) => None,
        },
        cert_signers: entry.cert_signers.into_iter().collect(),
        trust_domains: entry.trust_domains.into_iter().collect(),
    }
}

/// What an entry of a record is about, certificate by certificate: istiod looks at the first of an entry only.
fn anchors(
    record: &str,
    position: usize,
    entry: &CaCertificate,
) -> Result<Vec<(Anchor, Option<String>)>, CompositionError> {
    let bundle = entry.spiffe_bundle_url.iter().map(|url| (Anchor::Bundle(url.clone()), None));
    let mut anchors: Vec<_> = bundle.collect();
    if let Some(pem) = &entry.pem {
        let certificates = trust::anchors(&format!("caCertificates[{position}]"), pem.as_bytes());
        let certificates = certificates
            .map_err(|source| CompositionError::Certificate { record: record.to_owned(), source })?;
        anchors.extend(
            certificates
                .iter()
                .map(|certificate| (Anchor::Certificate(certificate.fingerprint()), Some(certificate.pem()))),
        );
    }
    Ok(anchors)
}

fn once(
    record: &str,
    what: &'static str,
    known: &mut Option<String>,
    said: Option<String>,
) -> Result<(), CompositionError> {
    match (&known, said) {
        (Some(first), Some(second)) if *first != second => {
            Err(CompositionError::Differ { what, first: first.clone(), record: record.to_owned(), second })
        }
        (_, None) => Ok(()),
        (_, said) => {
            *known = said;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::{Duration, OffsetDateTime};

    use super::*;
    use crate::mesh::KeyType;
    use crate::trust::{Root, RootRequest};

    fn root(name: &str) -> String {
        let request = RootRequest {
            organization: name,
            common_name: "Root CA",
            key_type: KeyType::EcdsaP256,
            now: OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap(),
            lifetime: Duration::days(100),
        };
        Root::generate(&request).unwrap().certificate().pem()
    }

    fn mesh() -> String {
        json!({"trustDomain": "shop.example", "rootNamespace": "istio-system"}).to_string()
    }

    fn federation(entries: &[(&str, &[&str])]) -> String {
        let entry =
            |(pem, trust_domains): &(&str, &[&str])| json!({"pem": pem, "trustDomains": trust_domains});
        json!({"caCertificates": entries.iter().map(entry).collect::<Vec<_>>()}).to_string()
    }

    fn composed(records: &[(&str, String)]) -> Result<SharedMeshConfig, CompositionError> {
        compose(&records.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect())
    }

    #[test]
    fn a_mesh_alone_has_its_trust_domain_and_root_namespace_and_nothing_else() {
        let document = composed(&[("mesh", mesh())]).unwrap();
        let text: serde_json::Value = serde_json::from_str(&document.to_text()).unwrap();
        assert_eq!(text, json!({"trustDomain": "shop.example", "rootNamespace": "istio-system"}));
    }

    #[test]
    fn the_same_certificates_give_the_same_bytes_whoever_lists_them_and_in_whatever_order() {
        let (bank, post) = (root("bank"), root("post"));
        let one = composed(&[
            ("a", federation(&[(&bank, &["bank.example"]), (&post, &["post.example"])])),
            ("mesh", mesh()),
        ]);
        let several = composed(&[
            ("a", federation(&[(&post, &["post.example"])])),
            ("b", federation(&[(&format!("# the bank\n{bank}"), &["bank.example"])])),
            ("mesh", mesh()),
        ]);
        assert_eq!(one.unwrap().to_text(), several.unwrap().to_text());
    }

    #[test]
    fn a_certificate_stands_once_with_all_trust_domains_that_it_is_for() {
        let bank = root("bank");
        let records = [
            ("a", federation(&[(&bank, &["bank.example"])])),
            ("b", federation(&[(&bank, &["a.bank.example", "bank.example"])])),
            ("mesh", mesh()),
        ];
        let list = composed(&records).unwrap().ca_certificates;
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].trust_domains, ["a.bank.example", "bank.example"]);
    }

    #[test]
    fn each_certificate_of_an_entry_is_an_entry_of_its_own() {
        let both = format!("{}{}", root("bank"), root("post"));
        let list = composed(&[("a", federation(&[(&both, &["x.example"])])), ("mesh", mesh())]);
        let list = list.unwrap().ca_certificates;
        assert_eq!(list.len(), 2);
        let blocks = list.iter().map(|entry| entry.pem.as_ref().unwrap().matches("BEGIN").count());
        assert_eq!(blocks.collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn bundles_that_istiod_fetches_itself_come_after_certificates() {
        let record = json!({"caCertificates": [
            {"spiffeBundleUrl": "https://bank.example/bundle", "trustDomains": ["bank.example"]},
            {"pem": root("post"), "certSigners": ["b/x", "a/x"]},
        ]});
        let list = composed(&[("a", record.to_string()), ("mesh", mesh())]).unwrap().ca_certificates;
        assert_eq!(list[0].cert_signers, ["a/x", "b/x"]);
        assert_eq!(list[1].spiffe_bundle_url.as_deref(), Some("https://bank.example/bundle"));
        assert_eq!(list[1].pem, None);
    }

    #[test]
    fn one_bad_certificate_names_its_record_and_nothing_is_composed() {
        let whole = root("bank");
        let cut = whole.replace("-----END CERTIFICATE-----", "");
        for bad in ["no certificate", &cut, &format!("{whole}{cut}")] {
            let records = [("good", federation(&[(&whole, &[])])), ("bad", federation(&[(bad, &[])]))];
            let error = composed(&[&records[..], &[("mesh", mesh())]].concat()).unwrap_err();
            assert!(
                matches!(&error, CompositionError::Certificate { record, .. } if record == "bad"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_no_member_of_a_record_is_not_passed_on() {
        for text in [
            "",
            "[]",
            "trustDomain: shop.example",
            r#"{"trustDomainAliases": ["x"]}"#,
            r#"{"extensionProviders": []}"#,
            r#"{"caCertificates": [{"pem": "a", "trustDomain": "b"}]}"#,
            r#"{"caCertificates": [null]}"#,
            r#"{"caCertificates": [["PEM"]]}"#,
            r#"["shop.example", "istio-system", []]"#,
        ] {
            let error = composed(&[("bad", text.to_owned()), ("mesh", mesh())]).unwrap_err();
            assert!(matches!(&error, CompositionError::Record { record, .. } if record == "bad"), "{text}");
        }
    }

    #[test]
    fn records_that_contradict_each_other_are_refused() {
        let other = json!({"trustDomain": "bank.example"}).to_string();
        let error = composed(&[("a", mesh()), ("b", other)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ConfigMap b says that trustDomain is \"bank.example\", and another record says \"shop.example\""
        );
        let error = composed(&[("a", federation(&[]))]).unwrap_err();
        assert_eq!(error.to_string(), "no record has the trustDomain of the mesh");
    }
}
