//! Istio's programs, built from a copy of the pinned module that differs from it in one line.
//!
//! The lab's proxies are upstream Envoy, which has no `istio.stats` filter and refuses every listener that
//! names it; nothing in Istio switches that filter off. So the copy's `generateStatsConfig` returns no filter
//! (`pilot/pkg/model/telemetry.go`), as it does where no metrics provider is configured.

use std::fs;
use std::path::Path;

use super::cache;
use super::error::Error;
use super::go;
use super::part::Part;

pub(super) const MODULE: &str = "istio.io/istio";

/// The file with the one edit.
const PATCHED_FILE: &str = "pilot/pkg/model/telemetry.go";
const BEFORE: &str = "func generateStatsConfig(class networking.ListenerClass, \
                      filterConfig telemetryFilterConfig, isWaypoint bool) *anypb.Any {\n";
const AFTER: &str = "func generateStatsConfig(class networking.ListenerClass, \
                     filterConfig telemetryFilterConfig, isWaypoint bool) *anypb.Any {\n\treturn nil\n";

/// What the `proxyv2` image keeps as `/var/lib/istio/envoy/envoy_bootstrap_tmpl.json`.
const BOOTSTRAP: &str = "tools/packaging/common/envoy_bootstrap.json";

const PROGRAMS: [(Part, &str); 5] = [
    (Part::PilotDiscovery, "istio.io/istio/pilot/cmd/pilot-discovery"),
    (Part::PilotAgent, "istio.io/istio/pilot/cmd/pilot-agent"),
    (Part::Istioctl, "istio.io/istio/istioctl/cmd/istioctl"),
    (Part::EchoServer, "istio.io/istio/pkg/test/echo/cmd/server"),
    (Part::EchoClient, "istio.io/istio/pkg/test/echo/cmd/client"),
];

/// The linker's settings that Istio's own release build makes.
const STAMPS: [&str; 4] = [
    "istio.io/istio/pkg/version.buildVersion=1.31.0",
    "istio.io/istio/pkg/version.buildTag=1.31.0",
    "istio.io/istio/pkg/version.buildHub=docker.io/istio",
    "istio.io/istio/pkg/version.buildStatus=Modified",
];

/// What decides the programs' bytes beside the module and Go's flags.
pub(super) fn settings() -> String {
    format!("{PATCHED_FILE} {BEFORE} {AFTER} {BOOTSTRAP} {PROGRAMS:?} {STAMPS:?}")
}

pub(super) fn make(pins: &Path, directory: &Path) -> Result<(), Error> {
    let module = go::module_directory(pins, MODULE)?;
    let source = directory.join("source");
    copy(&module, &source)?;
    replace_once(&source.join(PATCHED_FILE), BEFORE, AFTER)?;
    copy_file(&source.join(BOOTSTRAP), &directory.join(Part::EnvoyBootstrap.file_name()))?;
    let packages = PROGRAMS.map(|(_, package)| package);
    go::build(&source, &packages, &STAMPS.map(str::to_owned), directory)?;
    for (part, package) in PROGRAMS {
        go::rename_program(directory, package, part.file_name())?;
    }
    cache::remove(&source)
}

/// Copies a folder of the module cache, whose files are read-only, as files that can be edited and removed.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(cache::failed("create", to))?;
    for entry in fs::read_dir(from).map_err(cache::failed("read", from))? {
        let entry = entry.map_err(cache::failed("read", from))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            copy_file(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    let content = fs::read(from).map_err(cache::failed("read", from))?;
    fs::write(to, content).map_err(cache::failed("write", to))
}

/// Replaces the one place of `path` that reads `before`.
pub(super) fn replace_once(path: &Path, before: &str, after: &str) -> Result<(), Error> {
    let text = fs::read_to_string(path).map_err(cache::failed("read", path))?;
    if text.matches(before).count() != 1 {
        return Err(Error::Replace { path: path.into(), text: before.to_owned() });
    }
    fs::write(path, text.replacen(before, after, 1)).map_err(cache::failed("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_that_does_not_fit_the_source_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("telemetry.go");
        fs::write(&path, "one two two").unwrap();
        replace_once(&path, "one", "three").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "three two two");
        for text in ["one", "two"] {
            let error = replace_once(&path, text, "").unwrap_err();
            assert!(matches!(error, Error::Replace { .. }), "{error}");
        }
    }
}
