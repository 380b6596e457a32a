use std::cell::RefCell;

use serde_json::Value;

use super::{Mistyped, Type};
use crate::desired::list_type::Kind;
use crate::manifests::place::Place;

/// What was found in an object of a kind.
#[derive(Clone, Copy)]
pub(super) struct Context<'p> {
    pub(super) kind: Kind<'p>,
    pub(super) found: &'p RefCell<Vec<Mistyped>>,
}

impl Context<'_> {
    /// Notes that a value should be something else; a null is the same as an absent value.
    pub(super) fn note(&self, value: &Value, place: &Place<'_>, takes: Type) {
        let Some(is) = Type::of(value) else { return };
        let field = place.path(self.kind).to_string();
        self.found.borrow_mut().push(Mistyped { field, is, takes });
    }
}
