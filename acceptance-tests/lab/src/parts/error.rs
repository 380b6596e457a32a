//! What can go wrong with a part.

use std::io;
use std::path::PathBuf;

use super::part::Part;

/// The command that makes every part.
pub const BUILD_COMMAND: &str = "cargo xtask lab parts";

/// Why a part cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A test asked for a part that was never made.
    #[error("the part `{part}` is not built ({}); build it with `{BUILD_COMMAND} {part}`", path.display())]
    NotBuilt {
        /// The part.
        part: Part,
        /// Where it would be.
        path: PathBuf,
    },
    /// No folder for the cache can be derived from the environment.
    #[error("there is no place for the lab's cache: set ISTIO_LAB_CACHE, XDG_CACHE_HOME or HOME")]
    NoCachePlace,
    /// The cache cannot be written.
    #[error("cannot {act} {} in the lab's cache", path.display())]
    Cache {
        /// What was tried.
        act: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file below `tools/` cannot be read.
    #[error("cannot read the pin {}", path.display())]
    ReadPins {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file below `tools/` does not pin what it should.
    #[error("{} pins no version of {name}", path.display())]
    NoPin {
        /// The file.
        path: PathBuf,
        /// The dependency.
        name: String,
    },
    /// A program of the machine cannot be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A program of the machine failed.
    #[error("`{command}` failed ({status}); its last lines:\n{output}")]
    Failed {
        /// The command line.
        command: String,
        /// Its exit status.
        status: String,
        /// The end of what it printed.
        output: String,
    },
    /// `go mod download -json` printed something else.
    #[error("`go mod download` did not say where the module {module} is")]
    NoModule {
        /// The module.
        module: String,
    },
    /// A text that is to be replaced in a source file is not there (exactly once).
    #[error("{} does not hold the text to replace exactly once: {text:?}", path.display())]
    Replace {
        /// The file.
        path: PathBuf,
        /// The text.
        text: String,
    },
    /// Programs that the machine lacks.
    #[error("this machine lacks {}", missing.join("; "))]
    Machine {
        /// One entry a program, with the way to get it.
        missing: Vec<String>,
    },
}
