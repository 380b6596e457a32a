//! What a chart is installed as: the chart `gateway` may be installed twice in one cluster.

use super::chart::ChartName;
use super::derived::EAST_WEST_GATEWAY;

/// The name of every federation gateway, after the pattern of [`EAST_WEST_GATEWAY`].
pub const FEDERATION_GATEWAY: &str = "istio-federationgateway";

/// What a gateway is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GatewayRole {
    /// Calls of other networks of the same mesh.
    EastWest,
    /// Calls of other meshes.
    Federation,
}

/// One installation of a chart in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChartRelease {
    /// Of `base`.
    Base,
    /// Of `istiod`.
    Istiod,
    /// Of `cni`.
    Cni,
    /// Of `gateway`.
    Gateway(GatewayRole),
}

impl GatewayRole {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::EastWest, Self::Federation];

    /// The name of the release and of its Deployment and Service. There is room behind it for a revision.
    pub fn name(self) -> &'static str {
        match self {
            Self::EastWest => EAST_WEST_GATEWAY,
            Self::Federation => FEDERATION_GATEWAY,
        }
    }

    /// The value of the label `istio` of its pods, which the chart makes of its name: Istio's own `Gateway` resources choose their
    /// pods by it.
    pub fn selector(self) -> &'static str {
        match self {
            Self::EastWest => "eastwestgateway",
            Self::Federation => "federationgateway",
        }
    }

    /// The namespace that it lives in unless it has another, in a mesh of this namespace. Two meshes in one cluster have two
    /// namespaces, and so have their federation gateways.
    pub fn default_namespace(self, mesh: &str) -> String {
        match self {
            Self::EastWest => mesh.to_owned(),
            Self::Federation => format!("{mesh}-federation"),
        }
    }

    /// The field of a member that declares it.
    pub fn field(self) -> &'static str {
        match self {
            Self::EastWest => "east_west_gateway",
            Self::Federation => "federation_gateway",
        }
    }
}

impl ChartRelease {
    /// The chart.
    pub fn chart(self) -> ChartName {
        match self {
            Self::Base => ChartName::Base,
            Self::Istiod => ChartName::Istiod,
            Self::Cni => ChartName::Cni,
            Self::Gateway(_) => ChartName::Gateway,
        }
    }

    /// The release's name, as in the official installation guides; it stands in labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "istio-base",
            Self::Istiod => "istiod",
            Self::Cni => "istio-cni",
            Self::Gateway(role) => role.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_of_a_gateway_is_what_the_chart_makes_of_its_name() {
        for role in GatewayRole::ALL {
            assert_eq!(role.name().strip_prefix("istio-"), Some(role.selector()));
        }
    }
}
