//! `base64.StdEncoding.DecodeString`.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The bytes that a text stands for, its line breaks ignored, or where it is wrong.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    if let Some(offset) = wrong(text) {
        return Err(offset);
    }
    let compact: Vec<u8> = text.iter().copied().filter(|byte| !is_break(*byte)).collect();
    ENGINE.decode(compact).map_err(|_| text.len())
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Where Go's decoder, which takes four characters at a time, gives up.
fn wrong(text: &[u8]) -> Option<usize> {
    let mut bytes = text.iter().copied().enumerate().filter(|(_, byte)| !is_break(*byte));
    let mut taken = 0;
    loop {
        let Some((offset, byte)) = bytes.next() else {
            return (taken > 0).then(|| text.len() - taken);
        };
        match byte {
            b'=' => {
                return match taken {
                    0 | 1 => Some(offset),
                    2 => match bytes.next() {
                        None => Some(text.len()),
                        Some((offset, b'=')) => after_padding(text, offset),
                        Some((offset, _)) => Some(offset - 1),
                    },
                    _ => after_padding(text, offset),
                };
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => taken = (taken + 1) % 4,
            _ => return Some(offset),
        }
    }
}

/// Nothing but line breaks may follow the padding.
fn after_padding(text: &[u8], padding: usize) -> Option<usize> {
    let from = padding + 1;
    text[from..].iter().position(|byte| !is_break(*byte)).map(|position| from + position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_found_where_go_finds_them() {
        for (text, offset) in [
            ("!!", 0),
            ("YQ", 0),
            ("YWJjYQ", 4),
            ("YQ=", 3),
            ("YQ=x", 2),
            ("YQ==x", 4),
            ("YWI=\n=", 5),
            ("Y=", 1),
            ("=", 0),
            ("YWJj\nYW*", 7),
        ] {
            assert_eq!(decode(text.as_bytes()), Err(offset), "{text}");
        }
    }

    #[test]
    fn line_breaks_and_loose_bits_are_no_mistakes() {
        assert_eq!(decode(b"YW\nJj\r\nYR==\n"), Ok(b"abca".to_vec()));
        assert_eq!(decode(b""), Ok(Vec::new()));
    }
}
