//! The paths that a source file writes: `use` declarations, and paths in code and in macros.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path as it is written, with the line of its last segment.
#[derive(Debug, PartialEq, Eq)]
pub struct WrittenPath {
    pub segments: Vec<String>,
    pub line: usize,
}

/// Every path of two segments or more outside tests; groups are taken apart, so that `use a::{b, c::d}` is `a::b` and
/// `a::c::d`.
///
/// # Panics
/// The text is not Rust.
pub fn written_paths(text: &str) -> Vec<WrittenPath> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("not Rust: {error}"));
    let mut paths = Vec::new();
    scan(&without_tests(tokens), &mut paths);
    paths
}

/// Leaves out the items that follow `#[cfg(test)]`.
pub fn without_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut skipping = false;
    for token in tokens {
        if is_cfg_test(&token) && kept.last().is_some_and(|last| is_punct(last, '#')) {
            kept.pop();
            skipping = true;
        } else if !skipping {
            kept.push(token);
        } else if is_punct(&token, ';')
            || matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
        {
            skipping = false;
        }
    }
    kept
}

fn is_cfg_test(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    group.delimiter() == Delimiter::Bracket && group.stream().to_string().replace(' ', "") == "cfg(test)"
}

fn scan(tokens: &[TokenTree], paths: &mut Vec<WrittenPath>) {
    let mut position = 0;
    while position < tokens.len() {
        match &tokens[position] {
            TokenTree::Ident(_) if !is_member(tokens, position) => {
                position = path(tokens, position, &[], paths);
            }
            TokenTree::Group(group) => {
                scan(&without_tests(group.stream()), paths);
                position += 1;
            }
            _ => position += 1,
        }
    }
}

/// Whether the name follows a dot, as in `value.name`.
fn is_member(tokens: &[TokenTree], position: usize) -> bool {
    position > 0 && is_punct(&tokens[position - 1], '.')
}

/// Reads the path that starts at `position`, behind `prefix`; says where it ends.
fn path(tokens: &[TokenTree], start: usize, prefix: &[String], paths: &mut Vec<WrittenPath>) -> usize {
    let mut segments = prefix.to_vec();
    let mut position = start;
    let mut line = 0;
    while let Some(TokenTree::Ident(name)) = tokens.get(position) {
        segments.push(name.to_string());
        line = name.span().start().line;
        if !is_separator(tokens, position + 1) {
            position += 1;
            break;
        }
        position += 3;
    }
    match tokens.get(position) {
        Some(TokenTree::Group(group))
            if is_after_separator(tokens, position) && group.delimiter() == Delimiter::Brace =>
        {
            members(&without_tests(group.stream()), &segments, paths);
            position += 1;
        }
        _ if segments.len() > 1 => paths.push(WrittenPath { segments, line }),
        _ => {}
    }
    position
}

/// The members of a group: `{a, b::c}`.
fn members(tokens: &[TokenTree], prefix: &[String], paths: &mut Vec<WrittenPath>) {
    for member in tokens.split(|token| is_punct(token, ',')) {
        if !member.is_empty() {
            path(member, 0, prefix, paths);
        }
    }
}

fn is_separator(tokens: &[TokenTree], position: usize) -> bool {
    [position, position + 1]
        .iter()
        .all(|position| tokens.get(*position).is_some_and(|token| is_punct(token, ':')))
}

fn is_after_separator(tokens: &[TokenTree], position: usize) -> bool {
    position >= 2 && is_separator(tokens, position - 2)
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}
