//! Anchors, aliases, tags and directives.

use super::{Kind, Scanner};
use crate::yaml::error::Error;

impl<'a> Scanner<'a> {
    fn is_word(&self, ahead: usize) -> bool {
        let byte = self.byte(ahead);
        byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
    }

    fn word(&mut self) -> Result<&'a str, Error> {
        let from = self.position;
        while self.is_word(0) {
            self.skip();
            self.require(1)?;
        }
        Ok(&self.text[from..self.position])
    }

    fn skip_blanks(&mut self) -> Result<(), Error> {
        while self.is_blank(0) {
            self.skip();
            self.require(1)?;
        }
        Ok(())
    }

    /// `&name` and `*name`.
    pub(super) fn anchor(&mut self, is_anchor: bool) -> Result<(), Error> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let line = self.line;
        self.skip();
        self.require(1)?;
        let name = self.word()?;
        let ends = self.is_blank_or_end(0)
            || matches!(self.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            return self.fail("did not find expected alphabetic or numeric character");
        }
        self.push(if is_anchor { Kind::Anchor(name) } else { Kind::Alias(name) }, line);
        Ok(())
    }

    /// `!<uri>`, `!suffix`, `!handle!suffix` and `!`.
    pub(super) fn tag(&mut self) -> Result<(), Error> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let line = self.line;
        let (handle, suffix) = if self.byte(1) == b'<' {
            self.skip_to(self.position + 2);
            let suffix = self.tag_uri("")?;
            if self.byte(0) != b'>' {
                return self.fail("did not find the expected '>'");
            }
            self.skip();
            (String::new(), suffix)
        } else {
            let handle = self.tag_handle(false)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.tag_uri("")?;
                (handle, suffix)
            } else {
                match self.tag_uri(&handle)? {
                    suffix if suffix.is_empty() => (String::new(), "!".to_owned()),
                    suffix => ("!".to_owned(), suffix),
                }
            }
        };
        self.require(1)?;
        if !self.is_blank_or_end(0) {
            return self.fail("did not find expected whitespace or line break");
        }
        self.push(Kind::Tag { handle, suffix }, line);
        Ok(())
    }

    fn tag_handle(&mut self, in_directive: bool) -> Result<String, Error> {
        const MISSING: &str = "did not find expected '!'";
        self.require(1)?;
        if self.byte(0) != b'!' {
            return self.fail(MISSING);
        }
        let from = self.position;
        self.skip();
        self.require(1)?;
        self.word()?;
        if self.byte(0) == b'!' {
            self.skip();
        } else if in_directive && self.position - from > 1 {
            return self.fail(MISSING);
        }
        Ok(self.text[from..self.position].to_owned())
    }

    /// The rest of a tag, after `head` and without its exclamation mark.
    fn tag_uri(&mut self, head: &str) -> Result<String, Error> {
        let mut uri = head.get(1..).unwrap_or_default().as_bytes().to_vec();
        let mut any = !head.is_empty();
        self.require(1)?;
        loop {
            let byte = self.byte(0);
            if byte == b'%' {
                self.uri_escape(&mut uri)?;
            } else if self.is_word(0) || b";/?:@&=+$,.!~*'()[]".contains(&byte) && !self.is_end(0) {
                uri.push(byte);
                self.skip();
            } else {
                break;
            }
            any = true;
            self.require(1)?;
        }
        if !any {
            return self.fail("did not find expected tag URI");
        }
        Ok(String::from_utf8_lossy(&uri).into_owned())
    }

    /// One character as `%C3%A9`.
    fn uri_escape(&mut self, uri: &mut Vec<u8>) -> Result<(), Error> {
        let mut left: Option<u32> = None;
        while left != Some(0) {
            self.require(3)?;
            let digits = self.text.as_bytes().get(self.position + 1..self.position + 3);
            let octet = digits
                .filter(|_| self.byte(0) == b'%')
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            let Some(octet) = octet else { return self.fail("did not find URI escaped octet") };
            left = match (left, octet) {
                (None, 0x00..=0x7F) => Some(0),
                (None, 0xC0..=0xDF) => Some(1),
                (None, 0xE0..=0xEF) => Some(2),
                (None, 0xF0..=0xF7) => Some(3),
                (None, _) => return self.fail("found an incorrect leading UTF-8 octet"),
                (Some(left), 0x80..=0xBF) => Some(left - 1),
                (Some(_), _) => return self.fail("found an incorrect trailing UTF-8 octet"),
            };
            uri.push(octet);
            self.skip_to(self.position + 3);
        }
        Ok(())
    }

    /// `%YAML 1.1` and `%TAG ! prefix`.
    pub(super) fn directive(&mut self) -> Result<(), Error> {
        self.unroll(-1);
        self.remove_key()?;
        self.simple_key_allowed = false;
        let line = self.line;
        self.skip();
        self.require(1)?;
        let name = self.word()?;
        if name.is_empty() {
            return self.fail("could not find expected directive name");
        }
        if !self.is_blank_or_end(0) {
            return self.fail("found unexpected non-alphabetical character");
        }
        let kind = match name {
            "YAML" => self.version()?,
            "TAG" => self.tag_directive()?,
            _ => return self.fail("found unknown directive name"),
        };
        self.require(1)?;
        self.skip_blanks()?;
        if self.byte(0) == b'#' {
            self.skip_rest_of_line()?;
        }
        if self.is_break(0) {
            self.take_break();
        } else if !self.is_end(0) {
            return self.fail("did not find expected comment or line break");
        }
        self.push(kind, line);
        Ok(())
    }

    fn version(&mut self) -> Result<Kind<'a>, Error> {
        self.skip_blanks()?;
        let major = self.version_number()?;
        if self.byte(0) != b'.' {
            return self.fail("did not find expected digit or '.' character");
        }
        self.skip();
        Ok(Kind::VersionDirective { major, minor: self.version_number()? })
    }

    fn version_number(&mut self) -> Result<u8, Error> {
        let (mut number, mut length) = (0, 0);
        while self.byte(0).is_ascii_digit() {
            length += 1;
            if length > 2 {
                return self.fail("found extremely long version number");
            }
            number = number * 10 + (self.byte(0) - b'0');
            self.skip();
            self.require(1)?;
        }
        if length == 0 { self.fail("did not find expected version number") } else { Ok(number) }
    }

    fn tag_directive(&mut self) -> Result<Kind<'a>, Error> {
        self.skip_blanks()?;
        let handle = self.tag_handle(true)?;
        self.require(1)?;
        if !self.is_blank(0) {
            return self.fail("did not find expected whitespace");
        }
        self.skip_blanks()?;
        let prefix = self.tag_uri("")?;
        if !self.is_blank_or_end(0) {
            return self.fail("did not find expected whitespace or line break");
        }
        Ok(Kind::TagDirective { handle, prefix })
    }
}
