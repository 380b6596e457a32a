//! How a server asks for credentials: `WWW-Authenticate` (RFC 9110, 11.6.1).

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// One way to authenticate that a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case.
    pub scheme: String,
    /// By name in lower case.
    pub parameters: BTreeMap<String, String>,
}

/// Every challenge of an answer. A header may hold several, with the same comma between them as between parameters.
pub(super) fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(parse).collect()
}

fn parse(text: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    for part in split(text) {
        let (word, rest) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        // A scheme stands alone or before its first parameter; a parameter has its `=` in the first word.
        let parameter = if word.contains('=') {
            part
        } else {
            challenges.push(Challenge { scheme: word.to_ascii_lowercase(), ..Challenge::default() });
            rest.trim()
        };
        if let (Some(challenge), Some((name, value))) = (challenges.last_mut(), parameter.split_once('=')) {
            challenge.parameters.insert(name.trim().to_ascii_lowercase(), unquoted(value.trim()));
        }
    }
    challenges
}

/// The parts between commas that are not inside quotes.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(move |letter: char| {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        letter == ',' && !is_quoted
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut letters = inner.chars();
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        text.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(scheme: &str, parameters: &[(&str, &str)]) -> Challenge {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Challenge { scheme: scheme.to_owned(), parameters: parameters.collect() }
    }

    #[test]
    fn a_registrys_challenge_is_understood() {
        let text = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:istio/base:pull,push""#;
        let expected = [
            ("realm", "https://auth.example/token"),
            ("service", "registry.example"),
            ("scope", "repository:istio/base:pull,push"),
        ];
        assert_eq!(parse(text), [challenge("bearer", &expected)]);
    }

    #[test]
    fn several_challenges_in_one_header_are_told_apart() {
        let text = r#"Negotiate, BASIC Realm="a \"quoted, text\"" , charset=UTF-8,Bearer realm=x"#;
        let basic = [("realm", "a \"quoted, text\""), ("charset", "UTF-8")];
        let expected =
            [challenge("negotiate", &[]), challenge("basic", &basic), challenge("bearer", &[("realm", "x")])];
        assert_eq!(parse(text), expected);
    }

    #[test]
    fn what_is_malformed_gives_no_parameters() {
        assert_eq!(parse(""), []);
        assert_eq!(parse("realm=\"x\""), []);
        assert_eq!(parse("Bearer \"realm\""), [challenge("bearer", &[])]);
    }

    #[test]
    fn several_headers_are_read() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, "Basic realm=a".parse().unwrap());
        headers.append(WWW_AUTHENTICATE, "Bearer realm=b".parse().unwrap());
        assert_eq!(
            challenges(&headers),
            [challenge("basic", &[("realm", "a")]), challenge("bearer", &[("realm", "b")])]
        );
    }
}
