use core::net::IpAddr;
use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;

use super::names::InvalidName;

/// A range of addresses in CIDR notation, as `podCIDR` of a Kubernetes node: `10.8.0.0/16`, `fd00:8::/48`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr(IpNet);

impl Cidr {
    /// Whether an address is in both ranges. Ranges of different families have none in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.contains(&other.0) || other.0.contains(&self.0)
    }

    /// Whether the address is in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Cidr {
    type Err = InvalidName;

    /// Bits behind the prefix must be zero: an address with a prefix is likely a mistake (`10.8.1.0/16`).
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parsed = text.parse().ok().filter(|range: &IpNet| range.trunc() == *range);
        parsed.map(Self).ok_or_else(|| InvalidName {
            kind: "CIDR range",
            text: text.to_owned(),
            rule: "a range in CIDR notation that begins at its first address, such as \"10.8.0.0/16\"",
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(one: &str, other: &str) -> bool {
        let (one, other): (Cidr, Cidr) = (one.parse().unwrap(), other.parse().unwrap());
        assert_eq!(one.overlaps(&other), other.overlaps(&one));
        one.overlaps(&other)
    }

    #[test]
    fn ranges_overlap_when_one_holds_the_other() {
        assert!(overlap("10.0.0.0/8", "10.8.0.0/16"));
        assert!(overlap("10.8.0.0/16", "10.8.0.0/16"));
        assert!(overlap("0.0.0.0/0", "192.0.2.1/32"));
        assert!(!overlap("10.8.0.0/16", "10.9.0.0/16"));
        assert!(overlap("fd00::/8", "fd00:8::/48"));
        assert!(!overlap("fd00::/16", "fd01::/16"));
        assert!(!overlap("0.0.0.0/0", "::/0"));
    }

    #[test]
    fn an_address_is_in_a_range_however_it_is_written() {
        let range: Cidr = "10.8.0.0/16".parse().unwrap();
        let contains = |address: &str| range.contains(address.parse().unwrap());
        assert!(contains("10.8.1.2") && contains("::ffff:10.8.1.2"));
        assert!(!contains("10.9.0.1") && !contains("fd00::1"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in
            ["", "10.8.0.0", "10.8.0.0/33", "10.8.1.0/16", "10.8/16", "fd00::/129", "x/8", "10.8.0.0/-1"]
        {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
        assert_eq!("10.8.0.0/16".parse::<Cidr>().unwrap().to_string(), "10.8.0.0/16");
    }
}
