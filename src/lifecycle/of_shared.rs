use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::manifests::{Fields, FingerprintKey, flatten};

/// The fields of objects that several clusters share, by their addresses, which last as long as they are held here.
#[derive(Default)]
pub struct Flattened(Mutex<BTreeMap<usize, (Arc<Value>, Fields)>>);

impl Flattened {
    pub(super) fn of(&self, object: &Arc<Value>, key: &FingerprintKey) -> Fields {
        if Arc::strong_count(object) == 1 {
            return flatten(object, key);
        }
        let shared = || (Arc::clone(object), flatten(object, key));
        let mut flattened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flattened.entry(Arc::as_ptr(object).addr()).or_insert_with(shared).1.clone()
    }
}
