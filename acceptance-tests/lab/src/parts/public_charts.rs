//! Well-known charts of other projects, from their Go modules: what the chart engine is compared with helm over.

use std::path::Path;

use super::error::Error;
use super::{go, istio};

/// Each chart's name, the module that holds it, and its folder there.
const CHARTS: [(&str, &str, &str); 4] = [
    ("cert-manager", "github.com/cert-manager/cert-manager", "deploy/charts/cert-manager"),
    ("gatekeeper", "github.com/open-policy-agent/gatekeeper/v3", "charts/gatekeeper"),
    ("ingress-nginx", "k8s.io/ingress-nginx", "charts/ingress-nginx"),
    ("metrics-server", MODULE, "charts/metrics-server"),
];

/// The module whose version the recipe bears.
pub(super) const MODULE: &str = "sigs.k8s.io/metrics-server";

/// Copies every chart into a folder of its name.
pub(super) fn make(pins: &Path, root: &Path) -> Result<(), Error> {
    for (name, module, folder) in CHARTS {
        istio::copy(&go::module_directory(pins, module)?.join(folder), &root.join(name))?;
    }
    Ok(())
}
