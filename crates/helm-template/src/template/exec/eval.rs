//! Evaluation of pipelines, commands, fields and calls.

use std::rc::Rc;

use super::{At, Evaluated, Result, State};
use crate::funcs;
use crate::golang::quote::quote;
use crate::template::error::CallError;
use crate::template::node::{Command, Number, Operand, OperandKind, Pipe};
use crate::template::signature::{Body, Function, Type};
use crate::value::Value;

impl<'t> State<'t> {
    /// The value of a pipeline, taken out of its interface; stored in variables if the pipeline declares any.
    pub(super) fn eval_pipeline(&mut self, dot: &Evaluated, pipe: &'t Pipe<'t>) -> Result<Value> {
        self.at = At::Pipe(pipe);
        let value = self.nested(|state| {
            let mut last = None;
            for command in &pipe.commands {
                let value = state.eval_command(dot, command, last)?;
                last = Some(Evaluated::concrete(value.value));
            }
            Ok(last.map_or(Value::Nil, |last| last.value))
        })?;
        for name in &pipe.declarations {
            let value = Evaluated::concrete(value.clone());
            if pipe.is_assign {
                self.set_variable(name, value)?;
            } else {
                self.variables.push((name, value));
            }
        }
        Ok(value)
    }

    fn not_a_function(&self, arguments: &[Operand<'_>], last: Option<&Evaluated>) -> Result<()> {
        match arguments.first() {
            Some(first) if arguments.len() > 1 || last.is_some() => {
                self.error(format!("can't give argument to non-function {first}"))
            }
            _ => Ok(()),
        }
    }

    fn eval_command(
        &mut self,
        dot: &Evaluated,
        command: &'t Command<'t>,
        last: Option<Evaluated>,
    ) -> Result<Evaluated> {
        let arguments = &command.arguments;
        let Some(first) = arguments.first() else { return self.error("empty command") };
        match &first.kind {
            OperandKind::Field(fields) => {
                self.at = At::Operand(first);
                return self.eval_field_chain(dot, dot.clone(), fields, arguments, last);
            }
            OperandKind::Chain(inner, fields) => {
                return self.eval_chain(dot, first, inner, fields, arguments, last);
            }
            OperandKind::Function(function) => {
                self.at = At::Operand(first);
                return self.eval_function(dot, At::Command(command), function, arguments, last);
            }
            OperandKind::Pipe(pipe) => {
                self.not_a_function(arguments, last.as_ref())?;
                return self.eval_pipeline(dot, pipe).map(Evaluated::concrete);
            }
            OperandKind::Variable(name, fields) => {
                return self.eval_variable(dot, first, name, fields, arguments, last);
            }
            _ => {}
        }
        self.at = At::Operand(first);
        self.not_a_function(arguments, last.as_ref())?;
        match &first.kind {
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Nil => self.error("nil is not a command"),
            _ => self.eval_literal(first),
        }
    }

    fn eval_literal(&mut self, operand: &'t Operand<'t>) -> Result<Evaluated> {
        self.at = At::Operand(operand);
        let value = match &operand.kind {
            OperandKind::Bool(truth) => Value::Bool(*truth),
            OperandKind::String { text, .. } => Value::String(Rc::clone(text)),
            OperandKind::Number(number) => self.ideal_constant(number)?,
            _ => {
                let text = quote(operand.to_string().as_bytes());
                return self.error(format!("can't evaluate command {text}"));
            }
        };
        Ok(Evaluated::concrete(value))
    }

    /// The type of a number literal: a float only if it looks like one.
    fn ideal_constant(&self, number: &Number<'_>) -> Result<Value> {
        let text = number.text;
        let hexadecimal = text.to_ascii_lowercase().starts_with("0x") && !text.contains(['p', 'P']);
        let looks_like_float =
            !hexadecimal && !text.starts_with('\'') && text.contains(['.', 'e', 'E', 'p', 'P']);
        match (number.float, number.int) {
            (Some(float), _) if looks_like_float => Ok(Value::Float(float)),
            (_, Some(int)) => Ok(Value::Int(int)),
            _ => self.error(format!("{text} overflows int")),
        }
    }

    fn eval_chain(
        &mut self,
        dot: &Evaluated,
        operand: &'t Operand<'t>,
        inner: &'t Operand<'t>,
        fields: &'t [&'t str],
        arguments: &'t [Operand<'t>],
        last: Option<Evaluated>,
    ) -> Result<Evaluated> {
        self.at = At::Operand(operand);
        if matches!(inner.kind, OperandKind::Nil) {
            return self.error(format!("indirection through explicit nil in {operand}"));
        }
        let receiver = self.eval_operand(dot, inner)?;
        self.eval_field_chain(dot, receiver, fields, arguments, last)
    }

    fn eval_variable(
        &mut self,
        dot: &Evaluated,
        operand: &'t Operand<'t>,
        name: &str,
        fields: &'t [&'t str],
        arguments: &'t [Operand<'t>],
        last: Option<Evaluated>,
    ) -> Result<Evaluated> {
        self.at = At::Operand(operand);
        let value = self.variable(name)?;
        if fields.is_empty() {
            self.not_a_function(arguments, last.as_ref())?;
            return Ok(value);
        }
        self.eval_field_chain(dot, value, fields, arguments, last)
    }

    fn eval_field_chain(
        &mut self,
        dot: &Evaluated,
        mut receiver: Evaluated,
        fields: &'t [&'t str],
        arguments: &'t [Operand<'t>],
        last: Option<Evaluated>,
    ) -> Result<Evaluated> {
        let Some((final_field, leading)) = fields.split_last() else { return Ok(receiver) };
        for field in leading {
            receiver = self.eval_field(dot, receiver, field, &[], None)?;
        }
        self.eval_field(dot, receiver, final_field, arguments, last)
    }

    fn eval_field(
        &mut self,
        dot: &Evaluated,
        receiver: Evaluated,
        field: &'t str,
        arguments: &'t [Operand<'t>],
        last: Option<Evaluated>,
    ) -> Result<Evaluated> {
        let type_name = if receiver.boxed { "interface {}" } else { receiver.value.type_name() };
        let has_arguments = arguments.len() > 1 || last.is_some();
        match &receiver.value {
            Value::Nil if !receiver.boxed => return Ok(receiver),
            Value::Nil => return self.error(format!("nil pointer evaluating {type_name}.{field}")),
            Value::Map(_) if has_arguments => {
                return self.error(format!("{field} is not a method but has arguments"));
            }
            Value::Map(map) => {
                let missing = if map.holds_interfaces() { Value::Nil } else { Value::string("") };
                let value = map.get(field).unwrap_or(missing);
                return Ok(Evaluated::element(value, map.holds_interfaces()));
            }
            Value::Object(object) => {
                if let Some(method) = object.method(field) {
                    let values =
                        self.eval_arguments(dot, field, method.parameters, None, arguments.get(1..), last)?;
                    return Ok(Evaluated::concrete((method.call)(&values)));
                }
                if let Some(value) = object.field(field) {
                    if has_arguments {
                        return self
                            .error(format!("{field} has arguments but cannot be invoked as function"));
                    }
                    return Ok(Evaluated::concrete(value));
                }
            }
            Value::Duration(nanoseconds) => {
                if let Some(value) = funcs::duration::method(*nanoseconds, field) {
                    return Ok(Evaluated::concrete(value));
                }
            }
            _ => {}
        }
        self.error(format!("can't evaluate field {field} in type {type_name}"))
    }

    fn eval_function(
        &mut self,
        dot: &Evaluated,
        call: At<'t>,
        function: &'static Function,
        arguments: &'t [Operand<'t>],
        last: Option<Evaluated>,
    ) -> Result<Evaluated> {
        let name = function.name;
        let arguments = arguments.get(1..).unwrap_or_default();
        let outcome = match function.body {
            Body::And | Body::Or => return self.eval_and_or(dot, function, arguments, last),
            Body::Pure(body) => body(&self.eval_arguments(
                dot,
                name,
                function.parameters,
                function.variadic,
                Some(arguments),
                last,
            )?),
            Body::Engine(body) => {
                let values = self.eval_arguments(
                    dot,
                    name,
                    function.parameters,
                    function.variadic,
                    Some(arguments),
                    last,
                )?;
                body(self.engine, self.templates, &values)
            }
        };
        outcome.map(Evaluated::concrete).map_err(|cause| {
            self.at = call;
            self.call_failure(name, cause)
        })
    }

    fn call_failure(&self, name: &str, cause: CallError) -> crate::template::error::ExecError {
        self.failure(&format!("error calling {name}: {cause}"), Some(cause))
    }

    fn eval_and_or(
        &mut self,
        dot: &Evaluated,
        function: &Function,
        arguments: &'t [Operand<'t>],
        last: Option<Evaluated>,
    ) -> Result<Evaluated> {
        self.check_count(function.name, 1, true, arguments.len(), last.is_some())?;
        let stops_at = matches!(function.body, Body::Or);
        let mut value = Value::Nil;
        for argument in arguments {
            value = self.eval_argument(dot, Type::Reflect, argument)?;
            if value.is_true() == stops_at {
                return Ok(Evaluated::concrete(value));
            }
        }
        Ok(last.unwrap_or(Evaluated::concrete(value)))
    }

    fn check_count(&self, name: &str, fixed: usize, variadic: bool, given: usize, last: bool) -> Result<()> {
        let total = given + usize::from(last);
        if variadic && total < fixed {
            return self.error(format!("wrong number of args for {name}: want at least {fixed} got {given}"));
        }
        if !variadic && total != fixed {
            return self.error(format!("wrong number of args for {name}: want {fixed} got {total}"));
        }
        Ok(())
    }

    fn eval_arguments(
        &mut self,
        dot: &Evaluated,
        name: &str,
        parameters: &'static [Type],
        variadic: Option<Type>,
        arguments: Option<&'t [Operand<'t>]>,
        last: Option<Evaluated>,
    ) -> Result<Vec<Value>> {
        let arguments = arguments.unwrap_or_default();
        self.check_count(name, parameters.len(), variadic.is_some(), arguments.len(), last.is_some())?;
        let type_at = |index: usize| parameters.get(index).copied().or(variadic).unwrap_or(Type::Any);
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for (index, argument) in arguments.iter().enumerate() {
            values.push(self.eval_argument(dot, type_at(index), argument)?);
        }
        if let Some(last) = last {
            values.push(self.validated(type_at(arguments.len()), last)?);
        }
        Ok(values)
    }

    fn validated(&self, expected: Type, value: Evaluated) -> Result<Value> {
        expected.validate(value).or_else(|message| self.error(message))
    }

    /// The value of an operand that is not a literal.
    fn eval_operand(&mut self, dot: &Evaluated, operand: &'t Operand<'t>) -> Result<Evaluated> {
        self.at = At::Operand(operand);
        match &operand.kind {
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Field(fields) => self.eval_field_chain(dot, dot.clone(), fields, &[], None),
            OperandKind::Variable(name, fields) => self.eval_variable(dot, operand, name, fields, &[], None),
            OperandKind::Pipe(pipe) => self.eval_pipeline(dot, pipe).map(Evaluated::concrete),
            OperandKind::Function(function) => {
                self.eval_function(dot, At::Operand(operand), function, &[], None)
            }
            OperandKind::Chain(inner, fields) => self.eval_chain(dot, operand, inner, fields, &[], None),
            _ => self.eval_literal(operand),
        }
    }

    /// Go's `evalArg`: the value of an argument for a parameter of type `expected`.
    fn eval_argument(&mut self, dot: &Evaluated, expected: Type, operand: &'t Operand<'t>) -> Result<Value> {
        self.at = At::Operand(operand);
        match &operand.kind {
            OperandKind::Nil if expected.can_be_nil() => Ok(Value::Nil),
            OperandKind::Nil => self.error(format!("cannot assign nil to {}", expected.name())),
            OperandKind::Bool(_) | OperandKind::Number(_) | OperandKind::String { .. } => {
                self.eval_literal_for(expected, operand)
            }
            _ => {
                let value = self.eval_operand(dot, operand)?;
                self.validated(expected, value)
            }
        }
    }

    fn eval_literal_for(&mut self, expected: Type, operand: &'t Operand<'t>) -> Result<Value> {
        let value = match (expected, &operand.kind) {
            (Type::Any | Type::Reflect, _) => return self.eval_literal(operand).map(|literal| literal.value),
            (Type::Bool, OperandKind::Bool(truth)) => Some(Value::Bool(*truth)),
            (Type::String, OperandKind::String { text, .. }) => Some(Value::String(Rc::clone(text))),
            (Type::Int, OperandKind::Number(number)) => number.int.map(Value::Int),
            (Type::Uint32, OperandKind::Number(number)) => {
                number.int.filter(|int| u32::try_from(*int).is_ok()).map(Value::Int)
            }
            (Type::Float, OperandKind::Number(number)) => number.float.map(Value::Float),
            _ => None,
        };
        if let Some(value) = value {
            return Ok(value);
        }
        let noun = match expected {
            Type::Bool => "bool",
            Type::String => "string",
            Type::Int => "integer",
            Type::Uint32 => "unsigned integer",
            Type::Float => "float",
            _ => return self.error(format!("can't handle {operand} for arg of type {}", expected.name())),
        };
        self.error(format!("expected {noun}; found {operand}"))
    }
}
