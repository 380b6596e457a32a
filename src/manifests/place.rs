//! Where a value is in its object: its path is written only if somebody is told of it.

use serde_json::Value;

use super::item_path::item_paths;
use super::path::Path;
use crate::desired::list_type::Kind;

/// The place of a value.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    /// The object itself.
    Root,
    /// A member of the mapping at a place.
    Member(&'p Place<'p>, &'p str),
    /// An item of the list at a place.
    Item(&'p Place<'p>, &'p [Value], usize),
}

impl Place<'_> {
    /// Its path in an object of this kind.
    pub(super) fn path(&self, kind: Kind<'_>) -> Path {
        match *self {
            Self::Root => Path::root(),
            Self::Member(parent, name) => parent.path(kind).field(name),
            Self::Item(list, items, position) => {
                let list_type = kind.list_type(list.name());
                let path = item_paths(list_type, &list.path(kind), items).into_iter().nth(position);
                path.unwrap_or_default()
            }
        }
    }

    /// The member that the value is of; an item has none.
    fn name(&self) -> &str {
        match self {
            Self::Member(_, name) => name,
            Self::Root | Self::Item(..) => "",
        }
    }
}
