//! Whether clusters trust each other.

use std::collections::BTreeMap;

use super::certificate::Certificate;
use super::error::TrustError;
use super::intermediate::Intermediate;

/// The roots that all clusters trust, in the order of the first one's bundle; at least one. `roots` are the
/// certificates of each cluster's `root-cert.pem`.
///
/// Necessary for one mesh, and enough where each cluster has one root. With several a common one may be one that
/// nobody signs with: [`mutual_trust`] tells, where the authorities are known.
pub fn common_roots(roots: &BTreeMap<String, Vec<Certificate>>) -> Result<Vec<Certificate>, TrustError> {
    let in_all = |root: &&Certificate| roots.values().all(|bundle| bundle.contains(*root));
    let common: Vec<_> = roots.values().next().into_iter().flatten().filter(in_all).cloned().collect();
    if common.is_empty() {
        let fingerprints = |bundle: &Vec<Certificate>| bundle.iter().map(Certificate::fingerprint).collect();
        let clusters =
            roots.iter().map(|(cluster, bundle)| (cluster.clone(), fingerprints(bundle))).collect();
        return Err(TrustError::NoCommonRoot { clusters });
    }
    Ok(common)
}

/// That every cluster trusts the root that every other one's authority leads to.
pub fn mutual_trust(clusters: &BTreeMap<String, Intermediate>) -> Result<(), TrustError> {
    for (cluster, authority) in clusters {
        let distrusting = clusters.iter().find(|(_, other)| !other.roots().contains(authority.root()));
        if let Some((by, other)) = distrusting {
            return Err(TrustError::Distrusted {
                cluster: cluster.clone(),
                root: authority.root().fingerprint(),
                by: by.clone(),
                roots: other.roots().iter().map(Certificate::fingerprint).collect(),
            });
        }
    }
    Ok(())
}
