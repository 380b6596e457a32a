//! Package `path`: slash-separated paths and shell patterns.

/// `path.Clean`.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// `path.Base`.
pub(crate) fn base(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    match path.trim_end_matches('/') {
        "" => "/".to_owned(),
        trimmed => trimmed.rsplit('/').next().unwrap_or(trimmed).to_owned(),
    }
}

/// `path.Dir`.
pub(crate) fn dir(path: &str) -> String {
    let end = path.rfind('/').map_or(0, |position| position + 1);
    clean(&path[..end])
}

/// `path.Ext`: from the last dot of the last element on.
pub(crate) fn ext(path: &str) -> &str {
    let start = path.rfind('/').map_or(0, |position| position + 1);
    path[start..].rfind('.').map_or("", |dot| &path[start + dot..])
}

/// The pattern is not well formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub(crate) struct BadPattern;

/// `path.Match`: `*` and `?` do not cross a slash, `[a-z]`, `[^a]`, backslash escapes.
pub(crate) fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    check(&pattern)?;
    Ok(matches_from(&pattern, &name))
}

fn check(pattern: &[char]) -> Result<(), BadPattern> {
    let mut index = 0;
    while index < pattern.len() {
        match pattern[index] {
            '\\' if index + 1 == pattern.len() => return Err(BadPattern),
            '\\' => index += 2,
            '[' => index = class(pattern, index, '\0')?.1,
            _ => index += 1,
        }
    }
    Ok(())
}

fn matches_from(pattern: &[char], name: &[char]) -> bool {
    let Some(first) = pattern.first() else { return name.is_empty() };
    match first {
        '*' => {
            let limit = name.iter().position(|c| *c == '/').unwrap_or(name.len());
            (0..=limit).any(|skipped| matches_from(&pattern[1..], &name[skipped..]))
        }
        '?' => name.first().is_some_and(|c| *c != '/') && matches_from(&pattern[1..], &name[1..]),
        '[' => match (name.first(), class(pattern, 0, name.first().copied().unwrap_or('\0'))) {
            (Some(_), Ok((true, end))) => matches_from(&pattern[end..], &name[1..]),
            _ => false,
        },
        '\\' if pattern.len() > 1 => {
            name.first() == pattern.get(1) && matches_from(&pattern[2..], &name[1..])
        }
        _ => name.first() == Some(first) && matches_from(&pattern[1..], &name[1..]),
    }
}

/// Whether the class that starts at `start` holds `c`, and where the class ends.
fn class(pattern: &[char], start: usize, c: char) -> Result<(bool, usize), BadPattern> {
    let mut index = start + 1;
    let negated = pattern.get(index) == Some(&'^');
    index += usize::from(negated);
    let mut found = false;
    let mut ranges = 0;
    loop {
        if pattern.get(index) == Some(&']') && ranges > 0 {
            return Ok((found != negated, index + 1));
        }
        let (low, next) = class_char(pattern, index)?;
        index = next;
        let mut high = low;
        if pattern.get(index) == Some(&'-') {
            (high, index) = class_char(pattern, index + 1)?;
        }
        found |= (low..=high).contains(&c);
        ranges += 1;
    }
}

fn class_char(pattern: &[char], index: usize) -> Result<(char, usize), BadPattern> {
    match pattern.get(index) {
        None | Some('-' | ']') => Err(BadPattern),
        Some('\\') => pattern.get(index + 1).map(|c| (*c, index + 2)).ok_or(BadPattern),
        Some(c) if index + 1 < pattern.len() => Ok((*c, index + 1)),
        Some(_) => Err(BadPattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_cleans_them() {
        for (path, cleaned) in
            [("", "."), ("a//b/../c", "a/c"), ("/../a", "/a"), ("../a", "../a"), ("a/..", ".")]
        {
            assert_eq!(clean(path), cleaned);
        }
        assert_eq!((base("a/b/"), dir("a/b.txt"), ext("a.b/c.txt")), ("b".into(), "a".into(), ".txt"));
    }

    #[test]
    fn patterns_match_within_one_element() {
        assert_eq!(matches("templates/.?*", "templates/.a"), Ok(true));
        assert_eq!(matches("*.txt", "a/b.txt"), Ok(false));
        assert_eq!(matches("[a-c]?x", "bzx"), Ok(true));
        assert_eq!(matches("[^a]", "a"), Ok(false));
        assert_eq!(matches("[", "a"), Err(BadPattern));
    }
}
