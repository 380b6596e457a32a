//! What kind of failure a client's error is. kube, hyper and rustls nest their errors several layers deep.

use std::error::Error as StdError;
use std::fmt;
use std::io::ErrorKind;

use rustls::{CertificateError, InvalidMessage};

use super::tls::is_of_ca_certificate;
use super::transport::ProxyConnectionError;

/// A client's error, sorted by who has to do something about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer.
    Unreachable(Reason),
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden {
        /// Identity, verb and resource in the server's words.
        message: String,
    },
    /// Any other error answer, or one that cannot be understood.
    Server {
        /// HTTP status, 0 if the answer could not be understood.
        code: u16,
        /// The server's words.
        message: String,
    },
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The host's name has no address.
    Dns,
    /// Nothing listens at the address.
    Refused,
    /// No answer in time.
    TimedOut,
    /// There is no route to the address.
    NoRoute,
    /// The connection ended before the answer was complete.
    ConnectionLost,
    /// The proxy did not connect.
    Proxy,
    /// The certificate is not signed by the given certificate authority.
    UntrustedCertificate,
    /// The certificate is signed by nobody whom the machine trusts, and no certificate authority is given.
    UnknownAuthority,
    /// The certificate is for other names.
    CertificateName {
        /// The names that it has.
        presented: Vec<String>,
    },
    /// The certificate has expired.
    CertificateExpired,
    /// The certificate is not valid yet, by this machine's clock.
    CertificateNotYetValid,
    /// The server presents the certificate of a CA as its own.
    CaCertificate,
    /// The server asks for a client certificate or does not take the one it got.
    ClientCertificateRefused,
    /// The server speaks plain HTTP.
    PlainHttp,
    /// Another failure of TLS.
    Tls,
    /// Anything else.
    Other,
}

impl Failure {
    /// The same of a connection without a certificate authority of its own.
    #[must_use]
    pub fn without_authority(self) -> Self {
        match self {
            Self::Unreachable(Reason::UntrustedCertificate) => Self::Unreachable(Reason::UnknownAuthority),
            other => other,
        }
    }

    /// Sorts `error`, of a request that went through a proxy or did not.
    pub fn of(error: &kube::Error, through_proxy: bool) -> Self {
        match error {
            kube::Error::Api(status) => match status.code {
                401 => Self::Unauthorized,
                403 => Self::Forbidden { message: first_line(&status.message) },
                code => Self::Server { code, message: first_line(&status.message) },
            },
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => Self::Server {
                code: 0,
                message: "the response is not that of a Kubernetes API server".to_owned(),
            },
            error => Self::Unreachable(reason(error, through_proxy)),
        }
    }
}

fn reason(error: &kube::Error, through_proxy: bool) -> Reason {
    let causes = causes(error);
    if causes.iter().any(|cause| cause.is::<ProxyConnectionError>()) {
        return Reason::Proxy;
    }
    if let Some(tls) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return tls_reason(tls);
    }
    let is_connect = causes.iter().any(|cause| {
        cause
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
    });
    if through_proxy && is_connect {
        return Reason::Proxy;
    }
    // hyper-util keeps the type of this error to itself.
    if causes.iter().any(|cause| cause.to_string() == "dns error") {
        return Reason::Dns;
    }
    // An API server ends the connection of whoever has no valid credentials (`UnauthenticatedHTTP2DOSMitigation`), and with it the other
    // requests on it.
    let ended = |error: &h2::Error| error.reason() == Some(h2::Reason::NO_ERROR);
    if causes.iter().any(|cause| cause.downcast_ref().is_some_and(ended)) {
        return Reason::ConnectionLost;
    }
    let kinds =
        causes.iter().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    kinds.filter_map(io_reason).next_back().unwrap_or(Reason::Other)
}

type Cause<'a> = &'a (dyn StdError + 'static);

/// `error` and what is inside it, outermost first.
fn causes(error: Cause<'_>) -> Vec<Cause<'_>> {
    std::iter::successors(Some(error), next_cause).collect()
}

/// An `io::Error` that wraps an error hides it from `source`.
fn next_cause<'a>(error: &Cause<'a>) -> Option<Cause<'a>> {
    let error: Cause<'a> = *error;
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as Cause<'a>).or_else(|| error.source())
}

fn io_reason(kind: ErrorKind) -> Option<Reason> {
    match kind {
        ErrorKind::ConnectionRefused => Some(Reason::Refused),
        ErrorKind::TimedOut => Some(Reason::TimedOut),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Some(Reason::NoRoute),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Some(Reason::ConnectionLost),
        _ => None,
    }
}

fn tls_reason(error: &rustls::Error) -> Reason {
    use rustls::AlertDescription as Alert;
    if is_of_ca_certificate(error) {
        return Reason::CaCertificate;
    }
    match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            // The same subject with another key is a bad signature rather than an unknown issuer.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Reason::UntrustedCertificate,
            CertificateError::NotValidForName => Reason::CertificateName { presented: Vec::new() },
            CertificateError::NotValidForNameContext { presented, .. } => {
                Reason::CertificateName { presented: presented.clone() }
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Reason::CertificateExpired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Reason::CertificateNotYetValid
            }
            _ => Reason::Tls,
        },
        rustls::Error::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateExpired
            | Alert::CertificateUnknown,
        ) => Reason::ClientCertificateRefused,
        // What begins an answer of HTTP begins nothing in TLS.
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Reason::PlainHttp,
        _ => Reason::Tls,
    }
}

/// A proxy's error page may be long.
fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().chars().take(500).collect()
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "its name cannot be resolved",
            Self::Refused => "the connection was refused",
            Self::TimedOut => "it did not respond in time",
            Self::NoRoute => "there is no route to it",
            Self::ConnectionLost => "the connection was lost",
            Self::Proxy => "the proxy refused the connection",
            Self::UntrustedCertificate => {
                "its certificate is not signed by the configured certificate authority"
            }
            Self::UnknownAuthority => {
                "its certificate is not signed by a certificate authority that this machine trusts"
            }
            Self::CertificateName { presented } if presented.is_empty() => {
                "its certificate is for another name"
            }
            Self::CertificateName { presented } => {
                return write!(f, "its certificate is for {}", names(presented));
            }
            Self::CertificateExpired => "its certificate has expired",
            Self::CertificateNotYetValid => "its certificate is not valid yet",
            Self::CaCertificate => "it presents a CA certificate as its own",
            Self::ClientCertificateRefused => "it does not accept the client certificate",
            Self::PlainHttp => "it responds in plain HTTP, without TLS",
            Self::Tls => "TLS failed",
            Self::Other => "the request failed",
        })
    }
}

/// rustls words a name as `DnsName("kubernetes")` or `IpAddress(10.0.0.1)`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, inner)| inner.trim_end_matches(')'));
        inner.trim_matches('"').to_owned()
    };
    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
}

impl Reason {
    /// Whether the server answered, with a certificate that is not the one that was asked for.
    pub fn is_of_certificate(&self) -> bool {
        matches!(
            self,
            Self::UntrustedCertificate
                | Self::UnknownAuthority
                | Self::CertificateName { .. }
                | Self::CertificateExpired
                | Self::CertificateNotYetValid
                | Self::CaCertificate
        )
    }

    /// What the user can do.
    pub fn way_out(&self) -> String {
        match self {
            Self::Dns => {
                "Check host, and whether the name resolves where Terraform runs: private endpoints resolve only \
                 inside their network."
            }
            Self::Refused => "Check the port of host and whether the API server is running.",
            Self::TimedOut | Self::NoRoute => {
                "Check host, firewalls and authorised networks between Terraform and the API server, or set \
                 proxy_url."
            }
            Self::ConnectionLost => "Try again; if the error persists, look for a firewall or load balancer in between.",
            Self::Proxy => {
                "Check proxy_url, HTTPS_PROXY and NO_PROXY, and whether the proxy may connect to host."
            }
            Self::UntrustedCertificate => {
                "Set cluster_ca_certificate to the CA certificate of this cluster; a recreated cluster has a new one. If host is a DNS \
                 endpoint or a proxy with a publicly signed certificate, omit cluster_ca_certificate."
            }
            Self::UnknownAuthority => {
                "Set cluster_ca_certificate to the CA certificate of this cluster, or install the CA of the endpoint in the trust store \
                 of the machine where Terraform runs."
            }
            Self::CertificateName { .. } => {
                "Connect to one of the certificate's names, or set tls_server_name to one of them."
            }
            Self::CertificateExpired => "Renew the API server's certificate.",
            Self::CertificateNotYetValid => "Check the clock of the machine where Terraform runs.",
            Self::CaCertificate => {
                "Set cluster_ca_certificate to the very certificate that it presents, or have a certificate that is not a CA's issued \
                 to the API server."
            }
            Self::ClientCertificateRefused => {
                "Check that client_certificate is valid and was signed by a CA that the API server trusts."
            }
            Self::PlainHttp => {
                "Check the scheme and port of host: it must be the HTTPS endpoint of a Kubernetes API server. For kubectl proxy on this \
                 machine, write http:// in front of it."
            }
            Self::Tls => "Check that host is the HTTPS endpoint of a Kubernetes API server.",
            Self::Other => "Check the connection settings of the cluster block.",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As hyper-rustls hands it on: inside an `io::Error`.
    fn tls(error: rustls::Error) -> Failure {
        Failure::of(&kube::Error::Service(Box::new(std::io::Error::other(error))), true)
    }

    fn certificate(problem: CertificateError) -> Failure {
        tls(rustls::Error::InvalidCertificate(problem))
    }

    #[test]
    fn a_connection_that_the_server_ends_without_a_fault_is_lost() {
        let ended = |reason: h2::Reason| {
            let error = std::io::Error::other(h2::Error::from(reason));
            Failure::of(&kube::Error::Service(Box::new(error)), false)
        };
        assert_eq!(ended(h2::Reason::NO_ERROR), Failure::Unreachable(Reason::ConnectionLost));
        assert_eq!(ended(h2::Reason::PROTOCOL_ERROR), Failure::Unreachable(Reason::Other));
    }

    #[test]
    fn every_fault_of_a_certificate_has_its_own_reason() {
        for (problem, reason) in [
            (CertificateError::Expired, Reason::CertificateExpired),
            (CertificateError::NotValidYet, Reason::CertificateNotYetValid),
            (CertificateError::UnknownIssuer, Reason::UntrustedCertificate),
            (CertificateError::NotValidForName, Reason::CertificateName { presented: Vec::new() }),
            (CertificateError::BadEncoding, Reason::Tls),
        ] {
            assert_eq!(certificate(problem), Failure::Unreachable(reason));
        }
    }

    #[test]
    fn an_unknown_issuer_has_another_way_out_where_no_authority_is_given() {
        let given = certificate(CertificateError::UnknownIssuer);
        let Failure::Unreachable(reason) = given.clone() else { panic!("{given:?}") };
        assert!(
            reason.way_out().contains("publicly signed certificate, omit cluster_ca_certificate"),
            "{}",
            reason.way_out()
        );
        let Failure::Unreachable(reason) = given.without_authority() else { panic!() };
        assert_eq!(
            reason.to_string(),
            "its certificate is not signed by a certificate authority that this machine trusts"
        );
        assert!(!reason.way_out().contains("omit"), "{}", reason.way_out());
    }

    #[test]
    fn a_server_without_tls_is_told_apart() {
        let error = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        assert_eq!(tls(error), Failure::Unreachable(Reason::PlainHttp));
    }

    #[test]
    fn a_certificate_of_a_ca_is_told_apart() {
        let error = rustls::OtherError(std::sync::Arc::new(webpki::Error::CaUsedAsEndEntity));
        assert_eq!(certificate(CertificateError::Other(error)), Failure::Unreachable(Reason::CaCertificate));
    }

    #[test]
    fn a_server_that_wants_a_client_certificate_is_told_apart() {
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
        assert_eq!(tls(alert), Failure::Unreachable(Reason::ClientCertificateRefused));
    }

    #[test]
    fn faults_of_the_network_are_told_apart() {
        for (kind, reason) in [
            (ErrorKind::ConnectionRefused, Reason::Refused),
            (ErrorKind::TimedOut, Reason::TimedOut),
            (ErrorKind::HostUnreachable, Reason::NoRoute),
            (ErrorKind::ConnectionReset, Reason::ConnectionLost),
            (ErrorKind::PermissionDenied, Reason::Other),
        ] {
            let error = kube::Error::Service(Box::new(std::io::Error::from(kind)));
            assert_eq!(Failure::of(&error, false), Failure::Unreachable(reason));
        }
    }

    #[test]
    fn only_the_beginning_of_a_long_message_is_kept() {
        let page = format!("<html>{}\n<body>", "x".repeat(1000));
        let error = kube::Error::Api(kube::core::Status::failure(&page, "").with_code(502).boxed());
        match Failure::of(&error, false) {
            Failure::Server { code: 502, message } => assert_eq!(message.len(), 500),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_of_a_certificate_are_shown_bare() {
        let presented = vec!["DnsName(\"kubernetes\")".to_owned(), "IpAddress(10.0.0.1)".to_owned()];
        let reason = Reason::CertificateName { presented };
        assert_eq!(reason.to_string(), "its certificate is for kubernetes, 10.0.0.1");
    }
}
