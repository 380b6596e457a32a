//! An error and its causes as one text.

use std::error::Error as StdError;

use crate::charts;

/// An error or its cause.
type Cause<'a> = &'a (dyn StdError + 'static);

/// The error and its causes, beginning with a capital letter.
pub(super) fn chain(error: Cause<'_>) -> String {
    capitalised(&plain_chain(error))
}

/// The error and its causes, separated by colons; a cause that the text before it already holds is left out.
pub(super) fn plain_chain(error: Cause<'_>) -> String {
    let mut text = said(error);
    let mut cause = next(error);
    while let Some(error) = cause {
        let next_text = said(error);
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next(error);
    }
    text
}

/// The causes alone.
pub(super) fn causes(error: Cause<'_>) -> String {
    next(error).map(chain).unwrap_or_default()
}

/// The text with a capital letter at its beginning.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// What one error says; of an answer of the API server only its words.
fn said(error: Cause<'_>) -> String {
    match status_of(error).filter(|status| !status.message.is_empty()) {
        Some(status) => status.message.clone(),
        None => error.to_string(),
    }
}

/// The API server's answer, if the error is one.
pub(super) fn status_of(error: Cause<'_>) -> Option<&kube::core::Status> {
    let status = error.downcast_ref::<Box<kube::core::Status>>().map(AsRef::as_ref);
    status.or_else(|| error.downcast_ref::<kube::core::Status>())
}

/// The cause. Between the client and what went wrong on the way are only layers of libraries, which tell nobody anything.
fn next(error: Cause<'_>) -> Option<Cause<'_>> {
    // What the TLS library says of it is in the error's own words already.
    if let Some(charts::Error::Untrusted { .. }) = error.downcast_ref() {
        return None;
    }
    let cause = error.source()?;
    if !is_of_a_client(cause) {
        return Some(cause);
    }
    let mut innermost = cause;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    Some(innermost)
}

/// Whether a library's client says it, above the layers that it is made of.
fn is_of_a_client(cause: Cause<'_>) -> bool {
    cause.downcast_ref::<kube::Error>().is_some()
        || cause.downcast_ref::<Box<kube::Error>>().is_some()
        || cause.downcast_ref::<reqwest::Error>().is_some()
}

/// The errors of single objects, which an error of several holds beside its source.
pub(super) fn of_objects<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    fn each<E: StdError + 'static>(failed: &[(ssa::ObjectId, E)]) -> Vec<&(dyn StdError + 'static)> {
        failed.iter().map(|(_, error)| error as &(dyn StdError + 'static)).collect()
    }
    if let Some(ssa::ApplyError::Write { failed, .. }) = error.downcast_ref() {
        return each(failed);
    }
    match error.downcast_ref() {
        Some(ssa::DeleteError::Request { failed }) => each(failed),
        Some(ssa::DeleteError::Observe { failed }) => each(failed),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot apply the manifests")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("not permitted to apply apps/Deployment/istio-system/istiod: no")]
    struct Inner(#[source] Innermost);

    #[derive(Debug, thiserror::Error)]
    #[error("no")]
    struct Innermost;

    #[derive(Debug, thiserror::Error)]
    #[error("the API server cannot be reached")]
    struct Unreachable(#[source] Box<kube::Error>);

    #[test]
    fn a_chain_does_not_repeat_what_it_has_said() {
        assert_eq!(
            chain(&Outer(Inner(Innermost))),
            "Cannot apply the manifests: not permitted to apply apps/Deployment/istio-system/istiod: no"
        );
    }

    #[test]
    fn layers_of_libraries_are_left_out() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = Unreachable(Box::new(kube::Error::Service(Box::new(refused))));
        assert_eq!(chain(&error), "The API server cannot be reached: connection refused");
    }

    #[tokio::test]
    async fn layers_below_a_download_are_left_out() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/index.yaml", listener.local_addr().unwrap());
        drop(listener);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let source = client.get(&url).send().await.unwrap_err().without_url();
        let text = chain(&charts::Error::Download { url: url.clone(), source });
        assert!(text.starts_with(&format!("Cannot download {url}: ")), "{text}");
        assert!(text.contains("onnection refused"), "{text}");
        for layer in ["error sending request", "client error", "tcp connect error"] {
            assert!(!text.contains(layer), "{text}");
        }
    }

    #[test]
    fn an_answer_is_quoted_in_its_own_words() {
        let status = kube::core::Status::failure("pods is forbidden", "Forbidden").with_code(403).boxed();
        let error = Unreachable(Box::new(kube::Error::Api(status)));
        assert_eq!(chain(&error), "The API server cannot be reached: pods is forbidden");
    }
}
