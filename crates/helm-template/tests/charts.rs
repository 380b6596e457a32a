//! Charts written for one feature each: equal to helm's output, and refused where helm refuses.

// A test that meets what it does not expect stops there.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod oracle;

use std::path::{Path, PathBuf};

use oracle::Case;

fn chart(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts").join(name)
}

#[test]
fn every_feature_renders_as_helm_was_seen_to_render_it() {
    oracle::check_golden("charts/golden", &Case::all("charts/cases.yaml"), chart);
}

#[test]
fn every_feature_renders_as_helm_renders_it_now() {
    oracle::check_live(&Case::all("charts/cases.yaml"), chart);
}
