//! What may be shown of a credential plugin's standard error.

use secrecy::{ExposeSecret, SecretString};

const LINES: usize = 5;
const LINE_LENGTH: usize = 300;
/// Tokens and keys are longer; words, names and most paths' parts are shorter.
const SECRET_LENGTH: usize = 20;
const REDACTED: &str = "(redacted)";

/// The last lines of `stderr` without the given `secrets` and without anything that looks like one.
pub(super) fn last_lines<'a>(stderr: &str, secrets: impl Iterator<Item = &'a SecretString>) -> String {
    let mut text = stderr.to_owned();
    // Shorter values are flags and region names rather than secrets.
    for secret in secrets.map(ExposeSecret::expose_secret).filter(|secret| secret.len() >= 8) {
        text = text.replace(secret, REDACTED);
    }
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter()
        .map(|line| scrub(&line.chars().take(LINE_LENGTH).collect::<String>()))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Replaces every run of the characters of base64, base64url, hexadecimal and JWTs that looks random.
fn scrub(line: &str) -> String {
    let in_secret = |c: char| c.is_ascii_alphanumeric() || "+/_=.-".contains(c);
    let mut scrubbed = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(in_secret) {
        let run = &rest[start..];
        let end = run.find(|c| !in_secret(c)).unwrap_or(run.len());
        scrubbed.push_str(&rest[..start]);
        scrubbed.push_str(if looks_random(&run[..end]) { REDACTED } else { &run[..end] });
        rest = &run[end..];
    }
    scrubbed + rest
}

/// Host names and UUIDs are long as well, but of one case and with separators.
fn looks_random(run: &str) -> bool {
    let has = |test: fn(&char) -> bool| run.chars().any(|c| test(&c));
    let is_mixed_case = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    run.len() >= SECRET_LENGTH && has(char::is_ascii_digit) && (is_mixed_case || !run.contains(['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(stderr: &str) -> String {
        last_lines(stderr, std::iter::empty())
    }

    #[test]
    fn only_the_last_lines_are_shown() {
        let text = (1..=9).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n\n");
        assert_eq!(shown(&text), "line 5\nline 6\nline 7\nline 8\nline 9");
    }

    #[test]
    fn what_looks_like_a_token_or_key_is_not_shown() {
        for secret in [
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
            "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(shown(&format!("refused: '{secret}'!")), "refused: '(redacted)'!");
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for line in [
            "An error occurred (AccessDenied) when calling AssumeRole on arn:aws:iam::123456789012:role/admin",
            "dial tcp: lookup sts.eu-west-1.amazonaws.com: no such host",
            "tenant 00000000-0000-0000-0000-00000000000a not found",
        ] {
            assert_eq!(shown(line), line);
        }
    }

    #[test]
    fn the_plugins_own_secrets_are_not_shown() {
        let secret = SecretString::from("hunter2 hunter2");
        assert_eq!(
            last_lines("no entry for hunter2 hunter2", [&secret].into_iter()),
            "no entry for (redacted)"
        );
    }

    #[test]
    fn a_long_line_is_cut() {
        assert_eq!(shown(&"x ".repeat(1000)).len(), LINE_LENGTH);
    }
}
