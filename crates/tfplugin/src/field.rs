//! The three states of an attribute.

/// What Terraform can say of an attribute or a block: a value, nothing, or "known after apply".
///
/// In a configuration `Null` means that the user has not set the attribute; in a plan `Unknown` means that only the
/// apply will tell. State never holds `Unknown`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field<T> {
    /// The value.
    Known(T),
    /// Not set.
    #[default]
    Null,
    /// Known after apply.
    Unknown,
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn as_known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value to change, if there is one.
    pub fn as_known_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value, if there is one, taken out.
    pub fn into_known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether there is a value.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// Whether the attribute is not set.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether only the apply will tell.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The same states with a borrowed value.
    pub fn as_ref(&self) -> Field<&T> {
        match self {
            Self::Known(value) => Field::Known(value),
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
        }
    }

    /// Changes the value and keeps the other states.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Known(value) => Field::Known(change(value)),
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
        }
    }

    /// Goes on with the value and keeps the other states.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Field<U>) -> Field<U> {
        match self {
            Self::Known(value) => change(value),
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
        }
    }

    /// Puts `value` where nothing is set; an unknown stays unknown.
    #[must_use]
    pub fn or(self, value: T) -> Self {
        match self {
            Self::Null => Self::Known(value),
            other => other,
        }
    }

    /// `None` when not set, else what is there; an error when only the apply will tell.
    ///
    /// For code that runs at apply, where everything configured is known.
    pub fn known_or_null(&self) -> Result<Option<&T>, StillUnknown> {
        match self {
            Self::Known(value) => Ok(Some(value)),
            Self::Null => Ok(None),
            Self::Unknown => Err(StillUnknown),
        }
    }

    /// Takes the value out and leaves `Null`.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

/// A value was needed that is known only after apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is not known before apply")]
pub struct StillUnknown;

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl From<&str> for Field<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

impl<T> From<Option<T>> for Field<T> {
    /// `None` becomes `Null`.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

impl Field<String> {
    /// The text, if there is one.
    pub fn as_str(&self) -> Option<&str> {
        self.as_known().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_fills_null_but_not_unknown() {
        assert_eq!(Field::Null.or(1), Field::Known(1));
        assert_eq!(Field::Unknown.or(1), Field::Unknown);
        assert_eq!(Field::Known(2).or(1), Field::Known(2));
    }

    #[test]
    fn map_keeps_null_and_unknown() {
        assert_eq!(Field::Known(1).map(|v| v + 1), Field::Known(2));
        assert_eq!(Field::<i32>::Null.map(|v| v + 1), Field::Null);
        assert_eq!(Field::<i32>::Unknown.map(|v| v + 1), Field::Unknown);
    }

    #[test]
    fn known_or_null_refuses_unknown() {
        assert_eq!(Field::Known(1).known_or_null(), Ok(Some(&1)));
        assert_eq!(Field::<i32>::Null.known_or_null(), Ok(None));
        assert_eq!(Field::<i32>::Unknown.known_or_null(), Err(StillUnknown));
    }
}
