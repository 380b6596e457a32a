//! What an apply has filled into the placeholders of Secrets, remembered in the resource's private state.
//!
//! A plan cannot know what belongs into a placeholder, but it must tell whether what is there is still what the last apply wrote:
//! then the field keeps its value. Anything else, a Secret that somebody edited or an API server that moved, makes the
//! field unknown, and the apply fills it anew.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tfplugin::{Diagnostic, PrivateState};

use super::field_maps::Objects;
use super::write_only::WriteOnlyRecord;
use crate::desired::{Manifest, Placeholder};
use crate::diagnostics;
use crate::manifests::{ObjectId, digest, secret_field};
use crate::mesh::{ApiServer, ApiServerAddresses, ClusterName};
use crate::trust::ROOT_CERT;

/// Its name in the private state.
const PRIVATE_NAME: &str = "recorded_fingerprints";

/// How others reach the API server of each cluster, as far as it is known.
pub type ApiServers = BTreeMap<ClusterName, ApiServerAddresses>;

/// What every placeholder was last filled with, and every field that depends on a write-only document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedFingerprints {
    filled: Placeholders,
    /// What depends on write-only documents.
    pub write_only: WriteOnlyRecord,
}

/// Object → field → what was filled in.
type Placeholders = BTreeMap<String, BTreeMap<String, Filled>>;

/// What one placeholder was filled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Filled {
    /// The value, as `manifests` shows it.
    fingerprint: String,
    /// What it was made from, beside other secrets.
    origin: String,
}

impl RecordedFingerprints {
    /// Those of the last apply.
    pub fn recorded(private: &PrivateState) -> Result<Self, Diagnostic> {
        let filled: Option<Placeholders> = private.get(PRIVATE_NAME).map_err(|error| unusable(&error))?;
        Ok(Self { filled: filled.unwrap_or_default(), write_only: WriteOnlyRecord::recorded(private)? })
    }

    /// Remembers them for the next plan.
    pub fn record(&self, private: &PrivateState) -> Result<(), Diagnostic> {
        private.set(PRIVATE_NAME, &self.filled).map_err(|error| unusable(&error))?;
        self.write_only.record(private)
    }

    /// The fields of a manifest's placeholders, with their values where these are in `prior` what the last apply wrote, for the same
    /// reasons. If somebody has edited one of them, none is kept: a certificate belongs to its key.
    pub fn planned(
        &self,
        id: &ObjectId,
        manifest: &Manifest,
        prior: &Objects,
        api_servers: &ApiServers,
    ) -> BTreeMap<String, Option<String>> {
        let recorded = self.filled.get(&id.to_string());
        let live = |field: &String| prior.get(id).and_then(|fields| fields.get(field));
        let mut is_as_written = true;
        let fields = manifest.placeholders.iter().map(|(key, placeholder)| {
            let field = secret_field(key);
            let filled = recorded.and_then(|fields| fields.get(&field));
            let filled = filled.filter(|filled| live(&field) == Some(&filled.fingerprint));
            is_as_written &= filled.is_some();
            let is_same = |filled: &&Filled| {
                origin(placeholder, &id.cluster, api_servers).as_ref() == Some(&filled.origin)
            };
            (field, filled.filter(is_same).map(|filled| filled.fingerprint.clone()))
        });
        let fields: BTreeMap<_, _> = fields.collect();
        if is_as_written {
            return fields;
        }
        fields.into_keys().map(|field| (field, None)).collect()
    }

    /// Whether an apply has filled this field with the value of this fingerprint.
    pub fn is_written(&self, id: &ObjectId, field: &str, fingerprint: &str) -> bool {
        let filled = self.filled.get(&id.to_string()).and_then(|fields| fields.get(field));
        filled.is_some_and(|filled| filled.fingerprint == fingerprint)
    }

    /// Notes what the placeholders of a manifest are filled with now. Those that were filled before the apply began keep theirs.
    pub fn note(&mut self, id: &ObjectId, manifest: &Manifest, live: &Objects, api_servers: &ApiServers) {
        let fields = manifest.placeholders.iter().filter_map(|(key, placeholder)| {
            let field = secret_field(key);
            let fingerprint = live.get(id)?.get(&field)?.clone();
            Some((field, Filled { fingerprint, origin: origin(placeholder, &id.cluster, api_servers)? }))
        });
        let fields: BTreeMap<_, _> = fields.collect();
        if !fields.is_empty() {
            self.filled.entry(id.to_string()).or_default().extend(fields);
        }
    }

    /// What every placeholder was filled from, beside other secrets, as text: no secret can be told from it.
    pub fn origins(&self) -> String {
        let origins = self.filled.iter().map(|(id, fields)| {
            let fields = fields.iter().map(|(field, filled)| (field.clone(), filled.origin.clone().into()));
            (id.clone(), serde_json::Value::Object(fields.collect()))
        });
        serde_json::Value::Object(origins.collect()).to_string()
    }

    /// Those of a mesh whose placeholders were filled from these origins with what is there now.
    pub fn of_origins(origins: &str, live: &Objects) -> Self {
        let origins: BTreeMap<String, BTreeMap<String, String>> =
            serde_json::from_str(origins).unwrap_or_default();
        let recorded = origins.into_iter().filter_map(|(id, fields)| {
            let live = live.get(&id.parse().ok()?)?;
            let fields = fields.into_iter().filter_map(|(field, origin)| {
                let fingerprint = live.get(&field)?.clone();
                Some((field, Filled { fingerprint, origin }))
            });
            Some((id, fields.collect()))
        });
        Self { filled: recorded.collect(), write_only: WriteOnlyRecord::default() }
    }

    /// Forgets objects that are no longer there.
    pub fn retain(&mut self, objects: &Objects) {
        self.filled.retain(|id, _| id.parse().is_ok_and(|id: ObjectId| objects.contains_key(&id)));
    }
}

/// What the value of a placeholder of an object in `cluster` is made from, beside other secrets; `None` while that is not known.
fn origin(placeholder: &Placeholder, cluster: &str, api_servers: &ApiServers) -> Option<String> {
    match placeholder {
        // Every intermediate has the bundle of its root.
        Placeholder::Root(_) | Placeholder::Intermediate { file: ROOT_CERT, .. } => Some(String::new()),
        Placeholder::GivenKey { certificate, version } => {
            Some(digest(format!("{version} {certificate}").as_bytes()))
        }
        Placeholder::PullSecret { version, .. } | Placeholder::Intermediate { version, .. } => {
            Some(version.to_string())
        }
        Placeholder::Access { cluster: read, comment } => {
            let addresses = api_servers.get(read)?;
            let ApiServer { url, cluster_ca_certificate, tls_server_name } =
                addresses.seen_from(&cluster.parse().ok()?);
            let mut parts = serde_json::json!([url, cluster_ca_certificate, tls_server_name]).to_string();
            parts.push_str(comment);
            Some(digest(parts.as_bytes()))
        }
    }
}

fn unusable(error: &(dyn std::error::Error + 'static)) -> Diagnostic {
    let way_out = "It is stored in the private state of the resource; restore the state from a backup.";
    diagnostics::failure("The record of what was written into Secrets cannot be used", error, way_out, None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::desired::{Component, Placeholders, Stage};

    const ID: &str = "east//Secret/istio-system/cacerts";

    fn id() -> ObjectId {
        ID.parse().unwrap()
    }

    fn manifest(placeholders: Placeholders) -> Manifest {
        let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cacerts"}}).into();
        Manifest {
            component: Component::Authority,
            stage: Stage::Authority,
            object,
            placeholders,
            sensitive: None,
        }
    }

    fn live(certificate: &str, key: &str) -> Objects {
        let fields = [(secret_field("ca-cert.pem"), certificate), (secret_field("ca-key.pem"), key)];
        let fields = fields.into_iter().map(|(field, value)| (field, value.to_owned())).collect();
        Objects::from([(id(), fields)])
    }

    fn authority() -> Manifest {
        let files = ["ca-cert.pem", "ca-key.pem"];
        version(files, 0)
    }

    fn version<const N: usize>(files: [&'static str; N], version: i64) -> Manifest {
        manifest(files.map(|file| (file.to_owned(), Placeholder::Intermediate { file, version })).into())
    }

    fn is_kept(fields: &BTreeMap<String, Option<String>>) -> bool {
        assert!(!fields.is_empty());
        fields.values().all(Option::is_some)
    }

    #[test]
    fn what_the_last_apply_wrote_is_kept() {
        let mut fingerprints = RecordedFingerprints::default();
        let none = ApiServers::new();
        assert!(!is_kept(&fingerprints.planned(&id(), &authority(), &live("c", "k"), &none)));
        fingerprints.note(&id(), &authority(), &live("c", "k"), &none);
        assert!(is_kept(&fingerprints.planned(&id(), &authority(), &live("c", "k"), &none)));
    }

    #[test]
    fn one_entry_that_somebody_edited_makes_all_of_the_secret_anew() {
        let mut fingerprints = RecordedFingerprints::default();
        let none = ApiServers::new();
        fingerprints.note(&id(), &authority(), &live("c", "k"), &none);
        let planned = fingerprints.planned(&id(), &authority(), &live("other", "k"), &none);
        assert_eq!(planned.values().filter(|value| value.is_none()).count(), 2);
    }

    #[test]
    fn another_version_asks_for_another_intermediate_with_the_same_bundle() {
        let files = ["ca-cert.pem", "ca-key.pem", ROOT_CERT];
        let mut fingerprints = RecordedFingerprints::default();
        let none = ApiServers::new();
        let mut there = live("c", "k");
        there.get_mut(&id()).unwrap().insert(secret_field(ROOT_CERT), "r".to_owned());
        fingerprints.note(&id(), &version(files, 1), &there, &none);
        assert!(is_kept(&fingerprints.planned(&id(), &version(files, 1), &there, &none)));
        let planned = fingerprints.planned(&id(), &version(files, 2), &there, &none);
        assert_eq!(planned[&secret_field(ROOT_CERT)].as_deref(), Some("r"));
        assert_eq!(planned.values().filter(|value| value.is_none()).count(), 2);
        // The apply leaves the bundle as it is, and only fills the others.
        let renewed = Objects::from([(
            id(),
            there[&id()]
                .iter()
                .map(|(field, value)| {
                    (
                        field.clone(),
                        if *field == secret_field(ROOT_CERT) { value.clone() } else { format!("{value}2") },
                    )
                })
                .collect(),
        )]);
        let mut after = fingerprints.clone();
        after.note(&id(), &version(["ca-cert.pem", "ca-key.pem"], 2), &renewed, &none);
        assert!(is_kept(&after.planned(&id(), &version(files, 2), &renewed, &none)));
        // Not of one that somebody has edited.
        let mut edited = there.clone();
        edited.get_mut(&id()).unwrap().insert(secret_field("ca-cert.pem"), "other".to_owned());
        assert!(
            fingerprints.planned(&id(), &version(files, 2), &edited, &none).values().all(Option::is_none)
        );
    }

    #[test]
    fn a_value_that_an_apply_wrote_is_known_by_its_fingerprint() {
        let mut fingerprints = RecordedFingerprints::default();
        fingerprints.note(&id(), &authority(), &live("c", "k"), &ApiServers::new());
        assert!(fingerprints.is_written(&id(), &secret_field("ca-cert.pem"), "c"));
        assert!(!fingerprints.is_written(&id(), &secret_field("ca-cert.pem"), "other"));
        assert!(!fingerprints.is_written(
            &"west//Secret/n/cacerts".parse().unwrap(),
            &secret_field("ca-cert.pem"),
            "c"
        ));
    }

    #[test]
    fn an_api_server_that_moves_makes_the_secrets_that_name_it_anew() {
        let west: ClusterName = "west".parse().unwrap();
        let link = manifest(Placeholders::from([(
            "ca-cert.pem".to_owned(),
            Placeholder::Access { cluster: west.clone(), comment: String::new() },
        )]));
        let address = |url: &str| ApiServer { url: url.to_owned(), ..ApiServer::default() };
        let at = |url: &str| {
            let addresses = ApiServerAddresses { usual: address(url), ..ApiServerAddresses::default() };
            ApiServers::from([(west.clone(), addresses)])
        };
        let only_east_sees = |url: &str| {
            let mut addresses = at("https://one.example");
            for to in addresses.values_mut() {
                to.from.insert("east".parse().unwrap(), address(url));
            }
            addresses
        };
        let mut fingerprints = RecordedFingerprints::default();
        fingerprints.note(&id(), &link, &live("c", "k"), &at("https://one.example"));
        assert!(is_kept(&fingerprints.planned(&id(), &link, &live("c", "k"), &at("https://one.example"))));
        assert!(!is_kept(&fingerprints.planned(&id(), &link, &live("c", "k"), &at("https://two.example"))));
        assert!(!is_kept(&fingerprints.planned(&id(), &link, &live("c", "k"), &ApiServers::new())));
        let moved = only_east_sees("https://two.example");
        assert!(!is_kept(&fingerprints.planned(&id(), &link, &live("c", "k"), &moved)));
    }

    #[test]
    fn fingerprints_of_objects_that_are_gone_are_forgotten() {
        let mut fingerprints = RecordedFingerprints::default();
        fingerprints.note(&id(), &authority(), &live("c", "k"), &ApiServers::new());
        let is_known = |fingerprints: &RecordedFingerprints| {
            fingerprints.is_written(&id(), &secret_field("ca-cert.pem"), "c")
        };
        assert!(is_known(&fingerprints));
        fingerprints.retain(&Objects::new());
        assert!(!is_known(&fingerprints));
    }
}
