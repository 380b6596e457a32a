use std::fmt;

use thiserror::Error;

use super::names::InvalidName;
use super::rules::{
    ApiServerRule, AuthorityRule, CallerRule, EntranceRule, GatewayRule, ImageRule, MeshRule, PeerRule,
    RemoteRule, ShareRule, TopologyRule, ValueRule,
};

/// One rule that a declared mesh breaks, or something that its user should know. How to write it otherwise is for whoever has read the
/// declaration to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The field that has to change.
    pub field: FieldPath,
    /// The member that it is about; `None` if it is about the mesh.
    pub member: Option<String>,
    /// What is wrong, and why that cannot work.
    pub rule: Rule,
}

/// A rule that is broken; as text, the cause in whole sentences.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Rule {
    /// A text is not a name of the kind that its place needs.
    #[error("{text:?} is not a {kind}.", text = .0.text, kind = .0.kind)]
    Name(InvalidName),
    /// A document is a list or a single value.
    #[error("The document is not a mapping.")]
    NotAMapping,
    /// About the mesh as a whole.
    #[error(transparent)]
    Mesh(#[from] MeshRule),
    /// About its images.
    #[error(transparent)]
    Image(#[from] ImageRule),
    /// About who signs.
    #[error(transparent)]
    Authority(#[from] AuthorityRule),
    /// About values of charts.
    #[error(transparent)]
    Value(#[from] ValueRule),
    /// About a gateway.
    #[error(transparent)]
    Gateway(#[from] GatewayRule),
    /// About where single callers find a gateway.
    #[error(transparent)]
    Caller(#[from] CallerRule),
    /// About where else a member is entered.
    #[error(transparent)]
    Entrance(#[from] EntranceRule),
    /// About how the API server of a member is reached.
    #[error(transparent)]
    ApiServer(#[from] ApiServerRule),
    /// About what members are to each other.
    #[error(transparent)]
    Topology(#[from] TopologyRule),
    /// About what a remote cluster is to its mesh.
    #[error(transparent)]
    Remote(#[from] RemoteRule),
    /// About what other meshes are to this one.
    #[error(transparent)]
    Peer(#[from] PeerRule),
    /// About what a federation exports and imports.
    #[error(transparent)]
    Share(#[from] ShareRule),
}

/// How serious a [`Violation`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The mesh is refused.
    Error,
    /// The mesh is accepted; its user is told.
    Warning,
}

impl Violation {
    /// A rule that is broken in this field, which is the mesh's.
    pub(super) fn of_mesh(field: FieldPath, rule: impl Into<Rule>) -> Self {
        Self { field, member: None, rule: rule.into() }
    }

    /// A rule that is broken in this field for a member.
    pub(super) fn of_member(member: &str, field: FieldPath, rule: impl Into<Rule>) -> Self {
        Self { field, member: Some(member.to_owned()), rule: rule.into() }
    }

    /// Whether the mesh is refused.
    pub fn severity(&self) -> Severity {
        match self.rule {
            Rule::Mesh(MeshRule::SharedTrustDomain) | Rule::Peer(PeerRule::SameMeshId(_)) => {
                Severity::Warning
            }
            _ => Severity::Error,
        }
    }
}

/// Where a field stands in the declaration, outermost step first: a member, its gateway, the gateway's port.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(Vec<Step>);

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A member of the mesh, by its name; always the first step.
    Member(String),
    /// A field.
    Attribute(&'static str),
    /// The name of one of several.
    Key(String),
}

impl FieldPath {
    /// The path of a field of the mesh.
    pub fn attribute(name: &'static str) -> Self {
        Self(vec![Step::Attribute(name)])
    }

    /// The path of a member.
    pub fn member(name: &str) -> Self {
        Self(vec![Step::Member(name.to_owned())])
    }

    /// The path of the field `name` below.
    #[must_use]
    pub fn then(&self, name: &'static str) -> Self {
        self.child(Step::Attribute(name))
    }

    /// The path of the one with this name below.
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
                Step::Member(name) => f.write_str(name)?,
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
        write!(f, "{}: {}", self.field, self.rule)
    }
}

/// What is read, or what is wrong with it.
pub(super) type Checked<T> = Result<T, Box<Violation>>;

/// What is found while a declaration is read: everything once.
#[derive(Debug, Default)]
pub(super) struct Violations(Vec<Violation>);

impl Violations {
    /// Adds what is not there yet: values for all clusters are read once for each of them.
    pub(super) fn extend(&mut self, violations: impl IntoIterator<Item = Violation>) {
        for violation in violations {
            if !self.0.contains(&violation) {
                self.0.push(violation);
            }
        }
    }

    /// The result, or `None` with what is wrong added.
    pub(super) fn take<T>(&mut self, read: Checked<T>) -> Option<T> {
        read.map_err(|violation| self.extend([*violation])).ok()
    }

    /// The same of something that several rules may be broken by.
    pub(super) fn take_all<T>(&mut self, read: Result<T, Vec<Violation>>) -> Option<T> {
        read.map_err(|violations| self.extend(violations)).ok()
    }

    /// Whether the mesh is accepted.
    pub(super) fn are_warnings(&self) -> bool {
        self.0.iter().all(|violation| violation.severity() == Severity::Warning)
    }

    pub(super) fn into_vec(self) -> Vec<Violation> {
        self.0
    }
}
/// What all of them say, which are one declaration with every stand-in for what is unknown of it.
pub fn said_by_all<'a>(mut all: impl Iterator<Item = &'a [Violation]>) -> Vec<Violation> {
    let mut said = all.next().unwrap_or_default().to_vec();
    for other in all {
        said.retain(|violation| other.contains(violation));
    }
    said
}
