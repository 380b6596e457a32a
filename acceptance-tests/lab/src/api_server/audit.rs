//! What an API server writes down of the requests of [identities on request](super::ApiServer::add_identity).

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A request as the audit log has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Request {
    /// What the API server calls it. One that takes long is written down twice under it.
    #[serde(rename = "auditID")]
    pub id: String,
    /// `get`, `list`, `create`, `patch`, `delete` and the like.
    pub verb: String,
    /// When it came: RFC 3339, in UTC, with microseconds.
    #[serde(rename = "requestReceivedTimestamp")]
    pub received: String,
    /// What it is about; nothing for a request that names no resource.
    #[serde(rename = "objectRef", default)]
    pub object: Object,
    #[serde(rename = "requestURI", default)]
    uri: String,
}

/// What a request is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Object {
    /// Its kind, as in URLs: `deployments`.
    pub resource: String,
    /// Its namespace; empty if it has none.
    pub namespace: String,
    /// Its name; empty for a list.
    pub name: String,
    /// What of it, such as `status`; empty for the whole.
    pub subresource: String,
}

impl Request {
    /// Whether it changes something that is stored.
    pub fn is_write(&self) -> bool {
        let changes =
            ["create", "update", "patch", "delete", "deletecollection"].contains(&self.verb.as_str());
        // Who asks what it may do, or opens a connection to a pod, stores nothing.
        let asks = self.object.resource.ends_with("reviews") || self.object.subresource == "portforward";
        changes && !asks && !self.uri.contains("dryRun=All")
    }
}

/// Reads an audit log while it is written.
pub struct AuditLog {
    path: PathBuf,
    file: Option<File>,
    rest: Vec<u8>,
}

impl AuditLog {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, rest: Vec::new() }
    }

    /// The requests that were written down since the last call.
    pub fn news(&mut self) -> io::Result<Vec<Request>> {
        if self.file.is_none() {
            self.file = match File::open(&self.path) {
                Ok(file) => Some(file),
                // It is there from the first request on.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
        }
        if let Some(file) = &mut self.file {
            file.read_to_end(&mut self.rest)?;
        }
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(Vec::new()) };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        let lines = whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const LINE: &str = r#"{"auditID":"a","verb":"patch","requestReceivedTimestamp":"2026-01-01T00:00:00.000001Z","requestURI":"/api/v1/namespaces/n/secrets/s?fieldManager=m","objectRef":{"resource":"secrets","namespace":"n","name":"s"}}"#;

    #[test]
    fn requests_are_read_once_and_only_when_they_are_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.log");
        let mut log = AuditLog::of(&path);
        assert_eq!(log.news().unwrap(), []);
        let mut file = File::create(&path).unwrap();
        let (half, other) = LINE.split_at(40);
        write!(file, "{LINE}\n{half}").unwrap();
        let news = log.news().unwrap();
        assert_eq!((news.len(), news[0].object.name.as_str()), (1, "s"));
        writeln!(file, "{other}").unwrap();
        assert_eq!(log.news().unwrap(), news);
        assert_eq!(log.news().unwrap(), []);
    }

    #[test]
    fn a_write_is_what_changes_something_that_is_stored() {
        let request = |verb: &str, resource: &str, uri: &str| {
            let line = LINE.replace("patch", verb).replace("\"secrets\"", &format!("{resource:?}"));
            serde_json::from_str::<Request>(&line.replace("fieldManager=m", uri)).unwrap()
        };
        for verb in ["create", "update", "patch", "delete"] {
            assert!(request(verb, "secrets", "fieldManager=m").is_write(), "{verb}");
        }
        assert!(!request("get", "secrets", "").is_write());
        assert!(!request("create", "selfsubjectaccessreviews", "").is_write());
        assert!(!request("patch", "secrets", "dryRun=All").is_write());
    }
}
