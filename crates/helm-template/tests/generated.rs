//! 50,000 generated calls of the functions whose text ends up in manifests, held against the real helm.

// A test that meets what it does not expect stops there.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use helm_template::{Capabilities, Chart, Options, Release, Values, render};
use lab::parts::{self, Part};
use serde_json::{Map, Value, json};

/// What strings are put together from.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "a", "word", " ", "  ", "\n", "\n\n", "\t", ":", ": ", "#", " #", "-", "- ", "'", "\"", "\\", "{",
    "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "?", "<", "=", "~", "0", "1", "12", "é",
    "☃", "😀", "\u{85}", "\u{2028}", "\u{2029}", "\u{a0}", "\u{7}", "\r", "\u{1b}", "e", ".", "...",
    "---", "_", "+", "0x1F", "1e3", "null", "\u{feff}", "true", "yes", "on", "No", "2001-01-01",
    "12:30", "<no value>", "$", "/", "long text of many words ", "\u{200b}",
];

/// Strings that mean something in YAML as they stand.
#[rustfmt::skip]
const WHOLE: &[&str] = &[
    "", "y", "n", "yes", "NO", "On", "off", "true", "False", "null", "~", "Null", "1", "-1", "+1", "0",
    "00", "010", "0o10", "0x1F", "0b1", "1_000", "1.5", ".5", "5.", "1e3", "1E-3", ".inf", "-.Inf",
    ".nan", "<<", "=", "!!str", "2001-01-01", "2001-1-1", "2001-01-01T00:00:00Z", "2001-01-01 00:00:00",
    "2001-13-01", "12:30", "1:2:3", "-12:30.5", "12:75", "a: b", "a:b", "- a", "-a", "? a", "?a",
    "a #b", "a#b", " a", "a ", "'", "\"", "---", "--- a", "...", "%a", "@a", "18446744073709551615",
    "18446744073709551616", "9223372036854775808", "1e400", "0x", "1__0", "_1", "+", "-", ".", "..",
];

/// A small generator of repeatable chance (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("a small number")
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    /// Strings that YAML, JSON and Go treat in special ways.
    fn string(&mut self) -> String {
        if self.below(4) == 0 {
            return self.pick(WHOLE).to_owned();
        }
        let longest = if self.below(10) == 0 { 40 } else { 6 };
        let length = 1 + self.below(longest);
        (0..length).map(|_| self.pick(PIECES)).collect()
    }

    fn number(&mut self) -> Value {
        match self.below(6) {
            0 => json!(i64::try_from(self.next() >> 1).expect("it has 63 bits")),
            1 => json!(i64::try_from(self.below(2000)).expect("a small number") - 1000),
            2 => json!(self.next()),
            3 => {
                let mantissa = f64::from(u32::try_from(self.below(1_000_000)).expect("a small number"));
                let exponent = i32::try_from(self.below(60)).expect("a small number") - 30;
                json!(mantissa * 10f64.powi(exponent))
            }
            4 => json!(f64::from(u32::try_from(self.below(10_000)).expect("a small number")) / 100.0),
            _ => json!([0.0, -0.0, 1e6, 1e20, 1e21, 1e-6, 1e-7, 123_456_789.0, 0.1, 1.0][self.below(10)]),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 9 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => self.number(),
            3 | 4 => Value::String(self.string()),
            5 | 6 => Value::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => {
                let entries = (0..self.below(5)).map(|_| (self.string(), self.value(depth - 1)));
                Value::Object(Map::from_iter(entries.collect::<Vec<_>>()))
            }
        }
    }

    fn format(&mut self) -> String {
        let flags: String = (0..self.below(3)).map(|_| self.pick(&["+", "-", " ", "0"])).collect();
        let width = self.pick(&["", "", "3", "10"]);
        let verb = self.pick(&["v", "s", "d", "q", "x", "X", "f", "e", "g", "t", "T", "c", "U", "o", "b"]);
        // Hexadecimal floats are offered without a precision only.
        let precision =
            if verb.eq_ignore_ascii_case("x") { "" } else { self.pick(&["", "", ".0", ".2", ".5"]) };
        format!("<%{flags}{width}{precision}{verb}>")
    }
}

/// Renders the same chart here and with helm, and compares line by line.
fn compare(template: &str, values: &Value) -> usize {
    let directory = tempfile::tempdir().expect("there is a place for temporary files");
    let chart = directory.path().join("chart");
    fs::create_dir_all(chart.join("templates")).expect("a directory");
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: generated\nversion: 1.0.0\n").expect("a file");
    fs::write(chart.join("templates/cases.yaml"), template).expect("a file");
    let text = escaped_json(values);
    let file = directory.path().join("values.yaml");
    fs::write(&file, &text).expect("a file");

    let release = Release::new("x", "default");
    let chart_here = Chart::from_directory(&chart).expect("a chart");
    let given = Values::from_yaml(&text).expect("values");
    let ours = render(&chart_here, &given, &release, &Capabilities::new("v1.31.0"), &Options::default());
    let ours = ours.expect("the chart renders").to_text();
    let theirs = helm(&chart, &file);
    let mut lines = 0;
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        assert_eq!(decoded(ours), decoded(theirs), "ours, then helm's, for {}", case_of(ours, values));
        lines += 1;
    }
    assert_eq!(ours.lines().count(), theirs.lines().count());
    lines
}

/// The case that a line shows: its number stands at the end of the label.
fn case_of(line: &str, values: &Value) -> String {
    let label = line.split(':').next().unwrap_or_default();
    let number = label.trim_start_matches(|c: char| !c.is_ascii_digit());
    number.parse::<usize>().map_or_else(|_| line.to_owned(), |number| values["cases"][number].to_string())
}

fn helm(chart: &Path, values: &Path) -> String {
    let helm = parts::find(Part::Helm).expect("the real helm is built");
    let output = Command::new(helm)
        .args(["template", "x", "--kube-version", "v1.31.0", "-f"])
        .args([values, chart])
        .output()
        .expect("helm runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("helm prints UTF-8")
}

/// JSON in which only what YAML reads as it stands is not escaped.
fn escaped_json(value: &Value) -> String {
    let text = serde_json::to_string(value).expect("JSON");
    text.chars()
        .map(|c| match u32::from(c) {
            0x7f..=0xa0 | 0x2028 | 0x2029 | 0xfeff => format!("\\u{:04x}", u32::from(c)),
            _ => c.to_string(),
        })
        .collect()
}

/// A line with its Base64 opened up, so that a difference can be read.
fn decoded(line: &str) -> String {
    use base64::Engine as _;
    match line.rsplit_once(' ') {
        Some((label, code)) => match base64::engine::general_purpose::STANDARD.decode(code) {
            Ok(bytes) => format!("{label} {}", String::from_utf8_lossy(&bytes).escape_debug()),
            Err(_) => line.to_owned(),
        },
        None => line.to_owned(),
    }
}

#[test]
fn values_become_text_as_in_helm() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let cases: Vec<Value> = (0..7_000).map(|_| chance.value(3)).collect();
    let template = "{{- range $i, $v := .Values.cases }}\n\
        yaml{{ $i }}: {{ toYaml $v | b64enc }}\n\
        json{{ $i }}: {{ toJson $v | b64enc }}\n\
        indented{{ $i }}: {{ toPrettyJson $v | b64enc }}\n\
        quote{{ $i }}: {{ quote $v | b64enc }}\n\
        text{{ $i }}: {{ printf \"%v %s %q\" $v $v $v | b64enc }}\n\
        {{- end }}\n";
    let lines = compare(template, &json!({ "cases": cases }));
    assert!(lines >= 35_000, "only {lines} lines");
}

#[test]
fn texts_become_values_as_in_helm() {
    let mut chance = Chance(0xD1B5_4A32_D192_ED03);
    let cases: Vec<Value> = (0..4_000)
        .map(|index| {
            // YAML 1.1 takes these for line breaks, the parser used here follows YAML 1.2.
            let plain = |text: String| text.replace(['\u{85}', '\u{2028}', '\u{2029}'], "");
            let value = plain(chance.value(2).to_string());
            let value: Value = serde_json::from_str(&value).expect("it is still JSON");
            let key = plain(chance.string());
            json!(if index % 2 == 0 {
                helm_template::yaml::emit(&json!({ key: value }))
            } else {
                format!(
                    "k: {}\n",
                    chance.pick(&[
                        "1_0",
                        "0o7",
                        "on",
                        "2001-01-01",
                        "1e3",
                        ".5",
                        "~",
                        "'x'",
                        "\"\\x41\"",
                        "!!str 5",
                        "!!int \"3\"",
                        "0b11",
                        "[a, 1, ~]",
                        "{a: b, 1: c}",
                        "|\n  x\n  y",
                        ">-\n  x\n  y",
                        "&a x"
                    ])
                )
            })
        })
        .collect();
    let template = "{{- range $i, $v := .Values.cases }}\n\
        from{{ $i }}: {{ $r := fromYaml $v }}{{ if hasKey $r \"Error\" }}error{{ else }}{{ toJson $r | b64enc }}{{ end }}\n\
        {{- end }}\n";
    assert!(compare(template, &json!({ "cases": cases })) >= 4_000);
}

#[test]
fn numbers_are_formatted_and_calculated_as_in_helm() {
    let mut chance = Chance(0x1234_5678_9ABC_DEF1);
    let cases: Vec<Value> = (0..2_500)
        .map(|_| {
            let operand = |chance: &mut Chance| {
                if chance.below(4) == 0 { json!(chance.string()) } else { chance.number() }
            };
            json!({ "format": chance.format(), "a": operand(&mut chance), "b": operand(&mut chance) })
        })
        .collect();
    let template = "{{- range $i, $c := .Values.cases }}\n\
        printf{{ $i }}: {{ printf $c.format $c.a | b64enc }}\n\
        int{{ $i }}: {{ printf $c.format (int $c.a) | b64enc }}\n\
        sum{{ $i }}: {{ printf \"%v %v %v %v\" (add $c.a $c.b) (sub $c.a $c.b) (mul $c.a $c.b) (max $c.a $c.b) | b64enc }}\n\
        float{{ $i }}: {{ printf \"%v %v %v %v\" (float64 $c.a) (floor $c.a) (ceil $c.b) (int64 $c.b) | b64enc }}\n\
        cut{{ $i }}: {{ printf \"%v %v\" (trunc 5 (toString $c.a)) (toString $c.b | replace \".\" \"-\" | upper) | b64enc }}\n\
        {{- end }}\n";
    assert!(compare(template, &json!({ "cases": cases })) >= 12_500);
}
