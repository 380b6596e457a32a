//! Values with a Go type of their own, such as `.Files` and `.Capabilities`.

use crate::golang::time::Time;
use crate::template::signature::Type;
use crate::value::Value;

/// What a method does with its arguments, which have been checked.
pub(crate) type MethodBody = Box<dyn Fn(&[Value]) -> Value>;

/// A method bound to its receiver, as `text/template` calls it.
pub(crate) struct Method {
    /// The parameters, which arguments are checked against.
    pub(crate) parameters: &'static [Type],
    /// The body.
    pub(crate) call: MethodBody,
}

/// A Go value with fields and methods.
pub(crate) trait Object {
    /// The name of its Go type, as `%T` prints it.
    fn type_name(&self) -> &'static str;

    /// The value of an exported field, or of a key if the type is a map.
    fn field(&self, name: &str) -> Option<Value>;

    /// The method of that name.
    fn method(&self, _name: &str) -> Option<Method> {
        None
    }

    /// The map, list or string that stands for the object when it is printed or ranged over.
    fn plain(&self) -> Value;

    /// What JSON and YAML make of it.
    fn marshalled(&self) -> Value {
        self.plain()
    }

    /// The instant, if it is a `time.Time`.
    fn time(&self) -> Option<Time> {
        None
    }

    /// Whether `if` takes it for true.
    fn is_true(&self) -> bool {
        self.plain().is_true()
    }
}
