//! Objects that a test puts into a cluster for a while.

use http::Method;
use serde_json::Value;

use crate::admin::Admin;
use crate::until;

/// Objects that are in a cluster until this goes.
pub(crate) struct Temporary<'a> {
    admin: &'a Admin<'a>,
    /// In the order in which they were made.
    paths: Vec<String>,
}

impl<'a> Temporary<'a> {
    /// None yet.
    pub(crate) fn of(admin: &'a Admin<'a>) -> Self {
        Self { admin, paths: Vec::new() }
    }

    /// Makes an object in a collection.
    #[track_caller]
    pub(crate) fn make(&mut self, collection: &str, object: &Value) {
        let made = self.admin.create(collection, object);
        let name = made["metadata"]["name"].as_str().expect("every object has a name");
        self.paths.push(format!("{collection}/{name}"));
    }

    /// Waits until the cluster answers like this to an object of the namespace `default` that it is only asked about, of this kind as in
    /// URLs, such as `services`: the API server takes its time until what was made or removed counts.
    #[track_caller]
    pub(crate) fn wait_until(
        &self,
        what: &str,
        (resource, probe): (&str, &Value),
        is_answer: impl Fn(Result<Option<Value>, kube::Error>) -> bool,
    ) {
        let path = format!("/api/v1/namespaces/default/{resource}?dryRun=All");
        until(what, || is_answer(self.admin.try_request(&Method::POST, &path, "application/json", probe)));
    }

    /// Removes them, the last one first.
    pub(crate) fn remove(&mut self) {
        while let Some(path) = self.paths.pop() {
            // The cluster may be gone with the test that has failed.
            let _ = self.admin.try_request(&Method::DELETE, &path, "application/json", &Value::Null);
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}
