//! What was done, in the order in which it was done: a line when an act begins and one when it ends.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// An act under way. Its end is written down when it is dropped, whatever becomes of it.
pub struct Entry {
    journal: PathBuf,
    act: String,
}

impl Entry {
    /// Writes down that `act` begins. What stops the journal stops nobody's work: a test then misses the line.
    pub fn begin(directory: &Path, act: String) -> Self {
        let entry = Self { journal: directory.join("journal"), act };
        entry.write("begins");
        entry
    }

    fn write(&self, what: &str) {
        let line = format!("{} {what}\n", self.act);
        let written = File::options().create(true).append(true).open(&self.journal);
        let written = written.and_then(|mut journal| journal.write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::warn!(%error, line, "not in the journal");
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.write("ends");
    }
}
