use core::net::IpAddr;
use std::fmt;
use std::str::FromStr;

use super::names::InvalidName;

/// A range of addresses in CIDR notation, as `podCIDR` of a Kubernetes node: `10.8.0.0/16`, `fd00:8::/48`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether an address is in both ranges. Ranges of different families have none in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        let prefix = self.prefix.min(other.prefix);
        self.address.is_ipv4() == other.address.is_ipv4()
            && network(self.address, prefix) == network(other.address, prefix)
    }
}

/// The bits of an address that a prefix of this length covers, at the upper end.
fn network(address: IpAddr, prefix: u8) -> u128 {
    let bits = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => address.into(),
    };
    bits & u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = InvalidName;

    /// Bits behind the prefix must be zero: an address with a prefix is likely a mistake (`10.8.1.0/16`).
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parsed = text.split_once('/').and_then(|(address, prefix)| {
            let address: IpAddr = address.parse().ok()?;
            let prefix: u8 = prefix.parse().ok()?;
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let is_network = prefix <= longest && network(address, prefix) == network(address, longest);
            is_network.then_some(Self { address, prefix })
        });
        parsed.ok_or_else(|| InvalidName {
            kind: "CIDR range",
            text: text.to_owned(),
            rule: "a range in CIDR notation that begins at its first address, such as \"10.8.0.0/16\"",
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
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
    fn what_is_no_range_is_refused() {
        for text in
            ["", "10.8.0.0", "10.8.0.0/33", "10.8.1.0/16", "10.8/16", "fd00::/129", "x/8", "10.8.0.0/-1"]
        {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
        assert_eq!("10.8.0.0/16".parse::<Cidr>().unwrap().to_string(), "10.8.0.0/16");
    }
}
