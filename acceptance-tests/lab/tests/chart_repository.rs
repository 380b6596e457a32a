//! The real helm takes Istio's charts from the lab's chart repository.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::process::{Command, Output};

use lab::chart_repository::ChartRepository;
use lab::parts::{self, Part};

fn show(repository: &ChartRepository, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let helm = parts::find(Part::Helm).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    Command::new(helm)
        .args(["show", "chart", "base", "--repo", &repository.url()])
        .args(arguments)
        .env("HOME", home.path())
        .output()
        .unwrap()
}

fn charts() -> parts::Charts {
    parts::charts().unwrap_or_else(|error| panic!("{}", lab::chain(&error)))
}

#[test]
fn helm_finds_the_charts() {
    let charts = charts();
    let repository = ChartRepository::serve(&charts.repository()).unwrap();
    let output = show(&repository, &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(&format!("version: {}\n", charts.version())), "{output:?}");
    let archive = format!("/base-{}.tgz", charts.version());
    assert_eq!(repository.requests(), ["/index.yaml", &archive]);
}

#[test]
fn a_protected_repository_wants_its_user_and_password() {
    let repository = ChartRepository::serve_protected(&charts().repository(), "carol", "secret").unwrap();
    let refused = show(&repository, &["--username=carol", "--password=wrong"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("401"), "{refused:?}");
    assert!(show(&repository, &["--username=carol", "--password=secret"]).status.success());
}
