//! The world outside a chart, as far as the caller lets templates see it.

use std::time::SystemTime;

/// Answers what templates may ask about the world outside the chart.
///
/// Every method refuses by default, and a template that needs the answer fails: rendering depends on nothing but its
/// inputs unless the caller says otherwise.
pub trait Source: Sync {
    /// The time that `now` and `ago` see.
    fn now(&self) -> Option<SystemTime> {
        None
    }

    /// As many random bytes for `randAlphaNum`, `uuidv4` and the like.
    fn random(&self, _count: usize) -> Option<Vec<u8>> {
        None
    }

    /// The object, or the list if `name` is empty, that `lookup` finds in the cluster; an empty object where there is none.
    ///
    /// `helm template` answers every lookup with an empty object, and so does the default.
    fn lookup(&self, _api_version: &str, _kind: &str, _namespace: &str, _name: &str) -> serde_json::Value {
        serde_json::Value::Object(serde_json::Map::new())
    }
}
