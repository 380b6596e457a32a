//! Words that users must not read again, and what to write instead; the style is in CONTRIBUTING.md.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Violation;
use super::paths::without_tests;

/// Phrases, in lower case and without punctuation, each with what to write instead.
const RETIRED: &[(&str, &str)] = &[
    ("anew", "`again`, or recreate"),
    ("beside", "in addition to, next to, compared with"),
    ("besides", "in addition to"),
    ("cannot be had", "cannot be fetched"),
    ("client error", "the cause, without the layers of libraries"),
    ("could not be asked", "could not query"),
    ("could not be seen", "could not check"),
    ("fault in the provider", "bug in the provider"),
    ("fault of the provider", "bug in the provider"),
    ("folder", "directory"),
    ("folders", "directories"),
    ("for everybody", "requires authentication"),
    ("go on with", "resume, continue"),
    ("goes on with", "resumes, continues"),
    ("gone for good", "permanently gone"),
    ("in silence", "silently"),
    ("is no kind", "is not a valid"),
    ("is no mode", "is not a valid mode"),
    ("is no primary", "is not a primary"),
    ("is no type", "is not a valid type"),
    ("made again", "recreated"),
    ("made by others", "created by something else"),
    ("mend", "fix, repair"),
    ("mended", "fixed, repaired"),
    ("mending", "fixing, repairing"),
    ("mends", "fixes, repairs"),
    ("nothing says", "is not configured"),
    ("put off", "deferred"),
    ("rights", "permissions"),
    ("no right to", "no permission to"),
    ("root of its own", "its own root"),
    ("says nothing", "has no effect, is not valid"),
    ("shall", "must"),
    ("somebody", "something else, another tool"),
    ("state knows", "recorded in state"),
    ("tcp connect error", "the cause, without the layers of libraries"),
    ("thrown away", "deleted"),
    ("tried out", "tested"),
    ("way out", "fix"),
    ("ways out", "fixes"),
    ("written in any cluster", "written to any cluster"),
    // "One block a cluster": the article for what there is one of each.
    ("block a cluster", "block per cluster"),
    ("intermediate a cluster", "intermediate per cluster"),
    ("one a cluster", "one per cluster"),
    ("one a line", "one per line"),
    ("moments a verb", "moments per verb"),
];

/// A word in lower case, and its line.
type Word = (String, usize);

/// Retired words in the string literals of a source file, its tests apart.
///
/// # Panics
/// The text is not Rust.
pub fn in_source(file: &str, text: &str) -> Vec<Violation> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{file}: not Rust: {error}"));
    let mut violations = Vec::new();
    literals(&without_tests(tokens), &mut |literal, line| {
        // A literal is one text, however many lines it has in the source.
        let words = words(&unescaped(literal)).into_iter().map(|(word, _)| (word, line)).collect::<Vec<_>>();
        violations.extend(retired(file, &words));
    });
    violations
}

/// Retired words in a page or in an example.
pub fn in_text(file: &str, text: &str) -> Vec<Violation> {
    retired(file, &words(text))
}

fn literals(tokens: &[TokenTree], found: &mut impl FnMut(&str, usize)) {
    for token in tokens {
        match token {
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if text.ends_with('"') || text.ends_with('#') {
                    found(&text, literal.span().start().line);
                }
            }
            TokenTree::Group(group) if is_for_developers(group) => {}
            TokenTree::Group(group) => literals(&without_tests(group.stream()), found),
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// A doc comment, or the reason of a lint.
fn is_for_developers(group: &proc_macro2::Group) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(name)) if name == "doc" || name == "allow" || name == "expect")
}

/// The text of a literal as far as its words are concerned; names in placeholders are none.
fn unescaped(literal: &str) -> String {
    let mut lines = literal.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    let text = lines.fold(first, |text, line| text + line.trim_start()).replace("\\n", " ");
    let mut parts = text.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + " { " + part.trim_start_matches(is_of_a_word))
}

fn is_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn words(text: &str) -> Vec<Word> {
    let of_line = |(index, line): (usize, &str)| {
        let words = line.split(|letter| !is_of_a_word(letter)).filter(|word| !word.is_empty());
        words.map(|word| (word.to_lowercase(), index + 1)).collect::<Vec<_>>()
    };
    text.lines().enumerate().flat_map(of_line).collect()
}

fn retired(file: &str, words: &[Word]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (phrase, instead) in RETIRED {
        let phrase_words: Vec<&str> = phrase.split(' ').collect();
        for window in words.windows(phrase_words.len()) {
            if window.iter().map(|(word, _)| word).eq(&phrase_words) {
                let rule = format!("users must not read \"{phrase}\"; write: {instead}");
                violations.push(Violation::new(file, window[0].1, rule));
            }
        }
    }
    violations
}

#[test]
fn a_retired_word_in_a_message_is_a_violation_and_elsewhere_it_is_not() {
    let text = r#"
//! Somebody mends it.
#[allow(dead_code, reason = "nobody shall read this")]
fn way_out() -> String {
    #[derive(thiserror::Error)]
    #[error("Chart {name} \
             cannot be had")]
    struct A;
    let shall = format!("{folder} {way_out}\n\n");
    format!("Mend the cause.\n\nSomebody else writes it")
}
#[cfg(test)]
mod tests { const A: &str = "anew"; }
"#;
    let violations = in_source("src/a.rs", text);
    let found: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "src/a.rs:6: users must not read \"cannot be had\"; write: cannot be fetched",
            "src/a.rs:10: users must not read \"mend\"; write: fix, repair",
            "src/a.rs:10: users must not read \"somebody\"; write: something else, another tool",
        ]
    );
}

#[test]
fn a_retired_phrase_is_found_across_lines_and_only_as_whole_words() {
    let violations = in_text("README.md", "One provider block holds one `cluster` block a\ncluster.\n");
    assert_eq!(
        violations[0].to_string(),
        "README.md:1: users must not read \"block a cluster\"; write: block per cluster"
    );
    let allowed =
        "A copyright notice, amended; Shallow folderol; the rightmost way outside; block a; the cluster b.\n";
    assert_eq!(in_text("README.md", allowed), []);
}
