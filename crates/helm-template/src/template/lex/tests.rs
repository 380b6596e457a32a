use super::*;

fn kinds(text: &str) -> Vec<Kind> {
    lex(text).tokens.into_iter().map(|token| token.kind).collect()
}

#[test]
fn trim_markers_eat_the_text_around_an_action() {
    let tokens = lex("a \n{{- .x -}}\n b").tokens;
    let texts: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    assert_eq!(texts, ["a", "{{", ".x", "}}", "b", ""]);
}

#[test]
fn comments_leave_no_token() {
    assert_eq!(kinds("a{{- /* x */ -}} b"), [Kind::Text, Kind::Text, Kind::Eof]);
}

#[test]
fn a_minus_before_a_digit_is_a_number() {
    assert_eq!(lex("{{-3}}").tokens[1].text, "-3");
}

#[test]
fn names_hold_letters_and_digits_but_no_other_numbers_or_marks() {
    assert_eq!(kinds("{{$aª٣}}"), [Kind::LeftDelim, Kind::Variable, Kind::RightDelim, Kind::Eof]);
    for (text, problem) in [
        ("{{$a½}}", "bad character U+00BD '½'"),
        ("{{.Ⅷ}}", "bad character U+2167 'Ⅷ'"),
        ("{{$a\u{345}}}", "bad character U+0345 '\u{345}'"),
    ] {
        assert_eq!(lex(text).problem, problem);
    }
}

#[test]
fn an_error_token_says_what_is_wrong() {
    for (text, message) in [
        ("{{ \"a }}", "unterminated quoted string"),
        ("{{ ) }}", "unexpected right paren"),
        ("{{ (1 }}", "unclosed left paren"),
        ("{{ 1", "unclosed action"),
        ("{{/* x", "unclosed comment"),
        ("{{ 3k }}", "bad number syntax: \"3k\""),
    ] {
        let lexed = lex(text);
        assert_eq!(lexed.tokens.last().map(|token| token.kind), Some(Kind::Error));
        assert_eq!(lexed.problem, message);
    }
}
