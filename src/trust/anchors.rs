use super::certificate::Certificate;
use super::error::TrustError;

/// The certificates of an entry of a trust list; every one of them must be an authority. `file` names the entry in errors.
///
/// istiod drops a whole list in silence for one bad entry (`pilot/pkg/trustbundle/trustbundle.go`).
///
/// # Errors
/// A certificate cannot be read, or is not an authority.
pub fn anchors(file: &str, content: &[u8]) -> Result<Vec<Certificate>, TrustError> {
    let certificates = Certificate::parse_all(file, content)?;
    certificates.iter().try_for_each(|certificate| certificate.check_authority(file))?;
    Ok(certificates)
}
