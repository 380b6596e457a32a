use super::*;
use serde_json::json;

#[test]
fn collections_are_written_in_block_style() {
    let value = json!({"b": [1, {"c": 2, "d": []}, [3, [4]]], "a": {}, "e": {"f": null}});
    assert_eq!(emit(&value), "a: {}\nb:\n- 1\n- c: 2\n  d: []\n- - 3\n  - - 4\ne:\n  f: null\n");
}

#[test]
fn strings_are_quoted_where_yaml_1_1_would_misread_them() {
    let value =
        json!(["on", "1:30", "2001-02-03", "", "a: b", "- x", " lead", "1e3", "~", "x", "a#b", "tab\there"]);
    assert_eq!(
        emit(&value),
        "- \"on\"\n- \"1:30\"\n- \"2001-02-03\"\n- \"\"\n- 'a: b'\n- '- x'\n- ' lead'\n- \"1e3\"\n- \"~\"\n- x\n- a#b\n- \"tab\\there\"\n"
    );
}

#[test]
fn text_of_several_lines_is_a_literal() {
    assert_eq!(
        emit(&json!({"a": "x\ny", "b": "x\n", "c": "x\n\n", "d": " x\n"})),
        "a: |-\n  x\n  y\nb: |\n  x\nc: |+\n  x\n\nd: |2\n   x\n"
    );
}

#[test]
fn long_plain_text_is_folded_after_column_80() {
    let words = "word ".repeat(20);
    let folded = emit(&json!({"k": words.trim_end()}));
    assert_eq!(folded.lines().next().map(str::len), Some(82));
}

#[test]
fn floats_without_fraction_become_integers() {
    assert_eq!(emit(&json!([1e6, 1.5, 1e21])), "- 1000000\n- 1.5\n- 1e+21\n");
}
