//! Flow collections.

use super::{Event, Parser, Properties, Result, State};
use crate::yaml::scan::Kind;

impl<'a> Parser<'a> {
    pub(super) fn flow_sequence(&mut self) -> Result<Event<'a>> {
        let first = self.state == State::FlowSequenceFirst;
        if first {
            self.take();
        }
        if !matches!(self.peek()?, Kind::FlowSequenceEnd) {
            if !first {
                if !matches!(self.peek()?, Kind::FlowEntry) {
                    return self.fail("did not find expected ',' or ']'");
                }
                self.take();
            }
            match self.peek()? {
                Kind::Key => {
                    self.take();
                    self.state = State::FlowPairKey;
                    return Ok(Event::MappingStart(Properties::default()));
                }
                Kind::FlowSequenceEnd => {}
                _ => {
                    self.states.push(State::FlowSequence);
                    return self.node(false, false);
                }
            }
        }
        self.take();
        self.pop_state();
        Ok(Event::SequenceEnd)
    }

    pub(super) fn flow_pair_key(&mut self) -> Result<Event<'a>> {
        if matches!(self.peek()?, Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd) {
            // go-yaml swallows that token, too.
            self.take();
            return Ok(self.empty_scalar(State::FlowPairValue));
        }
        self.states.push(State::FlowPairValue);
        self.node(false, false)
    }

    pub(super) fn flow_pair_value(&mut self) -> Result<Event<'a>> {
        if matches!(self.peek()?, Kind::Value) {
            self.take();
            if !matches!(self.peek()?, Kind::FlowEntry | Kind::FlowSequenceEnd) {
                self.states.push(State::FlowPairEnd);
                return self.node(false, false);
            }
        }
        Ok(self.empty_scalar(State::FlowPairEnd))
    }

    pub(super) fn flow_mapping(&mut self) -> Result<Event<'a>> {
        let first = self.state == State::FlowMappingFirst;
        if first {
            self.take();
        }
        if !matches!(self.peek()?, Kind::FlowMappingEnd) {
            if !first {
                if !matches!(self.peek()?, Kind::FlowEntry) {
                    return self.fail("did not find expected ',' or '}'");
                }
                self.take();
            }
            match self.peek()? {
                Kind::Key => {
                    self.take();
                    if matches!(self.peek()?, Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd) {
                        return Ok(self.empty_scalar(State::FlowMappingValue));
                    }
                    self.states.push(State::FlowMappingValue);
                    return self.node(false, false);
                }
                Kind::FlowMappingEnd => {}
                _ => {
                    self.states.push(State::FlowMappingEmptyValue);
                    return self.node(false, false);
                }
            }
        }
        self.take();
        self.pop_state();
        Ok(Event::MappingEnd)
    }

    pub(super) fn flow_mapping_value(&mut self, is_empty: bool) -> Result<Event<'a>> {
        if !is_empty && matches!(self.peek()?, Kind::Value) {
            self.take();
            if !matches!(self.peek()?, Kind::FlowEntry | Kind::FlowMappingEnd) {
                self.states.push(State::FlowMapping);
                return self.node(false, false);
            }
        }
        self.peek()?;
        Ok(self.empty_scalar(State::FlowMapping))
    }
}
