use std::fmt;
use std::str::FromStr;

use super::names::InvalidName;

/// One of Istio's Helm charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChartName {
    /// `base`: the custom resource definitions and what a cluster has once.
    Base,
    /// `istiod`: the control plane.
    Istiod,
    /// `cni`: the plugin that redirects the traffic of pods.
    Cni,
    /// `gateway`: an east-west gateway.
    Gateway,
}

impl ChartName {
    /// All charts that a mesh is made of.
    pub const ALL: [Self; 4] = [Self::Base, Self::Istiod, Self::Cni, Self::Gateway];

    /// The name in `Chart.yaml` and in a chart repository.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Istiod => "istiod",
            Self::Cni => "cni",
            Self::Gateway => "gateway",
        }
    }
}

impl fmt::Display for ChartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ChartName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::ALL.into_iter().find(|chart| chart.as_str() == text).ok_or_else(|| InvalidName {
            kind: "chart of a mesh",
            text: text.to_owned(),
            rule: "\"base\", \"istiod\", \"cni\" or \"gateway\"",
        })
    }
}
