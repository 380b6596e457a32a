//! The mesh config that istiod reads beside its own ConfigMap `istio`: a second ConfigMap, into which several resources put what
//! they want the mesh to trust.
//!
//! Its document is composed from records, one ConfigMap each, so that no resource writes what another wrote. A record says what
//! the document says: all members are optional in it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

/// The member's name, as Istio's reader takes it: that of JSON, and that of the protobuf definition.
pub(super) const CA_CERTIFICATES: [&str; 2] = ["caCertificates", "ca_certificates"];

/// What istiod is told beside ConfigMap `istio`: the composed document, or one record of it.
///
/// Never `meshNetworks`, in which the second ConfigMap wins over the first, and no aliases of trust domains and extension
/// providers, which istiod adds up over both (`pilot/pkg/bootstrap/mesh.go`, `pkg/config/mesh/mesh.go`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SharedMeshConfig {
    /// The trust domain of the mesh. It is here, too, because istiod with two documents drops one that it cannot read at once:
    /// without it, a slip in ConfigMap `istio` would make the mesh `cluster.local`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_domain: Option<String>,
    /// The namespace whose policies are for the whole mesh, for the same reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_namespace: Option<String>,
    /// Whom the mesh trusts besides its own root.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "entries")]
    pub ca_certificates: Vec<CaCertificate>,
}

/// One entry of `caCertificates` (`MeshConfig.CertificateData`): either certificates or where they are published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CaCertificate {
    /// Certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
    /// The URL of a SPIFFE trust bundle.
    #[serde(alias = "spiffe_bundle_url", skip_serializing_if = "Option::is_none")]
    pub spiffe_bundle_url: Option<String>,
    /// Kubernetes' signers whose root it is.
    #[serde(alias = "cert_signers", skip_serializing_if = "Vec::is_empty")]
    pub cert_signers: Vec<String>,
    /// The trust domains whose identities are accepted besides the mesh's own.
    #[serde(alias = "trust_domains", skip_serializing_if = "Vec::is_empty")]
    pub trust_domains: Vec<String>,
}

impl SharedMeshConfig {
    /// Name of the ConfigMap in the mesh's namespace. Every istiod there reads this one, whatever its revision.
    pub const CONFIG_MAP: &str = "shared-mesh-config";
    /// The key of the document in it, by the name that istiod looks for, and in records.
    pub const KEY: &str = "mesh";
    /// The label of records.
    pub const RECORD_LABEL: &str = "terraform-provider-istio/record-of";
    /// The record of the mesh itself.
    pub const RECORD_OF_MESH: &str = "shared-mesh-config-record-mesh";
    /// How the names of federations' records begin; the name of the federation follows.
    pub const RECORD_OF_FEDERATION: &str = "shared-mesh-config-record-federation-";
    /// The variable of istiod that names the ConfigMap.
    pub const VARIABLE: &str = "SHARED_MESH_CONFIG";

    /// What a record says.
    ///
    /// # Errors
    /// The text is not a JSON object with these members.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_value(Value::Object(serde_json::from_str(text)?))
    }

    /// The document as it stands in a ConfigMap: JSON, which is YAML.
    pub fn to_text(&self) -> String {
        format!("{:#}\n", json!(self))
    }
}

/// Objects only: serde would read a list as the members in their order.
fn entries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CaCertificate>, D::Error> {
    let items = Vec::<Map<String, Value>>::deserialize(deserializer)?;
    let entry = |item| serde_json::from_value(Value::Object(item)).map_err(D::Error::custom);
    items.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mesh, violation_of};

    use super::*;

    #[test]
    fn certificates_of_others_leave_the_mesh_configuration() {
        for name in CA_CERTIFICATES {
            let mut mesh = mesh();
            mesh.mesh_config = json!({
                "accessLogFile": "/dev/stdout",
                name: [
                    {"pem": "PEM", "trustDomains": ["bank.example"]},
                    {"spiffe_bundle_url": "https://bank.example", "trust_domains": ["bank.example"]},
                ],
            });
            let valid = mesh.validate().unwrap();
            assert_eq!(valid.identity().mesh_config(), &json!({"accessLogFile": "/dev/stdout"}));
            let [certificate, bundle] = valid.identity().ca_certificates() else { panic!("{name}") };
            assert_eq!(certificate.pem.as_deref(), Some("PEM"));
            assert_eq!(bundle.spiffe_bundle_url.as_deref(), Some("https://bank.example"));
            assert_eq!(bundle.trust_domains, certificate.trust_domains);
        }
    }

    #[test]
    fn an_entry_that_istiod_would_ignore_is_refused() {
        for (entries, problem) in [
            (json!("PEM"), "caCertificates is not a list"),
            (json!([null]), "caCertificates[0] cannot be read"),
            (json!([["PEM"]]), "caCertificates[0] cannot be read"),
            (json!([{"pem": "a"}, "PEM"]), "caCertificates[1] cannot be read"),
            (json!([{"Pem": "a"}]), "unknown field `Pem`"),
            (json!([{"pem": "a", "trustDomain": "b"}]), "unknown field `trustDomain`"),
            (json!([{"pem": "a", "trustDomains": "b"}]), "invalid type"),
            (json!([{"pem": "a", "spiffeBundleUrl": "b"}]), "has both"),
            (json!([{"trustDomains": ["b"]}]), "has neither"),
        ] {
            let mut mesh = mesh();
            mesh.mesh_config = json!({"caCertificates": entries});
            let violation = violation_of(&mesh);
            assert_eq!(violation.field.to_string(), "mesh_config");
            assert!(violation.rule.to_string().contains(problem), "{}", violation.rule.to_string());
        }
    }

    #[test]
    fn chart_values_neither_replace_the_trust_list_nor_its_config_map() {
        for values in [
            json!({"meshConfig": {"caCertificates": []}}),
            json!({"pilot": {"meshConfig": {"ca_certificates": []}}}),
            json!({"env": {"SHARED_MESH_CONFIG": "mine"}}),
            json!({"pilot": {"env": {"SHARED_MESH_CONFIG": "mine"}}}),
        ] {
            let mut mesh = mesh();
            mesh.chart.insert("istiod".to_owned(), values.clone());
            let field = violation_of(&mesh).field.to_string();
            assert_eq!(field, "chart[\"istiod\"].values", "{values}");
        }
    }
}
