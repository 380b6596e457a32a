//! sprig's functions that look at a string word by word.

mod join;
mod pascal;

use super::arguments::{bytes, int, text};
use super::pure;
use super::strings::{is_space, to_lower, to_upper};
use crate::golang::unicode::is_letter;
use crate::template::signature::{Function, Type};
use crate::value::Value;
use join::join_words;
use pascal::pascal_case;

const TEXT: &[Type] = &[Type::String];

pub(super) const FUNCTIONS: &[Function] = &[
    pure("title", TEXT, |arguments| Ok(Value::from(title(&text(arguments, 0))))),
    pure("untitle", TEXT, |arguments| Ok(Value::from(at_word_starts(&text(arguments, 0), to_lower)))),
    pure("swapcase", TEXT, |arguments| Ok(Value::from(swap_case(&text(arguments, 0))))),
    pure("nospace", TEXT, |arguments| {
        Ok(Value::from(text(arguments, 0).chars().filter(|c| !is_space(*c)).collect::<String>()))
    }),
    pure("initials", TEXT, |arguments| Ok(Value::from(initials(&text(arguments, 0))))),
    pure("abbrev", &[Type::Int, Type::String], |arguments| {
        Ok(Value::bytes_as_string(abbreviate(bytes(arguments, 1), 0, int(arguments, 0))))
    }),
    pure("abbrevboth", &[Type::Int, Type::Int, Type::String], |arguments| {
        let abbreviated = abbreviate(bytes(arguments, 2), int(arguments, 0), int(arguments, 1));
        Ok(Value::bytes_as_string(abbreviated))
    }),
    pure("wrap", &[Type::Int, Type::String], |arguments| {
        Ok(Value::from(wrap(&text(arguments, 1), int(arguments, 0), "\n", false)))
    }),
    pure("wrapWith", &[Type::Int, Type::String, Type::String], |arguments| {
        Ok(Value::from(wrap(&text(arguments, 2), int(arguments, 0), &text(arguments, 1), true)))
    }),
    pure("snakecase", TEXT, |arguments| Ok(Value::from(join_words(&text(arguments, 0), '_')))),
    pure("kebabcase", TEXT, |arguments| Ok(Value::from(join_words(&text(arguments, 0), '-')))),
    pure("camelcase", TEXT, |arguments| Ok(Value::from(pascal_case(&text(arguments, 0))))),
];

/// `strings.Title`: letters at the start of a word in upper case; a word is what is not a separator.
fn title(text: &str) -> String {
    let mut previous = ' ';
    text.chars()
        .map(|c| {
            let starts = is_separator(previous);
            previous = c;
            if starts { to_upper(c) } else { c }
        })
        .collect()
}

fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        return !(c.is_ascii_alphanumeric() || c == '_');
    }
    !is_letter(c) && !c.is_numeric() && is_space(c)
}

fn at_word_starts(text: &str, change: impl Fn(char) -> char) -> String {
    let mut starts = true;
    text.chars()
        .map(|c| {
            if is_space(c) {
                starts = true;
                return c;
            }
            let changed = if starts { change(c) } else { c };
            starts = false;
            changed
        })
        .collect()
}

/// goutils' `SwapCase`: upper to lower, lower to upper, or to title case at a word's start.
fn swap_case(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_uppercase() {
                to_lower(c)
            } else if c.is_lowercase() {
                to_upper(c)
            } else {
                c
            }
        })
        .collect()
}

fn initials(text: &str) -> String {
    let mut starts = true;
    text.chars()
        .filter(|c| {
            let first = starts && !is_space(*c);
            starts = is_space(*c);
            first
        })
        .collect()
}

/// goutils' `AbbreviateFull`, which cuts through characters.
fn abbreviate(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    const ELLIPSIS: &[u8] = b"...";
    let too_small = width < 4 || (offset > 0 && width < 7);
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    if too_small || length <= width {
        return text.to_owned();
    }
    let part = |from: i64, to: i64| {
        let range = usize::try_from(from).unwrap_or(0)..usize::try_from(to.min(length)).unwrap_or(0);
        text.get(range).unwrap_or_default()
    };
    let mut offset = offset.min(length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    if offset <= 4 {
        return [part(0, width - 3), ELLIPSIS].concat();
    }
    if offset + width - 3 < length {
        return [ELLIPSIS, &abbreviate(part(offset, length), 0, width - 3)].concat();
    }
    [ELLIPSIS, part(length - (width - 3), length)].concat()
}

/// goutils' `WrapCustom`: breaks at the last blank before the width.
fn wrap(text: &str, width: i64, line_break: &str, breaks_words: bool) -> String {
    let line_break = if line_break.is_empty() { "\n" } else { line_break };
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut offset = 0;
    while chars.len() > offset && chars.len() - offset > width {
        if chars[offset] == ' ' {
            offset += 1;
            continue;
        }
        let end = (offset + width).min(chars.len() - 1);
        let blank = (offset..=end).rev().find(|index| chars[*index] == ' ');
        if let Some(blank) = blank {
            out.extend(&chars[offset..blank]);
            out.push_str(line_break);
            offset = blank + 1;
        } else if breaks_words {
            out.extend(&chars[offset..offset + width]);
            out.push_str(line_break);
            offset += width;
        } else if let Some(blank) = (offset + width..chars.len()).find(|index| chars[*index] == ' ') {
            out.extend(&chars[offset..blank]);
            out.push_str(line_break);
            offset = blank + 1;
        } else {
            break;
        }
    }
    out.extend(&chars[offset.min(chars.len())..]);
    out
}
