//! Block collections.

use super::{Event, Parser, Result, State};
use crate::yaml::scan::Kind;

impl<'a> Parser<'a> {
    pub(super) fn block_sequence(&mut self) -> Result<Event<'a>> {
        if self.state == State::BlockSequenceFirst {
            self.take();
        }
        match self.peek()? {
            Kind::BlockEntry => {
                self.take();
                if matches!(self.peek()?, Kind::BlockEntry | Kind::BlockEnd) {
                    return Ok(self.empty_scalar(State::BlockSequence));
                }
                self.states.push(State::BlockSequence);
                self.node(true, false)
            }
            Kind::BlockEnd => {
                self.take();
                self.pop_state();
                Ok(Event::SequenceEnd)
            }
            _ => self.fail("did not find expected '-' indicator"),
        }
    }

    pub(super) fn indentless_sequence(&mut self) -> Result<Event<'a>> {
        if !matches!(self.peek()?, Kind::BlockEntry) {
            self.pop_state();
            return Ok(Event::SequenceEnd);
        }
        self.take();
        if matches!(self.peek()?, Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd) {
            return Ok(self.empty_scalar(State::IndentlessSequence));
        }
        self.states.push(State::IndentlessSequence);
        self.node(true, false)
    }

    pub(super) fn block_mapping(&mut self) -> Result<Event<'a>> {
        if self.state == State::BlockMappingFirst {
            self.take();
        }
        match self.peek()? {
            Kind::Key => {
                self.take();
                if matches!(self.peek()?, Kind::Key | Kind::Value | Kind::BlockEnd) {
                    return Ok(self.empty_scalar(State::BlockMappingValue));
                }
                self.states.push(State::BlockMappingValue);
                self.node(true, true)
            }
            Kind::BlockEnd => {
                self.take();
                self.pop_state();
                Ok(Event::MappingEnd)
            }
            _ => self.fail("did not find expected key"),
        }
    }

    pub(super) fn block_mapping_value(&mut self) -> Result<Event<'a>> {
        if !matches!(self.peek()?, Kind::Value) {
            return Ok(self.empty_scalar(State::BlockMapping));
        }
        self.take();
        if matches!(self.peek()?, Kind::Key | Kind::Value | Kind::BlockEnd) {
            return Ok(self.empty_scalar(State::BlockMapping));
        }
        self.states.push(State::BlockMapping);
        self.node(true, true)
    }
}
