//! Errors of decoding, each with the path of the value.

use crate::path::Step;
use crate::{AttributePath, Diagnostic};

/// A value does not fit what the schema or the model asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", Prefix(path))]
pub struct ValueError {
    /// The value at fault.
    pub path: AttributePath,
    /// What is wrong; never repeats the value itself, which may be secret.
    pub problem: String,
}

struct Prefix<'a>(&'a AttributePath);

impl std::fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_root() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

impl ValueError {
    /// An error at the value itself; the callers add the steps to it with [`ValueError::inside`].
    pub fn new(problem: impl Into<String>) -> Self {
        Self { path: AttributePath::root(), problem: problem.into() }
    }

    /// The same error, seen from the value that holds the one at fault.
    #[must_use]
    pub fn inside(mut self, step: Step) -> Self {
        self.path.prepend(step);
        self
    }

    pub(crate) fn expected(what: &str, found: &crate::Value) -> Self {
        Self::new(format!("{what} is needed, found {}", found.kind()))
    }
}

impl From<ValueError> for Diagnostic {
    fn from(error: ValueError) -> Self {
        let diagnostic = Self::error("Invalid value", capitalised(&error.problem));
        if error.path.is_root() { diagnostic } else { diagnostic.at(error.path) }
    }
}

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let end = if sentence.ends_with('.') { "" } else { "." };
    chars.next().map_or_else(String::new, |first| format!("{}{}{end}", first.to_uppercase(), chars.as_str()))
}
