use super::*;
use crate::schema::Schema;

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

fn object(members: &[(&str, Value)]) -> Value {
    Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn schema() -> Block {
    let inner = || Block::new("").attribute("a", Attribute::string("").optional());
    Schema::new("")
        .attribute("plain", Attribute::string("").optional())
        .attribute("both", Attribute::string("").optional().computed())
        .attribute("own", Attribute::string("").computed())
        .attribute("wo", Attribute::string("").optional().write_only())
        .attribute("set", Attribute::set(Type::String, "").optional())
        .block("list", NestedBlock::list(inner()))
        .block("map", NestedBlock::map(inner()))
        .block
}

/// A resource in which only these members are set.
fn with(members: &[(&str, Value)]) -> Value {
    let mut all = vec![
        ("plain", Value::Null),
        ("both", Value::Null),
        ("own", Value::Null),
        ("wo", Value::Null),
        ("set", Value::Null),
        ("list", Value::List(Vec::new())),
        ("map", object(&[])),
    ];
    for (name, value) in members {
        all.retain(|(other, _)| other != name);
        all.push((name, value.clone()));
    }
    object(&all)
}

fn lines(violations: Vec<Violation>) -> Vec<String> {
    violations.into_iter().map(|violation| format!("{}: {}", violation.path, violation.rule)).collect()
}

fn plan(config: &[(&str, Value)], prior: &[(&str, Value)], planned: &[(&str, Value)]) -> Vec<String> {
    lines(check_plan(&schema(), &with(prior), &with(config), &with(planned)))
}

fn apply(planned: &[(&str, Value)], actual: &[(&str, Value)]) -> Vec<String> {
    lines(check_apply(&schema(), &with(planned), &with(actual)))
}

fn blocks(values: &[Value]) -> Value {
    Value::List(values.iter().map(|value| object(&[("a", value.clone())])).collect())
}

#[test]
fn a_plan_may_keep_the_prior_value_or_choose_computed_ones() {
    let (a, b, c) = (text("a"), text("b"), text("c"));
    assert_eq!(plan(&[("plain", a.clone())], &[("plain", b.clone())], &[("plain", b.clone())]), [""; 0]);
    assert_eq!(plan(&[], &[], &[("both", c.clone()), ("own", Value::Unknown)]), [""; 0]);
    assert_eq!(plan(&[("both", a.clone())], &[("both", b)], &[("both", c.clone())]).len(), 1);
    assert_eq!(plan(&[("plain", a)], &[], &[("plain", Value::Unknown)]).len(), 1);
    assert_eq!(
        plan(&[], &[], &[("plain", c)]),
        ["plain: a value is planned that is not configured, and the attribute is not computed"]
    );
}

#[test]
fn a_planned_write_only_value_is_named() {
    let secret = text("secret");
    let broken = plan(&[("wo", secret.clone())], &[], &[("wo", secret)]);
    assert_eq!(broken, ["wo: a write-only attribute must be null in the plan"]);
    assert_eq!(plan(&[("wo", text("secret"))], &[], &[]), [""; 0]);
}

#[test]
fn blocks_of_a_plan_are_those_of_the_configuration() {
    let one = blocks(&[text("x")]);
    let rule = |config: Value, planned: Value| plan(&[("list", config)], &[], &[("list", planned)]);
    assert_eq!(
        rule(one.clone(), blocks(&[])),
        ["list: the plan has another number of blocks than the configuration"]
    );
    assert_eq!(
        rule(one.clone(), Value::Null),
        ["list: a collection of blocks without blocks is empty, never null"]
    );
    assert_eq!(rule(one.clone(), Value::Unknown).len(), 1);
    assert_eq!(rule(Value::Unknown, one.clone()).len(), 1);
    assert_eq!(rule(Value::Unknown, Value::Unknown), [""; 0]);
    assert_eq!(
        rule(one, blocks(&[text("y")])),
        ["list[0].a: the planned value is neither the configured one nor the prior one"]
    );
    let map = |key: &str| object(&[(key, object(&[("a", Value::Null)]))]);
    assert_eq!(plan(&[("map", map("k"))], &[], &[("map", map("l"))]).len(), 1);
}

#[test]
fn an_apply_returns_what_was_planned_and_fills_what_was_not_known() {
    assert_eq!(apply(&[("own", Value::Unknown)], &[("own", text("x"))]), [""; 0]);
    assert_eq!(apply(&[("own", text("x"))], &[("own", text("y"))]), ["own: has another value than planned"]);
    assert_eq!(apply(&[("own", text("x"))], &[]), ["own: was planned with a value, and is null"]);
    assert_eq!(apply(&[], &[("own", text("x"))]), ["own: was planned as null, and has a value"]);
    assert_eq!(apply(&[("list", blocks(&[text("x")]))], &[("list", blocks(&[text("y")]))]).len(), 1);
    assert_eq!(apply(&[("list", Value::Unknown)], &[("list", blocks(&[text("y")]))]), [""; 0]);
}

#[test]
fn sets_may_shrink_when_elements_turn_out_equal_but_never_grow() {
    let set = |values: Vec<Value>| [("set", Value::List(values))];
    let (a, b) = (text("a"), text("b"));
    assert_eq!(apply(&set(vec![Value::Unknown, a.clone()]), &set(vec![a.clone()])), [""; 0]);
    assert_eq!(apply(&set(vec![Value::Unknown]), &set(vec![a.clone(), b.clone()])).len(), 1);
    assert_eq!(apply(&set(vec![a.clone()]), &set(vec![b])), ["set: a planned element of the set is missing"]);
    assert_eq!(apply(&set(vec![a.clone()]), &set(vec![a])), [""; 0]);
}

#[test]
fn what_is_left_unknown_in_state_is_named() {
    assert_eq!(
        lines(check_state(&with(&[("own", Value::Unknown)]))),
        ["own: a value in state is still unknown"]
    );
    assert_eq!(lines(check_state(&with(&[]))), [""; 0]);
}
