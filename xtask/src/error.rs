//! What can go wrong with a task.

use std::io;
use std::path::{Path, PathBuf};

use lab::parts;

/// Why a task did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A part of the lab.
    #[error(transparent)]
    Parts(#[from] parts::Error),
    /// The lab's clusters.
    #[error(transparent)]
    Lab(#[from] lab::cli::Error),
    /// A program cannot be started.
    #[error("cannot start `{command}`")]
    Start {
        /// The command line.
        command: String,
        /// Why not.
        source: io::Error,
    },
    /// A program failed; it has said why.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// Its exit status.
        status: String,
    },
    /// A file or folder.
    #[error("cannot {act} {}", path.display())]
    File {
        /// What was tried.
        act: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program printed something else than expected.
    #[error("cannot read what `{command}` printed")]
    Output {
        /// The command line.
        command: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// A name on the command line that is none of the parts'.
    #[error("there is no part `{name}`; the parts are {known}")]
    UnknownPart {
        /// The name.
        name: String,
        /// All names.
        known: String,
    },
    /// The person at the terminal had enough.
    #[error("interrupted")]
    Interrupted,
    /// Pages that differ from what the generator makes.
    #[error("docs/ does not match the schema and templates: {}; run `cargo xtask docs`", pages.join(", "))]
    StaleDocs {
        /// The pages that differ, that are missing and that should not be there.
        pages: Vec<String>,
    },
    /// Configuration in a page that Terraform refuses.
    #[error("Terraform rejects {} pieces of configuration: {}", places.len(), places.join(", "))]
    Configuration {
        /// File and line of each.
        places: Vec<String>,
    },
    /// A module of another content than pinned.
    #[error("{module} has the digest {found}, not the pinned one")]
    Digest {
        /// Module and version.
        module: String,
        /// What Go found.
        found: String,
    },
    /// Protocol buffers that do not compile.
    #[error("cannot compile the .proto files of {module}")]
    Compile {
        /// Module and version.
        module: String,
        /// Why not.
        source: Box<protox::Error>,
    },
    /// Descriptors that differ from their module.
    #[error("{} is out of date; run `cargo xtask descriptors`", path.display())]
    Descriptors {
        /// The file.
        path: PathBuf,
    },
    /// Steps of `cargo xtask test`.
    #[error("{} of the steps failed: {}", names.len(), names.join(", "))]
    Steps {
        /// Their names.
        names: Vec<String>,
    },
    /// Targets of the tests.
    #[error("tests of {} targets failed: {}", names.len(), names.join(", "))]
    Tests {
        /// What `cargo test` is told of each.
        names: Vec<String>,
    },
    /// A static binary cannot be built for lack of its standard library.
    #[error("Rust's standard library for {target} is missing; get it with `rustup target add {target}`")]
    NoTarget {
        /// The target triple.
        target: String,
    },
    /// The archive.
    #[error("cannot write the archive {}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: zip::result::ZipError,
    },
}

/// For `map_err` on a file operation.
pub fn file_error(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::File { act, path: path.into(), source }
}
