//! Files that save requests: whatever is wrong with one, it is as good as none.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a file holds; `None` if there is none, or none that can be read.
pub(crate) fn read<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// Keeps `content` in a file, in a folder that is made with it. That this fails is no error.
pub(crate) fn keep(file: &Path, content: &impl Serialize) {
    if let Err(error) = write(file, content) {
        tracing::debug!(file = %file.display(), %error, "a file of the cache is not kept");
    }
}

/// Readers never see half a file.
fn write(file: &Path, content: &impl Serialize) -> std::io::Result<()> {
    std::fs::create_dir_all(file.parent().unwrap_or(file))?;
    let unfinished = file.with_extension(std::process::id().to_string());
    std::fs::write(&unfinished, serde_json::to_vec(content)?)?;
    std::fs::rename(&unfinished, file)
}
