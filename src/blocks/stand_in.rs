//! What stands in for values that a plan does not know yet.
//!
//! The mesh is read and rendered once for each stand-in. What comes out the same each time does not depend on what is unknown; all
//! else is unknown in the plan. Every set of stand-ins covers what the value can decide: that it is not set at all, and every
//! choice where there are only a few. For what no stand-in can cover, such as the values of a chart, the objects that it may change
//! are [`Loose`].

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::mesh::ChartName;

/// One of the stand-ins for every unknown value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StandIn(usize);

impl StandIn {
    /// All of them. What is known is read alike with each.
    pub const ALL: [Self; 3] = [Self(0), Self(1), Self(2)];

    /// A text that may not be set.
    pub fn text(self) -> Option<String> {
        self.choice([Some("unknown-a"), Some("unknown-b"), None]).map(str::to_owned)
    }

    /// A text that is set, and differs from that of all other unknown texts with this `number`; at one stand-in it is `other`, what
    /// some known text says.
    pub fn name(self, number: usize, other: Option<&str>) -> String {
        let same = other.unwrap_or("unknown");
        self.choice([format!("unknown-a-{number}"), same.to_owned(), format!("unknown-b-{number}")])
    }

    /// A number that may not be set.
    pub fn number(self) -> Option<i64> {
        self.choice([Some(1001), Some(1002), None])
    }

    /// A switch that may not be set.
    pub fn switch(self) -> Option<bool> {
        self.choice([Some(true), Some(false), None])
    }

    /// An address at which a load balancer may be reached.
    pub fn address(self) -> IpAddr {
        let (one, other) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 1));
        let third = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
        self.choice([one.into(), other.into(), third.into()])
    }

    /// An address or a host name at which a load balancer may be reached.
    pub fn balancer(self) -> String {
        self.choice(["192.0.2.1", "2001:db8::1", "balancer.example"]).to_owned()
    }

    /// One of a few.
    pub fn choice<T>(self, choices: [T; 3]) -> T {
        let [first, second, third] = choices;
        match self.0 {
            0 => first,
            1 => second,
            _ => third,
        }
    }
}

/// Objects of charts of which nothing can be said, not even which there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loose {
    /// The only cluster; all of them if there is none.
    cluster: Option<String>,
    /// The only chart; all of them if there is none.
    chart: Option<String>,
}

impl Loose {
    /// The objects of every chart in every cluster.
    pub const ALL: Self = Self { cluster: None, chart: None };

    /// The objects of this chart in this cluster, each as it is declared; of all of them where there is none.
    pub fn new(cluster: Option<&str>, chart: Option<&str>) -> Self {
        Self { cluster: cluster.map(str::to_owned), chart: chart.map(str::to_owned) }
    }

    /// Whether an object of this chart in this cluster is one of them.
    pub fn has(&self, cluster: &str, chart: ChartName) -> bool {
        self.cluster.as_deref().is_none_or(|only| only == cluster)
            && self.chart.as_deref().is_none_or(|only| only == chart.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_values_loosen_the_objects_that_they_may_change_and_no_others() {
        let istiod_of_west = Loose::new(Some("west"), Some("istiod"));
        assert!(istiod_of_west.has("west", ChartName::Istiod));
        assert!(!istiod_of_west.has("west", ChartName::Gateway));
        assert!(!istiod_of_west.has("east", ChartName::Istiod));
        let base = Loose::new(None, Some("base"));
        assert!(base.has("east", ChartName::Base) && base.has("west", ChartName::Base));
        assert!(!base.has("east", ChartName::Istiod));
        assert!(Loose::ALL.has("east", ChartName::Istiod) && Loose::ALL.has("west", ChartName::Cni));
    }

    #[test]
    fn a_value_that_may_not_be_set_is_once_not_set() {
        assert!(StandIn::ALL.iter().any(|stand_in| stand_in.text().is_none()));
        assert!(StandIn::ALL.iter().any(|stand_in| stand_in.number().is_none()));
        assert!(StandIn::ALL.iter().any(|stand_in| stand_in.switch().is_none()));
    }

    #[test]
    fn two_unknown_names_are_once_the_same_and_once_not() {
        let same = StandIn::ALL.map(|stand_in| stand_in.name(0, None) == stand_in.name(1, None));
        assert!(same.contains(&true) && same.contains(&false));
        assert!(StandIn::ALL.iter().any(|stand_in| stand_in.name(0, Some("net-east")) == "net-east"));
    }
}
