//! Functions, message by message.

use std::collections::BTreeMap;

use super::answer::crash;
use super::service::Service;
use crate::function::{Arguments, FunctionError, Parameter, Signature};
use crate::generated::tfplugin5 as wire;
use crate::value::{Shape, decode_json, decode_msgpack, encode_msgpack};
use crate::{Provider, Type, Value, ValueError, panics};

impl<P: Provider> Service<P> {
    pub(super) fn functions(&self) -> BTreeMap<String, wire::Function> {
        let functions = self.registry.functions.iter();
        functions.map(|(name, registered)| ((*name).to_owned(), signature(&registered.signature))).collect()
    }

    pub(super) async fn call(&self, request: wire::call_function::Request) -> wire::call_function::Response {
        let called = panics::catch(async { self.call_now(request) }).await;
        match called.unwrap_or_else(|panic| Err(FunctionError::new(crash(&panic).detail))) {
            Ok(result) => wire::call_function::Response { result: Some(result), error: None },
            Err(FunctionError { text, argument }) => {
                let error = wire::FunctionError { text, function_argument: argument };
                wire::call_function::Response { result: None, error: Some(error) }
            }
        }
    }

    fn call_now(&self, request: wire::call_function::Request) -> Result<wire::DynamicValue, FunctionError> {
        let registered = self.registry.functions.get(&*request.name).ok_or_else(|| {
            FunctionError::new(format!("the provider {} has no function {:?}", P::name(), request.name))
        })?;
        let signature = &registered.signature;
        if request.arguments.len() < signature.parameters.len() {
            return Err(FunctionError::new(format!("{} arguments are needed", signature.parameters.len())));
        }
        let mut arguments = Vec::new();
        let mut unknown = false;
        for (index, argument) in request.arguments.into_iter().enumerate() {
            let at = i64::try_from(index).unwrap_or(i64::MAX);
            let parameter = signature
                .parameter_at(index)
                .ok_or_else(|| FunctionError::new("there are more arguments than parameters").argument(at))?;
            let value = decode(&argument, &parameter.ty)
                .map_err(|error| FunctionError::new(error.to_string()).argument(at))?;
            if value.is_null() && !parameter.allow_null {
                return Err(FunctionError::new("the argument must not be null").argument(at));
            }
            // What depends on an unknown value is unknown itself, unless the function says more.
            unknown |= !parameter.allow_unknown && !value.is_wholly_known();
            arguments.push(value);
        }
        if unknown {
            return encoded(&Value::Unknown, &signature.result);
        }
        let result = registered.function.call(Arguments::new(arguments))?;
        encoded(&result, &signature.result)
    }
}

fn encoded(result: &Value, ty: &Type) -> Result<wire::DynamicValue, FunctionError> {
    let msgpack = encode_msgpack(result, ty)
        .map_err(|error| FunctionError::new(format!("the result is not of the function's type: {error}")))?;
    Ok(wire::DynamicValue { msgpack, json: Vec::new() })
}

fn decode(argument: &wire::DynamicValue, ty: &Type) -> Result<Value, ValueError> {
    if argument.msgpack.is_empty() {
        decode_json(&argument.json, ty, Shape::Exact)
    } else {
        decode_msgpack(&argument.msgpack, ty)
    }
}

fn signature(signature: &Signature) -> wire::Function {
    wire::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(wire::function::Return { r#type: type_json(&signature.result) }),
        summary: signature.summary.clone(),
        description: signature.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
        deprecation_message: signature.deprecated.clone().unwrap_or_default(),
    }
}

fn parameter(parameter: &Parameter) -> wire::function::Parameter {
    wire::function::Parameter {
        name: parameter.name.clone(),
        r#type: type_json(&parameter.ty),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: parameter.allow_unknown,
        description: parameter.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
    }
}

fn type_json(ty: &Type) -> Vec<u8> {
    ty.to_json().to_string().into_bytes()
}
