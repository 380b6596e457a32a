//! Errors of decoding, worded as go-yaml v2 and `sigs.k8s.io/yaml` word them.

/// Why a text is not YAML, or not data that JSON can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not YAML, or a scalar is not what its tag says.
    #[error("yaml: {}{problem}", place(*line))]
    Syntax {
        /// The line, as go-yaml counts: the parser's errors name the line before, and none is named in the first line.
        line: Option<usize>,
        /// What is wrong.
        problem: String,
    },
    /// The text is YAML that has no JSON, such as a key that is null.
    #[error("{0}")]
    NotJson(String),
}

impl Error {
    pub(super) fn at(line: Option<usize>, problem: impl Into<String>) -> Self {
        Self::Syntax { line, problem: problem.into() }
    }
}

fn place(line: Option<usize>) -> String {
    line.map(|line| format!("line {line}: ")).unwrap_or_default()
}
