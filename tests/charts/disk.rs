use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use istio_provider::charts::{Charts, Error, Fetched};
use lab::parts;

use crate::made::{archive, digest, folder};

async fn fetch(path: &Path, chart: &str, version: &str) -> Result<Arc<Fetched>, Error> {
    fetch_pinned(path, chart, version, None).await
}

async fn fetch_pinned(
    path: &Path,
    chart: &str,
    version: &str,
    pin: Option<&str>,
) -> Result<Arc<Fetched>, Error> {
    let charts = Charts::new([], BTreeMap::new()).unwrap();
    charts.fetch(&path.to_string_lossy(), chart, &version.parse().unwrap(), pin).await
}

#[tokio::test]
async fn istios_charts_are_found_in_folders_and_archives() {
    let istio = parts::charts().unwrap();
    for name in ["base", "istiod"] {
        let unpacked = fetch(&istio.directory(), name, istio.version()).await.unwrap();
        assert_eq!(unpacked.chart.metadata().name, name);
        let packed = fetch(&istio.repository(), name, istio.version()).await.unwrap();
        let one = fetch(&istio.archive(name), name, istio.version()).await.unwrap();
        assert_eq!(packed.digest, one.digest);
        assert_eq!(packed.digest, digest(&std::fs::read(istio.archive(name)).unwrap()));
    }
}

#[tokio::test]
async fn a_chart_goes_by_its_chart_yaml_and_not_by_its_folder() {
    let root = tempfile::tempdir().unwrap();
    folder(&root.path().join("control/istio-discovery"), "istiod", "1.31.0");
    folder(&root.path().join("istiod"), "base", "1.31.0");
    let fetched = fetch(root.path(), "istiod", "1.31.0").await.unwrap();
    assert_eq!((fetched.chart.metadata().name.as_str(), fetched.version.as_str()), ("istiod", "1.31.0"));
}

#[tokio::test]
async fn a_charts_own_folder_can_be_the_source() {
    let root = tempfile::tempdir().unwrap();
    let chart = folder(&root.path().join("mine"), "istiod", "1.31.0");
    fetch(&chart, "istiod", "1.31.0").await.unwrap();
    let error = fetch(&chart, "base", "1.31.0").await.unwrap_err();
    assert_eq!(error.to_string(), format!("{} has no chart base", chart.display()));
    assert_eq!(error.way_out(), "It has istiod.");
}

#[tokio::test]
async fn of_several_versions_the_one_that_is_meant_is_taken() {
    let root = tempfile::tempdir().unwrap();
    for version in ["1.30.9", "1.31.0", "1.31.2"] {
        std::fs::write(root.path().join(format!("istiod-{version}.tgz")), archive("istiod", version))
            .unwrap();
    }
    assert_eq!(fetch(root.path(), "istiod", "1.31.2").await.unwrap().version, "1.31.2");
    assert_eq!(fetch(root.path(), "istiod", "1.30.9").await.unwrap().version, "1.30.9");
    let error = fetch(root.path(), "istiod", "1.29.0").await.unwrap_err();
    assert_eq!(error.to_string(), format!("{} has no version 1.29.0 of chart istiod", root.path().display()));
    assert_eq!(error.way_out(), "It has 1.30.9, 1.31.0, 1.31.2.");
}

#[tokio::test]
async fn the_same_version_in_two_places_is_refused() {
    let root = tempfile::tempdir().unwrap();
    folder(&root.path().join("a"), "istiod", "1.31.0");
    folder(&root.path().join("b"), "istiod", "1.31.0");
    let error = fetch(root.path(), "istiod", "1.31.0").await.unwrap_err();
    let places = [root.path().join("a"), root.path().join("b")].map(|path| path.display().to_string());
    assert_eq!(
        error.to_string(),
        format!("chart istiod 1.31.0 is both in {} and in {}", places[0], places[1])
    );
}

#[tokio::test]
async fn subcharts_are_not_charts_of_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let chart = folder(&root.path().join("istiod"), "istiod", "1.31.0");
    folder(&chart.join("charts/base"), "base", "1.31.0");
    assert!(matches!(fetch(root.path(), "base", "1.31.0").await.unwrap_err(), Error::NoChart { .. }));
}

#[tokio::test]
async fn a_folders_digest_changes_with_names_and_contents_and_with_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let chart = folder(&root.path().join("istiod"), "istiod", "1.31.0");
    let copy = tempfile::tempdir().unwrap();
    folder(&copy.path().join("elsewhere"), "istiod", "1.31.0");
    let digest = async |path: &Path| fetch(path, "istiod", "1.31.0").await.unwrap().digest.clone();
    let original = digest(root.path()).await;
    assert!(original.starts_with("sha256:") && original.len() == 71, "{original}");
    assert_eq!(original, digest(copy.path()).await);

    std::fs::create_dir(chart.join(".git")).unwrap();
    std::fs::write(chart.join(".git/HEAD"), "ref").unwrap();
    assert_eq!(original, digest(root.path()).await);

    std::fs::rename(chart.join("templates/config.yaml"), chart.join("templates/configs.yaml")).unwrap();
    let renamed = digest(root.path()).await;
    assert_ne!(original, renamed);
    std::fs::write(chart.join("templates/configs.yaml"), "kind: Secret\n").unwrap();
    assert_ne!(renamed, digest(root.path()).await);
}

#[tokio::test]
async fn a_changed_folder_does_not_pass_for_the_pinned_one() {
    let root = tempfile::tempdir().unwrap();
    let chart = folder(&root.path().join("istiod"), "istiod", "1.31.0");
    let pin = fetch(root.path(), "istiod", "1.31.0").await.unwrap().digest.clone();
    fetch_pinned(root.path(), "istiod", "1.31.0", Some(&pin)).await.unwrap();
    std::fs::write(chart.join("values.yaml"), "a: 1\n").unwrap();
    let error = fetch_pinned(root.path(), "istiod", "1.31.0", Some(&pin)).await.unwrap_err();
    assert!(error.to_string().ends_with(&format!(", but it is pinned to {pin}")), "{error}");
}

#[tokio::test]
async fn an_archive_can_be_the_source_of_its_own_chart_only() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("any.tgz");
    std::fs::write(&path, archive("istiod", "1.31.0")).unwrap();
    assert_eq!(fetch(&path, "istiod", "1.31.0").await.unwrap().digest, digest(&archive("istiod", "1.31.0")));
    assert!(matches!(fetch(&path, "base", "1.31.0").await.unwrap_err(), Error::NoChart { .. }));
    assert!(matches!(fetch(&path, "istiod", "1.30.0").await.unwrap_err(), Error::NoVersion { .. }));
}

#[tokio::test]
async fn what_cannot_be_read_or_is_no_chart_is_named() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("missing");
    let error = fetch(&missing, "istiod", "1.0.0").await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot read {}", missing.display()));

    let broken = root.path().join("broken.tgz");
    std::fs::write(&broken, "no archive").unwrap();
    let error = fetch(&broken, "istiod", "1.0.0").await.unwrap_err();
    assert_eq!(error.to_string(), format!("{} is not a usable chart", broken.display()));

    let error = fetch(root.path(), "istiod", "1.0.0").await.unwrap_err();
    assert!(
        matches!(error, Error::NoChart { .. }),
        "what is broken but called otherwise does not matter: {error:?}"
    );
    let seeming = root.path().join("istiod-1.31.0.tgz");
    std::fs::rename(&broken, &seeming).unwrap();
    let error = fetch(root.path(), "istiod", "1.0.0").await.unwrap_err();
    assert_eq!(error.to_string(), format!("{} is not a usable chart", seeming.display()));

    std::fs::remove_file(&seeming).unwrap();
    let chart = root.path().join("istiod");
    std::fs::create_dir(&chart).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "name: [").unwrap();
    let error = fetch(root.path(), "istiod", "1.0.0").await.unwrap_err();
    assert_eq!(error.to_string(), format!("{} is not a usable chart", chart.display()));
}
