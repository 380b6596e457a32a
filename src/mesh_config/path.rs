use std::fmt;

/// Where a value stands in a document, as a user writes it: `defaultConfig.proxyMetadata.A`, `extensionProviders[0].zipkin`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValuePath(String);

impl ValuePath {
    /// The path of the member `key` below.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let is_plain = !key.is_empty() && key.chars().all(|it| it.is_alphanumeric() || "_-".contains(it));
        Self(match (self.0.is_empty(), is_plain) {
            (true, true) => key.to_owned(),
            (false, true) => format!("{}.{key}", self.0),
            (_, false) => format!("{}[{key:?}]", self.0),
        })
    }

    /// The path of an item below.
    #[must_use]
    pub fn item(&self, position: usize) -> Self {
        Self(format!("{}[{position}]", self.0))
    }

    /// Whether this is the place `other`, or below it.
    pub fn is_in(&self, other: &Self) -> bool {
        let rest = self.0.strip_prefix(other.0.as_str());
        rest.is_some_and(|rest| other.is_root() || rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// Whether it is the document itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
