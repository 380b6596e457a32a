//! Digests of charts, written `sha256:<hexadecimal>`.

use base16ct::lower;
use sha2::{Digest, Sha256};

/// The digest of an archive: that of its bytes, as repositories and registries have it.
pub(super) fn of_archive(bytes: &[u8]) -> String {
    written(&Sha256::digest(bytes))
}

/// The digest of a folder: that of its files' names and contents, each with its length before it. `files` must
/// come sorted by name.
pub(super) fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        for part in [name.as_bytes(), content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    written(&hash.finalize())
}

/// The digest in an index, which may lack the prefix; `None` if there is none.
pub(super) fn in_index(text: &str) -> Option<String> {
    let hexadecimal = text.strip_prefix("sha256:").unwrap_or(text);
    let is_sha256 = hexadecimal.len() == 64 && hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then(|| format!("sha256:{}", hexadecimal.to_ascii_lowercase()))
}

fn written(hash: &[u8]) -> String {
    format!("sha256:{}", lower::encode_string(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn an_archives_digest_is_that_of_its_bytes() {
        assert_eq!(of_archive(b""), EMPTY);
    }

    #[test]
    fn a_folders_digest_tells_names_and_contents_apart() {
        let one = of_files([("ab", b"c".as_slice())]);
        assert_ne!(one, of_files([("a", b"bc".as_slice())]));
        assert_ne!(one, of_files([("ab", b"".as_slice()), ("c", b"".as_slice())]));
        assert_eq!(of_files([]), EMPTY);
    }

    #[test]
    fn an_index_may_write_its_digest_with_or_without_prefix() {
        let bare = EMPTY.trim_start_matches("sha256:");
        assert_eq!(in_index(bare).as_deref(), Some(EMPTY));
        assert_eq!(in_index(&bare.to_uppercase()).as_deref(), Some(EMPTY));
        assert_eq!(in_index(EMPTY).as_deref(), Some(EMPTY));
        assert_eq!(in_index(""), None);
        assert_eq!(in_index("../../etc/passwd"), None);
    }
}
