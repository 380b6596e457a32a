//! Well-known charts of other projects: equal to helm's output over the value sets of `public/cases.yaml`.

// A test that meets what it does not expect stops there.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod oracle;

use std::path::PathBuf;

use lab::parts::{self, Part};
use oracle::Case;

fn chart(name: &str) -> PathBuf {
    parts::find(Part::PublicCharts).expect("the charts are there").join(name)
}

#[test]
fn public_charts_render_as_helm_was_seen_to_render_them() {
    oracle::check_golden("public/golden", &Case::all("public/cases.yaml"), chart);
}

#[test]
fn public_charts_render_as_helm_renders_them_now() {
    oracle::check_live(&Case::all("public/cases.yaml"), chart);
}
