//! Error responses that do not come from an API server. A front, a proxy or a load balancer responds with a page, with JSON of its own
//! or with nothing; kube takes any JSON object for a `Status`, one without a code.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::core::Status;
use serde_json::Value;

/// The same response; an error has a `Status` with its HTTP status as body, whatever it came with. One that leads elsewhere, which no
/// API server sends, is an error.
pub(super) async fn with_status(response: Response<Body>) -> Result<Response<Body>, kube::Error> {
    let code = response.status();
    if code.is_informational() || code.is_success() {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let status = status(code, &body.collect().await?.to_bytes());
    if code.is_redirection() {
        return Err(kube::Error::Api(Box::new(status)));
    }
    let body = serde_json::to_vec(&status).map_err(kube::Error::SerdeError)?;
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn status(code: StatusCode, body: &[u8]) -> Status {
    // API servers always say whether it is a success.
    let given = serde_json::from_slice::<Status>(body).ok().filter(|given| given.status.is_some());
    let reason = code.canonical_reason().unwrap_or_default();
    let status = given.unwrap_or_else(|| Status::failure(&words(body), reason));
    status.with_code(code.as_u16())
}

/// What somebody else says in the body.
fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let of_json = serde_json::from_str::<Value>(text).ok().and_then(|json| {
        let said =
            ["message", "error"].into_iter().find_map(|key| json.get(key)?.as_str().map(str::to_owned));
        said.filter(|said| !said.is_empty())
    });
    match of_json {
        Some(said) => said,
        None if text.is_empty() => "an empty response".to_owned(),
        None if text.starts_with('<') => "an HTML page".to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(code: u16, body: &[u8]) -> Result<Value, kube::Error> {
        let response = Response::builder().status(code).header(CONTENT_LENGTH, body.len());
        let response = response.header("retry-after", "7").body(Body::from(body.to_vec())).unwrap();
        let response = with_status(response).await?;
        assert_eq!(response.status(), code);
        assert_eq!(response.headers().get("retry-after").unwrap(), "7");
        Ok(serde_json::from_slice(&response.into_body().collect().await?.to_bytes()).unwrap())
    }

    #[tokio::test]
    async fn what_an_api_server_says_stays() {
        let said = br#"{"kind":"Status","status":"Failure","reason":"NotFound","code":404,
            "message":"pods \"a\" not found","details":{"name":"a","kind":"pods","causes":[{"reason":"b","field":"c"}]}}"#;
        let status: Value = answered(404, said).await.unwrap();
        assert_eq!(status["message"], "pods \"a\" not found");
        assert_eq!(status["details"]["causes"][0]["field"], "c");
    }

    #[tokio::test]
    async fn every_other_body_becomes_a_status_with_the_code_of_http() {
        for (body, words) in [
            (b"" as &[u8], "an empty response"),
            (b"  <!DOCTYPE html>\n<html></html>", "an HTML page"),
            (b"no healthy upstream\n", "no healthy upstream"),
            (br#"{"error":"invalid_token","code":7}"#, "invalid_token"),
            (br#"{"type":"error","status":"401","message":"must authenticate"}"#, "must authenticate"),
            (br#"{"error":{"code":401}}"#, r#"{"error":{"code":401}}"#),
            (b"{}", "{}"),
            (b"[]", "[]"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        ] {
            for code in [401, 403, 404, 418, 429, 503] {
                let status = answered(code, body).await.unwrap();
                assert_eq!((&status["code"], &status["message"]), (&code.into(), &words.into()), "{body:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_status_without_a_code_has_that_of_http() {
        let status = answered(403, br#"{"status":"Failure","message":"no"}"#).await.unwrap();
        assert_eq!((&status["code"], &status["message"]), (&403.into(), &"no".into()));
    }

    #[tokio::test]
    async fn a_response_that_leads_elsewhere_is_an_error() {
        let error = answered(302, b"").await.unwrap_err();
        assert!(matches!(&error, kube::Error::Api(status) if status.code == 302), "{error:?}");
    }
}
