//! TODO module documentation by its owner.
