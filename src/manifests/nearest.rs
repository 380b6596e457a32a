/// The text that is written most like `text`, if any is much like it.
pub(super) fn nearest<'a>(text: &str, texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let all = texts.map(|other| (strsim::levenshtein(text, other), other));
    let (changes, nearest) = all.min()?;
    (changes * 2 <= text.chars().count().max(2)).then(|| nearest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_near_and_another_word_is_not() {
        let texts = || ["spec.replicas", "spec.selector"].into_iter();
        assert_eq!(nearest("spec.replica", texts()).as_deref(), Some("spec.replicas"));
        assert_eq!(nearest("metadata.annotations", texts()), None);
    }
}
