//! Questions to istiod's debug interface, which answers its own pod's loopback address only: through a port that the API server forwards.
//! All questions go through one forwarding, so that another one costs the API server nothing.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::client::UpgradeConnectionError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::clusters::{Cluster, Failure};

/// Port of istiod's debug interface.
const PORT: u16 = 8080;
/// How long one look into a pod may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a pod says at these paths, in their order: the body of each response, or why there is none.
pub(super) async fn ask<const N: usize>(
    cluster: &Cluster,
    namespace: &str,
    pod: &str,
    paths: [&str; N],
) -> Result<[Result<Vec<u8>, String>; N], String> {
    let pods = Api::<Pod>::namespaced(cluster.client(), namespace);
    let looked = tokio::time::timeout(PATIENCE, asked(cluster, &pods, pod, &paths)).await;
    let answer = looked.unwrap_or_else(|_| Err("istiod did not respond".to_owned()))?;
    let mut rest = answer.as_slice();
    Ok(paths.map(|_| response(&mut rest)))
}

/// Sends all requests at once; istiod responds to one after the other and closes the connection.
async fn asked(cluster: &Cluster, pods: &Api<Pod>, pod: &str, paths: &[&str]) -> Result<Vec<u8>, String> {
    let forwarded = pods.portforward(pod, &[PORT]).await;
    let mut forward = forwarded.map_err(|error| not_forwarded(&error, &cluster.failure(&error)))?;
    let mut stream = forward.take_stream(PORT).ok_or("the API server opened no stream")?;
    let lost = |_| "the connection to istiod's pod was lost".to_owned();
    stream.write_all(requests(paths).as_bytes()).await.map_err(lost)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.map_err(lost)?;
    Ok(answer)
}

fn requests(paths: &[&str]) -> String {
    let request = |(position, path): (usize, &&str)| {
        let end = if position + 1 == paths.len() { "Connection: close\r\n" } else { "" };
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{end}\r\n")
    };
    paths.iter().enumerate().map(request).collect()
}

/// Why no port could be forwarded, in the API server's words where it has some.
fn not_forwarded(error: &kube::Error, failure: &Failure) -> String {
    match (error, failure) {
        (kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(code)), _) => {
            format!(
                "the API server, or a proxy in front of it, does not forward ports (HTTP {})",
                code.as_u16()
            )
        }
        (kube::Error::UpgradeConnection(_), _) => {
            "the API server, or a proxy in front of it, does not forward ports".to_owned()
        }
        (_, Failure::Forbidden { message } | Failure::Server { message, .. }) => message.clone(),
        (_, Failure::Unauthorized) => "the API server does not accept the credentials (HTTP 401)".to_owned(),
        (_, Failure::Unreachable(reason)) => format!("the API server cannot be reached: {reason}"),
    }
}

/// The body of the next response, which is taken off `rest`.
fn response(rest: &mut &[u8]) -> Result<Vec<u8>, String> {
    let none = || "istiod sent no response".to_owned();
    let head = until(rest, b"\r\n\r\n").ok_or_else(none)?;
    let head = String::from_utf8_lossy(head).into_owned();
    let header = |name: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(':'));
        headers.find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let body = match header("Content-Length").and_then(|length| length.parse().ok()) {
        Some(length) => taken(rest, length).ok_or_else(none)?.to_vec(),
        None if header("Transfer-Encoding").is_some() => chunks(rest).ok_or_else(none)?,
        None => std::mem::take(rest).to_vec(),
    };
    match head.split(' ').nth(1) {
        Some("200") => Ok(body),
        _ => Err(format!("istiod responded with {}", head.lines().next().unwrap_or_default())),
    }
}

/// A body in chunks, each with its length before it (RFC 9112, 7.1).
fn chunks(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let length = std::str::from_utf8(until(rest, b"\r\n")?).ok()?;
        let length = length.split(';').next().unwrap_or_default().trim();
        let chunk = taken(rest, usize::from_str_radix(length, 16).ok()?)?;
        until(rest, b"\r\n")?;
        if chunk.is_empty() {
            return Some(body);
        }
        body.extend_from_slice(chunk);
    }
}

/// What is before `end`; both are taken off `rest`.
fn until<'a>(rest: &mut &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let position = rest.windows(end.len()).position(|window| window == end)?;
    let before = taken(rest, position)?;
    taken(rest, end.len())?;
    Some(before)
}

fn taken<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn responses(answer: &str) -> [Result<String, String>; 2] {
        let mut rest = answer.as_bytes();
        [(), ()].map(|()| response(&mut rest).map(|body| String::from_utf8(body).unwrap()))
    }

    #[test]
    fn two_requests_go_through_one_connection() {
        let sent = requests(&["/a", "/b"]);
        assert_eq!(
            sent,
            "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn every_response_is_read_whatever_its_form() {
        let sized = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]";
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[{\"\r\n1;x\r\n}\r\n0\r\n\r\n";
        assert_eq!(responses(&format!("{sized}{chunked}")), [Ok("[]".to_owned()), Ok("[{\"}".to_owned())]);
        assert_eq!(responses(&format!("{chunked}{sized}")), [Ok("[{\"}".to_owned()), Ok("[]".to_owned())]);
        let open = "HTTP/1.0 200 OK\r\n\r\nto the end";
        assert_eq!(responses(&format!("{sized}{open}")), [Ok("[]".to_owned()), Ok("to the end".to_owned())]);
    }

    #[test]
    fn a_response_that_is_none_says_why() {
        let refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
        let none = || Err("istiod sent no response".to_owned());
        assert_eq!(
            responses(&format!("{refused}HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[")),
            [Err("istiod responded with HTTP/1.1 403 Forbidden".to_owned()), none()]
        );
        assert_eq!(responses(""), [none(), none()]);
    }

    #[test]
    fn why_no_port_is_forwarded_is_said_in_the_servers_words() {
        let message =
            "pods \"istiod-1\" is forbidden: User \"ci\" cannot create resource \"pods/portforward\"";
        let error =
            kube::Error::Api(kube::core::Status::failure(message, "Forbidden").with_code(403).boxed());
        assert_eq!(not_forwarded(&error, &Failure::of(&error, false)), message);
        let code = http::StatusCode::BAD_GATEWAY;
        let error = kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(code));
        let text = not_forwarded(&error, &Failure::of(&error, false));
        assert_eq!(text, "the API server, or a proxy in front of it, does not forward ports (HTTP 502)");
    }
}
