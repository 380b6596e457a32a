//! Putting the text of a scalar together, without a copy where it stands in the source as it is.

use std::borrow::Cow;

/// The text so far.
pub(super) struct Content<'a> {
    source: &'a str,
    start: usize,
    end: usize,
    /// Set as soon as the text is no longer a part of the source.
    own: Option<String>,
}

impl<'a> Content<'a> {
    pub(super) fn new(source: &'a str, start: usize) -> Self {
        Self { source, start, end: start, own: None }
    }

    /// Appends a part of the source.
    pub(super) fn extend(&mut self, from: usize, to: usize) {
        match &mut self.own {
            None if from == self.end => self.end = to,
            _ => self.push(&self.source[from..to]),
        }
    }

    /// Appends any text.
    pub(super) fn push(&mut self, text: &str) {
        let (source, start, end) = (self.source, self.start, self.end);
        self.own.get_or_insert_with(|| source[start..end].to_owned()).push_str(text);
    }

    pub(super) fn finish(self) -> Cow<'a, str> {
        match self.own {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(&self.source[self.start..self.end]),
        }
    }
}

/// The blanks and line breaks between two lines of a scalar.
pub(super) struct Gap<'a> {
    /// Blanks before any line break.
    pub(super) blanks: (usize, usize),
    /// The first line break.
    pub(super) first: Option<&'a str>,
    /// The others.
    pub(super) others: String,
}

impl<'a> Gap<'a> {
    pub(super) fn new(position: usize) -> Self {
        Self { blanks: (position, position), first: None, others: String::new() }
    }

    pub(super) fn add_break(&mut self, text: &'a str) {
        self.blanks = (0, 0);
        match self.first {
            None => self.first = Some(text),
            Some(_) => self.others.push_str(text),
        }
    }

    /// Folds: one line break is a blank, several are one less; those of Unicode stay.
    pub(super) fn join(&self, content: &mut Content<'_>) {
        match self.first {
            None => {}
            Some("\n") if self.others.is_empty() => content.push(" "),
            Some("\n") => content.push(&self.others),
            Some(first) => {
                content.push(first);
                content.push(&self.others);
            }
        }
    }
}
