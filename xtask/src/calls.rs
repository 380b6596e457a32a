//! Calls through the demo's mesh, and which cluster has answered them.

use std::fs;
use std::path::Path;
use std::process::Command;

use lab::probe::Answers;
use lab::sample;

use crate::command;
use crate::error::{Error, file_error};

/// How many calls each cluster makes.
const CALLS: &str = "40";

/// Creates the sample's namespace and Service in every cluster. `kubectl` makes a command for a cluster; `scratch` is where files for it may
/// lie.
pub fn prepare(
    clusters: &[&str],
    scratch: &Path,
    kubectl: impl Fn(&str, &[&str]) -> Result<Command, Error>,
) -> Result<(), Error> {
    let path = scratch.join("sample.json");
    fs::write(&path, sample::entrance().to_string()).map_err(file_error("write", &path))?;
    for cluster in clusters {
        command::run(&mut kubectl(cluster, &["apply", "-f", &path.to_string_lossy()])?)?;
    }
    Ok(())
}

/// Starts the sample in every cluster, makes these calls, and prints who has answered. `kubectl` makes a command
/// for a cluster; `scratch` is where files for it may lie.
pub fn show(
    clusters: &[&str],
    calls: &[(&str, &str)],
    scratch: &Path,
    kubectl: impl Fn(&str, &[&str]) -> Result<Command, Error>,
) -> Result<(), Error> {
    for cluster in clusters {
        let path = scratch.join(format!("sample-{cluster}.json"));
        fs::write(&path, sample::manifests(cluster).to_string()).map_err(file_error("write", &path))?;
        command::run(&mut kubectl(cluster, &["apply", "-f", &path.to_string_lossy()])?)?;
    }
    for cluster in clusters {
        let wait = ["rollout", "status", "deployment/echo", "deployment/client", "--timeout=120s"];
        command::run(&mut kubectl(cluster, &[&["-n", sample::NAMESPACE][..], &wait].concat())?)?;
    }
    eprintln!("\n{CALLS} calls from each cluster:");
    for (cluster, url) in calls {
        let client = ["exec", "deployment/client", "-c", "app", "--", "client", "--count", CALLS, url];
        let printed =
            command::output(&mut kubectl(cluster, &[&["-n", sample::NAMESPACE][..], &client].concat())?)?;
        eprintln!(
            "  from {cluster} to {url}: {}",
            described(&Answers::of(String::from_utf8_lossy(&printed).into_owned()))
        );
    }
    Ok(())
}

fn described(answers: &Answers) -> String {
    let parts: Vec<String> =
        answers.clusters.iter().map(|(cluster, count)| format!("{count} answered by {cluster}")).collect();
    if parts.is_empty() { "no answer".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_cluster() {
        let printed =
            "[0 body] Cluster=east\n[0] StatusCode=200\n[1 body] Cluster=west\n[2 body] Cluster=east\n";
        assert_eq!(described(&Answers::of(printed.to_owned())), "2 answered by east, 1 answered by west");
        assert_eq!(described(&Answers::of(String::new())), "no answer");
    }
}
