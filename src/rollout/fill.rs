//! Placeholders and what fills them. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::desired::{Manifest, Placeholder};
use crate::mesh::ClusterName;
use crate::mesh::well_known::{ROOT_CERTIFICATE, ROOT_KEY};
use crate::trust::{Intermediate, Root};

/// What the user gives for one cluster at each apply, and nothing but the cluster keeps.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The content of Secrets for pulling images, by name.
    pub pull_secrets: BTreeMap<String, SecretString>,
    /// The key that istiod signs with, as PEM.
    pub key: Option<SecretString>,
}

/// What earlier stages have produced, and what the user gives.
#[derive(Clone, Copy, Default)]
pub(super) struct Produced<'a> {
    pub(super) root: Option<&'a Root>,
    pub(super) intermediate: Option<&'a Intermediate>,
    pub(super) given: Option<&'a Given>,
    /// Cluster → how istiod of the cluster in question reads it.
    pub(super) kubeconfigs: Option<&'a BTreeMap<ClusterName, SecretString>>,
}

impl Produced<'_> {
    /// The object with every placeholder filled; `None` while something for one of them is missing.
    pub(super) fn fill(&self, manifest: &Manifest) -> Option<Value> {
        let mut object = Value::clone(&manifest.object);
        if manifest.placeholders.is_empty() {
            return Some(object);
        }
        let mut data = object["data"].as_object().cloned().unwrap_or_else(Map::new);
        for (key, placeholder) in &manifest.placeholders {
            data.insert(key.clone(), Value::from(STANDARD.encode(self.value(placeholder)?)));
        }
        object["data"] = Value::Object(data);
        Some(object)
    }

    fn value(&self, placeholder: &Placeholder) -> Option<String> {
        match placeholder {
            Placeholder::Root(ROOT_CERTIFICATE) => self.root.map(|root| root.certificate().pem()),
            Placeholder::Root(ROOT_KEY) => self.root.map(|root| root.key().expose().to_owned()),
            Placeholder::Root(_) => None,
            Placeholder::Intermediate { file, .. } => {
                let files = self.intermediate?.files();
                files.get(*file).map(|content| content.expose_secret().to_owned())
            }
            Placeholder::GivenKey { .. } => {
                self.given?.key.as_ref().map(|key| key.expose_secret().to_owned())
            }
            Placeholder::PullSecret { name, .. } => {
                self.given?.pull_secrets.get(name).map(|content| content.expose_secret().to_owned())
            }
            Placeholder::Access { cluster, .. } => {
                self.kubeconfigs?.get(cluster).map(|kubeconfig| kubeconfig.expose_secret().to_owned())
            }
        }
    }
}
