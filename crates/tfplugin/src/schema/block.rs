//! Blocks and how they nest.

use std::collections::BTreeMap;

use super::Attribute;
use crate::Type;

/// A block: attributes and nested blocks.
#[derive(Clone, Debug)]
pub struct Block {
    pub(crate) description: String,
    pub(crate) deprecated: Option<String>,
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) blocks: BTreeMap<String, NestedBlock>,
    /// Names that were given twice: an error in the schema.
    pub(crate) doubled: Vec<String>,
}

/// How often a nested block may stand, and how its instances are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// Once, or not at all: an object or null.
    Single,
    /// Always there, with null attributes where the user has not written it: an object, never null.
    Group,
    /// In order: a list, never null.
    List,
    /// Without order: a set, never null.
    Set,
    /// By label: a map, never null.
    Map,
}

/// A block inside a block.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    pub(crate) nesting: Nesting,
    pub(crate) block: Block,
    pub(crate) min_items: i64,
    pub(crate) max_items: i64,
    pub(crate) requires_replace: bool,
}

impl Block {
    /// An empty block; the description is markdown.
    pub fn new(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            deprecated: None,
            attributes: BTreeMap::new(),
            blocks: BTreeMap::new(),
            doubled: Vec::new(),
        }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, attribute: Attribute) -> Self {
        let name = name.into();
        if self.blocks.contains_key(&name) || self.attributes.insert(name.clone(), attribute).is_some() {
            self.doubled.push(name);
        }
        self
    }

    /// Adds a nested block.
    #[must_use]
    pub fn block(mut self, name: impl Into<String>, nested: NestedBlock) -> Self {
        let name = name.into();
        if self.attributes.contains_key(&name) || self.blocks.insert(name.clone(), nested).is_some() {
            self.doubled.push(name);
        }
        self
    }

    /// Leaves out an attribute or a nested block.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.attributes.remove(name);
        self.blocks.remove(name);
        self
    }

    /// Marks the block deprecated; the message says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, message: impl Into<String>) -> Self {
        self.deprecated = Some(message.into());
        self
    }

    /// The type of the block as a model sees it.
    pub fn model_type(&self) -> Type {
        self.object_type(NestedBlock::model_type)
    }

    /// The type of the block as Terraform core sees it: lists and maps of blocks with a `dynamic` attribute inside
    /// are tuples and objects there, whose types come with the value.
    pub(crate) fn wire_type(&self) -> Type {
        self.object_type(NestedBlock::wire_type)
    }

    /// Whether `dynamic` stands in the type of any attribute, at any depth.
    pub(crate) fn has_dynamic(&self) -> bool {
        self.attributes.values().any(|attribute| attribute.ty.has_dynamic())
            || self.blocks.values().any(|nested| nested.block.has_dynamic())
    }

    fn object_type(&self, nested: fn(&NestedBlock) -> Type) -> Type {
        let attributes = self.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.ty.clone()));
        let blocks = self.blocks.iter().map(|(name, block)| (name.clone(), nested(block)));
        Type::Object(attributes.chain(blocks).collect())
    }
}

impl NestedBlock {
    fn new(nesting: Nesting, block: Block) -> Self {
        Self { nesting, block, min_items: 0, max_items: 0, requires_replace: false }
    }

    /// A block that stands once or not at all.
    pub fn single(block: Block) -> Self {
        Self { max_items: 1, ..Self::new(Nesting::Single, block) }
    }

    /// A block that is always there, with null attributes where the user has not written it.
    pub fn group(block: Block) -> Self {
        Self::new(Nesting::Group, block)
    }

    /// A list of blocks.
    pub fn list(block: Block) -> Self {
        Self::new(Nesting::List, block)
    }

    /// A set of blocks.
    pub fn set(block: Block) -> Self {
        Self::new(Nesting::Set, block)
    }

    /// Blocks with a label, which is their key.
    pub fn map(block: Block) -> Self {
        Self::new(Nesting::Map, block)
    }

    /// The least number of blocks; 1 makes a SINGLE block required. The protocol has none for GROUP and MAP blocks.
    #[must_use]
    pub fn min(mut self, items: u32) -> Self {
        self.min_items = items.into();
        self
    }

    /// The greatest number of blocks; 0 means any. The protocol has none for GROUP and MAP blocks.
    #[must_use]
    pub fn max(mut self, items: u32) -> Self {
        self.max_items = items.into();
        self
    }

    /// Adding or removing a block replaces the resource. (Changes inside are a matter of the attributes.)
    #[must_use]
    pub fn requires_replace(mut self) -> Self {
        self.requires_replace = true;
        self
    }

    pub(crate) fn model_type(&self) -> Type {
        self.collection(self.block.model_type())
    }

    pub(crate) fn wire_type(&self) -> Type {
        if self.is_typed_by_value() { Type::Dynamic } else { self.collection(self.block.wire_type()) }
    }

    /// Whether core takes the blocks for a tuple or an object whose type comes with the value.
    pub(crate) fn is_typed_by_value(&self) -> bool {
        matches!(self.nesting, Nesting::List | Nesting::Map) && self.block.has_dynamic()
    }

    fn collection(&self, element: Type) -> Type {
        match self.nesting {
            Nesting::Single | Nesting::Group => element,
            Nesting::List => Type::list(element),
            Nesting::Set => Type::set(element),
            Nesting::Map => Type::map(element),
        }
    }
}
