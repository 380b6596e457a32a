//! go-yaml v2's emitter for plain data: block style, two blanks a level, lists in maps not indented.

mod analysis;
mod escape;

use serde_json::{Number, Value};

use analysis::{analyze, is_break, is_printable};
use escape::escape;

use super::resolve::{Resolved, is_base_60, resolve};
use super::sort::compare;
use crate::golang::number::{format_g, format_json, parse_int, parse_uint};

/// The two versions of go-yaml that Helm uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Folds lines at the first blank after column 80; lists in maps are not indented.
    V2,
    /// Never folds; lists are indented.
    V3,
}
/// Blanks a level.
const INDENT: usize = 2;
const BLANKS: &str = "                                ";
/// Keys longer than this are written with a question mark.
const MAX_SIMPLE_KEY: usize = 128;

/// The YAML text of a value, as go-yaml v2 marshals it; it ends with a newline.
///
/// Keys are in go-yaml's natural order. Floats without a fraction are written as integers, as they are after the way through
/// JSON that `toYaml` takes.
pub fn emit(value: &Value) -> String {
    emit_dialect(value, Dialect::V2)
}

pub(super) fn emit_dialect(value: &impl Emit, dialect: Dialect) -> String {
    let mut emitter = Emitter { dialect, out: String::new(), column: 0, whitespace: true, indention: true };
    value.emit(&mut emitter, Place { indent: None, context: Context::Root });
    emitter.write_indent(0);
    emitter.out
}

/// Data that can be written as YAML.
pub(super) trait Emit {
    /// Calls the method of the emitter that suits what the data is.
    fn emit(&self, emitter: &mut Emitter, place: Place);
}

impl Emit for Value {
    fn emit(&self, emitter: &mut Emitter, place: Place) {
        match self {
            Self::Null => emitter.null(place),
            Self::Bool(truth) => emitter.bool(*truth, place),
            Self::Number(number) => emitter.number(number, place),
            Self::String(text) => emitter.string(text, place),
            Self::Array(items) => emitter.sequence(items, place),
            Self::Object(entries) => {
                emitter.mapping(entries.iter().map(|(key, value)| (key.as_str(), value)).collect(), place);
            }
        }
    }
}

/// Where a node stands: in a collection at `indent` (`None`: the document).
#[derive(Clone, Copy)]
pub(super) struct Place {
    indent: Option<usize>,
    context: Context,
}

impl Place {
    /// The indentation of a scalar's further lines.
    fn fold(self) -> usize {
        self.indent.map_or(INDENT, |indent| indent + INDENT)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Root,
    Sequence,
    Mapping,
    SimpleKey,
}

pub(super) struct Emitter {
    dialect: Dialect,
    out: String,
    column: usize,
    /// The last character was a blank.
    whitespace: bool,
    /// Only indentation and indicators have been written on this line.
    indention: bool,
}

impl Emitter {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    /// Writes text without line breaks.
    fn put_str(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn past_width(&self) -> bool {
        self.dialect == Dialect::V2 && self.column > 80
    }

    fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn write_indent(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            let blanks = BLANKS.len().min(indent - self.column);
            self.out.push_str(&BLANKS[..blanks]);
            self.column += blanks;
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn write_indicator(&mut self, indicator: &str, need_whitespace: bool, is_indention: bool) {
        if need_whitespace && !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(indicator);
        self.column += indicator.len();
        self.whitespace = false;
        self.indention = self.indention && is_indention;
    }

    pub(super) fn null(&mut self, place: Place) {
        self.plain("null", place);
    }

    pub(super) fn bool(&mut self, truth: bool, place: Place) {
        self.plain(if truth { "true" } else { "false" }, place);
    }

    pub(super) fn int(&mut self, number: i64, place: Place) {
        self.plain(&number.to_string(), place);
    }

    pub(super) fn float(&mut self, number: f64, place: Place) {
        let text = if self.dialect == Dialect::V3 { format_g(number) } else { float_text(number) };
        self.plain(&text, place);
    }

    fn number(&mut self, number: &Number, place: Place) {
        match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => self.int(int, place),
            (None, Some(uint)) => self.plain(&uint.to_string(), place),
            (None, None) => self.float(number.as_f64().unwrap_or(f64::NAN), place),
        }
    }

    pub(super) fn sequence(&mut self, items: &[impl Emit], place: Place) {
        if items.is_empty() {
            return self.write_indicator("[]", true, false);
        }
        let own = match place.indent {
            None => 0,
            Some(indent)
                if self.dialect == Dialect::V2 && place.context == Context::Mapping && !self.indention =>
            {
                indent
            }
            Some(indent) => indent + INDENT,
        };
        for item in items {
            self.write_indent(own);
            self.write_indicator("-", true, true);
            item.emit(self, Place { indent: Some(own), context: Context::Sequence });
        }
    }

    pub(super) fn mapping(&mut self, mut entries: Vec<(&str, &impl Emit)>, place: Place) {
        if entries.is_empty() {
            return self.write_indicator("{}", true, false);
        }
        let own = place.indent.map_or(0, |indent| indent + INDENT);
        let at = |context| Place { indent: Some(own), context };
        let digits_first = self.dialect == Dialect::V3;
        entries.sort_by(|(a, _), (b, _)| compare(a, b, digits_first));
        for (key, value) in entries {
            self.write_indent(own);
            if key.len() <= MAX_SIMPLE_KEY && !key.contains(is_break) {
                self.string(key, at(Context::SimpleKey));
                self.write_indicator(":", false, false);
            } else {
                self.write_indicator("?", true, true);
                self.string(key, at(Context::Mapping));
                self.write_indent(own);
                self.write_indicator(":", true, true);
            }
            value.emit(self, at(Context::Mapping));
        }
    }

    pub(super) fn string(&mut self, text: &str, place: Place) {
        let can_be_plain = match resolve(text) {
            Resolved::String => !is_base_60(text),
            _ => false,
        };
        if can_be_plain && is_simple(text) {
            return self.plain(text, place);
        }
        let analysis = analyze(text);
        let fold = place.fold();
        let simple_key = place.context == Context::SimpleKey;
        if text.contains('\n') && analysis.block_allowed && !simple_key {
            self.literal(text, fold);
        } else if text.contains('\n') || !can_be_plain || (simple_key && analysis.multiline) {
            self.double_quoted(text, fold, !simple_key);
        } else if analysis.plain_allowed {
            self.plain(text, place);
        } else if analysis.single_quoted_allowed {
            self.single_quoted(text, fold, !simple_key);
        } else {
            self.double_quoted(text, fold, !simple_key);
        }
    }

    fn plain(&mut self, text: &str, place: Place) {
        if !self.whitespace {
            self.put(' ');
        }
        let mut rest = text;
        let mut previous_space = false;
        while let Some(blank) = rest.find(' ') {
            self.put_str(&rest[..blank]);
            previous_space &= blank == 0;
            rest = &rest[blank + 1..];
            let folds = place.context != Context::SimpleKey
                && !previous_space
                && self.past_width()
                && !rest.starts_with(' ');
            if folds {
                self.write_indent(place.fold());
            } else {
                self.put(' ');
            }
            previous_space = true;
        }
        self.put_str(rest);
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &str, fold: usize, allow_breaks: bool) {
        self.write_indicator("'", true, false);
        let mut previous_space = false;
        let mut breaks = false;
        for (index, c) in text.char_indices() {
            if c == ' ' {
                let inner = index > 0 && index + 1 < text.len() && !text[index + 1..].starts_with(' ');
                if allow_breaks && !previous_space && self.past_width() && inner {
                    self.write_indent(fold);
                } else {
                    self.put(c);
                }
                previous_space = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.put_break();
                }
                self.write_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent(fold);
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
                previous_space = false;
                breaks = false;
            }
        }
        self.write_indicator("'", false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn write_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }

    fn double_quoted(&mut self, text: &str, fold: usize, allow_breaks: bool) {
        let escapes_all = text.starts_with('\u{feff}');
        self.write_indicator("\"", true, false);
        let mut previous_space = false;
        for (index, c) in text.char_indices() {
            if escapes_all || !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                for escaped in escape(c).chars() {
                    self.put(escaped);
                }
                previous_space = false;
            } else if c == ' ' {
                let inner = index > 0 && index + 1 < text.len();
                if allow_breaks && !previous_space && self.past_width() && inner {
                    self.write_indent(fold);
                    if text[index + 1..].starts_with(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                previous_space = true;
            } else {
                self.put(c);
                previous_space = false;
            }
        }
        self.write_indicator("\"", false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.write_indicator("|", true, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.write_indicator("2", false, false);
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().map(is_break), from_end.next().map(is_break)) {
            (Some(true), None | Some(true)) => self.write_indicator("+", false, false),
            (Some(true), Some(false)) => {}
            _ => self.write_indicator("-", false, false),
        }
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(is_break).unwrap_or(rest.len());
            if end > 0 {
                self.write_indent(indent);
                self.put_str(&rest[..end]);
                self.indention = false;
            }
            rest = &rest[end..];
            if let Some(c) = rest.chars().next() {
                self.write_break(c);
                self.indention = true;
                rest = &rest[c.len_utf8()..];
            }
        }
    }
}

/// Whether a look at the bytes tells that a string can be plain, as it is for nearly all strings.
fn is_simple(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && !text.ends_with(' ')
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b':' && byte != b'#')
}

/// A float as it is after the way through JSON: an integer if it has no fraction and no exponent.
fn float_text(number: f64) -> String {
    let json = format_json(number).unwrap_or_default();
    if let Some(int) = parse_int(&json) {
        return int.to_string();
    }
    parse_uint(&json).map_or_else(|| format_g(number), |uint| uint.to_string())
}

#[cfg(test)]
mod tests;
