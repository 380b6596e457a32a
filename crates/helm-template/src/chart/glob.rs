//! The patterns of `.Files.Glob`: `*` within an element, `**` across elements, `?`, `[abc]`, `[!a-c]`, `{a,b}`, backslash
//! escapes.

use regex::Regex;

/// Whether a path matches. A pattern that is not well formed matches everything, as in Helm.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    to_regex(pattern).and_then(|text| Regex::new(&text).ok()).is_none_or(|regex| regex.is_match(name))
}

fn to_regex(pattern: &str) -> Option<String> {
    let mut out = String::from(r"\A(?s:");
    let mut depth = 0usize;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                out.push_str(".*");
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' => {
                depth += 1;
                out.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                out.push(')');
            }
            ',' if depth > 0 => out.push('|'),
            '[' => {
                let class: String = chars.by_ref().take_while(|inner| *inner != ']').collect();
                let (negation, members) =
                    class.strip_prefix('!').map_or(("", class.as_str()), |rest| ("^", rest));
                if members.is_empty() {
                    return None;
                }
                let is_range = members.chars().count() == 3 && members.chars().nth(1) == Some('-');
                let body =
                    if is_range { members.to_owned() } else { regex::escape(members).replace('-', r"\-") };
                out += &["[", negation, &body, "]"].concat();
            }
            '\\' => out.push_str(&regex::escape(&chars.next()?.to_string())),
            _ => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    out.push_str(r")\z");
    (depth == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_helm_says() {
        for (pattern, name, expected) in [
            ("files/*.yaml", "files/a.yaml", true),
            ("files/*.yaml", "files/b/a.yaml", false),
            ("files/**", "files/b/a.yaml", true),
            ("**.{yaml,txt}", "a/b.txt", true),
            ("f[!a]x", "fbx", true),
            ("f[a-c]x", "fdx", false),
            ("a?c", "a/c", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
