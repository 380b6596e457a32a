//! The characters that go-yaml v2 accepts at all.

/// Something in the text that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Problem {
    /// Where the part of the text starts that go-yaml reads at once and refuses as a whole.
    pub(super) chunk: usize,
    /// go-yaml's words.
    pub(super) what: &'static str,
}

/// go-yaml reads the text in parts of this many bytes, characters not cut.
const CHUNK: usize = 512;

/// The first problem of a text, if it has any.
pub(super) fn first_problem(text: &[u8]) -> Option<Problem> {
    let (at, what) = first_refused(text)?;
    let mut chunk = 0;
    loop {
        let mut end = (chunk + CHUNK).min(text.len());
        while end > chunk && end < text.len() && text[end] & 0xC0 == 0x80 {
            end -= 1;
        }
        if at < end || end <= chunk {
            return Some(Problem { chunk, what });
        }
        chunk = end;
    }
}

/// What go-yaml says of a text that is not UTF-8 or holds control characters.
pub(crate) fn refusal(text: &[u8]) -> Option<&'static str> {
    first_refused(text).map(|(_, what)| what)
}

fn first_refused(text: &[u8]) -> Option<(usize, &'static str)> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    let mut at = 0;
    loop {
        at += text[at..].iter().position(|byte| !is_plain(byte))?;
        match width(&text[at..]) {
            Ok(width) => at += width,
            Err(what) => return Some((at, what)),
        }
    }
}

/// The length of the character at the front, or why it is refused.
fn width(text: &[u8]) -> Result<usize, &'static str> {
    let length = match text.first().copied().unwrap_or(0) {
        0..=0x7f => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => return Err("invalid leading UTF-8 octet"),
    };
    let Some(bytes) = text.get(..length) else { return Err("incomplete UTF-8 octet sequence") };
    if bytes[1..].iter().any(|byte| byte & 0xC0 != 0x80) {
        return Err("invalid trailing UTF-8 octet");
    }
    let Some(character) = std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) else {
        let surrogate = bytes[0] == 0xED && bytes[1] >= 0xA0;
        let too_large = bytes[0] > 0xF4 || (bytes[0] == 0xF4 && bytes[1] >= 0x90);
        let is_character = !surrogate && !too_large;
        return Err(if is_character {
            "invalid length of a UTF-8 sequence"
        } else {
            "invalid Unicode character"
        });
    };
    match character {
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'.. => Ok(length),
        _ => Err("control characters are not allowed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_character_is_met_with_the_chunk_that_holds_it() {
        assert_eq!(first_problem("a: é\n".as_bytes()), None);
        let what = "control characters are not allowed";
        assert_eq!(first_problem(b"a: \x01"), Some(Problem { chunk: 0, what }));
        let text = format!("{}\u{7}", "x".repeat(600));
        assert_eq!(first_problem(text.as_bytes()), Some(Problem { chunk: 512, what }));
    }

    #[test]
    fn what_is_not_utf_8_is_refused_in_the_words_of_go_yaml() {
        for (bytes, what) in [
            (b"a\xff".as_slice(), "invalid leading UTF-8 octet"),
            (b"a\xc3", "incomplete UTF-8 octet sequence"),
            (b"a\xc3(", "invalid trailing UTF-8 octet"),
            (b"a\xc0\x80", "invalid length of a UTF-8 sequence"),
            (b"a\xed\xa0\x80", "invalid Unicode character"),
        ] {
            assert_eq!(refusal(bytes), Some(what));
        }
    }
}
