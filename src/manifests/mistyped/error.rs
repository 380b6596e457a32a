use std::fmt;

use serde::de;

/// Why reading stopped.
#[derive(Debug)]
pub(super) struct Error {
    /// Whether a value was of another type than any that its reader takes.
    pub(super) is_type: bool,
    text: String,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self { is_type: false, text: text.to_string() }
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self { is_type: true, text: format!("{unexpected} instead of {expected}") }
    }
}
