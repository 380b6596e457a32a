//! Decoding a document while it is parsed. That works for nearly all documents; the others, with anchors, tags, merge keys or
//! what JSON does not have, are left to the decoder of whole trees.

use super::error::Error;
use super::event::{Event, Parser};
use super::resolve::{Resolved, resolve};
use super::tree::Tree;

/// Collections nested deeper than this are left to the other decoder, which refuses them at some depth.
const MAX_DEPTH: usize = 64;

/// The first document of a text as events.
pub(super) struct Stream<'a> {
    parser: Parser<'a>,
    depth: usize,
}

impl<'a> Stream<'a> {
    /// `None` if the text holds no document.
    pub(super) fn new(text: &'a str) -> Result<Option<Self>, Error> {
        let mut parser = Parser::new(text);
        let starts = matches!(parser.next()?, Event::DocumentStart);
        Ok(starts.then_some(Self { parser, depth: 0 }))
    }

    /// The end of the document, which may hold a mistake, too.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.parser.next().map(|_| ())
    }

    /// Whether the document is a mapping; its keys can then be read.
    pub(super) fn enter_mapping(&mut self) -> Result<bool, Error> {
        Ok(matches!(self.parser.next()?, Event::MappingStart(properties) if properties.is_none()))
    }

    /// The next key of a mapping that has been entered.
    pub(super) fn key(&mut self) -> Result<Key<'a>, Error> {
        Ok(match self.parser.next()? {
            Event::MappingEnd => Key::End,
            Event::Scalar { text, is_plain, properties } if properties.is_none() => {
                let is_string = !is_plain || matches!(resolve(&text), Resolved::String | Resolved::Timestamp);
                if is_string && text != "<<" { Key::Text(text) } else { Key::Other }
            }
            _ => Key::Other,
        })
    }

    /// The next node; `None` if it is not for this decoder.
    pub(super) fn value<T: Tree>(&mut self) -> Result<Option<T>, Error> {
        let event = self.parser.next()?;
        self.value_of(event)
    }

    fn value_of<T: Tree>(&mut self, event: Event<'a>) -> Result<Option<T>, Error> {
        match event {
            Event::Scalar { text, is_plain, properties } if properties.is_none() => {
                if !is_plain {
                    return Ok(Some(T::string(&text)));
                }
                Ok(match resolve(&text) {
                    Resolved::String | Resolved::Timestamp => Some(T::string(&text)),
                    other => T::scalar(other),
                })
            }
            Event::SequenceStart(properties) if properties.is_none() && self.depth < MAX_DEPTH => {
                self.depth += 1;
                let mut items = Vec::new();
                loop {
                    match self.parser.next()? {
                        Event::SequenceEnd => break,
                        event => match self.value_of(event)? {
                            Some(item) => items.push(item),
                            None => return Ok(None),
                        },
                    }
                }
                self.depth -= 1;
                Ok(Some(T::list(items)))
            }
            Event::MappingStart(properties) if properties.is_none() && self.depth < MAX_DEPTH => {
                self.depth += 1;
                let mut entries = T::Entries::default();
                loop {
                    match self.key()? {
                        Key::End => break,
                        Key::Text(key) => match self.value()? {
                            Some(value) => T::insert(&mut entries, &key, value),
                            None => return Ok(None),
                        },
                        Key::Other => return Ok(None),
                    }
                }
                self.depth -= 1;
                Ok(Some(T::map(entries)))
            }
            _ => Ok(None),
        }
    }
}

/// What stands where a key is expected.
pub(super) enum Key<'a> {
    Text(std::borrow::Cow<'a, str>),
    /// A key that is no string as it stands.
    Other,
    End,
}
