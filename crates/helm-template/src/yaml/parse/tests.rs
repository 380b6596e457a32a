use super::*;
use serde_json::json;

#[test]
fn scalars_follow_yaml_1_1() {
    let text = "a: on\nb: 0o7\nc: 010\nd: 1_0\ne: 'on'\nf: 2001-01-01\ng: ~\nh:\n1: x\ny: z\n";
    assert_eq!(
        parse(text),
        Ok(
            json!({"a": true, "b": 7, "c": 8, "d": 10, "e": "on", "f": "2001-01-01", "g": null, "h": null, "1": "x", "true": "z"})
        )
    );
}

#[test]
fn merge_keys_and_aliases_are_resolved() {
    let text = "base: &b {p: 1, q: 2}\nuse:\n  <<: *b\n  q: 3\nlist: [*b]\n";
    assert_eq!(
        parse(text),
        Ok(json!({"base": {"p": 1, "q": 2}, "use": {"p": 1, "q": 3}, "list": [{"p": 1, "q": 2}]}))
    );
}

#[test]
fn errors_are_worded_as_helm_shows_them() {
    for (text, error) in [
        ("a: 1\nb: [1\n", "yaml: line 2: did not find expected ',' or ']'"),
        ("a: 1\nb: *x\n", "yaml: unknown anchor 'x' referenced"),
        ("a: &x [*x]\n", "yaml: anchor 'x' value contains itself"),
        ("{{ x }}: 1\n", "yaml: invalid map key: map[interface {}]interface {}{\"x\":interface {}(nil)}"),
        ("a: 1\n~: 2\n", "unsupported map key of type: %!s(<nil>), key: <nil>, value: 2"),
        ("a: !!int x\n", "yaml: cannot decode !!str `x` as a !!int"),
        ("a: .inf\n", "json: unsupported value: +Inf"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), error, "{text}");
    }
}

#[test]
fn documents_are_separate() {
    assert_eq!(
        parse_documents("a: 1\n---\n# nothing\n---\n- b\n"),
        Ok(vec![json!({"a": 1}), json!(null), json!(["b"])])
    );
}

#[test]
fn aliases_cannot_explode() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let previous = format!("*a{}, ", level - 1).repeat(10);
        let line = format!("a{level}: &a{level} [{}]\n", previous.trim_end_matches(", "));
        text.push_str(&line);
    }
    assert_eq!(parse(&text).unwrap_err().to_string(), "yaml: document contains excessive aliasing");
}

#[test]
fn deep_nesting_is_refused() {
    let text = "[".repeat(5000);
    assert!(parse(&text).is_err());
}
