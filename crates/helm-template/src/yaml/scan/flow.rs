//! Scalars in quotes.

use super::scalar::{Content, Gap};
use super::{Kind, Scanner, Style};
use crate::yaml::error::Error;

impl<'a> Scanner<'a> {
    pub(super) fn flow_scalar(&mut self, single: bool) -> Result<(), Error> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let line = self.line;
        self.skip();
        let quote = if single { b'\'' } else { b'"' };
        let mut content = Content::new(self.text, self.position);
        loop {
            self.require(4)?;
            if self.at_document_indicator() {
                return self.fail("found unexpected document indicator");
            }
            if self.is_end(0) {
                return self.fail("found unexpected end of stream");
            }
            let escaped_break = self.quoted_run(&mut content, single)?;
            self.require(1)?;
            if self.byte(0) == quote {
                break;
            }
            self.quoted_gap(&mut content, escaped_break)?;
        }
        self.skip();
        self.push(Kind::Scalar { text: content.finish(), style: Style::Quoted }, line);
        Ok(())
    }

    /// Reads what stands without a blank between it; whether it ended with an escaped line break.
    fn quoted_run(&mut self, content: &mut Content<'a>, single: bool) -> Result<bool, Error> {
        while !self.is_blank_or_end(0) {
            match self.byte(0) {
                b'\'' if single && self.byte(1) == b'\'' => {
                    content.push("'");
                    self.skip_to(self.position + 2);
                }
                b'\'' if single => return Ok(false),
                b'"' if !single => return Ok(false),
                b'\\' if !single && self.is_break(1) => {
                    self.require(3)?;
                    self.skip();
                    self.take_break();
                    return Ok(true);
                }
                b'\\' if !single => self.escape(content)?,
                _ => {
                    let end = self.quoted_run_end(single);
                    content.extend(self.position, end);
                    self.skip_to(end);
                }
            }
            self.require(2)?;
        }
        Ok(false)
    }

    fn quoted_run_end(&self, single: bool) -> usize {
        let bytes = self.text.as_bytes();
        let mut ahead = 0;
        while let Some(byte) = bytes.get(self.position + ahead) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => break,
                b'\'' if single => break,
                b'"' | b'\\' if !single => break,
                0xC2 | 0xE2 if self.is_break(ahead) => break,
                _ => ahead += 1,
            }
        }
        self.position + ahead
    }

    fn quoted_gap(&mut self, content: &mut Content<'a>, escaped_break: bool) -> Result<(), Error> {
        let mut gap = Gap::new(self.position);
        let mut at_line_start = escaped_break;
        loop {
            if self.is_blank(0) {
                self.skip();
                if !at_line_start {
                    gap.blanks.1 = self.position;
                }
            } else if self.is_break(0) {
                self.require(2)?;
                let text = self.take_break();
                // After an escaped line break every other one counts.
                if escaped_break {
                    gap.others.push_str(text);
                } else {
                    gap.add_break(text);
                }
                at_line_start = true;
            } else {
                break;
            }
            self.require(1)?;
        }
        if gap.first.is_some() {
            gap.join(content);
        } else if at_line_start {
            content.push(&gap.others);
        } else {
            content.extend(gap.blanks.0, gap.blanks.1);
        }
        Ok(())
    }

    fn escape(&mut self, content: &mut Content<'a>) -> Result<(), Error> {
        let (text, digits) = match self.byte(1) {
            b'0' => ("\0", 0),
            b'a' => ("\u{7}", 0),
            b'b' => ("\u{8}", 0),
            b't' | b'\t' => ("\t", 0),
            b'n' => ("\n", 0),
            b'v' => ("\u{b}", 0),
            b'f' => ("\u{c}", 0),
            b'r' => ("\r", 0),
            b'e' => ("\u{1b}", 0),
            b' ' => (" ", 0),
            b'"' => ("\"", 0),
            b'\'' => ("'", 0),
            b'\\' => ("\\", 0),
            b'N' => ("\u{85}", 0),
            b'_' => ("\u{a0}", 0),
            b'L' => ("\u{2028}", 0),
            b'P' => ("\u{2029}", 0),
            b'x' => ("", 2),
            b'u' => ("", 4),
            b'U' => ("", 8),
            _ => return self.fail("found unknown escape character"),
        };
        self.skip_to(self.position + 2);
        if digits == 0 {
            content.push(text);
            return Ok(());
        }
        self.require(digits)?;
        let mut code = 0u32;
        for ahead in 0..digits {
            match char::from(self.byte(ahead)).to_digit(16) {
                Some(digit) => code = code.wrapping_shl(4) + digit,
                None => return self.fail("did not find expected hexdecimal number"),
            }
        }
        let Some(character) = char::from_u32(code) else {
            return self.fail("found invalid Unicode character escape code");
        };
        content.push(character.encode_utf8(&mut [0; 4]));
        self.skip_to(self.position + digits);
        Ok(())
    }

    /// `|` and `>`.
    pub(super) fn block_scalar(&mut self, literal: bool) -> Result<(), Error> {
        self.remove_key()?;
        self.simple_key_allowed = true;
        let line = self.line;
        self.skip();
        let (chomping, increment) = self.block_header()?;
        let parent = usize::try_from(self.indent).ok();
        let mut indent = if increment > 0 { Some(parent.unwrap_or(0) + increment) } else { None };
        let mut text = String::new();
        let mut first_break = "";
        let mut breaks = self.block_breaks(&mut indent)?;
        self.require(1)?;
        let mut leading_blank = false;
        while Some(self.column) == indent && !self.is_end(0) {
            let trailing_blank = self.is_blank(0);
            if !literal && !leading_blank && !trailing_blank && first_break == "\n" {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(first_break);
            }
            text.push_str(&breaks);
            leading_blank = trailing_blank;
            let end = self.line_end();
            text.push_str(&self.text[self.position..end]);
            self.skip_to(end);
            self.require(2)?;
            first_break = if self.is_break(0) { self.take_break() } else { "" };
            breaks = self.block_breaks(&mut indent)?;
        }
        if chomping != Some(false) {
            text.push_str(first_break);
        }
        if chomping == Some(true) {
            text.push_str(&breaks);
        }
        self.push(Kind::Scalar { text: text.into(), style: Style::Quoted }, line);
        Ok(())
    }

    /// What follows `|` or `>` on its line: whether trailing line breaks are kept (`+`) or removed (`-`), and by how much the
    /// text is indented.
    fn block_header(&mut self) -> Result<(Option<bool>, usize), Error> {
        let (mut chomping, mut increment) = (None, 0);
        self.require(1)?;
        for _ in 0..2 {
            match self.byte(0) {
                sign @ (b'+' | b'-') if chomping.is_none() => {
                    chomping = Some(sign == b'+');
                    self.skip();
                }
                b'0' if increment == 0 => {
                    return self.fail("found an indentation indicator equal to 0");
                }
                digit @ b'1'..=b'9' if increment == 0 => {
                    increment = usize::from(digit - b'0');
                    self.skip();
                }
                _ => break,
            }
            self.require(1)?;
        }
        while self.is_blank(0) {
            self.skip();
            self.require(1)?;
        }
        if self.byte(0) == b'#' {
            self.skip_rest_of_line()?;
        }
        if self.is_break(0) {
            self.require(2)?;
            self.take_break();
        } else if !self.is_end(0) {
            return self.fail("did not find expected comment or line break");
        }
        Ok((chomping, increment))
    }

    /// Skips the indentation and empty lines, and finds out how far the text is indented if that is not known.
    fn block_breaks(&mut self, indent: &mut Option<usize>) -> Result<String, Error> {
        let mut breaks = String::new();
        let mut deepest = 0;
        loop {
            self.require(1)?;
            let missing = |column: usize| indent.map_or(usize::MAX, |indent| indent.saturating_sub(column));
            self.skip_spaces(missing(self.column));
            self.require(1)?;
            deepest = deepest.max(self.column);
            if missing(self.column) > 0 && self.byte(0) == b'\t' {
                return self.fail("found a tab character where an indentation space is expected");
            }
            if !self.is_break(0) {
                break;
            }
            self.require(2)?;
            breaks.push_str(self.take_break());
        }
        if indent.is_none() {
            let least = usize::try_from(self.indent + 1).unwrap_or(0).max(1);
            *indent = Some(deepest.max(least));
        }
        Ok(breaks)
    }
}
