//! The syntax tree. Nodes print themselves as `text/template/parse` prints them, because error messages quote them.

use std::fmt::{self, Display, Formatter};
use std::rc::Rc;

/// Byte offset in the template's text.
pub(crate) type Position = usize;

/// A named template.
pub(crate) struct Tree {
    /// Its name: the file's, or what `define` says.
    pub(crate) name: Rc<str>,
    /// The name of the file that it stands in.
    pub(crate) parse_name: Rc<str>,
    /// The text of that file.
    pub(crate) text: Rc<str>,
    /// What it does.
    pub(crate) root: Vec<Node>,
}

impl Tree {
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
pub(crate) enum Node {
    Text(Rc<str>),
    Action(Pipe),
    Break,
    Continue,
    If(Branch),
    Range(Branch),
    With(Branch),
    Template { position: Position, name: String, pipe: Option<Pipe> },
}

/// `if`, `range` and `with`.
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) list: Vec<Node>,
    pub(crate) else_list: Option<Vec<Node>>,
}

/// Commands joined by `|`, perhaps stored in variables.
pub(crate) struct Pipe {
    pub(crate) position: Position,
    pub(crate) is_assign: bool,
    pub(crate) declarations: Vec<Rc<str>>,
    pub(crate) commands: Vec<Command>,
}

/// A function or operand with its arguments.
pub(crate) struct Command {
    pub(crate) position: Position,
    pub(crate) arguments: Vec<Operand>,
}

/// An operand and where it stands.
pub(crate) struct Operand {
    pub(crate) position: Position,
    pub(crate) kind: OperandKind,
}

/// The kinds of operands.
pub(crate) enum OperandKind {
    Bool(bool),
    Dot,
    Nil,
    Number(Number),
    String {
        quoted: String,
        text: Rc<str>,
    },
    Identifier(Rc<str>),
    Field(Vec<Rc<str>>),
    /// The name with its dollar sign, and fields.
    Variable(Rc<str>, Vec<Rc<str>>),
    Chain(Box<Operand>, Vec<Rc<str>>),
    Pipe(Pipe),
}

/// A number literal; it may be of several types at once.
#[derive(Clone)]
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) is_uint: bool,
    pub(crate) float: Option<f64>,
}

impl Display for Pipe {
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

impl Display for Command {
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

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            OperandKind::Bool(truth) => truth.fmt(f),
            OperandKind::Dot => f.write_str("."),
            OperandKind::Nil => f.write_str("nil"),
            OperandKind::Number(number) => f.write_str(&number.text),
            OperandKind::String { quoted, .. } => f.write_str(quoted),
            OperandKind::Identifier(name) => f.write_str(name),
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

fn write_fields(f: &mut Formatter<'_>, fields: &[Rc<str>]) -> fmt::Result {
    fields.iter().try_for_each(|field| write!(f, ".{field}"))
}
