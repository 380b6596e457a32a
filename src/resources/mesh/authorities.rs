//! Certificates and keys that the user gives, or that someone else has written: checked before anything is.
//!
//! The clock decides here what is refused, never what is planned.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::authority_block::CertificateAuthorityModel;
use super::model::MeshModel;
use super::place::primary;
use crate::clusters::{Cluster, OnUnreachable};
use crate::diagnostics;
use crate::lifecycle::kept_secrets;
use crate::manifests::ObjectId;
use crate::mesh::well_known::INTERMEDIATE_SECRET;
use crate::mesh::{Authority, ClusterName, GivenAuthority, RootKeeper, ValidatedMesh};
use crate::rollout::{Engines, Owner};
use crate::trust::{self, CA_CERT, CA_KEY, CERT_CHAIN, Intermediate, ROOT_CERT, Root};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::try_join_all;
use serde_json::{Map, Value};
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// Which attribute holds the file that an error names.
const ATTRIBUTES: &str = "The names of files stand for attributes: ca-cert.pem for certificate, ca-key.pem for private_key_wo, \
                          cert-chain.pem for certificate_chain, and root-cert.pem for root_certificates. Nothing was written.";

/// What the clusters of a mesh sign with, by cluster.
type Authorities = BTreeMap<String, Intermediate>;

/// Checks what the configuration gives, as far as it is known.
///
/// # Errors
/// Everything that is incomplete or does not fit together.
pub fn check_given(config: &MeshModel, mesh: &ValidatedMesh) -> Result<Option<Arc<Root>>, Diagnostics> {
    match mesh.authority() {
        Authority::Given(given) => {
            let authorities = given_authorities(given, mesh, config)?;
            trust_each_other(&authorities)?;
            Ok(None)
        }
        Authority::Generated { root: RootKeeper::User { certificate, .. }, .. } => {
            Ok(users_root(certificate, mesh, config)?.map(Arc::new))
        }
        Authority::Generated { .. } | Authority::Existing | Authority::SelfSigned => Ok(None),
    }
}

/// Checks what someone else has written into these clusters. One that is not there yet is `missing`'s matter.
///
/// # Errors
/// Everything that istiod could not sign with, and clusters that would not trust each other.
pub async fn check_existing(
    mesh: &ValidatedMesh,
    clusters: &[Cluster],
    missing: Option<fn(&Cluster) -> Diagnostic>,
    engines: &Engines,
    cancel: &CancellationToken,
) -> Result<(), Diagnostics> {
    if *mesh.authority() != Authority::Existing {
        return Ok(());
    }
    let mut authorities = Authorities::new();
    let mut errors = Diagnostics::new();
    let reads = clusters.iter().map(|cluster| async move {
        let id = ObjectId::of(
            &cluster.name().parse::<ClusterName>().map_err(|error| not_a_name(&error))?,
            &serde_json::json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": INTERMEDIATE_SECRET, "namespace": mesh.namespace()},
            }),
        );
        let target = engines.target(cluster, "", &Owner::mesh(""), mesh.namespace().as_str());
        match kept_secrets::read(&target, [id.clone()].into_iter(), primary, cancel).await {
            Ok(mut live) => Ok(Some((cluster, live.remove(&id), id))),
            // Whatever is to be changed there fails by itself.
            Err(_) if cluster.on_unreachable() != OnUnreachable::Error => Ok(None),
            Err(error) => Err(error),
        }
    });
    for (cluster, live, id) in try_join_all(reads).await?.into_iter().flatten() {
        match live.map(|data| authority(&decoded(&data), mesh, cluster.name(), Intermediate::parse)) {
            Some(Ok(authority)) => drop(authorities.insert(cluster.name().to_owned(), authority)),
            Some(Err(error)) => {
                let summary = format!("Cluster {:?}: istiod could not use the Secret {id}", cluster.name());
                let way_out =
                    "With mode = \"existing\", something else writes this Secret; correct it there.";
                errors.push(diagnostics::failure(summary, &error, way_out, Some(path().attribute("mode"))));
            }
            None => errors.extend(missing.map(|missing| missing(cluster))),
        }
    }
    errors.into_result()?;
    trust_each_other(&authorities)
}

/// The Secret has to be there by now.
pub fn is_missing(cluster: &Cluster) -> Diagnostic {
    let summary = format!(
        "Cluster {:?}: there is no Secret {INTERMEDIATE_SECRET} in the mesh's namespace",
        cluster.name()
    );
    let detail = "With mode = \"existing\", something else writes this Secret, and without it istiod would create its own root. \
                  Create it first, for example with cert-manager, or choose another mode. Nothing was written.";
    Diagnostic::error(summary, detail).at(path().attribute("mode"))
}

/// The key of one cluster's given authority.
pub fn key<'a>(config: &'a MeshModel, label: &str) -> Option<&'a str> {
    block(config)?.given.as_known()?.get(label)?.private_key_wo.as_str()
}

/// How files become what istiod signs with.
type Read = fn(&BTreeMap<String, Vec<u8>>, OffsetDateTime) -> Result<Intermediate, trust::TrustError>;

/// What istiod of the mesh could sign with.
fn authority(
    files: &BTreeMap<String, Vec<u8>>,
    mesh: &ValidatedMesh,
    cluster: &str,
    read: Read,
) -> Result<Intermediate, trust::TrustError> {
    let now = OffsetDateTime::now_utc();
    let authority = read(files, now)?;
    authority.check_names(&names(mesh, &hosts(mesh, |label| label == cluster)), now)?;
    Ok(authority)
}

/// The names that certificates of the mesh are for.
fn names<'a>(mesh: &'a ValidatedMesh, hosts: &'a [&'a str]) -> trust::Names<'a> {
    let identity = mesh.identity();
    let (trust_domain, namespace) = (identity.trust_domain().as_str(), identity.namespace().as_str());
    trust::Names { trust_domain, namespace, hosts }
}

/// Where clusters without a control plane reach istiod of these clusters.
fn hosts(mesh: &ValidatedMesh, is_asked: impl Fn(&str) -> bool) -> Vec<&str> {
    let asked = mesh.primaries().iter().filter(|(label, _)| is_asked(label.as_str()));
    asked.filter_map(|(_, primary)| primary.remote_control_plane()?.hostname.as_deref()).collect()
}

fn given_authorities(
    given: &BTreeMap<ClusterName, GivenAuthority>,
    mesh: &ValidatedMesh,
    config: &MeshModel,
) -> Result<Authorities, Diagnostics> {
    let mut authorities = Authorities::new();
    let mut errors = Diagnostics::new();
    for (label, given) in given {
        // A key that is not known yet is checked by the apply.
        let Some(key) = key(config, label.as_str()) else { continue };
        let files = [
            (CA_CERT, given.certificate.as_str()),
            (CA_KEY, key),
            (CERT_CHAIN, &given.certificate_chain),
            (ROOT_CERT, &given.root_certificates),
        ];
        let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into();
        match authority(&files, mesh, label.as_str(), Intermediate::given) {
            Ok(authority) => drop(authorities.insert(label.to_string(), authority)),
            Err(error) => {
                let summary = format!(
                    "Cluster {:?}: istiod could not sign with the given certificate and key",
                    label.as_str()
                );
                let path = path().attribute("given").key(label.as_str());
                errors.push(diagnostics::failure(summary, &error, ATTRIBUTES, Some(path)));
            }
        }
    }
    errors.into_result().map(|()| authorities)
}

fn users_root(
    certificate: &str,
    mesh: &ValidatedMesh,
    config: &MeshModel,
) -> Result<Option<Root>, Diagnostic> {
    let key = block(config).map_or(&Field::Null, |authority| &authority.root_key_wo);
    let Some(text) = key.as_str() else {
        return if key.is_unknown() { Ok(None) } else { Err(no_root_key()) };
    };
    let now = OffsetDateTime::now_utc();
    let root = Root::parse(certificate.as_bytes(), text.as_bytes(), now);
    let root =
        root.and_then(|root| root.check_names(&names(mesh, &hosts(mesh, |_| true)), now).map(|()| root));
    root.map(Some).map_err(|error| {
        let way_out =
            "The names of files stand for attributes: root-cert.pem for root_certificate, and root-key.pem for root_key_wo. \
             Nothing was written.";
        let path = path().attribute("root_certificate");
        diagnostics::failure("The given root cannot sign for the mesh", &error, way_out, Some(path))
    })
}

fn trust_each_other(authorities: &Authorities) -> Result<(), Diagnostics> {
    trust::mutual_trust(authorities).map_err(|error| {
        let way_out = "All clusters of a mesh need a common root: have their certificates signed by one, or put all roots into \
                       the bundle of each. Nothing was written.";
        let summary = "Workloads of different clusters would reject each other";
        diagnostics::failure(summary, &error, way_out, Some(path())).into()
    })
}

fn no_root_key() -> Diagnostic {
    let detail = "With root_certificate, no Secret stores the root's key, so each apply needs it in root_key_wo. It is stored \
                  neither in state nor in a plan.";
    Diagnostic::error("The key of the given root is missing", detail).at(path().attribute("root_key_wo"))
}

fn not_a_name(error: &crate::mesh::InvalidName) -> Diagnostic {
    Diagnostic::error("A cluster of the mesh has no valid name", error.to_string())
}

fn block(config: &MeshModel) -> Option<&CertificateAuthorityModel> {
    config.certificate_authority.as_known()
}

fn path() -> AttributePath {
    AttributePath::new("certificate_authority")
}

fn decoded(data: &Map<String, Value>) -> BTreeMap<String, Vec<u8>> {
    let files = data
        .iter()
        .filter_map(|(name, content)| Some((name.clone(), STANDARD.decode(content.as_str()?).ok()?)));
    files.collect()
}
