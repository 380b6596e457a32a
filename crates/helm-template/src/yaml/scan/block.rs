//! The tokens that mark documents, keys, values, entries and flow collections.

use super::{Kind, MAX_LEVELS, Scanner, SimpleKey, Token};
use crate::yaml::error::Error;

impl<'a> Scanner<'a> {
    fn one_character(&mut self, kind: Kind<'a>) {
        self.push(kind, self.line);
        self.skip();
    }

    pub(super) fn stream_end(&mut self) -> Result<(), Error> {
        if self.column != 0 {
            self.column = 0;
            self.line += 1;
        }
        self.unroll(-1);
        self.remove_key()?;
        self.simple_key_allowed = false;
        self.push(Kind::StreamEnd, self.line);
        Ok(())
    }

    pub(super) fn document_indicator(&mut self, is_start: bool) -> Result<(), Error> {
        self.unroll(-1);
        self.remove_key()?;
        self.simple_key_allowed = false;
        self.skip_to(self.position + 3);
        self.push(if is_start { Kind::DocumentStart } else { Kind::DocumentEnd }, self.line);
        Ok(())
    }

    pub(super) fn flow_start(&mut self, bracket: u8) -> Result<(), Error> {
        self.save_key()?;
        self.simple_keys.push(SimpleKey::default());
        self.flow_level += 1;
        if self.flow_level > MAX_LEVELS {
            return self.fail(&format!("exceeded max depth of {MAX_LEVELS}"));
        }
        self.simple_key_allowed = true;
        self.one_character(if bracket == b'[' { Kind::FlowSequenceStart } else { Kind::FlowMappingStart });
        Ok(())
    }

    pub(super) fn flow_end(&mut self, bracket: u8) -> Result<(), Error> {
        self.remove_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.simple_keys.pop();
        }
        self.simple_key_allowed = false;
        self.one_character(if bracket == b']' { Kind::FlowSequenceEnd } else { Kind::FlowMappingEnd });
        Ok(())
    }

    pub(super) fn flow_entry(&mut self) -> Result<(), Error> {
        self.remove_key()?;
        self.simple_key_allowed = true;
        self.one_character(Kind::FlowEntry);
        Ok(())
    }

    pub(super) fn block_entry(&mut self) -> Result<(), Error> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fail("block sequence entries are not allowed in this context");
            }
            self.roll(self.column, None, Kind::BlockSequenceStart, self.line)?;
        }
        self.remove_key()?;
        self.simple_key_allowed = true;
        self.one_character(Kind::BlockEntry);
        Ok(())
    }

    /// `?`
    pub(super) fn key(&mut self) -> Result<(), Error> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fail("mapping keys are not allowed in this context");
            }
            self.roll(self.column, None, Kind::BlockMappingStart, self.line)?;
        }
        self.remove_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.one_character(Kind::Key);
        Ok(())
    }

    /// `:`
    pub(super) fn value(&mut self) -> Result<(), Error> {
        let top = self.simple_keys.len() - 1;
        if self.is_key_possible(top)? {
            let key = self.simple_keys[top];
            self.tokens.insert(key.token - self.taken, Token { kind: Kind::Key, line: key.line });
            self.roll(key.column, Some(key.token), Kind::BlockMappingStart, key.line)?;
            self.simple_keys[top].possible = false;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return self.fail("mapping values are not allowed in this context");
                }
                self.roll(self.column, None, Kind::BlockMappingStart, self.line)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.one_character(Kind::Value);
        Ok(())
    }
}
