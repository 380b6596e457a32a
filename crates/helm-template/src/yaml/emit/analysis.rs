//! Which styles suit a scalar.

/// What styles a scalar can be written in.
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own.
#[derive(Default)]
pub(super) struct Analysis {
    pub(super) multiline: bool,
    pub(super) plain_allowed: bool,
    pub(super) single_quoted_allowed: bool,
    pub(super) block_allowed: bool,
}

/// Looks at every character once.
pub(super) fn analyze(text: &str) -> Analysis {
    let mut block_indicators = text.starts_with("---") || text.starts_with("...");
    let (mut line_breaks, mut special, mut space_break, mut break_space) = (false, false, false, false);
    let (mut previous_space, mut previous_break) = (false, false);
    let mut preceded_by_whitespace = true;
    let mut chars = text.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        let followed_by_whitespace = matches!(chars.peek(), None | Some(' ' | '\t'));
        block_indicators |= if first {
            match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                | '`' => true,
                '?' | ':' | '-' => followed_by_whitespace,
                _ => false,
            }
        } else {
            (c == ':' && followed_by_whitespace) || (c == '#' && preceded_by_whitespace)
        };
        special |= !is_printable(c);
        line_breaks |= is_break(c);
        break_space |= c == ' ' && previous_break;
        space_break |= is_break(c) && previous_space;
        previous_space = c == ' ';
        previous_break = is_break(c);
        preceded_by_whitespace = c == ' ' || c == '\t' || c == '\0' || is_break(c);
        first = false;
    }
    let is_edge = |c: char| c == ' ' || is_break(c);
    let edges = text.starts_with(is_edge) || text.ends_with(is_edge);
    let unsafe_characters = space_break || special;
    Analysis {
        multiline: line_breaks,
        plain_allowed: !(block_indicators || line_breaks || edges || break_space || unsafe_characters),
        single_quoted_allowed: !(break_space || unsafe_characters),
        block_allowed: !text.is_empty() && !text.ends_with(' ') && !unsafe_characters,
    }
}

/// Whether go-yaml v2 takes it for a line break.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// go-yaml v2 knows no printable character beyond the basic plane.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}
