//! istiod's packages of certificates in a program of the lab's own.

use super::part::Part;
use super::recipe::{Make, Recipe};

pub(super) static RECIPE: Recipe = Recipe {
    name: "certificate-oracle",
    folder: "certificate-oracle",
    make: Make::Go {
        module: "istio.io/istio",
        programs: &[(Part::CertificateOracle, "terraform-provider-istio/lab/tools/certificate-oracle")],
        stamps: &[],
    },
};
