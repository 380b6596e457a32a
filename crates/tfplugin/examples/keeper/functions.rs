//! The functions `label` and `crash`.

use tfplugin::{Arguments, Function, FunctionError, Parameter, Signature, TerraformValue, Type, Value};

/// Joins parts to a label.
pub struct Label;

impl Function for Label {
    const NAME: &'static str = "label";

    fn signature(&self) -> Signature {
        Signature::new("Joins parts", "Joins the parts with the separator.", Type::String)
            .parameter(Parameter::new("separator", Type::String, "One character."))
            .variadic(Parameter::new("parts", Type::String, "The parts."))
    }

    fn call(&self, mut arguments: Arguments) -> Result<Value, FunctionError> {
        let separator: String = arguments.take()?;
        if separator.chars().count() != 1 {
            return Err(FunctionError::new("the separator must be one character").argument(0));
        }
        let parts: Vec<String> = arguments.rest()?;
        Ok(parts.join(&separator).into_value())
    }
}

/// Panics, for tests.
pub struct Crash;

impl Function for Crash {
    const NAME: &'static str = "crash";

    fn signature(&self) -> Signature {
        Signature::new("Crashes", "Crashes.", Type::Bool)
    }

    #[allow(clippy::panic, reason = "a test looks at what becomes of it")]
    fn call(&self, _: Arguments) -> Result<Value, FunctionError> {
        panic!("asked to crash")
    }
}
