//! Plain scalars.

use super::scalar::{Content, Gap};
use super::{Kind, Scanner, Style};
use crate::yaml::error::Error;

/// The bytes that end such a run, some of them in some places only.
const MAY_END: [bool; 256] = {
    let mut table = [false; 256];
    let ends = b" \t\n\r:,?[]{}\xC2\xE2";
    let mut index = 0;
    while index < ends.len() {
        table[ends[index] as usize] = true;
        index += 1;
    }
    table
};

impl<'a> Scanner<'a> {
    pub(super) fn plain_scalar(&mut self) -> Result<(), Error> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let line = self.line;
        let indent = usize::try_from(self.indent + 1).unwrap_or(0);
        let mut content = Content::new(self.text, self.position);
        let mut gap = Gap::new(self.position);
        loop {
            self.require(4)?;
            if self.at_document_indicator() || self.byte(0) == b'#' {
                break;
            }
            let end = self.plain_run_end();
            if end > self.position {
                if gap.first.is_some() {
                    gap.join(&mut content);
                } else {
                    content.extend(gap.blanks.0, gap.blanks.1);
                }
                content.extend(self.position, end);
                self.skip_to(end);
                gap = Gap::new(end);
            }
            self.require(2)?;
            if !self.is_blank(0) && !self.is_break(0) {
                break;
            }
            self.plain_gap(&mut gap, indent)?;
            if self.flow_level == 0 && self.column < indent {
                break;
            }
        }
        if gap.first.is_some() {
            self.simple_key_allowed = true;
        }
        self.push(Kind::Scalar { text: content.finish(), style: Style::Plain }, line);
        Ok(())
    }

    /// Where the characters end that belong to the scalar without a blank between them.
    fn plain_run_end(&self) -> usize {
        let rest = &self.text.as_bytes()[self.position..];
        let ends = |(ahead, byte): (usize, &u8)| {
            MAY_END[usize::from(*byte)]
                && match byte {
                    b' ' | b'\t' | b'\n' | b'\r' => true,
                    b':' => self.is_blank_or_end(ahead + 1),
                    0xC2 | 0xE2 => self.is_break(ahead),
                    _ => self.flow_level > 0,
                }
        };
        self.position + rest.iter().enumerate().position(ends).unwrap_or(rest.len())
    }

    fn plain_gap(&mut self, gap: &mut Gap<'a>, indent: usize) -> Result<(), Error> {
        loop {
            if self.is_blank(0) {
                if gap.first.is_some() && self.column < indent && self.byte(0) == b'\t' {
                    return self.fail("found a tab character that violates indentation");
                }
                if self.byte(0) == b'\t' {
                    self.skip();
                } else {
                    self.skip_spaces(usize::MAX);
                }
                if gap.first.is_none() {
                    gap.blanks.1 = self.position;
                }
            } else if self.is_break(0) {
                self.require(2)?;
                gap.add_break(self.take_break());
            } else {
                return Ok(());
            }
            self.require(1)?;
        }
    }
}
