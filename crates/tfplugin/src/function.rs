//! Functions that configurations can call (Terraform 1.8 and later).

use std::collections::{BTreeSet, VecDeque};

use crate::{TerraformValue, Type, Value};

/// A pure function: offline, the same result for the same arguments.
pub trait Function: Send + Sync + 'static {
    /// The name: `provider::<provider>::<name>`.
    const NAME: &'static str;

    /// Parameters and result.
    fn signature(&self) -> Signature;

    /// Computes the result, which is of the signature's type.
    fn call(&self, arguments: Arguments) -> Result<Value, FunctionError>;
}

/// Parameters and result of a function, with its documentation.
#[derive(Clone, Debug)]
pub struct Signature {
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) deprecated: Option<String>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) variadic: Option<Parameter>,
    pub(crate) result: Type,
}

impl Signature {
    /// A function without parameters; the description is markdown.
    pub fn new(summary: impl Into<String>, description: impl Into<String>, result: Type) -> Self {
        Self {
            summary: summary.into(),
            description: description.into(),
            deprecated: None,
            parameters: Vec::new(),
            variadic: None,
            result,
        }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// Any number of further arguments.
    #[must_use]
    pub fn variadic(mut self, parameter: Parameter) -> Self {
        self.variadic = Some(parameter);
        self
    }

    /// Marks the function deprecated; the message says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, message: impl Into<String>) -> Self {
        self.deprecated = Some(message.into());
        self
    }

    /// Checks what Terraform core asks of a signature; the error names the parameter.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for Parameter { name, .. } in self.parameters.iter().chain(&self.variadic) {
            if name.is_empty() {
                return Err("a parameter has no name".to_owned());
            }
            if !names.insert(name) {
                return Err(format!("two parameters have the name {name:?}"));
            }
        }
        Ok(())
    }

    /// The parameter of the argument at `index`.
    pub(crate) fn parameter_at(&self, index: usize) -> Option<&Parameter> {
        self.parameters.get(index).or(self.variadic.as_ref())
    }
}

/// A parameter. Unless it allows them, Terraform never calls with null or unknown values.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) description: String,
    pub(crate) allow_null: bool,
    pub(crate) allow_unknown: bool,
}

impl Parameter {
    /// A parameter; the description is markdown.
    pub fn new(name: impl Into<String>, ty: Type, description: impl Into<String>) -> Self {
        let (name, description) = (name.into(), description.into());
        Self { name, ty, description, allow_null: false, allow_unknown: false }
    }

    /// The argument may be null.
    #[must_use]
    pub fn allow_null(mut self) -> Self {
        self.allow_null = true;
        self
    }

    /// The argument may be unknown or have unknown parts.
    #[must_use]
    pub fn allow_unknown(mut self) -> Self {
        self.allow_unknown = true;
        self
    }
}

/// The arguments of a call, in order.
#[derive(Clone, Debug)]
pub struct Arguments {
    values: VecDeque<Value>,
    taken: i64,
}

impl Arguments {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self { values: values.into(), taken: 0 }
    }

    /// Takes the next argument.
    pub fn take<T: TerraformValue>(&mut self) -> Result<T, FunctionError> {
        let index = self.taken;
        let value = self.values.pop_front().ok_or_else(|| FunctionError::new("an argument is missing"))?;
        self.taken += 1;
        T::from_value(value).map_err(|error| FunctionError::new(error.to_string()).argument(index))
    }

    /// Takes all that are left: those of the variadic parameter.
    pub fn rest<T: TerraformValue>(&mut self) -> Result<Vec<T>, FunctionError> {
        let mut rest = Vec::new();
        while !self.values.is_empty() {
            rest.push(self.take()?);
        }
        Ok(rest)
    }
}

/// A call has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FunctionError {
    /// What is wrong.
    pub text: String,
    /// The argument at fault, from 0.
    pub argument: Option<i64>,
}

impl FunctionError {
    /// A failure of the call as a whole.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: None }
    }

    /// Names the argument at fault, from 0.
    #[must_use]
    pub fn argument(mut self, index: i64) -> Self {
        self.argument = Some(index);
        self
    }
}
