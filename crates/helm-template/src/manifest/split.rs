//! Splitting a rendered file at its separators.

use crate::release::Helm;

/// The documents of a file, without those that are blank.
pub(super) fn split(content: &str, helm: Helm) -> Vec<&str> {
    match helm {
        Helm::V4 => split_v4(content),
        Helm::V3 => split_v3(content),
    }
}

/// Helm 4: at `---` and the blanks after it at the start of a line; what follows a document stays with it.
fn split_v4(content: &str) -> Vec<&str> {
    let content = content.trim_start();
    let mut documents = Vec::new();
    let mut start = 0;
    let mut offset = 0;
    for line in content.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("---") {
            documents.push(&content[start..offset]);
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            start = offset + 3 + blanks;
        }
        offset += line.len();
    }
    documents.push(&content[start..]);
    documents.into_iter().map(str::trim_start).filter(|document| !document.is_empty()).collect()
}

/// Helm 3: at `---` at the start of the text or after a newline, with all blanks around it.
fn split_v3(content: &str) -> Vec<&str> {
    let content = content.trim();
    let mut documents = Vec::new();
    let mut start = 0;
    while let Some((from, to)) = separator(content, start) {
        documents.push(&content[start..from]);
        start = to;
    }
    documents.push(&content[start..]);
    documents.into_iter().map(str::trim).filter(|document| !document.is_empty()).collect()
}

/// The next separator from `start` on.
fn separator(content: &str, start: usize) -> Option<(usize, usize)> {
    let mut search = start;
    loop {
        let position = search + content.get(search..)?.find("---")?;
        let before = &content[start..position];
        let trimmed = before.trim_end();
        if position == 0 || before.ends_with('\n') {
            let after = &content[position + 3..];
            let blanks = after.len() - after.trim_start().len();
            return Some((start + trimmed.len(), position + 3 + blanks));
        }
        search = position + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helm_4_keeps_the_lines_after_a_document() {
        assert_eq!(split("\n---\na: 1\n\n---  \nb: 2\n", Helm::V4), ["a: 1\n\n", "b: 2\n"]);
        assert_eq!(split("a: 1\n---b: 2\n", Helm::V4), ["a: 1\n", "b: 2\n"]);
        assert_eq!(split("a: x\n  ---\n", Helm::V4), ["a: x\n  ---\n"]);
    }

    #[test]
    fn helm_3_trims_documents() {
        assert_eq!(split("\n---\na: 1\n\n---\n\nb: 2\n", Helm::V3), ["a: 1", "b: 2"]);
        assert_eq!(split("a: x---y\n", Helm::V3), ["a: x---y"]);
    }
}
