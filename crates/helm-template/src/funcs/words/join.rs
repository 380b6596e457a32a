//! `snakecase` and `kebabcase`: xstrings' `ToSnakeCase`.

use crate::funcs::strings::{is_space, to_lower};
use crate::golang::unicode::{is_letter, is_punctuation};

/// The kinds of runs that a text consists of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Connector,
    Punctuation,
    /// Starts with a capital letter.
    Upper,
    Lower,
    Number,
    Other,
}

/// Whether the character joins words.
pub(super) fn is_connector(c: char) -> bool {
    matches!(c, '-' | '_') || is_space(c)
}

fn kind(c: char) -> Kind {
    match c {
        _ if is_connector(c) => Kind::Connector,
        _ if is_punctuation(c) => Kind::Punctuation,
        _ if c.is_uppercase() => Kind::Upper,
        '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}' => Kind::Other,
        _ if is_letter(c) => Kind::Lower,
        _ if c.is_numeric() => Kind::Number,
        _ => Kind::Other,
    }
}

/// The words of a text with a connector between them: `FirstName` is `first_name`, `HTTPServer` is `http_server`.
pub(super) fn join_words(text: &str, connector: char) -> String {
    let mut joiner = Joiner { words: split(text), next: 0, connector, out: String::new() };
    while let Some(kind) = joiner.kind() {
        joiner.push_word();
        match (kind, joiner.kind()) {
            (_, None) | (Kind::Connector | Kind::Punctuation, _) => {}
            (Kind::Number, _) => joiner.push_rest(),
            (_, Some(Kind::Number)) => joiner.push_number(),
            _ => joiner.separate(),
        }
    }
    joiner.out
}

/// Cuts a text into its runs. Of several capital letters before a small one the last starts a new run.
fn split(text: &str) -> Vec<(Kind, String)> {
    let chars: Vec<char> = text.chars().collect();
    let mut rest = chars.as_slice();
    let mut words = Vec::new();
    while let Some(first) = rest.first() {
        let own = kind(*first);
        let run = |from: usize, wanted: Kind| {
            from + rest[from..].iter().take_while(|c| kind(**c) == wanted).count()
        };
        let mut length = run(1, own);
        if own == Kind::Upper {
            let is_lower_next = rest.get(length).is_some_and(|c| kind(*c) == Kind::Lower);
            length = match length {
                1 => run(1, Kind::Lower),
                _ if is_lower_next => length - 1,
                _ => length,
            };
        }
        words.push((own, rest[..length].iter().collect()));
        rest = &rest[length..];
    }
    words
}

struct Joiner {
    words: Vec<(Kind, String)>,
    next: usize,
    connector: char,
    out: String,
}

impl Joiner {
    fn kind(&self) -> Option<Kind> {
        self.words.get(self.next).map(|(kind, _)| *kind)
    }

    fn push_word(&mut self) {
        let Some((kind, word)) = self.words.get(self.next) else { return };
        match kind {
            Kind::Connector => self.out.extend(word.chars().map(|_| self.connector)),
            Kind::Upper => self.out.extend(word.chars().map(to_lower)),
            _ => self.out.push_str(word),
        }
        self.next += 1;
    }

    /// A connector, unless something stands there that separates by itself.
    fn separate(&mut self) {
        if !matches!(self.kind(), None | Some(Kind::Connector | Kind::Punctuation)) {
            self.out.push(self.connector);
        }
    }

    /// Small letters and numbers belong to the number before them.
    fn push_rest(&mut self) {
        while matches!(self.kind(), Some(Kind::Lower | Kind::Number)) {
            self.push_word();
        }
        self.separate();
    }

    /// A number belongs to the word before it, unless small letters follow: `bld4_floor`, but `http_2xx`.
    fn push_number(&mut self) {
        match self.words.get(self.next + 1) {
            Some((Kind::Lower, _)) => {
                self.out.push(self.connector);
                self.push_word();
                self.push_rest();
            }
            Some(_) => {
                self.push_word();
                self.separate();
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_as_xstrings_joins_them() {
        for (text, joined) in [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("NoHTTPS", "no_https"),
            ("GO_PATH", "go_path"),
            ("FooBar HTTPServer2x", "foo_bar_http_server_2x"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
            ("foo-bar.baz", "foo_bar.baz"),
            ("a+b C", "a_+_b_c"),
            ("2xFoo9", "2x_foo9"),
            ("", ""),
        ] {
            assert_eq!(join_words(text, '_'), joined, "{text}");
        }
    }
}
