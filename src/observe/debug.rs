//! istiod's debug interface, which answers its own pod's loopback address only: several questions on one forwarded connection.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::client::UpgradeConnectionError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::clusters::{Cluster, Failure};

/// Its port.
const PORT: u16 = 8080;
/// How long one look into a pod may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One answer: its status line and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    status: String,
    body: Vec<u8>,
}

impl Answer {
    /// The body of an answer that is one.
    pub(super) fn body(&self) -> Result<&[u8], String> {
        if self.status.split(' ').nth(1) == Some("200") {
            Ok(&self.body)
        } else {
            Err(format!("istiod responded with {}", self.status))
        }
    }
}

/// The answers of a pod of istiod to GET requests for `paths`, in their order.
pub(super) async fn ask<const N: usize>(
    cluster: &Cluster,
    namespace: &str,
    pod: &str,
    paths: [&str; N],
) -> Result<[Answer; N], String> {
    let pods = Api::<Pod>::namespaced(cluster.client(), namespace);
    let looked = tokio::time::timeout(PATIENCE, forwarded(cluster, pods, pod, &requests(&paths))).await;
    let text = looked.unwrap_or_else(|_| Err("istiod did not respond".to_owned()))?;
    answers(&text)
}

async fn forwarded(cluster: &Cluster, pods: Api<Pod>, pod: &str, requests: &str) -> Result<Vec<u8>, String> {
    let forwarded = pods.portforward(pod, &[PORT]).await;
    let mut forward = forwarded.map_err(|error| not_forwarded(&error, &cluster.failure(&error)))?;
    let mut stream = forward.take_stream(PORT).ok_or("the API server opened no stream")?;
    let lost = |_| "the connection to istiod's pod was lost".to_owned();
    stream.write_all(requests.as_bytes()).await.map_err(lost)?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.map_err(lost)?;
    Ok(text)
}

/// All requests at once; istiod answers one after the other, and closes the connection after the last.
fn requests(paths: &[&str]) -> String {
    let requests = paths.iter().enumerate().map(|(position, path)| {
        let close = if position + 1 == paths.len() { "Connection: close\r\n" } else { "" };
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{close}\r\n")
    });
    requests.collect()
}

fn answers<const N: usize>(mut text: &[u8]) -> Result<[Answer; N], String> {
    let mut found = Vec::new();
    while found.len() < N {
        let (answer, rest) = answer(text).ok_or("istiod sent no response")?;
        found.push(answer);
        text = rest;
    }
    found.try_into().map_err(|_| "istiod sent no response".to_owned())
}

/// The first answer of a connection, and what follows it.
fn answer(text: &[u8]) -> Option<(Answer, &[u8])> {
    let end = text.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&text[..end]).ok()?, &text[end + 4..]);
    let mut lines = head.lines();
    let status = lines.next()?.to_owned();
    let header = |name: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(':'));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let (body, rest) = if header("transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case("chunked")) {
        chunks(body)?
    } else if let Some(length) = header("content-length") {
        let length = length.parse().ok().filter(|length| *length <= body.len())?;
        (body[..length].to_vec(), &body[length..])
    } else {
        (body.to_vec(), &body[body.len()..])
    };
    Some((Answer { status, body }, rest))
}

/// A body in chunks (RFC 9112, 7.1).
fn chunks(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut body = Vec::new();
    loop {
        let end = text.windows(2).position(|bytes| bytes == b"\r\n")?;
        let size = std::str::from_utf8(&text[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        text = &text[end + 2..];
        if text.len() < size + 2 {
            return None;
        }
        body.extend_from_slice(&text[..size]);
        text = &text[size + 2..];
        if size == 0 {
            return Some((body, text));
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies<const N: usize>(text: &str) -> Result<Vec<String>, String> {
        let answers: [Answer; N] = answers(text.as_bytes())?;
        answers.iter().map(|answer| Ok(String::from_utf8(answer.body()?.to_vec()).unwrap())).collect()
    }

    #[test]
    fn all_requests_go_out_at_once_and_the_last_one_ends_the_connection() {
        let text = requests(&["/a", "/b"]);
        assert_eq!(
            text,
            "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn answers_are_told_apart_by_length_and_chunks() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[\r\n]HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                    3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
        assert_eq!(bodies::<2>(text).unwrap(), ["[\r\n]", "{\"a\":1}"]);
        assert_eq!(bodies::<1>("HTTP/1.0 200 OK\r\n\r\nto the end").unwrap(), ["to the end"]);
    }

    #[test]
    fn an_answer_that_is_none_says_why() {
        assert_eq!(
            bodies::<1>("HTTP/1.0 403 Forbidden\r\n\r\nno").unwrap_err(),
            "istiod responded with HTTP/1.0 403 Forbidden"
        );
        assert_eq!(bodies::<1>("").unwrap_err(), "istiod sent no response");
        let cut = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"a";
        assert_eq!(bodies::<1>(cut).unwrap_err(), "istiod sent no response");
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
