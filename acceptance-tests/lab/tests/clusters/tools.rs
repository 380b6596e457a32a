//! The real kubectl and helm, and waiting.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::Lab;
use lab::parts::{self, Part};

/// Runs kubectl in a cluster and gives its output; it must succeed.
pub fn kubectl(lab: &Lab, cluster: &str, arguments: &[&str]) -> String {
    run(tool(lab, Part::Kubectl, "--context", cluster).args(arguments), "")
}

/// Applies manifests.
pub fn apply(lab: &Lab, cluster: &str, manifests: &str) {
    run(tool(lab, Part::Kubectl, "--context", cluster).args(["apply", "-f", "-"]), manifests);
}

/// Runs helm in a cluster and gives its output; it must succeed.
pub fn helm(lab: &Lab, cluster: &str, arguments: &[&str]) -> String {
    run(tool(lab, Part::Helm, "--kube-context", cluster).args(arguments), "")
}

/// The pods that kubectl calls ready.
pub fn wait_for_pods(lab: &Lab, cluster: &str, namespace: &str, labels: &str) {
    kubectl(
        lab,
        cluster,
        &["-n", namespace, "wait", "pod", "-l", labels, "--for=condition=Ready", "--timeout=3m"],
    );
}

fn tool(lab: &Lab, part: Part, context: &str, cluster: &str) -> Command {
    let program = parts::find(part).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    let kubeconfig = lab.kubeconfig();
    let home = kubeconfig.parent().unwrap_or(Path::new("/")).join("home");
    let mut command = Command::new(program);
    command.args([context, cluster]).env("KUBECONFIG", &kubeconfig).env("HOME", home);
    command
}

fn run(command: &mut Command, input: &str) -> String {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits until `look` gives something, for two minutes.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "after two minutes still not: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
