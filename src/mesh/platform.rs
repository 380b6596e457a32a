//! The rules of what a mesh is installed from and what it leaves to others.

use super::declared::Primary;
use super::images::Images;
use super::names::is_dns_subdomain;
use super::validate::Check;
use super::violation::FieldPath;

/// Where istiod finds or keeps what it signs with (`pilot/pkg/bootstrap/istio_ca.go`).
const ISTIODS_SECRETS: [&str; 2] = ["cacerts", "istio-ca-secret"];

impl Check {
    /// Names of images and of the Secrets that they are pulled with.
    pub(super) fn images(&mut self, images: &Images) {
        let is_path = |hub: &str| {
            let parts = |text: &str| text.split('/').all(|part| !part.is_empty());
            !hub.contains("://") && !hub.contains(char::is_whitespace) && parts(hub)
        };
        if let Some(hub) = images.hub.as_deref().filter(|hub| !is_path(hub)) {
            let cause = format!("{hub:?} is not a valid registry and path of images.");
            let way_out = "Use a registry and path without a scheme or a trailing \"/\", such as \
                           \"registry.example/mirror/istio\".";
            self.error(FieldPath::attribute("hub"), None, cause, way_out);
        }
        let is_tag =
            |variant: &&String| variant.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if let Some(variant) = images.variant.as_ref().filter(|variant| !is_tag(variant)) {
            let cause = format!("{variant:?} is not a variant of Istio's images.");
            self.error(
                FieldPath::attribute("image_variant"),
                None,
                cause,
                "Use \"distroless\" or \"debug\", for instance.",
            );
        }
        for name in images.pull_secrets.keys() {
            let field = FieldPath::attribute("image_pull_secret").key(name);
            if !is_dns_subdomain(name) {
                let cause = format!("{name:?} is not a valid name of a Secret.");
                self.error(field, None, cause, "Use lower-case letters, digits, \"-\" and \".\".");
            } else if ISTIODS_SECRETS.contains(&name.as_str()) {
                let cause = format!("istiod looks for certificates in a Secret named {name:?}.");
                self.error(field, None, cause, "Choose another name.");
            }
        }
    }

    /// Whether the definitions are the mesh's own.
    pub(super) fn manages_crds(&mut self, primary: &Primary, block: &FieldPath, cluster: &str) -> bool {
        match primary.crds.as_deref() {
            None | Some("managed") => true,
            Some("external") => false,
            Some(other) => {
                let cause = format!("{other:?} is not a valid value of crds.");
                let way_out = "Use \"managed\" or \"external\".";
                self.error(block.then("crds"), Some(cluster), cause, way_out);
                true
            }
        }
    }
}
