use serde_json::Value;

/// The mapping that a text is, written as YAML or JSON; `None` for any other text, and for one that says nothing.
pub(super) fn mapping(text: &str) -> Option<Value> {
    let mut documents = helm_template::yaml::parse_documents(text).ok()?;
    let document = documents.pop().filter(|_| documents.is_empty())?;
    let says_something = document.as_object()?.values().any(|member| !member.is_null());
    says_something.then_some(document)
}
