//! From the notation of a plan to the paths by which Kubernetes says who owns a field.

use ssa::FieldPath;

/// The field that the API server knows an owner of: of a path into an opened document, the entry that holds the document. `None` if
/// the text is no path.
pub fn field_path(path: &str) -> Option<FieldPath> {
    before_document(path).parse().ok()
}

/// The path without what lies in the document that the field holds.
pub(super) fn before_document(path: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (position, c) in path.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ':' if !quoted && path[position..].starts_with(": ") => return &path[..position],
            _ => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_a_plan_is_the_path_of_an_owned_field() {
        for (shown, owned) in [
            ("spec.replicas", "spec.replicas"),
            ("data.mesh: defaultConfig.proxyMetadata[\"a: b\"]", "data.mesh"),
            ("data[\"a: b\"]", "data[\"a: b\"]"),
            ("metadata.labels[\"istio.io/rev\"]", "metadata.labels[\"istio.io/rev\"]"),
            ("spec.ports[port=80,protocol=TCP].name", "spec.ports[port=80,protocol=TCP].name"),
            (
                "spec.template.spec.containers[name=discovery].args[0]",
                "spec.template.spec.containers[name=discovery].args[0]",
            ),
        ] {
            assert_eq!(field_path(shown).unwrap(), owned.parse().unwrap(), "{shown}");
        }
    }
}
