//! Schemas: what a user may write in a block, and what Terraform shows of it.
//!
//! The model knows nothing of a protocol version: the module that speaks one translates it.

mod attribute;
mod block;
mod check;
mod configuration;
mod identity;
mod validator;

pub use attribute::Attribute;
pub use block::{Block, NestedBlock, Nesting};
pub use check::SchemaError;
pub use identity::{IdentityAttribute, IdentitySchema};
pub use validator::{Validator, between, not_empty, one_of};

pub(crate) use attribute::{Mode, Replacement};

/// The schema of a provider block, a resource, a data source and the like.
///
/// ```
/// use tfplugin::schema::{Attribute, Block, NestedBlock, Schema};
/// let schema = Schema::new("A server.")
///     .version(2)
///     .attribute("name", Attribute::string("Its name.").required().requires_replace())
///     .attribute("size", Attribute::number("Gigabytes.").default(10_i64))
///     .attribute("address", Attribute::string("Where it answers.").computed().keep_prior())
///     .block("disk", NestedBlock::map(
///         Block::new("A disk, by its name.").attribute("encrypted", Attribute::bool("Whether.").optional()),
///     ));
/// ```
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) version: i64,
    pub(crate) block: Block,
}

impl Schema {
    /// An empty schema of version 0; the description is markdown.
    pub fn new(description: impl Into<String>) -> Self {
        Self { version: 0, block: Block::new(description) }
    }

    /// Counts the shapes of the state: raise it when an upgrade is needed.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.version = version;
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, attribute: Attribute) -> Self {
        self.block = self.block.attribute(name, attribute);
        self
    }

    /// Adds a nested block.
    #[must_use]
    pub fn block(mut self, name: impl Into<String>, nested: NestedBlock) -> Self {
        self.block = self.block.block(name, nested);
        self
    }

    /// Marks the whole thing deprecated; the message says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, message: impl Into<String>) -> Self {
        self.block = self.block.deprecated(message);
        self
    }

    /// The top block.
    pub fn root(&self) -> &Block {
        &self.block
    }
}
