//! The parser: tokens to events. States and words for errors are those of go-yaml v2's `parserc.go`.

mod block;
mod flow;

use std::borrow::Cow;

use super::error::Error;
use super::scan::{Kind, Scanner, Style, Token};

/// A step through a document.
#[derive(Debug)]
pub(super) enum Event<'a> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(&'a str),
    Scalar { text: Cow<'a, str>, is_plain: bool, properties: Properties<'a> },
    SequenceStart(Properties<'a>),
    SequenceEnd,
    MappingStart(Properties<'a>),
    MappingEnd,
}

/// The anchor and the tag of a node.
#[derive(Debug, Default)]
pub(super) struct Properties<'a> {
    pub(super) anchor: Option<&'a str>,
    /// In its long form.
    pub(super) tag: Option<String>,
}

impl Properties<'_> {
    pub(super) fn is_none(&self) -> bool {
        self.anchor.is_none() && self.tag.is_none()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ImplicitDocument,
    Document,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirst,
    BlockSequence,
    IndentlessSequence,
    BlockMappingFirst,
    BlockMapping,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequence,
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirst,
    FlowMapping,
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

/// What YAML 1.1 declares without a directive.
const DEFAULT_TAGS: [(&str, &str); 2] = [("!", "!"), ("!!", "tag:yaml.org,2002:")];

/// Makes events on demand.
pub(super) struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    tags: Vec<(String, String)>,
}

type Result<T> = std::result::Result<T, Error>;

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            scanner: Scanner::new(text),
            state: State::ImplicitDocument,
            states: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// The next event; after the end of the stream always that.
    pub(super) fn next(&mut self) -> Result<Event<'a>> {
        match self.state {
            State::ImplicitDocument => self.document_start(true),
            State::Document => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(true, false),
            State::BlockSequenceFirst | State::BlockSequence => self.block_sequence(),
            State::IndentlessSequence => self.indentless_sequence(),
            State::BlockMappingFirst | State::BlockMapping => self.block_mapping(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst | State::FlowSequence => self.flow_sequence(),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => {
                self.scanner.peek()?;
                self.state = State::FlowSequence;
                Ok(Event::MappingEnd)
            }
            State::FlowMappingFirst | State::FlowMapping => self.flow_mapping(),
            State::FlowMappingValue => self.flow_mapping_value(false),
            State::FlowMappingEmptyValue => self.flow_mapping_value(true),
            State::End => Ok(Event::StreamEnd),
        }
    }

    fn peek(&mut self) -> Result<&Kind<'a>> {
        self.scanner.peek().map(|token| &token.kind)
    }

    fn take(&mut self) -> Option<Token<'a>> {
        self.scanner.take()
    }

    /// An error at the next token. go-yaml names the line before it, and none for the first two.
    fn fail<T>(&mut self, problem: &str) -> Result<T> {
        let line = self.scanner.peek()?.line;
        Err(Error::at((line > 0).then_some(line), problem))
    }

    fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    fn empty_scalar(&mut self, next: State) -> Event<'a> {
        self.state = next;
        Event::Scalar { text: Cow::Borrowed(""), is_plain: true, properties: Properties::default() }
    }

    fn document_start(&mut self, implicit: bool) -> Result<Event<'a>> {
        if !implicit {
            while matches!(self.peek()?, Kind::DocumentEnd) {
                self.take();
            }
        }
        match self.peek()? {
            Kind::StreamEnd => {
                self.take();
                self.state = State::End;
                return Ok(Event::StreamEnd);
            }
            Kind::VersionDirective { .. } | Kind::TagDirective { .. } | Kind::DocumentStart => {}
            _ if implicit => {
                self.directives()?;
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                return Ok(Event::DocumentStart);
            }
            _ => {}
        }
        self.directives()?;
        if !matches!(self.peek()?, Kind::DocumentStart) {
            return self.fail("did not find expected <document start>");
        }
        self.take();
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(Event::DocumentStart)
    }

    fn directives(&mut self) -> Result<()> {
        let mut has_version = false;
        loop {
            match self.peek()? {
                Kind::VersionDirective { major, minor } => {
                    let is_known = (*major, *minor) == (1, 1);
                    if has_version {
                        return self.fail("found duplicate %YAML directive");
                    }
                    if !is_known {
                        return self.fail("found incompatible YAML document");
                    }
                    has_version = true;
                }
                Kind::TagDirective { handle, prefix } => {
                    let pair = (handle.clone(), prefix.clone());
                    if self.tags.iter().any(|(known, _)| *known == pair.0) {
                        return self.fail("found duplicate %TAG directive");
                    }
                    self.tags.push(pair);
                }
                _ => break,
            }
            self.take();
        }
        for (handle, prefix) in DEFAULT_TAGS {
            if !self.tags.iter().any(|(known, _)| known == handle) {
                self.tags.push((handle.to_owned(), prefix.to_owned()));
            }
        }
        Ok(())
    }

    fn document_content(&mut self) -> Result<Event<'a>> {
        match self.peek()? {
            Kind::VersionDirective { .. }
            | Kind::TagDirective { .. }
            | Kind::DocumentStart
            | Kind::DocumentEnd
            | Kind::StreamEnd => {
                let next = self.states.pop().unwrap_or(State::End);
                Ok(self.empty_scalar(next))
            }
            _ => self.node(true, false),
        }
    }

    fn document_end(&mut self) -> Result<Event<'a>> {
        if matches!(self.peek()?, Kind::DocumentEnd) {
            self.take();
        }
        self.tags.clear();
        self.state = State::Document;
        Ok(Event::DocumentEnd)
    }

    fn node(&mut self, block: bool, indentless: bool) -> Result<Event<'a>> {
        if let Kind::Alias(name) = *self.peek()? {
            self.take();
            self.pop_state();
            return Ok(Event::Alias(name));
        }
        let properties = self.properties()?;
        let (state, is_sequence) = match self.peek()? {
            Kind::BlockEntry if indentless => (State::IndentlessSequence, true),
            Kind::Scalar { .. } => return Ok(self.scalar(properties)),
            Kind::FlowSequenceStart => (State::FlowSequenceFirst, true),
            Kind::FlowMappingStart => (State::FlowMappingFirst, false),
            Kind::BlockSequenceStart if block => (State::BlockSequenceFirst, true),
            Kind::BlockMappingStart if block => (State::BlockMappingFirst, false),
            _ if !properties.is_none() => {
                self.pop_state();
                let is_plain = properties.tag.is_none();
                return Ok(Event::Scalar { text: Cow::Borrowed(""), is_plain, properties });
            }
            _ => return self.fail("did not find expected node content"),
        };
        self.state = state;
        Ok(if is_sequence { Event::SequenceStart(properties) } else { Event::MappingStart(properties) })
    }

    fn scalar(&mut self, properties: Properties<'a>) -> Event<'a> {
        self.pop_state();
        let (text, style) = match self.take() {
            Some(Token { kind: Kind::Scalar { text, style }, .. }) => (text, style),
            _ => (Cow::Borrowed(""), Style::Plain),
        };
        let is_plain = match properties.tag.as_deref() {
            None => style == Style::Plain,
            Some(tag) => tag == "!",
        };
        Event::Scalar { text, is_plain, properties }
    }

    /// Anchor and tag, in any order.
    fn properties(&mut self) -> Result<Properties<'a>> {
        let mut anchor = None;
        let mut tag = None;
        for _ in 0..2 {
            match self.peek()? {
                Kind::Anchor(name) if anchor.is_none() => anchor = Some(*name),
                Kind::Tag { handle, suffix } if tag.is_none() => tag = Some((handle.clone(), suffix.clone())),
                _ => break,
            }
            let line = self.scanner.peek()?.line;
            self.take();
            if let Some((handle, _)) = tag.as_ref().filter(|(handle, _)| !handle.is_empty())
                && !self.tags.iter().any(|(known, prefix)| known == handle && !prefix.is_empty())
            {
                // The token after the properties is looked at first.
                self.peek()?;
                return Err(Error::at((line > 0).then_some(line), "found undefined tag handle"));
            }
        }
        let tag = tag.map(|(handle, suffix)| {
            let prefix =
                self.tags.iter().find(|(known, _)| *known == handle).map(|(_, prefix)| prefix.as_str());
            if handle.is_empty() { suffix } else { format!("{}{suffix}", prefix.unwrap_or_default()) }
        });
        Ok(Properties { anchor, tag })
    }
}
