//! PEM, read strictly and written in one way.

use pem::{EncodeConfig, LineEnding, Pem};

use super::error::TrustError;
use super::notation;

pub(super) const CERTIFICATE: &str = "CERTIFICATE";
pub(super) const REVOCATION_LIST: &str = "X509 CRL";

/// How a file must be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    /// As people write it: nobody but this module reads it, and what it holds is written again.
    Any,
    /// As Go reads it: istiod gets these very bytes.
    Go,
}

/// A file in errors, and how it must be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub file: &'a str,
    pub notation: Notation,
}

impl<'a> Source<'a> {
    /// A file that is written again.
    pub fn any(file: &'a str) -> Self {
        Self { file, notation: Notation::Any }
    }
}

/// The blocks of a file, at least one. Text around them is allowed, a damaged marker is not: readers would skip the
/// block in silence, and istiod, when one block of a list is bad, the whole list.
pub(super) fn blocks(source: Source<'_>, content: &[u8]) -> Result<Vec<Pem>, TrustError> {
    let file = || source.file.to_owned();
    let text = std::str::from_utf8(content).map_err(|_| TrustError::NotPem { file: file() })?;
    if !text.contains("-----BEGIN ") && !text.contains("-----END ") {
        return Err(TrustError::NotPem { file: file() });
    }
    let blocks = written_anyhow(source.file, text)?;
    if source.notation == Notation::Any {
        return Ok(blocks);
    }
    notation::blocks(text).map_err(|unread| TrustError::Notation {
        file: file(),
        line: unread.line,
        reason: unread.reason,
    })
}

fn written_anyhow(file: &str, text: &str) -> Result<Vec<Pem>, TrustError> {
    let blocks = pem::parse_many(text)
        .map_err(|source| TrustError::Pem { file: file.to_owned(), source: Box::new(source) })?;
    let markers = |marker| text.matches(marker).count();
    if blocks.len() != markers("-----END ") || blocks.len() != markers("-----BEGIN ") {
        return Err(TrustError::Markers { file: file.to_owned() });
    }
    Ok(blocks)
}

/// The contents of a file's blocks, all of which must be of one kind. Go's `AppendCertsFromPEM`, with which istiod
/// reads them, skips blocks of other kinds and blocks with headers.
pub(super) fn contents(
    source: Source<'_>,
    content: &[u8],
    kind: &'static str,
) -> Result<Vec<Vec<u8>>, TrustError> {
    let of_kind = |block: Pem| {
        if block.tag() != kind || block.headers().iter().next().is_some() {
            let (file, found) = (source.file.to_owned(), block.tag().to_owned());
            return Err(TrustError::Kind { file, found, wanted: kind });
        }
        Ok(block.into_contents())
    };
    blocks(source, content)?.into_iter().map(of_kind).collect()
}

/// One block as text: lines of 64 characters that end in a line feed.
pub(super) fn encode(kind: &str, content: &[u8]) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(kind, content), config)
}
