//! Tokens.

use std::borrow::Cow;

/// One token and the line where it starts, from 0.
#[derive(Debug)]
pub(in crate::yaml) struct Token<'a> {
    pub(in crate::yaml) kind: Kind<'a>,
    pub(in crate::yaml) line: usize,
}

/// The kinds of tokens, with what they say.
#[derive(Debug)]
pub(in crate::yaml) enum Kind<'a> {
    StreamEnd,
    VersionDirective { major: u8, minor: u8 },
    TagDirective { handle: String, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    Tag { handle: String, suffix: String },
    Scalar { text: Cow<'a, str>, style: Style },
}

/// Whether a scalar may mean something else than its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::yaml) enum Style {
    Plain,
    Quoted,
}
