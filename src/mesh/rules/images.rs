//! The rules of what images are pulled from and with.

use thiserror::Error;

use super::super::images::Images;
use super::super::names::is_dns_subdomain;
use super::super::violation::{FieldPath, Violation};
use super::super::well_known::{INTERMEDIATE_SECRET, ISTIODS_OWN_SECRET};

/// What is wrong with the images of a mesh.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImageRule {
    /// No images can be at such a place.
    #[error("{0:?} is not a valid registry and path of images.")]
    Hub(String),
    /// No tag ends like this.
    #[error("{0:?} is not a variant of Istio's images.")]
    Variant(String),
    /// No Secret can have this name.
    #[error("{0:?} is not a valid name of a Secret.")]
    SecretName(String),
    /// istiod would take the Secret for something else.
    #[error("istiod looks for certificates in a Secret named {0:?}.")]
    IstiodsSecret(String),
}

/// Where istiod finds or keeps what it signs with (`pilot/pkg/bootstrap/istio_ca.go`).
const ISTIODS_SECRETS: [&str; 2] = [INTERMEDIATE_SECRET, ISTIODS_OWN_SECRET];

/// Names of images and of the Secrets that they are pulled with.
pub(in crate::mesh) fn images(images: &Images) -> Vec<Violation> {
    let is_path = |hub: &str| {
        let parts = |text: &str| text.split('/').all(|part| !part.is_empty());
        !hub.contains("://") && !hub.contains(char::is_whitespace) && parts(hub)
    };
    let is_tag = |variant: &str| variant.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let hub = images.hub.as_ref().filter(|hub| !is_path(hub));
    let hub = hub.map(|hub| Violation::of_mesh(FieldPath::attribute("hub"), ImageRule::Hub(hub.clone())));
    let variant = images.variant.as_ref().filter(|variant| !is_tag(variant)).map(|variant| {
        Violation::of_mesh(FieldPath::attribute("image_variant"), ImageRule::Variant(variant.clone()))
    });
    let secrets = images.pull_secrets.keys().filter_map(|name| {
        let rule = if !is_dns_subdomain(name) {
            ImageRule::SecretName(name.clone())
        } else if ISTIODS_SECRETS.contains(&name.as_str()) {
            ImageRule::IstiodsSecret(name.clone())
        } else {
            return None;
        };
        Some(Violation::of_mesh(FieldPath::attribute("image_pull_secret").key(name), rule))
    });
    hub.into_iter().chain(variant).chain(secrets).collect()
}
