//! What an apply returns of what a plan has promised in part.

use tfplugin::Value;

/// The promised value with what was seen in place of what it leaves open.
pub fn kept(promised: Value, seen: Value) -> Value {
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
