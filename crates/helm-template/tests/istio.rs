//! Istio's charts: equal to helm's output, byte for byte, over all value sets of `istio/cases.yaml`.

// A test that meets what it does not expect stops there.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod oracle;

use std::path::PathBuf;

use oracle::Case;

fn chart(name: &str) -> PathBuf {
    lab::parts::charts().expect("Istio's charts are unpacked").chart(name)
}

#[test]
fn every_value_set_renders_as_helm_was_seen_to_render_it() {
    oracle::check_golden("istio/golden", &Case::all("istio/cases.yaml"), chart);
}

#[test]
fn every_value_set_renders_as_helm_renders_it_now() {
    oracle::check_live(&Case::all("istio/cases.yaml"), chart);
}

#[test]
fn the_packed_charts_render_as_the_unpacked_ones() {
    use helm_template::{Capabilities, Chart, Options, Release, Values, render};
    let charts = lab::parts::charts().expect("Istio's charts are unpacked");
    for name in charts.names() {
        let archive = std::fs::read(charts.archive(name)).expect("the archive is there");
        let text = |chart: &Chart| {
            let release = Release::new("x", "istio-system");
            render(chart, &Values::new(), &release, &Capabilities::new("v1.31.0"), &Options::default())
                .expect("the chart renders")
                .to_text()
        };
        let unpacked = Chart::from_directory(charts.chart(name)).expect("the directory is a chart");
        let packed = Chart::from_archive(&archive).expect("the archive is a chart");
        assert!(text(&unpacked) == text(&packed), "{name}");
        assert_eq!(unpacked.metadata(), packed.metadata());
    }
}
