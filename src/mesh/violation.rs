use std::fmt;

/// One rule that a declared mesh breaks, or something that its user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Whether the mesh is refused.
    pub severity: Severity,
    /// The field that has to change.
    pub field: FieldPath,
    /// The cluster that it is about; `None` if it is about the mesh.
    pub cluster: Option<String>,
    /// What is wrong, and why that cannot work.
    pub cause: String,
    /// What to do about it.
    pub way_out: String,
}

/// How serious a [`Violation`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The mesh is refused.
    Error,
    /// The mesh is accepted; its user is told.
    Warning,
}

/// Where a field stands in the declaration, outermost step first: `primary["east"].network`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(Vec<Step>);

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// An attribute or a block.
    Attribute(&'static str),
    /// The label of a block.
    Key(String),
}

impl FieldPath {
    /// The path of an attribute or block of the mesh.
    pub fn attribute(name: &'static str) -> Self {
        Self(vec![Step::Attribute(name)])
    }

    /// The path of attribute or block `name` below.
    #[must_use]
    pub fn then(&self, name: &'static str) -> Self {
        self.child(Step::Attribute(name))
    }

    /// The path of the block with this label below.
    #[must_use]
    pub fn key(&self, label: &str) -> Self {
        self.child(Step::Key(label.to_owned()))
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    fn child(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(label) => write!(f, "[{label:?}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.field, self.cause, self.way_out)
    }
}
