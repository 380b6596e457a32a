//! What an operation gives back.

use crate::{Diagnostic, Diagnostics};

/// A value, messages, or both: a failed create may well have made something that state must hold.
///
/// Code with `?` inside returns `Result<T, Diagnostics>` or `Result<T, Diagnostic>`, which convert with `.into()`.
#[derive(Clone, Debug)]
#[must_use]
pub struct Outcome<T> {
    pub(crate) value: Option<T>,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) deferred: Option<Deferral>,
}

/// Why an operation is put off to a later run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// The configuration of the resource has unknown values that must be known first.
    ResourceConfigUnknown,
    /// The configuration of the provider has unknown values that must be known first.
    ProviderConfigUnknown,
    /// Something that must exist first does not.
    AbsentPrerequisite,
}

impl<T> Outcome<T> {
    /// Success.
    pub fn new(value: T) -> Self {
        Self { value: Some(value), diagnostics: Diagnostics::new(), deferred: None }
    }

    /// Failure with nothing to keep: state stays as it was.
    pub fn failed(diagnostics: impl Into<Diagnostics>) -> Self {
        Self { value: None, diagnostics: diagnostics.into(), deferred: None }
    }

    /// Failure with something to keep: state becomes `value`, and the messages say what went wrong.
    pub fn partial(value: T, diagnostics: impl Into<Diagnostics>) -> Self {
        Self { value: Some(value), diagnostics: diagnostics.into(), deferred: None }
    }

    /// Puts the operation off; `value` is the best guess for now. Only where [`Context::deferral_allowed`] says so.
    ///
    /// [`Context::deferral_allowed`]: crate::Context::deferral_allowed
    pub fn deferred(value: T, reason: Deferral) -> Self {
        Self { deferred: Some(reason), ..Self::new(value) }
    }

    /// Adds messages: warnings leave a success a success, an error makes it a failure that keeps its value.
    pub fn with(mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) -> Self {
        self.diagnostics.extend(diagnostics);
        self
    }

    /// Changes the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        Outcome { value: self.value.map(change), diagnostics: self.diagnostics, deferred: self.deferred }
    }

    /// The value and the messages.
    pub fn into_parts(self) -> (Option<T>, Diagnostics) {
        (self.value, self.diagnostics)
    }
}

impl<T> From<Result<T, Diagnostics>> for Outcome<T> {
    fn from(result: Result<T, Diagnostics>) -> Self {
        result.map_or_else(Self::failed, Self::new)
    }
}

impl<T> From<Result<T, Diagnostic>> for Outcome<T> {
    fn from(result: Result<T, Diagnostic>) -> Self {
        result.map_or_else(Self::failed, Self::new)
    }
}
