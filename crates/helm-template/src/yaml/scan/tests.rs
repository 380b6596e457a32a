use super::*;

/// The kinds of all tokens, or the error.
fn kinds(text: &str) -> Result<String, String> {
    let mut scanner = Scanner::new(text);
    let mut kinds = Vec::new();
    loop {
        scanner.peek().map_err(|error| error.to_string())?;
        let Some(token) = scanner.take() else { break };
        let is_end = matches!(token.kind, Kind::StreamEnd);
        kinds.push(match token.kind {
            Kind::Scalar { text, .. } => format!("{text:?}"),
            other => format!("{other:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
        });
        if is_end {
            break;
        }
    }
    Ok(kinds.join(" "))
}

#[test]
fn a_key_is_known_once_its_colon_is_seen() {
    assert_eq!(
        kinds("a: [b]"),
        Ok("BlockMappingStart Key \"a\" Value FlowSequenceStart \"b\" FlowSequenceEnd BlockEnd StreamEnd"
            .into())
    );
}

#[test]
fn scalars_are_folded() {
    assert_eq!(kinds("a b\n c\n\n d"), Ok("\"a b c\\nd\" StreamEnd".into()));
    assert_eq!(kinds("'a''b\n  c'"), Ok("\"a'b c\" StreamEnd".into()));
    assert_eq!(kinds("\"a\\\n  b\\x41\\u263a\""), Ok("\"abA☺\" StreamEnd".into()));
    assert_eq!(kinds(">\n a\n b\n\n  c\n"), Ok("\"a b\\n\\n c\\n\" StreamEnd".into()));
    assert_eq!(kinds("|2-\n   a\n  b\n"), Ok("\" a\\nb\" StreamEnd".into()));
}

#[test]
fn errors_are_worded_as_go_yaml_words_them() {
    for (text, error) in [
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("x: 1\na: b: c", "yaml: line 2: mapping values are not allowed in this context"),
        ("x: 1\na: @b", "yaml: line 2: found character that cannot start any token"),
        ("x: 1\na: \"b\n", "yaml: line 3: found unexpected end of stream"),
        ("x: 1\nabc\nd: 1", "yaml: line 3: could not find expected ':'"),
        ("x:\n\ty: 1", "yaml: line 2: found character that cannot start any token"),
        ("a: \u{1}", "yaml: control characters are not allowed"),
    ] {
        assert_eq!(kinds(text), Err(error.to_owned()), "{text}");
    }
}
