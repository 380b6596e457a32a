//! Clusters without a control plane of their own: the clusters that they are tested in, what is read of them, and what proves them.

pub mod proof;
pub mod read;

use lab::{ClusterSpec, Spec};

/// `east` and `edge` are on one flat network, `west` and `branch` have one each: pods of other networks are truly not routable.
pub fn spec() -> Spec {
    let clusters = [("east", "flat"), ("edge", "flat"), ("west", "west"), ("branch", "branch")];
    Spec::of(clusters.map(|(name, network)| ClusterSpec::new(name, network)).to_vec())
}
