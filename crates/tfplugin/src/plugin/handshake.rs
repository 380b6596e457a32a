//! What Terraform says in the environment, and the one line that answers it.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::listener::Address;

/// The variable and the value by which a plugin knows that Terraform has started it.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// The version of go-plugin's own protocol.
const CORE_VERSION: u32 = 1;

/// The versions of Terraform's protocol that we speak, best last.
const VERSIONS: [u32; 1] = [5];

/// What Terraform's environment asks of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Handshake {
    /// The version of the protocol to speak.
    pub(super) version: u32,
    /// Terraform's certificate as PEM: then the connection is TLS and only its owner may connect.
    pub(super) client_certificate: Option<String>,
    /// Where to put the socket.
    pub(super) socket_directory: Option<PathBuf>,
    /// The group (name or number) that may connect, too.
    pub(super) socket_group: Option<String>,
    /// The TCP ports to choose from, where there are no unix sockets. 0 is any.
    pub(super) ports: (u16, u16),
    /// Whether the client asks for, or knows of, one connection for all services.
    pub(super) multiplex: bool,
}

/// The process cannot be a plugin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HandshakeError {
    /// Not started by Terraform.
    #[error(
        "This program is a Terraform provider, which Terraform starts. Require it in a configuration, or run it with --debug to \
         attach Terraform to it."
    )]
    NotStartedByTerraform,
}

impl Handshake {
    /// Reads the environment through `variable`.
    pub(super) fn from_environment(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, HandshakeError> {
        if variable(COOKIE.0).as_deref() != Some(COOKIE.1) {
            return Err(HandshakeError::NotStartedByTerraform);
        }
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let port = |name: &str| set(name).and_then(|value| value.parse().ok()).unwrap_or(0);
        Ok(Self {
            version: negotiate(&variable("PLUGIN_PROTOCOL_VERSIONS").unwrap_or_default()),
            client_certificate: set("PLUGIN_CLIENT_CERT"),
            socket_directory: set("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            socket_group: set("PLUGIN_UNIX_SOCKET_GROUP"),
            ports: (port("PLUGIN_MIN_PORT"), port("PLUGIN_MAX_PORT")),
            multiplex: set("PLUGIN_MULTIPLEX_GRPC").is_some(),
        })
    }

    /// The line for stdout, without the line feed; `certificate` is ours, as DER.
    pub(super) fn line(&self, address: &Address, certificate: Option<&[u8]>) -> String {
        let (network, address) = address.network_and_text();
        let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        // To a `true` the client would speak yamux, which we do not; to a `false` it says so. One that does not ask may
        // take a seventh field for a part of the sixth.
        let multiplex = if self.multiplex { "|false" } else { "" };
        format!("{CORE_VERSION}|{}|{network}|{address}|grpc|{certificate}{multiplex}", self.version)
    }
}

/// The highest version that both sides speak; our lowest when there is none, so that Terraform explains it.
fn negotiate(offered: &str) -> u32 {
    let offered: Vec<u32> = offered.split(',').filter_map(|version| version.trim().parse().ok()).collect();
    VERSIONS.into_iter().rev().find(|version| offered.contains(version)).unwrap_or(VERSIONS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(variables: &[(&str, &str)]) -> Result<Handshake, HandshakeError> {
        Handshake::from_environment(|name| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_the_cookie_nothing_is_served() {
        assert_eq!(handshake(&[]), Err(HandshakeError::NotStartedByTerraform));
        assert_eq!(handshake(&[(COOKIE.0, "x")]), Err(HandshakeError::NotStartedByTerraform));
    }

    #[test]
    fn the_highest_common_version_wins_and_ours_answers_when_there_is_none() {
        for offered in ["5", "4,5", "5,6", "6, 5", "6", "", "x"] {
            assert_eq!(
                handshake(&[COOKIE, ("PLUGIN_PROTOCOL_VERSIONS", offered)]).unwrap().version,
                5,
                "{offered}"
            );
        }
    }

    #[test]
    fn the_line_has_the_six_fields_of_go_plugin_and_a_seventh_on_request() {
        let address = Address::Unix("/run/x/plugin".into());
        let plain = handshake(&[COOKIE]).unwrap();
        assert_eq!(plain.line(&address, None), "1|5|unix|/run/x/plugin|grpc|");
        assert_eq!(plain.line(&address, Some(b"abcd")), "1|5|unix|/run/x/plugin|grpc|YWJjZA");
        let multiplexed = handshake(&[COOKIE, ("PLUGIN_MULTIPLEX_GRPC", "true")]).unwrap();
        assert_eq!(multiplexed.line(&address, None), "1|5|unix|/run/x/plugin|grpc||false");
    }
}
