//! Our own program around client-go, in the version that Istio is built with.

use super::part::Part;
use super::recipe::{Make, Recipe};

pub(super) static KUBECONFIG_ORACLE: Recipe = Recipe {
    name: "kubeconfig-oracle",
    folder: "kubeconfig-oracle",
    make: Make::Go {
        module: "k8s.io/client-go",
        programs: &[(Part::KubeconfigOracle, "terraform-provider-istio/lab/tools/kubeconfig-oracle")],
        stamps: &[],
    },
};

#[cfg(test)]
mod tests {
    use super::super::recipe::{ISTIO, Recipe};
    use super::*;

    fn client_go(recipe: &Recipe) -> String {
        let pins = std::fs::read_to_string(recipe.pins().join("go.mod")).unwrap();
        let line = pins.lines().find(|line| line.contains("k8s.io/client-go ")).unwrap();
        line.split_whitespace().find(|word| word.starts_with('v')).unwrap().to_owned()
    }

    #[test]
    fn the_version_of_client_go_is_istios() {
        assert_eq!(client_go(&KUBECONFIG_ORACLE), client_go(&ISTIO));
    }
}
