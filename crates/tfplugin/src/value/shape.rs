//! Between the two shapes of a block's value.
//!
//! Terraform core decodes a LIST or MAP block that holds a `dynamic` attribute as a tuple or an object whose type comes
//! with the value. Models see lists and maps in every case, and a `dynamic` attribute inside as [`Dynamic`].

use std::collections::BTreeMap;

use super::{Dynamic, Type, Value};
use crate::schema::{Block, NestedBlock, Nesting};

impl Block {
    /// From the shape of the wire to the shape of the model. Collections of blocks are never null afterwards.
    pub(crate) fn to_model_shape(&self, value: Value) -> Value {
        self.object_to_model(value, None)
    }

    /// From the shape of the model to the shape of the wire. Collections of blocks are never null afterwards.
    pub(crate) fn to_wire_shape(&self, value: Value) -> Value {
        let Value::Map(mut members) = value else {
            return value;
        };
        for (name, nested) in &self.blocks {
            let block = members.remove(name).unwrap_or(Value::Null);
            members.insert(name.clone(), nested.to_wire(block));
        }
        Value::Map(members)
    }

    /// A block in which nothing is set.
    pub(crate) fn empty(&self) -> Value {
        let attributes = self.attributes.keys().map(|name| (name.clone(), Value::Null));
        let blocks = self.blocks.iter().map(|(name, nested)| (name.clone(), nested.absent()));
        Value::Map(attributes.chain(blocks).collect())
    }

    /// `actual` is the type that came with the value, if one did.
    fn object_to_model(&self, value: Value, actual: Option<&Type>) -> Value {
        let Value::Map(members) = value else {
            return value;
        };
        let shaped = members.into_iter().map(|(name, value)| {
            let actual = actual.and_then(|ty| member_type(ty, &name));
            let value = match (self.attributes.get(&name), self.blocks.get(&name), actual) {
                (Some(attribute), _, Some(actual)) => generalise(value, actual, &attribute.ty),
                (_, Some(nested), _) => nested.to_model(value, actual),
                _ => value,
            };
            (name, value)
        });
        Value::Map(shaped.collect())
    }

    /// The object and its type, with every `dynamic` attribute as what it is.
    fn describe(&self, value: Value) -> (Type, Value) {
        let Value::Map(members) = value else {
            return (self.wire_type(), value);
        };
        let described = members.into_iter().map(|(name, value)| {
            let (ty, value) = match (self.attributes.get(&name), self.blocks.get(&name)) {
                (Some(attribute), _) => specialise(value, &attribute.ty),
                (_, Some(nested)) => nested.describe(value),
                _ => (Type::Dynamic, value),
            };
            ((name.clone(), ty), (name, value))
        });
        let (types, values): (BTreeMap<_, _>, BTreeMap<_, _>) = described.unzip();
        (Type::Object(types), Value::Map(values))
    }
}

impl NestedBlock {
    /// The value when no block is there.
    pub(crate) fn absent(&self) -> Value {
        match self.nesting {
            Nesting::Single => Value::Null,
            Nesting::Group => self.block.empty(),
            Nesting::List | Nesting::Set => Value::List(Vec::new()),
            Nesting::Map => Value::Map(BTreeMap::new()),
        }
    }

    fn to_model(&self, value: Value, actual: Option<&Type>) -> Value {
        match value {
            Value::Dynamic(dynamic) => self.to_model(dynamic.value, Some(&dynamic.ty)),
            Value::Null => self.absent(),
            Value::List(elements) => {
                let shaped = elements.into_iter().enumerate().map(|(index, element)| {
                    self.block.object_to_model(element, actual.and_then(|ty| element_type(ty, index)))
                });
                let mut elements = shaped.collect();
                if self.nesting == Nesting::Set {
                    super::canonical_set(&mut elements);
                }
                Value::List(elements)
            }
            Value::Map(elements) if self.nesting == Nesting::Map => {
                let shaped = elements.into_iter().map(|(key, element)| {
                    let actual = actual.and_then(|ty| member_type(ty, &key));
                    let element = self.block.object_to_model(element, actual);
                    (key, element)
                });
                Value::Map(shaped.collect())
            }
            object => self.block.object_to_model(object, actual),
        }
    }

    fn to_wire(&self, value: Value) -> Value {
        let value = if value == Value::Null { self.absent() } else { value };
        if value != Value::Unknown && self.is_typed_by_value() {
            let (ty, value) = self.describe(value);
            return Value::Dynamic(Box::new(Dynamic { ty, value }));
        }
        match value {
            Value::List(elements) => {
                Value::List(elements.into_iter().map(|element| self.block.to_wire_shape(element)).collect())
            }
            Value::Map(elements) if self.nesting == Nesting::Map => {
                let shaped =
                    elements.into_iter().map(|(key, element)| (key, self.block.to_wire_shape(element)));
                Value::Map(shaped.collect())
            }
            object => self.block.to_wire_shape(object),
        }
    }

    fn describe(&self, value: Value) -> (Type, Value) {
        let value = if value == Value::Null { self.absent() } else { value };
        if !self.block.has_dynamic() {
            return (self.wire_type(), self.to_wire(value));
        }
        match value {
            Value::List(elements) => {
                let (types, values) =
                    elements.into_iter().map(|element| self.block.describe(element)).unzip();
                (Type::Tuple(types), Value::List(values))
            }
            Value::Map(elements) if self.nesting == Nesting::Map => {
                let described = elements.into_iter().map(|(key, element)| {
                    let (ty, element) = self.block.describe(element);
                    ((key.clone(), ty), (key, element))
                });
                let (types, values): (BTreeMap<_, _>, BTreeMap<_, _>) = described.unzip();
                (Type::Object(types), Value::Map(values))
            }
            Value::Unknown => (self.wire_type(), Value::Unknown),
            object => self.block.describe(object),
        }
    }
}

fn member_type<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    match ty {
        Type::Object(members) => members.get(name),
        Type::Map(element) => Some(element),
        _ => None,
    }
}

fn element_type(ty: &Type, index: usize) -> Option<&Type> {
    match ty {
        Type::Tuple(elements) => elements.get(index),
        Type::List(element) | Type::Set(element) => Some(element),
        _ => None,
    }
}

/// A value of the type `actual` as one of the type `declared`, which may have `dynamic` where `actual` is concrete.
fn generalise(value: Value, actual: &Type, declared: &Type) -> Value {
    match (declared, value) {
        (Type::Dynamic, value) if *actual != Type::Dynamic => {
            Value::Dynamic(Box::new(Dynamic { ty: actual.clone(), value }))
        }
        (declared, value) if !declared.has_dynamic() => value,
        (Type::List(declared) | Type::Set(declared), Value::List(elements)) => {
            let generalised = elements.into_iter().enumerate().map(|(index, element)| {
                element_type(actual, index)
                    .map_or(element.clone(), |actual| generalise(element, actual, declared))
            });
            Value::List(generalised.collect())
        }
        (Type::Map(declared), Value::Map(elements)) => {
            let generalised = elements.into_iter().map(|(key, element)| {
                let actual = member_type(actual, &key).unwrap_or(declared);
                let element = generalise(element, actual, declared);
                (key, element)
            });
            Value::Map(generalised.collect())
        }
        (Type::Object(declared), Value::Map(members)) => {
            let generalised = members.into_iter().map(|(name, member)| {
                let member = match (member_type(actual, &name), declared.get(&name)) {
                    (Some(actual), Some(declared)) => generalise(member, actual, declared),
                    _ => member,
                };
                (name, member)
            });
            Value::Map(generalised.collect())
        }
        (_, value) => value,
    }
}

/// A value of the type `declared` with the type it really has.
fn specialise(value: Value, declared: &Type) -> (Type, Value) {
    match (declared, value) {
        (Type::Dynamic, Value::Dynamic(dynamic)) => (dynamic.ty, dynamic.value),
        (Type::Map(element), Value::Map(elements)) if element.has_dynamic() => {
            let specialised = elements.into_iter().map(|(key, value)| {
                let (ty, value) = specialise(value, element);
                (ty, (key, value))
            });
            let (types, values): (Vec<_>, BTreeMap<_, _>) = specialised.unzip();
            (Type::map(common(&types, element)), Value::Map(values))
        }
        (Type::List(element), Value::List(elements)) if element.has_dynamic() => {
            let (types, values): (Vec<_>, _) =
                elements.into_iter().map(|value| specialise(value, element)).unzip();
            (Type::list(common(&types, element)), Value::List(values))
        }
        (Type::Object(declared), Value::Map(members)) => {
            let specialised = members.into_iter().map(|(name, value)| {
                let (ty, value) = specialise(value, declared.get(&name).unwrap_or(&Type::Dynamic));
                ((name.clone(), ty), (name, value))
            });
            let (types, values): (BTreeMap<_, _>, BTreeMap<_, _>) = specialised.unzip();
            (Type::Object(types), Value::Map(values))
        }
        (declared, value) => (declared.clone(), value),
    }
}

/// The one type of all elements of a collection; Terraform has no collections of mixed types.
fn common(types: &[Type], declared: &Type) -> Type {
    types.first().unwrap_or(declared).clone()
}
