//! The syntax tree. Nodes print themselves as `text/template/parse` prints them, because error messages quote them.

use std::fmt::{self, Display, Formatter};
use std::rc::Rc;

use super::signature::Function;

/// Byte offset in the template's text.
pub(crate) type Position = usize;

/// A named template.
pub(crate) struct Tree<'t> {
    /// Its name: the file's, or what `define` says.
    pub(crate) name: Rc<str>,
    /// The name of the file that it stands in.
    pub(crate) parse_name: Rc<str>,
    /// The text of that file.
    pub(crate) text: &'t str,
    /// What it does.
    pub(crate) root: Vec<Node<'t>>,
}

impl Tree<'_> {
    /// Where an error at `position` is: `name:line:column`, column in bytes from 0.
    pub(crate) fn location(&self, position: Position) -> String {
        let before = &self.text.as_bytes()[..position.min(self.text.len())];
        let line = before.split(|byte| *byte == b'\n').count();
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        format!("{}:{line}:{column}", self.parse_name)
    }

    /// Whether it holds nothing but definitions, comments and blanks.
    pub(crate) fn is_empty(&self) -> bool {
        self.root.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
    }
}

/// What a template consists of.
pub(crate) enum Node<'t> {
    Text(&'t str),
    Action(Pipe<'t>),
    Break,
    Continue,
    If(Branch<'t>),
    Range(Branch<'t>),
    With(Branch<'t>),
    Template { position: Position, name: String, pipe: Option<Pipe<'t>> },
}

/// `if`, `range` and `with`.
pub(crate) struct Branch<'t> {
    pub(crate) pipe: Pipe<'t>,
    pub(crate) list: Vec<Node<'t>>,
    pub(crate) else_list: Option<Vec<Node<'t>>>,
}

/// Commands joined by `|`, perhaps stored in variables.
pub(crate) struct Pipe<'t> {
    pub(crate) position: Position,
    pub(crate) is_assign: bool,
    pub(crate) declarations: Vec<&'t str>,
    pub(crate) commands: Vec<Command<'t>>,
}

/// A function or operand with its arguments.
pub(crate) struct Command<'t> {
    pub(crate) position: Position,
    pub(crate) arguments: Vec<Operand<'t>>,
}

/// An operand and where it stands.
pub(crate) struct Operand<'t> {
    pub(crate) position: Position,
    pub(crate) kind: OperandKind<'t>,
}

/// The kinds of operands.
pub(crate) enum OperandKind<'t> {
    Bool(bool),
    Dot,
    Nil,
    Number(Number<'t>),
    String {
        quoted: &'t str,
        text: Rc<str>,
    },
    Function(&'static Function),
    Field(Vec<&'t str>),
    /// The name with its dollar sign, and fields.
    Variable(&'t str, Vec<&'t str>),
    Chain(Box<Operand<'t>>, Vec<&'t str>),
    Pipe(Pipe<'t>),
}

/// A number literal; it may be of several types at once.
#[derive(Clone)]
pub(crate) struct Number<'t> {
    pub(crate) text: &'t str,
    pub(crate) int: Option<i64>,
    pub(crate) is_uint: bool,
    pub(crate) float: Option<f64>,
}

impl Display for Pipe<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.declarations.is_empty() {
            write!(f, "{} {} ", self.declarations.join(", "), if self.is_assign { "=" } else { ":=" })?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            command.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Command<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, argument) in self.arguments.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            match &argument.kind {
                OperandKind::Pipe(pipe) => write!(f, "({pipe})")?,
                _ => argument.fmt(f)?,
            }
        }
        Ok(())
    }
}

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            OperandKind::Bool(truth) => truth.fmt(f),
            OperandKind::Dot => f.write_str("."),
            OperandKind::Nil => f.write_str("nil"),
            OperandKind::Number(number) => f.write_str(number.text),
            OperandKind::String { quoted, .. } => f.write_str(quoted),
            OperandKind::Function(function) => f.write_str(function.name),
            OperandKind::Field(fields) => write_fields(f, fields),
            OperandKind::Variable(name, fields) => {
                f.write_str(name)?;
                write_fields(f, fields)
            }
            OperandKind::Chain(operand, fields) => {
                match &operand.kind {
                    OperandKind::Pipe(pipe) => write!(f, "({pipe})")?,
                    _ => operand.fmt(f)?,
                }
                write_fields(f, fields)
            }
            OperandKind::Pipe(pipe) => pipe.fmt(f),
        }
    }
}

fn write_fields(f: &mut Formatter<'_>, fields: &[&str]) -> fmt::Result {
    fields.iter().try_for_each(|field| write!(f, ".{field}"))
}
