//! PEM, read strictly and written in one way.

use pem::{EncodeConfig, LineEnding, Pem};

use super::error::TrustError;

pub(super) const CERTIFICATE: &str = "CERTIFICATE";
pub(super) const REVOCATION_LIST: &str = "X509 CRL";

/// The blocks of a file, at least one. Text around them is allowed, a damaged marker is not: readers would skip the
/// block in silence, and istiod, when one block of a list is bad, the whole list.
pub(super) fn blocks(file: &str, content: &[u8]) -> Result<Vec<Pem>, TrustError> {
    let text = std::str::from_utf8(content).map_err(|_| TrustError::NotPem { file: file.to_owned() })?;
    let blocks = pem::parse_many(text)
        .map_err(|source| TrustError::Pem { file: file.to_owned(), source: Box::new(source) })?;
    let ends = text.matches("-----END ").count();
    if blocks.is_empty() && ends == 0 {
        return Err(TrustError::NotPem { file: file.to_owned() });
    }
    if blocks.len() != ends || blocks.len() != text.matches("-----BEGIN ").count() {
        return Err(TrustError::Markers { file: file.to_owned() });
    }
    Ok(blocks)
}

/// The contents of a file's blocks, all of which must be of one kind. Go's `AppendCertsFromPEM`, with which istiod
/// reads them, skips blocks of other kinds and blocks with headers.
pub(super) fn contents(file: &str, content: &[u8], kind: &'static str) -> Result<Vec<Vec<u8>>, TrustError> {
    let of_kind = |block: Pem| {
        if block.tag() != kind || block.headers().iter().next().is_some() {
            let (file, found) = (file.to_owned(), block.tag().to_owned());
            return Err(TrustError::Kind { file, found, wanted: kind });
        }
        Ok(block.into_contents())
    };
    blocks(file, content)?.into_iter().map(of_kind).collect()
}

/// One block as text: lines of 64 characters that end in a line feed.
pub(super) fn encode(kind: &str, content: &[u8]) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(kind, content), config)
}
