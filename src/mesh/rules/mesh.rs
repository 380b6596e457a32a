//! The rules of a mesh as a whole, and of what it is installed from.

use serde_json::{Map, Value};
use thiserror::Error;

use super::super::member::FIRST_TOKEN;
use super::super::names::{DEFAULT_TRUST_DOMAIN, Namespace};
use super::super::shared_mesh_config::{CA_CERTIFICATES, CaCertificate};
use super::super::violation::{Checked, FieldPath, Violation, Violations};

/// What is wrong with a mesh as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MeshRule {
    /// The trust domain is the one that every mesh has that names none. It is accepted, with a warning.
    #[error(
        "{DEFAULT_TRUST_DOMAIN:?} is the trust domain of every mesh that sets none, so this mesh can never be federated with \
         another: their identities would be indistinguishable."
    )]
    SharedTrustDomain,
    /// Kubernetes keeps such namespaces to itself.
    #[error("The prefix \"kube-\" of {:?} is reserved by Kubernetes.", .0.as_str())]
    ReservedNamespace(Namespace),
    /// A label or an annotation of namespaces has no valid key.
    #[error("{0:?} is not a valid key of a label or an annotation.")]
    MetadataKey(String),
    /// A label of namespaces has no valid value.
    #[error("{value:?} is not a valid value of the label {key}.")]
    LabelValue {
        /// The label.
        key: String,
        /// Its value.
        value: String,
    },
    /// A label of namespaces is set by somebody else.
    #[error("The label {key} of a namespace is set by {by}.")]
    ReservedLabel {
        /// The label.
        key: String,
        /// Who sets it.
        by: &'static str,
    },
    /// A label of namespaces decides whether istiod injects proxies, into the pods of istiod and of gateways, too.
    #[error(
        "The label {0} would keep istiod's webhook from the gateways, or have it inject proxies into istiod itself."
    )]
    InjectionLabel(String),
    /// Nothing says where the charts come from.
    #[error("The source of the charts is empty.")]
    NoChartSource,
    /// Who installs the custom resource definitions has no such value.
    #[error("{0:?} is not a valid value of crds.")]
    Crds(String),
    /// Tokens are counted from one.
    #[error("{0} is not the number of a token.")]
    ReaderTokenVersion(i64),
    /// An entry of `caCertificates`, or the whole list, is none.
    #[error("{place} {problem}; istiod would silently ignore it, or the whole list.")]
    CaCertificates {
        /// Where in the mesh configuration.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Identities of two meshes with Istio's default trust domain cannot be told apart.
pub(in crate::mesh) fn trust_domain_is_its_own(trust_domain: &str) -> Option<Violation> {
    let field = FieldPath::attribute("trust_domain");
    (trust_domain == DEFAULT_TRUST_DOMAIN).then(|| Violation::of_mesh(field, MeshRule::SharedTrustDomain))
}

/// A namespace is not one of Kubernetes' own.
pub(in crate::mesh) fn namespace_is_not_kubernetes_own(
    namespace: &Namespace,
    field: FieldPath,
    member: Option<&str>,
) -> Option<Violation> {
    namespace.as_str().starts_with("kube-").then(|| Violation {
        field,
        member: member.map(str::to_owned),
        rule: MeshRule::ReservedNamespace(namespace.clone()).into(),
    })
}

/// The charts come from somewhere.
pub(in crate::mesh) fn has_chart_source(repository: &str) -> Option<Violation> {
    let field = FieldPath::attribute("chart_source").then("repository");
    repository.is_empty().then(|| Violation::of_mesh(field, MeshRule::NoChartSource))
}

/// Whether the mesh installs the custom resource definitions of a member.
pub(in crate::mesh) fn manages_crds(crds: Option<&str>, member: &str) -> Checked<bool> {
    match crds {
        None | Some("managed") => Ok(true),
        Some("external") => Ok(false),
        Some(other) => {
            let field = FieldPath::member(member).then("crds");
            Err(Violation::of_member(member, field, MeshRule::Crds(other.to_owned())).into())
        }
    }
}

/// With which token others read a member.
pub(in crate::mesh) fn reader_token_version(version: Option<i64>, member: &str) -> Checked<i64> {
    match version.unwrap_or(FIRST_TOKEN) {
        version if version >= FIRST_TOKEN => Ok(version),
        version => {
            let field = FieldPath::member(member).then("reader_token_version");
            Err(Violation::of_member(member, field, MeshRule::ReaderTokenVersion(version)).into())
        }
    }
}

/// Takes `caCertificates` out of the mesh's configuration: in ConfigMap `istio` it would replace what others add to the shared list.
pub(in crate::mesh) fn ca_certificates(
    mesh_config: &Value,
    found: &mut Violations,
) -> (Value, Vec<CaCertificate>) {
    let mut rest = mesh_config.clone();
    let mut entries = Vec::new();
    let Value::Object(members) = &mut rest else { return (rest, entries) };
    for name in CA_CERTIFICATES {
        match members.remove(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                for (position, item) in items.into_iter().enumerate() {
                    let entry = ca_certificate(item)
                        .map_err(|problem| bad_entry(format!("{name}[{position}]"), problem).into());
                    entries.extend(found.take(entry));
                }
            }
            Some(_) => found.extend([bad_entry(name.to_owned(), "is not a list".to_owned())]),
        }
    }
    (rest, entries)
}

fn ca_certificate(item: Value) -> Result<CaCertificate, String> {
    let entry = serde_json::from_value::<Map<String, Value>>(item);
    let entry = entry.and_then(|entry| serde_json::from_value::<CaCertificate>(Value::Object(entry)));
    let entry = entry.map_err(|error| format!("cannot be read: {error}"))?;
    match (&entry.pem, &entry.spiffe_bundle_url) {
        (Some(_), None) | (None, Some(_)) => Ok(entry),
        (Some(_), Some(_)) => Err("has both pem and spiffeBundleUrl".to_owned()),
        (None, None) => Err("has neither pem nor spiffeBundleUrl".to_owned()),
    }
}

fn bad_entry(place: String, problem: String) -> Violation {
    Violation::of_mesh(FieldPath::attribute("mesh_config"), MeshRule::CaCertificates { place, problem })
}
