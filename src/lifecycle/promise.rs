//! What an apply returns of what a plan has promised in part.

use tfplugin::{Field, TerraformValue, Value};

/// What an apply returns: the plan's word where it has given one, else what was seen.
pub fn kept_promise<T: TerraformValue + Clone>(promised: &Field<T>, seen: T) -> T {
    let Field::Known(promised) = promised else { return seen };
    let both = kept(promised.clone().into_value(), seen.clone().into_value());
    // The two are of one type, and so is what is made of both.
    T::from_value(both).unwrap_or(seen)
}

/// The promised value with what was seen in place of what it leaves open.
fn kept(promised: Value, seen: Value) -> Value {
    match (promised, seen) {
        (Value::Unknown, seen) => seen,
        (Value::Map(promised), Value::Map(mut seen)) => {
            let members = promised.into_iter().map(|(name, promised)| {
                let seen = seen.remove(&name).unwrap_or(Value::Null);
                (name, kept(promised, seen))
            });
            Value::Map(members.collect())
        }
        // A list is promised as a whole, or element by element.
        (Value::List(promised), Value::List(seen)) if promised.len() == seen.len() => {
            Value::List(promised.into_iter().zip(seen).map(|(promised, seen)| kept(promised, seen)).collect())
        }
        (promised, _) => promised,
    }
}
