//! Input of any kind gives a result or an error: no panic, no endless work.

// A test that meets what it does not expect stops there.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;

use helm_template::{Capabilities, Chart, Error, Options, Release, Values, render, yaml};
use proptest::prelude::*;

/// A chart with one template.
fn chart(template: &[u8]) -> (tempfile::TempDir, Chart) {
    let directory = tempfile::tempdir().expect("there is a place for temporary files");
    fs::create_dir(directory.path().join("templates")).expect("a directory");
    fs::write(directory.path().join("Chart.yaml"), "apiVersion: v2\nname: any\nversion: 1.0.0\n")
        .expect("a file");
    fs::write(directory.path().join("templates/a.yaml"), template).expect("a file");
    let chart = Chart::from_directory(directory.path()).expect("a chart");
    (directory, chart)
}

fn rendered(template: &str) -> Result<String, Error> {
    let (_directory, chart) = chart(template.as_bytes());
    let options = Options { max_output: 1_000_000, ..Options::default() };
    let values = Values::from_yaml("a: 1\nb: [x, {c: d}]\ne: {f: null}\n").expect("values");
    let release = Release::new("x", "default");
    render(&chart, &values, &release, &Capabilities::new("v1.31.0"), &options)
        .map(|rendered| rendered.to_text())
}

/// Pieces of templates in an order that makes sense only sometimes.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{{",
        "}}",
        "{{-",
        "-}}",
        " ",
        "if",
        "else",
        "end",
        "range",
        "with",
        "define",
        "template",
        "block",
        "break",
        "\"a\"",
        "`b`",
        "'c'",
        "$",
        "$x",
        ":=",
        "=",
        ".",
        ".Values",
        ".Values.b",
        "|",
        "(",
        ")",
        ",",
        "1",
        "-2",
        "0x",
        "1e3",
        "nil",
        "true",
        "printf",
        "include",
        "tpl",
        "index",
        "toYaml",
        "fromYaml",
        "dict",
        "list",
        "set",
        "merge",
        "len",
        "trunc",
        "repeat",
        "until",
        "substr",
        "regexMatch",
        "eq",
        "and",
        "/*",
        "*/",
        "\n",
        "text",
        "é",
        "%v",
        "{{end}}",
        "{{ end }}",
        "{{ $x := .Values.b }}",
        "slice",
        "b64dec",
        "wrap",
        "abbrev",
        "seq",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn any_template_is_rendered_or_refused(template in pieces()) {
        if let Err(Error::Stopped) = rendered(&template) {
            prop_assert!(false, "rendering panicked");
        }
    }

    #[test]
    fn any_text_is_a_template_or_refused(template in "\\PC{0,60}|[{}\" |.$()a-z0-9\\n]{0,60}") {
        if let Err(Error::Stopped) = rendered(&template) {
            prop_assert!(false, "rendering panicked");
        }
    }

    #[test]
    fn any_text_is_yaml_or_refused(text in "\\PC{0,80}|[-a-z0-9:#&*!|>'\"%@`{}\\[\\], \\n\\t?~<]{0,80}") {
        if let Ok(value) = yaml::parse(&text) {
            // What was read is written as YAML that means the same.
            let written = yaml::emit(&value);
            prop_assert_eq!(yaml::parse(&written).ok(), Some(value), "{}", written);
        }
    }

    #[test]
    fn any_bytes_are_an_archive_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(Chart::from_archive(&bytes).is_err());
    }

    #[test]
    fn any_set_expression_is_understood_or_refused(expression in "[a-z.=,{}\\[\\]0-9\\\\]{0,40}") {
        let mut values = Values::new();
        let _ = values.set(&expression);
    }
}

#[test]
fn endless_recursion_is_an_error() {
    for template in [
        "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}",
        "{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}",
        "{{ $t := \"{{ tpl .t . }}\" }}{{ tpl $t (dict \"t\" $t) }}",
    ] {
        assert!(matches!(rendered(template), Err(Error::Execution(_))), "{template}");
    }
}

#[test]
fn output_without_end_is_an_error() {
    for template in [
        "{{ repeat 1000000000 \"abc\" }}",
        "{{ range until 1000000000 }}x{{ end }}",
        "{{ range 1000000000 }}x{{ end }}",
        "{{ indent 1000000000 \"x\" }}",
        "{{ seq 1 1000000000 }}",
    ] {
        assert!(matches!(rendered(template), Err(Error::Execution(_))), "{template}");
    }
}

#[test]
fn a_map_that_holds_itself_does_not_hang() {
    for function in ["toYaml", "toJson", "print", "toYamlPretty"] {
        let template =
            format!("{{{{ $d := dict }}}}{{{{ $_ := set $d \"d\" $d }}}}# {{{{ {function} $d | len }}}}");
        assert!(!matches!(rendered(&template), Err(Error::Stopped)), "{function}");
    }
}

#[test]
fn what_needs_the_world_is_refused_by_name() {
    for template in [
        "{{ now }}",
        "{{ uuidv4 }}",
        "{{ randAlphaNum 5 }}",
        "{{ genCA \"x\" 1 }}",
        "{{ htpasswd \"a\" \"b\" }}",
    ] {
        let Err(Error::Execution(message)) = rendered(template) else { panic!("{template} was rendered") };
        assert!(message.contains("not available") || message.contains("not depend"), "{message}");
    }
}
