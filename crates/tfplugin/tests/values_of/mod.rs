//! Any type, and any value of a type.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use tfplugin::{Dynamic, Number, Type, Value};

pub fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String), Just(Type::Dynamic)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            vec(inner.clone(), 0..4).prop_map(Type::Tuple),
            btree_map("[a-z]{1,5}", inner, 0..4).prop_map(Type::Object),
        ]
    })
}

pub fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64_exactly),
        "-?[0-9]{1,60}(\\.[0-9]{1,60})?(e-?[0-9]{1,2})?".prop_map(|text| text.parse().unwrap()),
    ]
}

/// A value of the type; `whole` has nothing unknown in it.
pub fn value_of(ty: &Type, whole: bool) -> BoxedStrategy<Value> {
    let known = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => any_number().prop_map(Value::Number).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Dynamic => concrete_type()
            .prop_flat_map(move |ty| {
                value_of(&ty, whole)
                    .prop_map(move |value| Value::Dynamic(Box::new(Dynamic { ty: ty.clone(), value })))
            })
            .boxed(),
        Type::List(element) => vec(value_of(element, whole), 0..4).prop_map(Value::List).boxed(),
        // What is read has the one order of sets.
        Type::Set(element) => vec(value_of(element, whole), 0..4)
            .prop_map(|mut elements| {
                elements.sort();
                elements.dedup_by(|a, b| a == b && a.is_wholly_known());
                Value::List(elements)
            })
            .boxed(),
        Type::Map(element) => {
            btree_map(any::<String>(), value_of(element, whole), 0..4).prop_map(Value::Map).boxed()
        }
        Type::Tuple(elements) => {
            elements.iter().map(|ty| value_of(ty, whole)).collect::<Vec<_>>().prop_map(Value::List).boxed()
        }
        Type::Object(attributes) => {
            let members: Vec<_> =
                attributes.iter().map(|(name, ty)| (Just(name.clone()), value_of(ty, whole))).collect();
            members.prop_map(|members| Value::Map(members.into_iter().collect::<BTreeMap<_, _>>())).boxed()
        }
    };
    let absent = if whole { Value::Null } else { Value::Unknown };
    prop_oneof![8 => known, 1 => Just(Value::Null), 1 => Just(absent)].boxed()
}

/// A type that a value can bring along.
pub fn concrete_type() -> impl Strategy<Value = Type> {
    prop_oneof![
        Just(Type::Bool),
        Just(Type::Number),
        Just(Type::String),
        Just(Type::list(Type::String)),
        Just(Type::Tuple(vec![Type::Bool, Type::Number])),
        Just(Type::object([("a", Type::set(Type::String))])),
    ]
}

pub fn typed(whole: bool) -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(move |ty| value_of(&ty, whole).prop_map(move |value| (ty.clone(), value)))
}
