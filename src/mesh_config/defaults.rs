use serde_json::Value;

use super::document::Document;
use super::reader::read;

/// What istiod of this minor release runs where nothing is said, as it is read; `None` where that is not known.
///
/// `DefaultMeshConfig` of Istio's `pkg/config/mesh` is the same in all releases from 1.26.0 to 1.31, and depends on nothing.
pub fn defaults(minor: u64) -> Option<Value> {
    if !(29..=31).contains(&minor) {
        return None;
    }
    let text = serde_json::from_str(include_str!("defaults.json")).ok()?;
    Some(read(Document::MeshConfig, minor, &text).value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_read_without_a_finding_and_those_of_other_releases_are_not_known() {
        let text: Value = serde_json::from_str(include_str!("defaults.json")).unwrap();
        for minor in [29, 30, 31] {
            let reading = read(Document::MeshConfig, minor, &text);
            assert_eq!(reading.findings, []);
            assert_eq!(defaults(minor), Some(reading.value));
        }
        assert_eq!(defaults(28), None);
        assert_eq!(defaults(32), None);
    }
}
