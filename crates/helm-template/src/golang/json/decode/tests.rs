use super::*;
use crate::golang::json::{COMPACT, encode};

#[test]
fn what_is_wrong_is_said_as_go_says_it() {
    for (text, message) in [
        ("", "unexpected end of JSON input"),
        ("{\"a\":1} x", "invalid character 'x' after top-level value"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
        ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ("{\"a\":1 \"b\":2}", "invalid character '\"' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("01", "invalid character '1' after top-level value"),
        ("-}", "invalid character '}' in numeric literal"),
        ("1.", "invalid character ' ' after decimal point in numeric literal"),
        ("1e+x", "invalid character 'x' in exponent of numeric literal"),
        ("nul", "invalid character ' ' in literal null (expecting 'l')"),
        ("tru}", "invalid character '}' in literal true (expecting 'e')"),
        ("\"a", "unexpected end of JSON input"),
        ("\"a\nb\"", "invalid character '\\n' in string literal"),
        ("\"\\x\"", "invalid character 'x' in string escape code"),
        ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"),
        ("é", "invalid character 'Ã' looking for beginning of value"),
        ("'a'", "invalid character '\\'' looking for beginning of value"),
    ] {
        assert_eq!(decode(text).err().as_deref(), Some(message), "{text}");
    }
}

#[test]
fn values_are_decoded() {
    for (text, json) in [
        (
            " {\"b\": [1, -0, 1E5, 12345678901234567890], \"a\": {}, \"a\": null} ",
            "{\"a\":null,\"b\":[1,-0,100000,12345678901234567000]}",
        ),
        ("\"\\ud83d\\ude00\\ud800\\u0041\\/\\n\"", "\"😀\u{fffd}A/\\n\""),
        ("[]", "[]"),
        ("true", "true"),
    ] {
        let Ok(decoded) = decode(text) else { panic!("{text} is JSON") };
        assert_eq!(encode(&decoded.value, COMPACT).unwrap(), json);
        assert_eq!(decoded.problem, None);
    }
}

#[test]
fn a_number_that_is_too_large_becomes_nil() {
    let Ok(decoded) = decode("[1e999, 2]") else { panic!("it is JSON") };
    assert_eq!(encode(&decoded.value, COMPACT).unwrap(), "[null,2]");
    let problem = "json: cannot unmarshal number 1e999 into Go value of type float64";
    assert_eq!(decoded.problem.as_deref(), Some(problem));
}
