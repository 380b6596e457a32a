//! Errors of template execution, worded as Go and Helm word them.

/// What a function reports to the template that called it.
#[derive(Debug, Clone)]
pub(crate) enum CallError {
    /// The function's own message.
    Message(String),
    /// `include` met an error in the included template.
    Exec(Box<ExecError>),
    /// `include` of a template that does not exist; the message starts with `template: `.
    NoTemplate(String),
}

impl From<String> for CallError {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<&str> for CallError {
    fn from(message: &str) -> Self {
        Self::Message(message.to_owned())
    }
}

impl From<ExecError> for CallError {
    fn from(error: ExecError) -> Self {
        Self::Exec(Box::new(error))
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(message) | Self::NoTemplate(message) => f.write_str(message),
            Self::Exec(error) => f.write_str(&error.message),
        }
    }
}

/// An error at a place in a template: Go's `template.ExecError`.
#[derive(Debug, Clone)]
pub(crate) struct ExecError {
    /// The whole text: `template: name:line:column: executing "name" at <node>: message`.
    pub(crate) message: String,
    /// What the called function reported.
    pub(crate) cause: Option<CallError>,
}

/// `fail` and `required` mark their messages with these, so that only they are shown.
pub(crate) const WARN_START: &str = "HELM_ERR_START";
/// The end of such a message.
pub(crate) const WARN_END: &str = "HELM_ERR_END";

impl ExecError {
    /// The text that Helm shows: the bare message of `fail` and `required`; otherwise, from Helm 4 on, one step a line.
    pub(crate) fn helm_text(&self, helm3: bool) -> String {
        if let Some((location, rest)) = self.located()
            && let Some(message) = between(rest, WARN_START, WARN_END)
        {
            return format!("execution error at ({location}): {message}");
        }
        if helm3 {
            return self.message.clone();
        }
        self.trace().unwrap_or_else(|| self.message.clone())
    }

    /// `name:line:column` and what follows it.
    fn located(&self) -> Option<(&str, &str)> {
        self.message.strip_prefix("template: ")?.split_once(": ")
    }

    /// Helm 4's list of template calls; only where the innermost error is the template engine's own.
    fn trace(&self) -> Option<String> {
        let mut lines = Vec::new();
        let mut error = self;
        loop {
            push_step(&mut lines, step(&error.message)?);
            match &error.cause {
                None => break,
                Some(CallError::Exec(inner)) => error = inner,
                Some(CallError::NoTemplate(message)) => {
                    push_step(&mut lines, format!("{message}\n"));
                    break;
                }
                Some(CallError::Message(_)) => return None,
            }
        }
        Some(lines.concat().trim().to_owned())
    }
}

fn push_step(lines: &mut Vec<String>, step: String) {
    if lines.last() != Some(&step) {
        lines.push(step);
    }
}

/// One step of the trace: location, what was executed, message.
fn step(message: &str) -> Option<String> {
    let rest = message.strip_prefix("template: ")?;
    let cut = |text: &str| text.split(" template:").next().unwrap_or_default().to_owned();
    if let Some((location, after)) = rest.split_once(": executing ") {
        let (function, after) = after.strip_prefix('"')?.split_once('"')?;
        let (at, message) = after.strip_prefix(" at <")?.split_once(">: ")?;
        let message = cut(message);
        return Some(format!("{location}\n  executing \"{function}\" at <{at}>:\n    {message}\n"));
    }
    let (location, message) = rest.rsplit_once(": ")?;
    Some(format!("{location}\n  {}\n", cut(message)))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let from = text.find(start)? + start.len();
    let to = text.rfind(end)?;
    text.get(from..to)
}
