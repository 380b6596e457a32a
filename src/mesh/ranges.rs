//! The addresses of pods and Services: what may overlap.

use std::collections::{BTreeMap, BTreeSet};

use super::cidr::Cidr;
use super::declared::Primary;
use super::validate::Check;
use super::violation::FieldPath;

/// A range of one cluster's addresses.
struct Range<'a> {
    cluster: &'a str,
    network: &'a str,
    cidr: Cidr,
    field: FieldPath,
}

impl Check {
    /// On one network an address means one pod, and no Service of a cluster in it: kube-proxy of that cluster would catch calls to
    /// the pod. Services of different clusters may share addresses, since only their own cluster knows them.
    pub(super) fn ranges(&mut self, primaries: &BTreeMap<String, Primary>) {
        let pods = self.ranges_of(primaries, "pod_cidrs", |primary| &primary.pod_cidrs);
        let services = self.ranges_of(primaries, "service_cidrs", |primary| &primary.service_cidrs);
        for (index, range) in pods.iter().enumerate() {
            let mut others = pods[..index].iter().filter(|other| other.cluster != range.cluster);
            if let Some(other) = others.find(|other| range.meets(other)) {
                self.overlap(range, other, "where each address must identify exactly one pod");
            }
        }
        for range in &services {
            if let Some(other) = pods.iter().find(|other| range.meets(other)) {
                self.overlap(range, other, "where calls to these pods would be treated as calls to Services");
            }
        }
    }

    fn ranges_of<'a>(
        &mut self,
        primaries: &'a BTreeMap<String, Primary>,
        attribute: &'static str,
        texts: impl Fn(&'a Primary) -> &'a BTreeSet<String>,
    ) -> Vec<Range<'a>> {
        let mut ranges = Vec::new();
        for (cluster, primary) in primaries {
            let field = FieldPath::attribute("primary").key(cluster).then(attribute);
            for text in texts(primary) {
                if let Some(cidr) = self.name(text, field.clone(), Some(cluster)) {
                    ranges.push(Range { cluster, network: &primary.network, cidr, field: field.clone() });
                }
            }
        }
        ranges
    }

    fn overlap(&mut self, range: &Range<'_>, other: &Range<'_>, reason: &str) {
        let cause = format!(
            "{} overlaps {} of cluster {:?}, and both are on network {:?}, {reason}.",
            range.cidr, other.cidr, other.cluster, range.network
        );
        let way_out =
            "Use different ranges for the clusters, or different networks, each with an east-west gateway.";
        self.error(range.field.clone(), Some(range.cluster), cause, way_out);
    }
}

impl Range<'_> {
    fn meets(&self, other: &Self) -> bool {
        self.network == other.network && self.cidr.overlaps(&other.cidr)
    }
}
