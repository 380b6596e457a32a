//! The scanner: text to tokens. Its rules and its words for errors are those of go-yaml v2's `scannerc.go`, which are those
//! of YAML 1.1; parsers of YAML 1.2 read some manifests differently and name other lines.

mod block;
mod flow;
mod plain;
mod property;
mod scalar;
mod token;

use std::collections::VecDeque;

use super::error::Error;
use super::reader::Problem;
pub(super) use token::{Kind, Style, Token};

/// A key that is not marked by `?` stands on one line and is not longer than this.
const MAX_SIMPLE_KEY: usize = 1024;
/// go-yaml's limit on nested flow collections and on nested indentation.
const MAX_LEVELS: usize = 10_000;

/// Where something may turn out to have been a key, once a colon follows.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    index: usize,
    line: usize,
    column: usize,
}

/// Makes tokens on demand.
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// Byte offset of the next character.
    position: usize,
    /// The same in characters.
    index: usize,
    /// From 0.
    line: usize,
    /// In characters, from 0.
    column: usize,
    /// The first character that is refused, if any, and where it keeps the scanner from going on.
    problem: Option<Problem>,
    limit: usize,
    flow_level: usize,
    /// The column of the innermost block collection; -1 outside of all.
    indent: isize,
    indents: Vec<isize>,
    simple_keys: Vec<SimpleKey>,
    simple_key_allowed: bool,
    tokens: VecDeque<Token<'a>>,
    /// How many tokens have been taken.
    taken: usize,
    /// The first token of the queue is complete: it will not turn out to be a key.
    is_ready: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let problem = super::reader::first_problem(text.as_bytes());
        Self {
            limit: problem.map_or(usize::MAX, |problem| problem.chunk),
            problem,
            text,
            position: 0,
            index: 0,
            line: 0,
            column: 0,
            flow_level: 0,
            indent: -1,
            indents: Vec::new(),
            simple_keys: vec![SimpleKey::default()],
            simple_key_allowed: true,
            tokens: VecDeque::new(),
            taken: 0,
            is_ready: false,
        }
    }

    /// The next token, which stays where it is.
    pub(super) fn peek(&mut self) -> Result<&Token<'a>, Error> {
        if !self.is_ready {
            self.fill()?;
            self.is_ready = true;
        }
        self.tokens.front().ok_or_else(|| Error::at(None, "unknown problem parsing YAML content"))
    }

    /// Takes the token that [`Self::peek`] has shown.
    pub(super) fn take(&mut self) -> Option<Token<'a>> {
        self.is_ready = false;
        self.taken += 1;
        self.tokens.pop_front()
    }

    fn fail<T>(&self, problem: &str) -> Result<T, Error> {
        // go-yaml names no line for what is wrong in the first one.
        let line = if self.line == 0 { None } else { Some(self.line + 1) };
        Err(Error::at(line, problem))
    }

    /// go-yaml reads ahead in chunks, and refuses a chunk with a bad character as soon as it needs a byte of it.
    fn require(&self, bytes: usize) -> Result<(), Error> {
        if self.position + bytes <= self.limit {
            return Ok(());
        }
        Err(Error::at(
            None,
            self.problem.map_or("unknown problem parsing YAML content", |problem| problem.what),
        ))
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.position + ahead).copied().unwrap_or(0)
    }

    fn is_end(&self, ahead: usize) -> bool {
        self.position + ahead >= self.text.len()
    }

    fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    fn is_break(&self, ahead: usize) -> bool {
        self.break_length(ahead) > 0
    }

    /// The bytes of the line break that stands there, a carriage return with its line feed taken as one; 0 if there is none.
    fn break_length(&self, ahead: usize) -> usize {
        match self.byte(ahead) {
            b'\r' if self.byte(ahead + 1) == b'\n' => 2,
            b'\r' | b'\n' => 1,
            0xC2 if self.byte(ahead + 1) == 0x85 => 2,
            0xE2 if self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    fn is_blank_or_end(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_break(ahead) || self.is_end(ahead)
    }

    /// Moves on by one character that is not a line break.
    fn skip(&mut self) {
        let first = self.byte(0);
        self.position += match first {
            0..=0x7f => 1,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
        self.index += 1;
        self.column += 1;
    }

    /// Moves on to `position`, without a line break on the way.
    fn skip_to(&mut self, position: usize) {
        let run = &self.text.as_bytes()[self.position..position];
        // Every byte but those that continue a character starts one.
        let characters = run.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        self.position = position;
        self.index += characters;
        self.column += characters;
    }

    /// Moves on over blanks that are no tabs, `most` at most.
    fn skip_spaces(&mut self, most: usize) {
        let rest = &self.text.as_bytes()[self.position..];
        let blanks = rest.iter().take(most).take_while(|byte| **byte == b' ').count();
        self.position += blanks;
        self.index += blanks;
        self.column += blanks;
    }

    /// Moves on by a line break and returns what it stands for.
    fn take_break(&mut self) -> &'a str {
        let length = self.break_length(0);
        let from = self.position;
        self.position += length;
        self.index += if length == 2 && self.text.as_bytes()[from] == b'\r' { 2 } else { 1 };
        self.column = 0;
        self.line += 1;
        if length == 3 { &self.text[from..self.position] } else { "\n" }
    }

    /// Moves on to the end of the line.
    fn skip_rest_of_line(&mut self) -> Result<(), Error> {
        let end = self.line_end();
        self.skip_to(end);
        self.require(1)
    }

    /// Where the line ends.
    fn line_end(&self) -> usize {
        let mut ahead = 0;
        while !self.is_end(ahead) {
            match self.byte(ahead) {
                b'\n' | b'\r' => break,
                0xC2 | 0xE2 if self.is_break(ahead) => break,
                _ => ahead += 1,
            }
        }
        self.position + ahead
    }

    fn push(&mut self, kind: Kind<'a>, line: usize) {
        self.tokens.push_back(Token { kind, line });
    }

    /// Makes tokens until it is known what the first one is.
    fn fill(&mut self) -> Result<(), Error> {
        loop {
            if !self.tokens.is_empty() {
                let first = self.taken;
                let Some(position) =
                    self.simple_keys.iter().position(|key| key.possible && key.token == first)
                else {
                    return Ok(());
                };
                if !self.is_key_possible(position)? {
                    return Ok(());
                }
            }
            self.fetch()?;
        }
    }

    fn fetch(&mut self) -> Result<(), Error> {
        self.require(1)?;
        self.skip_to_token()?;
        self.unroll(isize::try_from(self.column).unwrap_or(isize::MAX));
        self.require(4)?;
        if self.is_end(0) {
            return self.stream_end();
        }
        let next = self.byte(0);
        let is_alone = self.is_blank_or_end(1);
        if self.column == 0 {
            if next == b'%' {
                return self.directive();
            }
            if self.at_document_indicator() {
                return self.document_indicator(next == b'-');
            }
        }
        match next {
            b'[' | b'{' => self.flow_start(next),
            b']' | b'}' => self.flow_end(next),
            b',' => self.flow_entry(),
            b'-' if is_alone => self.block_entry(),
            b'?' if self.flow_level > 0 || is_alone => self.key(),
            b':' if self.flow_level > 0 || is_alone => self.value(),
            b'*' | b'&' => self.anchor(next == b'&'),
            b'!' => self.tag(),
            b'|' | b'>' if self.flow_level == 0 => self.block_scalar(next == b'|'),
            b'\'' | b'"' => self.flow_scalar(next == b'\''),
            b'-' if !self.is_blank(1) => self.plain_scalar(),
            b'?' | b':' if self.flow_level == 0 && !is_alone => self.plain_scalar(),
            b'-' | b'?' | b':' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b' ' | b'\t' => {
                self.fail("found character that cannot start any token")
            }
            _ => self.plain_scalar(),
        }
    }

    /// Whether `---` or `...` stands here, at the start of a line and alone.
    fn at_document_indicator(&self) -> bool {
        let rest = &self.text.as_bytes()[self.position..];
        self.column == 0 && (rest.starts_with(b"---") || rest.starts_with(b"...")) && self.is_blank_or_end(3)
    }

    /// Skips blanks, comments and line breaks.
    fn skip_to_token(&mut self) -> Result<(), Error> {
        loop {
            self.require(1)?;
            if self.column == 0 && self.text[self.position..].starts_with('\u{feff}') {
                self.skip();
            }
            loop {
                self.skip_spaces(usize::MAX);
                self.require(1)?;
                if self.byte(0) != b'\t' || (self.flow_level == 0 && self.simple_key_allowed) {
                    break;
                }
                self.skip();
            }
            if self.byte(0) == b'#' {
                self.skip_rest_of_line()?;
            }
            if !self.is_break(0) {
                return Ok(());
            }
            self.require(2)?;
            self.take_break();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// Whether the key at that place of the stack may still be one; it is an error if it had to be.
    fn is_key_possible(&mut self, position: usize) -> Result<bool, Error> {
        let key = self.simple_keys[position];
        if !key.possible {
            return Ok(false);
        }
        if key.line < self.line || key.index + MAX_SIMPLE_KEY < self.index {
            if key.required {
                return self.fail("could not find expected ':'");
            }
            self.simple_keys[position].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    /// Remembers that the next token may be a key.
    fn save_key(&mut self) -> Result<(), Error> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        let required =
            self.flow_level == 0 && self.indent == isize::try_from(self.column).unwrap_or(isize::MAX);
        self.remove_key()?;
        let key = SimpleKey {
            possible: true,
            required,
            token: self.taken + self.tokens.len(),
            index: self.index,
            line: self.line,
            column: self.column,
        };
        if let Some(slot) = self.simple_keys.last_mut() {
            *slot = key;
        }
        Ok(())
    }

    /// What was taken for a possible key is none.
    fn remove_key(&mut self) -> Result<(), Error> {
        match self.simple_keys.last_mut() {
            Some(key) if key.possible && key.required => self.fail("could not find expected ':'"),
            Some(key) => {
                key.possible = false;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Opens a block collection at `column` if that is deeper than the innermost one; `before` is the number of the token that
    /// its own goes before.
    fn roll(
        &mut self,
        column: usize,
        before: Option<usize>,
        kind: Kind<'a>,
        line: usize,
    ) -> Result<(), Error> {
        let column = isize::try_from(column).unwrap_or(isize::MAX);
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_LEVELS {
            return self.fail(&format!("exceeded max depth of {MAX_LEVELS}"));
        }
        let token = Token { kind, line };
        match before {
            Some(number) => self.tokens.insert(number - self.taken, token),
            None => self.tokens.push_back(token),
        }
        Ok(())
    }

    /// Closes the block collections that are deeper than `column`.
    fn unroll(&mut self, column: isize) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.push(Kind::BlockEnd, self.line);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }
}

#[cfg(test)]
mod tests;
