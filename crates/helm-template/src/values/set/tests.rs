use super::*;
use serde_json::json;

fn set(expression: &str) -> Result<Value, String> {
    let mut values = Map::new();
    apply(&mut values, expression, Mode::Typed).map_err(|error| error.to_string())?;
    Ok(Value::Object(values))
}

#[test]
fn paths_lists_and_types_are_understood() {
    assert_eq!(set("a.b=1,c=x"), Ok(json!({"a": {"b": 1}, "c": "x"})));
    assert_eq!(set("a[1].b=true"), Ok(json!({"a": [null, {"b": true}]})));
    assert_eq!(set("a[0][1]=x"), Ok(json!({"a": [[null, "x"]]})));
    assert_eq!(set("a={x,2,null},b=007"), Ok(json!({"a": ["x", 2, null], "b": "007"})));
    assert_eq!(set(r"a\.b=x\,y,c="), Ok(json!({"a.b": "x,y", "c": ""})));
    assert_eq!(set("a={}"), Ok(json!({"a": [""]})));
    assert_eq!(set("a=0,b=-5,c=1.5"), Ok(json!({"a": 0, "b": -5, "c": "1.5"})));
}

#[test]
fn what_is_wrong_is_said_as_helm_says_it() {
    for (expression, error) in [
        ("a", "key \"a\" has no value"),
        ("a,b=1", "key \"a\" has no value (cannot end with ,)"),
        ("a={x", "list must terminate with '}'"),
        ("a[99999999]=1", "index of 99999999 is greater than maximum supported index of 65536"),
        ("a[x]=1", "error parsing index: strconv.Atoi: parsing \"x\": invalid syntax"),
        ("a[-1]=1", "negative -1 index not allowed"),
        ("a[0]x=1", "unexpected data at end of array index: \"x\""),
        (
            "a=1,a.b=2",
            "unable to parse key: interface conversion: interface {} is int64, not map[string]interface {}",
        ),
    ] {
        assert_eq!(set(expression), Err(error.to_owned()), "{expression}");
    }
}

#[test]
fn json_and_literals_are_taken_whole() {
    let mut values = Map::new();
    apply(&mut values, r#"a.b={"c": [1]},x=null"#, Mode::Json).unwrap();
    apply(&mut values, r"d=x,y=1\", Mode::Literal).unwrap();
    assert_eq!(Value::Object(values), json!({"a": {"b": {"c": [1.0]}}, "x": null, "d": r"x,y=1\"}));
}

#[test]
fn files_are_read_by_the_caller() {
    let mut values = Map::new();
    let read = |path: &str| Ok(format!("content of {path}"));
    apply(&mut values, "a=x.txt", Mode::File(&read)).unwrap();
    assert_eq!(Value::Object(values), json!({"a": "content of x.txt"}));
}
