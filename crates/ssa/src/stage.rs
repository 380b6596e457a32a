use std::time::Duration;

use crate::manifest::Manifest;

/// Objects that are written together, and what must be true before the next stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name, for messages.
    pub name: String,
    /// Where it stands among all stages. It is recorded with each object; deletion goes the other way.
    pub order: u16,
    /// The objects.
    pub manifests: Vec<Manifest>,
    /// What the next stage needs.
    pub ready: StageReady,
}

/// What must be true of a stage's objects before the next stage begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageReady {
    /// Nothing more than that they are written.
    Written,
    /// All are ready as [`Engine::wait`](crate::Engine::wait) understands it, at most this long after they were written.
    Within(Duration),
}

/// How long CRDs may take to be established, and namespaces to be there.
const DEFINITIONS_READY: Duration = Duration::from_mins(1);

impl Stage {
    /// The stages that suit most sets: CRDs until established; namespaces; RBAC and configuration; workloads and everything
    /// else; webhook and API registrations last, because they call the workloads. Only the first two are waited for. Empty stages are left out.
    pub fn defaults(manifests: Vec<Manifest>) -> Vec<Self> {
        let mut stages: Vec<Self> = Rank::ALL
            .iter()
            .map(|rank| Self {
                name: rank.name().to_owned(),
                order: *rank as u16,
                manifests: Vec::new(),
                ready: rank.ready(),
            })
            .collect();
        for manifest in manifests {
            let rank = Rank::of(&manifest.id().group, &manifest.id().kind);
            stages[rank as usize].manifests.push(manifest);
        }
        stages.retain(|stage| !stage.manifests.is_empty());
        stages
    }
}

/// Order in which kinds are made; deletion goes the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Definitions,
    Namespaces,
    Configuration,
    Workloads,
    Registrations,
}

impl Rank {
    const ALL: [Self; 5] =
        [Self::Definitions, Self::Namespaces, Self::Configuration, Self::Workloads, Self::Registrations];

    pub(crate) fn of(group: &str, kind: &str) -> Self {
        match (group, kind) {
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Self::Definitions,
            ("", "Namespace") => Self::Namespaces,
            ("", "ServiceAccount" | "ConfigMap" | "Secret" | "ResourceQuota" | "LimitRange")
            | ("rbac.authorization.k8s.io" | "scheduling.k8s.io" | "storage.k8s.io", _)
            | ("networking.k8s.io", "IngressClass" | "NetworkPolicy") => Self::Configuration,
            (
                "admissionregistration.k8s.io",
                "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
            )
            | ("apiregistration.k8s.io", "APIService") => Self::Registrations,
            _ => Self::Workloads,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Definitions => "custom resource definitions",
            Self::Namespaces => "namespaces",
            Self::Configuration => "permissions and configuration",
            Self::Workloads => "workloads",
            Self::Registrations => "webhooks",
        }
    }

    fn ready(self) -> StageReady {
        match self {
            Self::Definitions | Self::Namespaces => StageReady::Within(DEFINITIONS_READY),
            Self::Configuration | Self::Workloads | Self::Registrations => StageReady::Written,
        }
    }
}
