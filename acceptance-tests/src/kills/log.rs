//! What was done, one line a kill.

use std::fs::File;
use std::io::Write as _;

/// The file that `KILLS_LOG` names, or standard error.
#[derive(Debug)]
pub struct Log {
    file: Option<File>,
}

impl Log {
    /// Opens it.
    pub fn open() -> Self {
        let path = std::env::var_os("KILLS_LOG");
        let file =
            path.map(|path| File::options().create(true).append(true).open(path).expect("open the log"));
        Self { file }
    }

    /// Adds a line.
    pub fn line(&mut self, text: &str) {
        match &mut self.file {
            Some(file) => writeln!(file, "{text}").expect("write the log"),
            None => eprintln!("{text}"),
        }
    }
}
