//! The lexer: template text to tokens. States and token names are those of `text/template/parse/lex.go`.

mod number;
mod token;

pub(crate) use token::{Kind, Token};

use crate::golang::unicode::{is_digit, is_letter};

const LEFT_DELIM: &str = "{{";
const RIGHT_DELIM: &str = "}}";
const LEFT_COMMENT: &str = "/*";
const RIGHT_COMMENT: &str = "*/";
const SPACE_CHARS: [char; 4] = [' ', '\t', '\r', '\n'];
/// A trim marker is `-` with a space beside it.
const TRIM_MARKER_LEN: usize = 2;

/// A template in tokens.
pub(crate) struct Lexed<'a> {
    /// The last one is `Eof` or `Error`.
    pub(crate) tokens: Vec<Token<'a>>,
    /// What is wrong at the `Error`.
    pub(crate) problem: String,
}

/// A template rarely has more tokens than one for so many bytes.
const BYTES_A_TOKEN: usize = 5;
/// Place for more tokens is not made in advance: large files are seldom templates.
const MOST_EXPECTED: usize = 8192;

/// All tokens of a template.
pub(crate) fn lex(input: &str) -> Lexed<'_> {
    let tokens = Vec::with_capacity((input.len() / BYTES_A_TOKEN + 1).min(MOST_EXPECTED));
    let mut lexer = Lexer { input, position: 0, start: 0, line: 1, start_line: 1, parens: 0, tokens };
    let problem = match lexer.text() {
        Ok(()) => {
            lexer.emit(Kind::Eof);
            String::new()
        }
        Err(message) => {
            let (position, line) = (lexer.start, lexer.start_line);
            lexer.tokens.push(Token { kind: Kind::Error, position, line, text: lexer.rest() });
            message
        }
    };
    Lexed { tokens: lexer.tokens, problem }
}

struct Lexer<'a> {
    input: &'a str,
    position: usize,
    start: usize,
    line: usize,
    start_line: usize,
    parens: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.input[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn emit(&mut self, kind: Kind) {
        let text = &self.input[self.start..self.position];
        self.tokens.push(Token { kind, position: self.start, line: self.start_line, text });
        self.start = self.position;
        self.start_line = self.line;
    }

    fn ignore(&mut self) {
        self.start = self.position;
        self.start_line = self.line;
    }

    /// Moves on by `length` bytes and counts the lines in them.
    fn skip(&mut self, length: usize) {
        self.line += memchr::memchr_iter(b'\n', &self.rest().as_bytes()[..length]).count();
        self.position += length;
    }

    /// Moves on behind letters, digits and underscores.
    fn skip_word(&mut self) {
        let is_ascii_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        self.position += self.rest().bytes().take_while(is_ascii_word).count();
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
    }

    fn accept(&mut self, valid: &str) -> bool {
        let accepted = self.peek().is_some_and(|c| valid.contains(c));
        if accepted {
            self.next();
        }
        accepted
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn text(&mut self) -> Result<(), String> {
        while let Some(offset) = memchr::memmem::find(self.rest().as_bytes(), LEFT_DELIM.as_bytes()) {
            let text = &self.rest()[..offset];
            let trims = has_left_trim_marker(&self.rest()[offset + LEFT_DELIM.len()..]);
            let kept = if trims { text.trim_end_matches(SPACE_CHARS).len() } else { offset };
            self.skip(kept);
            if kept > 0 {
                self.emit(Kind::Text);
            }
            self.skip(offset - kept);
            self.ignore();
            self.left_delim()?;
        }
        self.skip(self.rest().len());
        if self.position > self.start {
            self.emit(Kind::Text);
        }
        Ok(())
    }

    fn left_delim(&mut self) -> Result<(), String> {
        let after = &self.rest()[LEFT_DELIM.len()..];
        let marker = if has_left_trim_marker(after) { TRIM_MARKER_LEN } else { 0 };
        if after[marker..].starts_with(LEFT_COMMENT) {
            self.skip(LEFT_DELIM.len() + marker);
            self.ignore();
            return self.comment();
        }
        self.skip(LEFT_DELIM.len());
        self.emit(Kind::LeftDelim);
        self.skip(marker);
        self.ignore();
        self.parens = 0;
        self.inside_action()
    }

    fn comment(&mut self) -> Result<(), String> {
        let body = &self.rest()[LEFT_COMMENT.len()..];
        let Some(end) = body.find(RIGHT_COMMENT) else { return Err("unclosed comment".into()) };
        self.skip(LEFT_COMMENT.len() + end + RIGHT_COMMENT.len());
        let Some(trims) = self.at_right_delim() else {
            return Err("comment ends before closing delimiter".into());
        };
        self.skip_right_delim(trims);
        self.ignore();
        Ok(())
    }

    /// Whether the right delimiter comes next, and if so, whether it trims.
    fn at_right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim_marker(rest) && rest[TRIM_MARKER_LEN..].starts_with(RIGHT_DELIM) {
            return Some(true);
        }
        rest.starts_with(RIGHT_DELIM).then_some(false)
    }

    /// How many blanks come next.
    fn blanks(&self) -> usize {
        self.rest().bytes().take_while(|byte| is_space(*byte)).count()
    }

    fn skip_right_delim(&mut self, trims: bool) {
        if trims {
            self.skip(TRIM_MARKER_LEN);
        }
        self.skip(RIGHT_DELIM.len());
        if trims {
            self.skip(self.blanks());
        }
    }

    fn right_delim(&mut self, trims: bool) {
        if trims {
            self.skip(TRIM_MARKER_LEN);
            self.ignore();
        }
        self.skip(RIGHT_DELIM.len());
        self.emit(Kind::RightDelim);
        if trims {
            self.skip(self.blanks());
            self.ignore();
        }
    }

    fn inside_action(&mut self) -> Result<(), String> {
        loop {
            if let Some(trims) = self.at_right_delim() {
                if self.parens > 0 {
                    return Err("unclosed left paren".into());
                }
                self.right_delim(trims);
                return Ok(());
            }
            let Some(c) = self.peek() else { return Err("unclosed action".into()) };
            match c {
                _ if SPACE_CHARS.contains(&c) => self.space(),
                '"' => self.quote()?,
                '`' => self.raw_quote()?,
                '\'' => self.char_constant()?,
                '$' => self.variable()?,
                '.' => {
                    if self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
                        self.number()?;
                    } else {
                        self.next();
                        self.field_or_variable(Kind::Field)?;
                    }
                }
                '+' | '-' | '0'..='9' => self.number()?,
                _ if is_alphanumeric(c) => self.identifier()?,
                _ => self.symbol(c)?,
            }
        }
    }

    fn symbol(&mut self, c: char) -> Result<(), String> {
        self.next();
        let kind = match c {
            '=' => Kind::Assign,
            ':' => {
                if self.next() != Some('=') {
                    return Err("expected :=".into());
                }
                Kind::Declare
            }
            '|' => Kind::Pipe,
            '(' => {
                self.parens += 1;
                Kind::LeftParen
            }
            ')' => {
                self.parens = self.parens.checked_sub(1).ok_or("unexpected right paren")?;
                Kind::RightParen
            }
            _ if c.is_ascii_graphic() => Kind::Char,
            _ => return Err(format!("unrecognized character in action: {}", unicode(c))),
        };
        self.emit(kind);
        Ok(())
    }

    fn space(&mut self) {
        let rest = self.rest();
        let length = self.blanks();
        // The last blank belongs to a trim marker if one follows.
        let last = length - 1;
        let trims =
            has_right_trim_marker(&rest[last..]) && rest[last + TRIM_MARKER_LEN..].starts_with(RIGHT_DELIM);
        self.skip(if trims { last } else { length });
        if self.position > self.start {
            self.emit(Kind::Space);
        }
    }

    fn identifier(&mut self) -> Result<(), String> {
        self.skip_word();
        self.require_terminator()?;
        let word = &self.input[self.start..self.position];
        let kind = match word {
            "true" | "false" => Kind::Bool,
            _ => Kind::keyword(word).unwrap_or(Kind::Identifier),
        };
        self.emit(kind);
        Ok(())
    }

    fn variable(&mut self) -> Result<(), String> {
        self.next();
        self.field_or_variable(Kind::Variable)
    }

    fn field_or_variable(&mut self, kind: Kind) -> Result<(), String> {
        if self.at_terminator() {
            self.emit(if kind == Kind::Field { Kind::Dot } else { kind });
            return Ok(());
        }
        self.skip_word();
        self.require_terminator()?;
        self.emit(kind);
        Ok(())
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.rest().starts_with(RIGHT_DELIM),
        }
    }

    fn require_terminator(&self) -> Result<(), String> {
        match self.peek() {
            Some(c) if !self.at_terminator() => Err(format!("bad character {}", unicode(c))),
            _ => Ok(()),
        }
    }

    fn char_constant(&mut self) -> Result<(), String> {
        self.quoted('\'', "unterminated character constant")?;
        self.emit(Kind::CharConstant);
        Ok(())
    }

    fn quote(&mut self) -> Result<(), String> {
        self.quoted('"', "unterminated quoted string")?;
        self.emit(Kind::String);
        Ok(())
    }

    fn quoted(&mut self, delimiter: char, unterminated: &str) -> Result<(), String> {
        self.next();
        loop {
            match self.next() {
                Some('\\') if !matches!(self.peek(), None | Some('\n')) => {
                    self.next();
                }
                None | Some('\n' | '\\') => return Err(unterminated.into()),
                Some(c) if c == delimiter => return Ok(()),
                Some(_) => {}
            }
        }
    }

    fn raw_quote(&mut self) -> Result<(), String> {
        self.next();
        loop {
            match self.next() {
                None => return Err("unterminated raw quoted string".into()),
                Some('`') => break,
                Some(_) => {}
            }
        }
        self.emit(Kind::RawString);
        Ok(())
    }
}

fn has_left_trim_marker(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first() == Some(&b'-') && bytes.get(1).copied().is_some_and(is_space)
}

fn has_right_trim_marker(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().copied().is_some_and(is_space) && bytes.get(1) == Some(&b'-')
}

fn is_space(byte: u8) -> bool {
    SPACE_CHARS.contains(&char::from(byte))
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || is_letter(c) || is_digit(c)
}

/// `%#U`.
fn unicode(c: char) -> String {
    let code = format!("U+{:04X}", u32::from(c));
    if crate::golang::quote::is_print(c) { format!("{code} '{c}'") } else { code }
}

#[cfg(test)]
mod tests;
