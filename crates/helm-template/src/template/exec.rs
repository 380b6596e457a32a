//! Execution: walks a tree and writes its output. The order of steps, and which node an error names, are those of
//! `text/template/exec.go`.

mod eval;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::Templates;
use super::error::{CallError, ExecError};
use super::node::{Branch, Command, Node, Operand, Pipe, Position, Tree};
use crate::golang::fmt::{to_text, write_value};
use crate::golang::quote::quote;
use crate::release::Helm;
use crate::source::Source;
use crate::value::{INTERFACE_SLICE, Value};

/// What all templates of one rendering share.
pub(crate) struct Engine<'a> {
    /// Whose functions templates know.
    pub(crate) helm: Helm,
    /// What answers questions about the world outside; without it such functions are refused.
    pub(crate) source: Option<&'a dyn Source>,
    /// How often each name is being included right now.
    pub(crate) included: RefCell<HashMap<String, usize>>,
    /// What `fromYaml` decoded last.
    pub(crate) last_yaml: RefCell<Option<(Rc<str>, Value)>>,
    /// How deeply templates, blocks and pipelines are nested right now.
    depth: Cell<usize>,
    /// Bytes that templates may still write.
    output_left: Cell<usize>,
}

/// Deeper nesting is refused: it would be endless recursion.
const MAX_DEPTH: usize = 10_000;
/// The depth that Go's message names.
const GO_MAX_DEPTH: usize = 100_000;

impl<'a> Engine<'a> {
    pub(crate) fn new(helm: Helm, source: Option<&'a dyn Source>, max_output: usize) -> Self {
        Self {
            helm,
            source,
            included: RefCell::default(),
            last_yaml: RefCell::default(),
            depth: Cell::new(0),
            output_left: Cell::new(max_output),
        }
    }

    /// Accounts for `length` bytes of output or of a string that a function makes.
    pub(crate) fn spend(&self, length: usize) -> std::result::Result<(), &'static str> {
        let left = self.output_left.get().checked_sub(length).ok_or("output exceeds the limit")?;
        self.output_left.set(left);
        Ok(())
    }
}

/// A value and whether Go would hold it in an `interface{}`, which decides some error messages.
#[derive(Clone)]
pub(crate) struct Evaluated {
    pub(crate) value: Value,
    pub(crate) boxed: bool,
}

impl Evaluated {
    pub(crate) fn concrete(value: Value) -> Self {
        Self { value, boxed: false }
    }

    /// An element of a list or map whose element type has that name.
    fn element(value: Value, holds_interfaces: bool) -> Self {
        Self { value, boxed: holds_interfaces }
    }
}

/// Where execution is: the node that an error names.
#[derive(Clone, Copy)]
enum At<'t> {
    Start,
    Action(&'t Pipe<'t>),
    Pipe(&'t Pipe<'t>),
    Command(&'t Command<'t>),
    Operand(&'t Operand<'t>),
    Branch(&'static str, &'t Branch<'t>),
    Template(Position, &'t str, Option<&'t Pipe<'t>>),
}

/// How a node left its list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Result<T> = std::result::Result<T, ExecError>;

/// Runs a template and returns what it writes.
#[allow(clippy::needless_pass_by_value)] // The data is the template's own from here on.
pub(crate) fn execute(
    engine: &Engine<'_>,
    templates: &Templates<'_>,
    tree: &Tree<'_>,
    data: Evaluated,
) -> Result<Vec<u8>> {
    let mut state = State {
        engine,
        templates,
        tree,
        variables: vec![("$", data.clone())],
        at: At::Start,
        out: Vec::new(),
    };
    state.walk_list(&data, &tree.root)?;
    Ok(state.out)
}

struct State<'t> {
    engine: &'t Engine<'t>,
    templates: &'t Templates<'t>,
    tree: &'t Tree<'t>,
    variables: Vec<(&'t str, Evaluated)>,
    at: At<'t>,
    out: Vec<u8>,
}

impl<'t> State<'t> {
    fn error<T>(&self, message: impl AsRef<str>) -> Result<T> {
        Err(self.failure(message.as_ref(), None))
    }

    fn failure(&self, message: &str, cause: Option<CallError>) -> ExecError {
        let name = &self.tree.name;
        let (position, context) = match self.at {
            At::Start => return ExecError { message: format!("template: {name}: {message}"), cause },
            At::Action(pipe) => (pipe.position, format!("{{{{{pipe}}}}}")),
            At::Pipe(pipe) => (pipe.position, pipe.to_string()),
            At::Command(command) => (command.position, command.to_string()),
            At::Operand(operand) => (operand.position, operand.to_string()),
            At::Branch(word, branch) => (branch.pipe.position, format!("{{{{{word} {}}}}}", branch.pipe)),
            At::Template(position, template, pipe) => {
                let pipe = pipe.map(|pipe| format!(" {pipe}")).unwrap_or_default();
                (position, format!("{{{{template {}{pipe}}}}}", quote(template.as_bytes())))
            }
        };
        let location = self.tree.location(position);
        let name = quote(name.as_bytes());
        ExecError {
            message: format!("template: {location}: executing {name} at <{context}>: {message}"),
            cause,
        }
    }

    /// Runs one more level of nesting.
    fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let depth = self.engine.depth.get();
        if depth >= MAX_DEPTH {
            return self.error(format!("exceeded maximum template depth ({GO_MAX_DEPTH})"));
        }
        self.engine.depth.set(depth + 1);
        let outcome = run(self);
        self.engine.depth.set(depth);
        outcome
    }

    fn write(&mut self, text: &[u8]) -> Result<()> {
        if let Err(message) = self.engine.spend(text.len()) {
            return self.error(message);
        }
        self.out.extend_from_slice(text);
        Ok(())
    }

    fn walk_list(&mut self, dot: &Evaluated, list: &'t [Node<'t>]) -> Result<Flow> {
        self.nested(|state| {
            for node in list {
                let flow = state.walk(dot, node)?;
                if flow != Flow::Next {
                    return Ok(flow);
                }
            }
            Ok(Flow::Next)
        })
    }

    fn walk(&mut self, dot: &Evaluated, node: &'t Node<'t>) -> Result<Flow> {
        match node {
            Node::Text(text) => self.write(text.as_bytes())?,
            Node::Action(pipe) => {
                self.at = At::Action(pipe);
                let value = self.eval_pipeline(dot, pipe)?;
                if pipe.declarations.is_empty() {
                    self.at = At::Action(pipe);
                    self.print(&value)?;
                }
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
            Node::If(branch) => return self.walk_if_or_with("if", dot, branch),
            Node::With(branch) => return self.walk_if_or_with("with", dot, branch),
            Node::Range(branch) => return self.walk_range(dot, branch),
            Node::Template { position, name, pipe } => {
                self.at = At::Template(*position, name, pipe.as_ref());
                self.walk_template(dot, name, pipe.as_ref())?;
            }
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Nil => self.write(b"<no value>"),
            Value::String(text) => self.write(text.as_bytes()),
            other => {
                let mut text = Vec::new();
                write_value(&mut text, other);
                self.write(&text)
            }
        }
    }

    fn walk_if_or_with(
        &mut self,
        word: &'static str,
        dot: &Evaluated,
        branch: &'t Branch<'t>,
    ) -> Result<Flow> {
        self.at = At::Branch(word, branch);
        let mark = self.variables.len();
        let value = self.eval_pipeline(dot, &branch.pipe)?;
        let flow = if value.is_true() {
            if word == "with" {
                self.walk_list(&Evaluated::concrete(value), &branch.list)?
            } else {
                self.walk_list(dot, &branch.list)?
            }
        } else if let Some(list) = &branch.else_list {
            self.walk_list(dot, list)?
        } else {
            Flow::Next
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn walk_range(&mut self, dot: &Evaluated, branch: &'t Branch<'t>) -> Result<Flow> {
        self.at = At::Branch("range", branch);
        let mark = self.variables.len();
        let value = self.eval_pipeline(dot, &branch.pipe)?.plain();
        let flow = match &value {
            Value::List(list) => {
                let boxed = list.type_name == INTERFACE_SLICE;
                let elements = list.items.iter().enumerate();
                self.iterate(branch, elements.map(|(index, item)| (int_index(index), item.clone(), boxed)))?
            }
            Value::Bytes(bytes) => {
                let elements = bytes.iter().enumerate();
                self.iterate(
                    branch,
                    elements.map(|(index, byte)| (int_index(index), Value::Int(i64::from(*byte)), false)),
                )?
            }
            Value::Map(map) => {
                let boxed = map.holds_interfaces();
                let entries = map.snapshot().into_iter();
                self.iterate(branch, entries.map(|(key, value)| (Value::String(key), value, boxed)))?
            }
            Value::Int(count) | Value::Int64(count) | Value::Duration(count) => {
                if branch.pipe.declarations.len() > 1 {
                    let text = to_text(&value);
                    return self.error(format!("can't use {text} to iterate over more than one variable"));
                }
                self.iterate(branch, (0..*count).map(|number| (Value::Nil, Value::Int(number), false)))?
            }
            Value::Nil => false,
            other => return self.error(format!("range can't iterate over {}", to_text(other))),
        };
        let flow = match (&branch.else_list, flow) {
            (Some(list), false) => self.walk_list(dot, list)?,
            _ => Flow::Next,
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    /// Walks the loop's body for each index, element and whether it is boxed; says whether there was any.
    fn iterate(
        &mut self,
        branch: &'t Branch<'t>,
        elements: impl Iterator<Item = (Value, Value, bool)>,
    ) -> Result<bool> {
        let mark = self.variables.len();
        let mut any = false;
        for (index, element, boxed) in elements {
            any = true;
            let element = Evaluated::element(element, boxed);
            self.declare_loop_variables(&branch.pipe, index, &element)?;
            let flow = self.walk_list(&element, &branch.list)?;
            self.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(any)
    }

    fn declare_loop_variables(
        &mut self,
        pipe: &'t Pipe<'t>,
        index: Value,
        element: &Evaluated,
    ) -> Result<()> {
        let index = Evaluated::concrete(index);
        match (pipe.declarations.as_slice(), pipe.is_assign) {
            ([], _) => {}
            ([name], true) => self.set_variable(name, element.clone())?,
            ([first, second, ..], true) => {
                self.set_variable(first, index)?;
                self.set_variable(second, element.clone())?;
            }
            ([_], false) => self.set_top_variable(1, element.clone()),
            ([_, _, ..], false) => {
                self.set_top_variable(1, element.clone());
                self.set_top_variable(2, index);
            }
        }
        Ok(())
    }

    fn set_top_variable(&mut self, from_top: usize, value: Evaluated) {
        let length = self.variables.len();
        if let Some((_, slot)) = length.checked_sub(from_top).and_then(|index| self.variables.get_mut(index))
        {
            *slot = value;
        }
    }

    fn set_variable(&mut self, name: &str, value: Evaluated) -> Result<()> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, slot)) => {
                *slot = value;
                Ok(())
            }
            None => self.error(format!("undefined variable: {name}")),
        }
    }

    fn variable(&self, name: &str) -> Result<Evaluated> {
        match self.variables.iter().rev().find(|(known, _)| *known == name) {
            Some((_, value)) => Ok(value.clone()),
            None => self.error(format!("undefined variable: {name}")),
        }
    }

    fn walk_template(&mut self, dot: &Evaluated, name: &str, pipe: Option<&'t Pipe<'t>>) -> Result<()> {
        let Some(tree) = self.templates.get(name) else {
            return self.error(format!("template {} not defined", quote(name.as_bytes())));
        };
        let data = match pipe {
            Some(pipe) => self.eval_pipeline(dot, pipe)?,
            None => Value::Nil,
        };
        self.nested(|state| {
            let written = execute(state.engine, state.templates, tree, Evaluated::concrete(data))?;
            state.out.extend_from_slice(&written);
            Ok(())
        })
    }
}

fn int_index(index: usize) -> Value {
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX))
}
