//! Number literals.

use crate::golang::number::{parse_float, parse_int, parse_uint};
use crate::golang::quote::{quote, unquote};
use crate::template::lex::{Kind, Token};
use crate::template::node::Number;

/// The number that a literal stands for, in every type that holds it.
pub(super) fn number<'t>(token: &Token<'t>) -> Result<Number<'t>, String> {
    let text = token.text;
    if token.kind == Kind::CharConstant {
        let rune = unquote(text).and_then(|bytes| String::from_utf8(bytes).ok());
        let mut chars = rune.as_deref().unwrap_or_default().chars();
        return match (chars.next(), chars.next()) {
            (Some(c), None) => {
                let code = i64::from(u32::from(c));
                Ok(Number { text, int: Some(code), is_uint: true, float: Some(f64::from(u32::from(c))) })
            }
            _ => Err(format!("malformed character constant: {text}")),
        };
    }
    if token.kind == Kind::Complex || text.ends_with('i') {
        return Err(format!("complex numbers are not supported: {}", quote(text.as_bytes())));
    }
    real_number(text)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::float_cmp)]
fn real_number(text: &str) -> Result<Number<'_>, String> {
    let is_uint = parse_uint(text).is_some();
    let mut number = Number { text, int: parse_int(text), is_uint, float: None };
    if let Some(int) = number.int {
        number.is_uint |= int == 0;
        number.float = Some(int as f64);
    } else if let Some(uint) = parse_uint(text) {
        number.float = Some(uint as f64);
    } else if let Some(float) = parse_float(&text.replace('_', "")) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", quote(text.as_bytes())));
        }
        number.float = Some(float);
        if float.fract() == 0.0 && float.abs() < 9.2e18 {
            number.int = Some(float as i64);
            number.is_uint = float >= 0.0;
        }
    } else {
        return Err(format!("illegal number syntax: {}", quote(text.as_bytes())));
    }
    Ok(number)
}
