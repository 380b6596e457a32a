//! Which name a misspelt one was meant to be.

/// The nearest of `names`, if it is near: at most two letters other, or the same but for case.
pub(super) fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(text);
    let near = names.map(|name| (strsim::levenshtein(&folded, &fold(name)), name));
    let limit = (text.chars().count() / 3).min(2);
    near.min().filter(|(distance, _)| *distance <= limit).map(|(_, name)| name)
}

fn fold(text: &str) -> String {
    text.to_lowercase().replace('_', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let names = || ["accessLogFile", "accessLogFormat", "mode"].into_iter();
        assert_eq!(nearest("accessLogFil", names()), Some("accessLogFile"));
        assert_eq!(nearest("AccessLogFile", names()), Some("accessLogFile"));
        assert_eq!(nearest("access_log_file", names()), Some("accessLogFile"));
        assert_eq!(nearest("Mode", names()), Some("mode"));
        assert_eq!(nearest("mod", names()), Some("mode"));
        assert_eq!(nearest("somethingElse", names()), None);
        assert_eq!(nearest("a", names()), None);
    }
}
