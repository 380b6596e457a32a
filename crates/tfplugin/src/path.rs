//! Paths to attributes.

use std::fmt;

/// One step of an [`AttributePath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute or a nested block, by name.
    Attribute(String),
    /// An element of a map or a MAP block, by key.
    Key(String),
    /// An element of a list, by index from 0.
    Index(i64),
}

/// Where in a configuration, plan or state something is, from the top of the block.
///
/// Elements of sets have no address: a path to one ends at the set.
///
/// ```
/// use tfplugin::AttributePath;
/// let path = AttributePath::new("cluster").key("east").attribute("host");
/// assert_eq!(path.to_string(), r#"cluster["east"].host"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath {
    steps: Vec<Step>,
}

impl AttributePath {
    /// The whole block.
    pub fn root() -> Self {
        Self::default()
    }

    /// The attribute or block `name` at the top.
    pub fn new(name: impl Into<String>) -> Self {
        Self::root().attribute(name)
    }

    /// Goes to the attribute or block `name` of the object here.
    #[must_use]
    pub fn attribute(self, name: impl Into<String>) -> Self {
        self.step(Step::Attribute(name.into()))
    }

    /// Goes to the element `key` of the map here.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// Goes to the element `index`, from 0, of the list here.
    #[must_use]
    pub fn index(self, index: i64) -> Self {
        self.step(Step::Index(index))
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// This path with one more step.
    #[must_use]
    pub fn join(&self, step: Step) -> Self {
        self.clone().step(step)
    }

    /// The steps from the top.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether this is the whole block.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// Puts a step before the first one: errors collect their path on the way out.
    pub(crate) fn prepend(&mut self, step: Step) {
        self.steps.insert(0, step);
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_in_terraform() {
        let path = AttributePath::new("cluster").key("a\"b").attribute("exec").index(0).attribute("env");
        assert_eq!(path.to_string(), r#"cluster["a\"b"].exec[0].env"#);
        assert_eq!(AttributePath::root().to_string(), "");
    }
}
