//! What the lab runs for an image.

use crate::parts::Part;

/// The user of Istio's images; the packet rules of a pod let its connections pass.
pub const ISTIO_USER: u32 = 1337;

/// Images below this host cannot be pulled, for tests of what happens then.
const UNPULLABLE: &str = "unpullable.example/";
/// What stands for an image until istiod's injector writes one; no registry has it.
const PLACEHOLDER: &str = "auto";

/// An image that the lab has a program for.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// The last part of the image's name.
    name: &'static str,
    /// The programs in its /usr/local/bin, and the names they have there.
    pub programs: &'static [(Part, &'static str)],
    /// Files in it, and their paths.
    pub files: &'static [(Part, &'static str)],
    /// What it runs unless the pod says otherwise.
    pub entrypoint: &'static [&'static str],
    /// Whom it runs as unless the pod says otherwise.
    pub user: u32,
    /// Its environment.
    pub environment: &'static [(&'static str, &'static str)],
}

const KNOWN: [Known; 4] = [
    Known {
        name: "pilot",
        programs: &[(Part::PilotDiscovery, "pilot-discovery")],
        files: &[],
        entrypoint: &["/usr/local/bin/pilot-discovery"],
        user: ISTIO_USER,
        // The lab's proxy is upstream Envoy, which lacks the filters that these would configure.
        environment: &[("PILOT_ENABLE_ALPN_FILTER", "false"), ("PILOT_ENABLE_METADATA_EXCHANGE", "false")],
    },
    Known {
        name: "proxyv2",
        programs: &[(Part::PilotAgent, "pilot-agent"), (Part::Envoy, "envoy")],
        files: &[(Part::EnvoyBootstrap, "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json")],
        entrypoint: &["/usr/local/bin/pilot-agent"],
        user: ISTIO_USER,
        environment: &[],
    },
    echo("app"),
    echo("echo"),
];

const fn echo(name: &'static str) -> Known {
    Known {
        name,
        programs: &[(Part::EchoServer, "server"), (Part::EchoClient, "client")],
        files: &[],
        entrypoint: &["/usr/local/bin/server"],
        user: 1338,
        environment: &[],
    }
}

/// What becomes of a container.
#[derive(Debug, PartialEq, Eq)]
pub enum Run {
    /// A real process with the image's programs.
    Known(&'static Known),
    /// A real process: the pod names a command of the machine.
    Command,
    /// No process: it counts as running and ready.
    Fake,
    /// The image cannot be pulled.
    Unpullable,
}

/// What to run for an image and the pod's `command`.
pub fn run(image: &str, command: &[String]) -> Run {
    if image.starts_with(UNPULLABLE) || image == PLACEHOLDER {
        return Run::Unpullable;
    }
    let base = base_name(image);
    match KNOWN.iter().find(|known| known.name == base) {
        Some(known) => Run::Known(known),
        None if command.is_empty() => Run::Fake,
        None => Run::Command,
    }
}

/// `registry:5000/istio/pilot:1.31.0-distroless@sha256:…` → `pilot`.
fn base_name(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    let end = name.find(['@', ':']).unwrap_or(name.len());
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_the_last_part_of_its_name() {
        for image in ["pilot", "docker.io/istio/pilot:1.31.0", "hub.example:5000/a/pilot@sha256:00"] {
            assert!(matches!(run(image, &[]), Run::Known(known) if known.name == "pilot"), "{image}");
        }
    }

    #[test]
    fn an_unknown_image_is_fake_unless_the_pod_names_a_command() {
        assert_eq!(run("docker.io/library/nginx", &[]), Run::Fake);
        assert_eq!(run("docker.io/library/nginx", &["sleep".to_owned()]), Run::Command);
        assert_eq!(run("unpullable.example/nginx", &["sleep".to_owned()]), Run::Unpullable);
        assert_eq!(run("auto", &[]), Run::Unpullable);
    }
}
