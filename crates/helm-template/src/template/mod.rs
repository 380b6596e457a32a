//! Go's `text/template`: lexer, parser, syntax tree and execution.
//!
//! `lex` makes tokens, `parse` makes [`node::Tree`]s, `exec` walks them. Functions come from [`crate::funcs`]; how arguments
//! are checked against parameters is in `signature`.

pub(crate) mod error;
pub(crate) mod exec;
mod lex;
pub(crate) mod node;
pub(crate) mod parse;
pub(crate) mod signature;

use std::collections::HashMap;
use std::rc::Rc;

use node::Tree;

/// All templates that can be named, perhaps on top of an outer set (`tpl` adds its own for the time of one call).
pub(crate) struct Templates<'a> {
    outer: Option<&'a Templates<'a>>,
    trees: HashMap<Rc<str>, Tree<'a>>,
}

impl<'a> Templates<'a> {
    /// No template yet.
    pub(crate) fn new() -> Self {
        Self { outer: None, trees: HashMap::new() }
    }

    /// No template of its own yet; what is not found here is looked for in `outer`.
    pub(crate) fn inside(outer: &'a Templates<'a>) -> Self {
        Self { outer: Some(outer), trees: HashMap::new() }
    }

    /// Adds trees. A later definition replaces an earlier one, unless it is empty.
    pub(crate) fn add(&mut self, trees: Vec<Tree<'a>>) {
        for tree in trees {
            if !tree.is_empty() || self.get(&tree.name).is_none() {
                self.trees.insert(Rc::clone(&tree.name), tree);
            }
        }
    }

    /// The template of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Tree<'a>> {
        self.trees.get(name).or_else(|| self.outer.and_then(|outer| outer.get(name)))
    }
}
