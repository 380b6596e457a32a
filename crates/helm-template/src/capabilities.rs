//! What the cluster can do, as templates see it in `.Capabilities`.

use std::rc::Rc;

use crate::object::{Method, Object};
use crate::release::Helm;
use crate::template::signature::Type;
use crate::value::{Entries, List, Value};

/// The Kubernetes version and API versions of the cluster that the chart is rendered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The Kubernetes version, such as `v1.31.2` or `v1.31.2-gke.100`.
    pub kube_version: String,
    /// The API versions, such as `apps/v1` or `apps/v1/Deployment`.
    pub api_versions: Vec<String>,
}

/// The Kubernetes version is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid kube version '{0}': illegal version string {0:?}")]
pub struct InvalidKubeVersion(pub String);

impl Capabilities {
    /// A cluster of that version with the API versions that `helm template` assumes.
    pub fn new(kube_version: impl Into<String>) -> Self {
        let api_versions = KNOWN_API_VERSIONS.iter().map(|version| (*version).to_owned()).collect();
        Self { kube_version: kube_version.into(), api_versions }
    }

    /// The same with further API versions, as `--api-versions` adds them.
    #[must_use]
    pub fn with_api_versions<T: Into<String>>(mut self, more: impl IntoIterator<Item = T>) -> Self {
        self.api_versions.extend(more.into_iter().map(Into::into));
        self
    }

    /// Whether the Kubernetes version is one; rendering checks it, too.
    pub fn check(&self) -> Result<(), InvalidKubeVersion> {
        self.version().map(|_| ())
    }

    pub(crate) fn version(&self) -> Result<KubeVersion, InvalidKubeVersion> {
        KubeVersion::parse(&self.kube_version).ok_or_else(|| InvalidKubeVersion(self.kube_version.clone()))
    }
}

/// A Kubernetes version in the forms that templates ask for.
#[derive(Debug, Clone)]
pub(crate) struct KubeVersion {
    /// As given, with a leading `v`.
    pub(crate) git_version: String,
    /// `vMAJOR.MINOR.PATCH`, without what a provider appends.
    pub(crate) normalized: String,
    major: String,
    minor: String,
}

impl KubeVersion {
    fn parse(text: &str) -> Option<Self> {
        let plain = text.trim().strip_prefix('v').unwrap_or(text.trim());
        let end = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
        let numbers: Vec<&str> = plain[..end].trim_end_matches('.').split('.').collect();
        let is_number = |part: &&str| !part.is_empty() && (*part == "0" || !part.starts_with('0'));
        if numbers.len() < 2 || !numbers.iter().all(is_number) {
            return None;
        }
        Some(Self {
            git_version: format!("v{plain}"),
            normalized: format!("v{}", numbers.join(".")),
            major: numbers[0].to_owned(),
            minor: numbers[1].to_owned(),
        })
    }
}

/// `.Capabilities`.
pub(crate) struct CapabilitiesObject {
    pub(crate) kube_version: KubeVersion,
    pub(crate) api_versions: Rc<Vec<String>>,
    pub(crate) helm: Helm,
}

impl Object for CapabilitiesObject {
    fn type_name(&self) -> &'static str {
        match self.helm {
            Helm::V3 => "*chartutil.Capabilities",
            Helm::V4 => "*common.Capabilities",
        }
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "KubeVersion" => Some(Value::Object(Rc::new(KubeVersionObject {
                version: self.kube_version.clone(),
                helm: self.helm,
            }))),
            "APIVersions" => {
                let versions = Rc::clone(&self.api_versions);
                Some(Value::Object(Rc::new(VersionSet { versions, helm: self.helm })))
            }
            "HelmVersion" => Some(helm_version(self.helm)),
            _ => None,
        }
    }

    fn plain(&self) -> Value {
        let names = ["KubeVersion", "APIVersions", "HelmVersion"];
        let entries = names.into_iter().filter_map(|name| Some((Rc::from(name), self.field(name)?.plain())));
        Value::map(entries.collect())
    }

    fn is_true(&self) -> bool {
        true
    }
}

/// `.Capabilities.HelmVersion`: the version whose rules are followed.
fn helm_version(helm: Helm) -> Value {
    let pairs = [
        (
            "Version",
            match helm {
                Helm::V3 => "v3.22",
                Helm::V4 => "v4.3",
            },
        ),
        ("GitCommit", ""),
        ("GitTreeState", ""),
        ("GoVersion", "go1.26.8"),
    ];
    Value::map(pairs.into_iter().map(|(key, text)| (Rc::from(key), Value::from(text))).collect())
}

struct KubeVersionObject {
    version: KubeVersion,
    helm: Helm,
}

impl Object for KubeVersionObject {
    fn type_name(&self) -> &'static str {
        match self.helm {
            Helm::V3 => "chartutil.KubeVersion",
            Helm::V4 => "common.KubeVersion",
        }
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(Value::from(match name {
            // Helm 3 drops what a provider appends.
            "Version" | "GitVersion" if self.helm == Helm::V4 => self.version.git_version.as_str(),
            "Version" | "GitVersion" | "String" => self.version.normalized.as_str(),
            "Major" => self.version.major.as_str(),
            "Minor" => self.version.minor.as_str(),
            _ => return None,
        }))
    }

    fn plain(&self) -> Value {
        Value::from(self.version.normalized.as_str())
    }
}

/// `.Capabilities.APIVersions`.
struct VersionSet {
    versions: Rc<Vec<String>>,
    helm: Helm,
}

impl Object for VersionSet {
    fn type_name(&self) -> &'static str {
        match self.helm {
            Helm::V3 => "chartutil.VersionSet",
            Helm::V4 => "common.VersionSet",
        }
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Method> {
        let versions = Rc::clone(&self.versions);
        (name == "Has").then(|| Method {
            parameters: &[Type::String],
            call: Box::new(move |arguments| {
                let wanted = crate::funcs::arguments::text(arguments, 0);
                Value::Bool(versions.iter().any(|version| *version == *wanted))
            }),
        })
    }

    fn plain(&self) -> Value {
        Value::List(List::typed(
            self.type_name(),
            self.versions.iter().map(|v| Value::from(v.as_str())).collect(),
        ))
    }
}

/// The entries of `.Release`.
pub(crate) fn release_entries(release: &crate::Release) -> Entries {
    let pairs = [
        ("Name", Value::from(release.name.as_str())),
        ("Namespace", Value::from(release.namespace.as_str())),
        ("IsUpgrade", Value::Bool(release.is_upgrade)),
        ("IsInstall", Value::Bool(!release.is_upgrade)),
        ("Revision", Value::Int(i64::from(release.revision))),
        ("Service", Value::from("Helm")),
    ];
    pairs.into_iter().map(|(key, value)| (Rc::from(key), value)).collect()
}

/// The API versions that `helm template` assumes without a cluster.
const KNOWN_API_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "lifecycle.k8s.io/v1alpha1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];
