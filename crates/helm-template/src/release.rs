//! What a chart is rendered as, and how.

/// The release that the chart is rendered for: `.Release` in templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The namespace that it goes to.
    pub namespace: String,
    /// Whether it exists already (`helm template --is-upgrade`).
    pub is_upgrade: bool,
    /// Which revision of the release this is, from 1.
    pub revision: u32,
}

impl Release {
    /// The first revision of a release.
    pub fn new(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), is_upgrade: false, revision: 1 }
    }
}

/// The major version of Helm whose rules are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Helm {
    /// Helm 3.22.
    V3,
    /// Helm 4.3.
    #[default]
    V4,
}

/// How to render.
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own.
#[derive(Clone)]
pub struct Options<'a> {
    /// Whose rules to follow: sort order, separators, words of errors.
    pub helm: Helm,
    /// Put the contents of `crds/` first (`--include-crds`).
    pub include_crds: bool,
    /// Leave out hooks that are tests (`--skip-tests`).
    pub skip_tests: bool,
    /// Leave out all hooks (`--no-hooks`).
    pub no_hooks: bool,
    /// Do not hold the values against `values.schema.json` (`--skip-schema-validation`).
    pub skip_schema_validation: bool,
    /// How many bytes all templates together may write.
    pub max_output: usize,
    /// What templates may see of the world outside the chart.
    pub source: Option<&'a dyn crate::Source>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            helm: Helm::V4,
            include_crds: false,
            skip_tests: false,
            no_hooks: false,
            skip_schema_validation: false,
            max_output: 256 * 1024 * 1024,
            source: None,
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("helm", &self.helm)
            .field("include_crds", &self.include_crds)
            .field("skip_tests", &self.skip_tests)
            .field("no_hooks", &self.no_hooks)
            .field("skip_schema_validation", &self.skip_schema_validation)
            .field("max_output", &self.max_output)
            .field("source", &self.source.is_some())
            .finish()
    }
}
