use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

/// What follows from single objects, made once for those that several clusters share: by their addresses, which last as long as they are
/// held here. Nobody waits for what is made of another object.
pub struct OfShared<T>(Mutex<BTreeMap<usize, Held<T>>>);

struct Held<T> {
    _object: Arc<Value>,
    result: Arc<OnceLock<T>>,
}

impl<T: Clone> OfShared<T> {
    pub(super) fn of(&self, object: &Arc<Value>, make: impl FnOnce(&Value) -> T) -> T {
        if Arc::strong_count(object) == 1 {
            return make(object);
        }
        let address = Arc::as_ptr(object).addr();
        let held = || Held { _object: Arc::clone(object), result: Arc::default() };
        let result = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&all.entry(address).or_insert_with(held).result)
        };
        result.get_or_init(|| make(object)).clone()
    }
}

impl<T> Default for OfShared<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_follows_from_a_shared_object_is_made_once() {
        let (shared, own) = (Arc::new(json!(1)), Arc::new(json!(1)));
        let _other_cluster = Arc::clone(&shared);
        let (of_shared, calls) = (OfShared::default(), Cell::new(0));
        let make = |_: &Value| {
            calls.set(calls.get() + 1);
            calls.get()
        };
        assert_eq!([(); 2].map(|()| of_shared.of(&shared, make)), [1, 1]);
        assert_eq!(
            [(); 2].map(|()| of_shared.of(&own, make)),
            [2, 3],
            "it is held by nobody, so another one may take its address"
        );
    }
}
