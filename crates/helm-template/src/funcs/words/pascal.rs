//! `camelcase`: xstrings' `ToPascalCase`.

use super::join::is_connector;
use crate::funcs::strings::{to_lower, to_upper};

/// A connector between words vanishes and the letter after it is in upper case; of the capital letters at the start of a word
/// all but the first are in lower case.
pub(super) fn pascal_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let start = text.find(|c| !is_connector(c)).unwrap_or(text.len());
    out.push_str(&text[..start]);
    let mut chars = text[start..].chars();
    let Some(first) = chars.next() else {
        // Where there is nothing but connectors, the last one is written twice.
        out.extend(text.chars().next_back());
        return out;
    };
    let mut in_capitals = first.is_uppercase();
    let mut previous = to_upper(first);
    for c in chars {
        let mut current = c;
        if !is_connector(previous) {
            out.push(previous);
            in_capitals &= c.is_uppercase();
            if in_capitals {
                current = to_lower(c);
            }
        } else if is_connector(c) {
            out.push(previous);
        } else {
            in_capitals = c.is_uppercase();
            current = to_upper(c);
        }
        previous = current;
    }
    out.push(previous);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_put_together_as_xstrings_puts_them_together() {
        for (text, together) in [
            ("some_words", "SomeWords"),
            ("FooBar HTTPServer2x", "FooBarHttpserver2x"),
            ("HTTP2XX", "Http2XX"),
            ("a--b__C-", "A-B_C-"),
            ("_-x", "_-X"),
            ("--", "---"),
            ("x", "X"),
            ("", ""),
        ] {
            assert_eq!(pascal_case(text), together, "{text}");
        }
    }
}
