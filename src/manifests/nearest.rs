/// The text that is written most like `text`, if any is much like it.
pub(super) fn nearest<'a>(text: &str, texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let all = texts.map(|other| (distance(text, other), other));
    let (changes, nearest) = all.min()?;
    (changes * 2 <= text.chars().count().max(2)).then(|| nearest.to_owned())
}

/// How many letters must be added, removed or replaced to get from one text to the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (position, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = position + 1;
        for (column, another) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *another);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_near_and_another_word_is_not() {
        let texts = || ["spec.replicas", "spec.selector"].into_iter();
        assert_eq!(nearest("spec.replica", texts()).as_deref(), Some("spec.replicas"));
        assert_eq!(nearest("metadata.annotations", texts()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
