use super::*;
use crate::schema::Schema;
use crate::{Dynamic, Type};

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

fn object(members: &[(&str, Value)]) -> Value {
    Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn schema() -> Block {
    let inner = || {
        Block::new("")
            .attribute("set", Attribute::string("").optional().computed())
            .attribute("size", Attribute::number("").default(5_i64))
            .attribute("id", Attribute::string("").computed().keep_prior())
            .attribute("kind", Attribute::string("").optional().requires_replace())
    };
    Schema::new("")
        .attribute("name", Attribute::string("").required().requires_replace())
        .attribute("note", Attribute::string("").optional())
        .attribute("count_of", Attribute::number("").computed())
        .attribute("secret", Attribute::string("").optional().write_only())
        .block("disk", NestedBlock::map(inner()).requires_replace())
        .block("port", NestedBlock::set(inner()))
        .block
}

fn inner(set: Value, size: Value, id: Value) -> Value {
    object(&[("set", set), ("size", size), ("id", id), ("kind", Value::Null)])
}

fn server(name: &str, note: Value, count: Value, disks: &[(&str, Value)], ports: Vec<Value>) -> Value {
    object(&[
        ("name", text(name)),
        ("note", note),
        ("count_of", count),
        ("secret", Value::Null),
        ("disk", object(disks)),
        ("port", Value::List(ports)),
    ])
}

fn number(value: i64) -> Value {
    Value::Number(value.into())
}

fn prior() -> Value {
    let disk = inner(text("by provider"), number(5), text("id-a"));
    let port = inner(text("p"), number(80), text("id-p"));
    server("one", Value::Null, number(3), &[("a", disk)], vec![port])
}

fn config(name: &str, note: Value) -> Value {
    let disk = inner(Value::Null, Value::Null, Value::Null);
    let port = inner(Value::Null, number(80), Value::Null);
    server(name, note, Value::Null, &[("a", disk)], vec![port])
}

#[test]
fn a_new_resource_has_defaults_and_unknown_computed_values() {
    let mut config = config("one", Value::Null);
    if let Value::Map(members) = &mut config {
        members.insert("secret".to_owned(), text("s"));
    }
    let expected = server(
        "one",
        Value::Null,
        Value::Unknown,
        &[("a", inner(Value::Unknown, number(5), Value::Unknown))],
        vec![inner(Value::Unknown, number(80), Value::Unknown)],
    );
    assert_eq!(planned(&schema(), &config, None), expected);
}

#[test]
fn when_nothing_differs_the_plan_is_the_prior_state() {
    assert_eq!(planned(&schema(), &config("one", Value::Null), Some(&prior())), prior());
}

#[test]
fn when_something_differs_only_kept_values_stay_known() {
    let expected = server(
        "one",
        text("new"),
        Value::Unknown,
        &[("a", inner(Value::Unknown, number(5), text("id-a")))],
        vec![inner(Value::Unknown, number(80), text("id-p"))],
    );
    assert_eq!(planned(&schema(), &config("one", text("new")), Some(&prior())), expected);
}

#[test]
fn a_removed_attribute_in_a_map_block_gets_its_default_again() {
    let mut before = prior();
    if let Value::Map(members) = &mut before {
        members.insert("disk".to_owned(), object(&[("a", inner(text("x"), number(50), text("id-a")))]));
    }
    let Value::Map(plan) = planned(&schema(), &config("one", Value::Null), Some(&before)) else {
        panic!("an object is planned");
    };
    assert_eq!(plan["disk"], object(&[("a", inner(Value::Unknown, number(5), text("id-a")))]));
}

#[test]
fn unknown_blocks_stay_unknown() {
    let mut config = config("one", Value::Null);
    if let Value::Map(members) = &mut config {
        members.insert("disk".to_owned(), Value::Unknown);
    }
    let Value::Map(plan) = planned(&schema(), &config, Some(&prior())) else {
        panic!("an object is planned")
    };
    assert_eq!(plan["disk"], Value::Unknown);
}

#[test]
fn replacement_follows_changes_of_attributes_and_of_blocks() {
    let block = schema();
    let paths = |config: &Value| {
        let after = planned(&block, config, Some(&prior()));
        let paths = requires_replace(&block, &prior(), &after, config);
        paths.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        paths(&config("one", text("new"))),
        [""; 0],
        "computed values that become unknown replace nothing"
    );
    assert_eq!(paths(&config("two", Value::Null)), ["name"]);
    let mut port = config("one", Value::Null);
    let element =
        object(&[("set", Value::Null), ("size", number(80)), ("id", Value::Null), ("kind", text("k"))]);
    if let Value::Map(members) = &mut port {
        members.insert("port".to_owned(), Value::List(vec![element]));
    }
    assert_eq!(paths(&port), ["port"]);
    let mut kind = config("one", Value::Null);
    let disk =
        object(&[("set", Value::Null), ("size", Value::Null), ("id", Value::Null), ("kind", text("k"))]);
    if let Value::Map(members) = &mut kind {
        members.insert("disk".to_owned(), object(&[("a", disk.clone())]));
    }
    assert_eq!(paths(&kind), [r#"disk["a"].kind"#]);
    if let Value::Map(members) = &mut kind {
        members.insert("disk".to_owned(), object(&[("b", disk)]));
    }
    assert_eq!(paths(&kind), ["disk"], "an added block counts as added, not as changed inside");
}

#[test]
fn write_only_values_are_taken_out_at_every_level() {
    let nested = Block::new("").attribute("wo", Attribute::string("").optional().write_only());
    let block = Block::new("")
        .attribute("wo", Attribute::string("").optional().write_only())
        .block("l", NestedBlock::list(nested.clone()))
        .block("m", NestedBlock::map(nested.clone()))
        .block("s", NestedBlock::single(nested));
    let wo = |value: Value| object(&[("wo", value)]);
    let with = |value: Value| {
        let inside = wo(value.clone());
        let list = Value::List(vec![inside.clone()]);
        object(&[("wo", value), ("l", list), ("m", object(&[("k", inside.clone())])), ("s", inside)])
    };
    assert_eq!(without_write_only(&block, with(text("secret"))), with(Value::Null));
}

#[test]
fn blocks_with_dynamic_attributes_come_back_as_core_sends_them() {
    let inner = Block::new("")
        .attribute("any", Attribute::dynamic("").optional())
        .attribute("text", Attribute::string("").optional());
    let outer = Block::new("").block("list", NestedBlock::list(inner.clone()));
    let block = Block::new("").block("map", NestedBlock::map(outer));
    assert_eq!(block.wire_type(), Type::object([("map", Type::Dynamic)]));

    let element = |ty: Type| Type::object([("any", ty), ("text", Type::String)]);
    let list = Type::Tuple(vec![element(Type::Number), element(Type::Dynamic)]);
    let ty = Type::object([("k", Type::object([("list", list)]))]);
    let elements = vec![
        object(&[("any", number(1)), ("text", text("t"))]),
        object(&[("any", Value::Unknown), ("text", Value::Null)]),
    ];
    let value = object(&[("k", object(&[("list", Value::List(elements))]))]);
    let wire = object(&[("map", Value::Dynamic(Box::new(Dynamic { ty, value })))]);

    let any = Value::Dynamic(Box::new(Dynamic { ty: Type::Number, value: number(1) }));
    let elements = vec![
        object(&[("any", any), ("text", text("t"))]),
        object(&[("any", Value::Unknown), ("text", Value::Null)]),
    ];
    let model = object(&[("map", object(&[("k", object(&[("list", Value::List(elements))]))]))]);
    assert_eq!(block.to_model_shape(wire.clone()), model);
    assert_eq!(block.to_wire_shape(model), wire);
    assert_eq!(block.to_model_shape(object(&[("map", Value::Null)])), object(&[("map", object(&[]))]));
}

#[test]
fn a_client_that_would_store_write_only_values_is_told_where_they_are() {
    let nested = Block::new("").attribute("wo", Attribute::string("").optional().write_only());
    let block = Block::new("")
        .attribute("wo", Attribute::string("").optional().write_only())
        .attribute("plain", Attribute::string("").optional())
        .block("one", NestedBlock::single(nested.clone()))
        .block("map", NestedBlock::map(nested));
    let inner = |value: Value| Value::Map([("wo".to_owned(), value)].into());
    let with = |value: Value| {
        let map = Value::Map([("a".to_owned(), inner(value.clone()))].into());
        let members = [("wo", value.clone()), ("plain", text("x")), ("one", inner(value)), ("map", map)];
        Value::Map(members.map(|(name, value)| (name.to_owned(), value)).into())
    };
    let refused = refuse_write_only(&block, &with(text("secret")));
    let mut paths: Vec<String> =
        refused.iter().map(|it| it.path.as_ref().map(ToString::to_string).unwrap_or_default()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["map[\"a\"].wo", "one.wo", "wo"]);
    assert!(!format!("{refused:?}").contains("secret"));
    assert!(refuse_write_only(&block, &with(Value::Null)).iter().next().is_none());
}
