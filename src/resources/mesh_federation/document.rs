//! `document`: what the peers need to use the exports, with a number that grows with each change.

use std::collections::BTreeMap;

use tfplugin::{Field, TerraformValue as _};
use time::OffsetDateTime;

use super::model::{ExportBlockModel, FederationModel, PortModel, TextSet};
use crate::documents::{self, ExportModel, ExportPortModel, PeerDocumentModel, sorted, texts};
use crate::mesh::DEFAULT_DOMAIN_SUFFIX;

/// Where TLS ends of what can be exported today.
const TLS: &str = "end_to_end";

/// The first serial: the time in seconds, which only an apply and a refresh may tell. Peers have recorded that of a federation of which
/// the state is lost, or which was destroyed; what that counted up to is less.
pub fn first_serial(now: OffsetDateTime) -> Field<i64> {
    Field::Known(now.unix_timestamp())
}

/// The document of a configuration; `prior` is the state before, `first` the serial if that has none.
pub fn document(
    config: &FederationModel,
    prior: Option<&FederationModel>,
    first: Field<i64>,
) -> Field<PeerDocumentModel> {
    let join = match config.join() {
        Ok(Field::Known(join)) => join,
        Ok(Field::Unknown) => return Field::Unknown,
        // Refused where it is judged.
        Ok(Field::Null) | Err(_) => return Field::Null,
    };
    let suffix = join.domain_suffix.clone().or(DEFAULT_DOMAIN_SUFFIX.to_owned());
    let (_, peer) = documents::with_peer(join);
    let Field::Known(peer) = peer else { return Field::Unknown };
    let exports = config.export.as_ref().map(|exports| {
        exports
            .iter()
            .map(|(name, export)| (name.clone(), exported(export, &suffix)))
            .collect::<BTreeMap<_, _>>()
    });
    let document = PeerDocumentModel { exports: exports.or(BTreeMap::new()), ..peer.into() };
    let before = prior.and_then(|prior| prior.document.as_known());
    Field::Known(PeerDocumentModel { serial: serial(&document, before, first), ..document })
}

/// A change is a greater number; unknown while it is not known whether there is one.
fn serial(document: &PeerDocumentModel, before: Option<&PeerDocumentModel>, first: Field<i64>) -> Field<i64> {
    let Some(before) = before else { return first };
    let unnumbered = PeerDocumentModel { serial: Field::Null, ..before.clone() };
    if *document == unnumbered {
        return before.serial;
    }
    if !document.clone().into_value().is_wholly_known() {
        return Field::Unknown;
    }
    Field::Known(before.serial.as_known().copied().unwrap_or_default().saturating_add(1))
}

fn exported(export: &ExportBlockModel, suffix: &Field<String>) -> ExportModel {
    let host = export.service.as_ref().and_then(|service| {
        export
            .namespace
            .as_ref()
            .and_then(|namespace| suffix.as_ref().map(|suffix| format!("{service}.{namespace}.svc.{suffix}")))
    });
    ExportModel {
        namespace: export.namespace.clone(),
        service: export.service.clone(),
        host,
        ports: ports(&export.port),
        identities: identities(&export.identities),
        gateways: Field::Null,
        tls: texts([TLS.to_owned()]),
    }
}

/// Sorted by number, as documents have them.
fn ports(ports: &Field<BTreeMap<String, PortModel>>) -> Field<Vec<ExportPortModel>> {
    ports.as_ref().map(|ports| {
        let port = |(name, port): (&String, &PortModel)| ExportPortModel {
            name: Field::Known(name.clone()),
            number: port.number,
            protocol: port.protocol.clone(),
        };
        let mut ports: Vec<ExportPortModel> = ports.iter().map(port).collect();
        ports.sort_by_key(|port| port.number.as_known().copied());
        ports
    })
}

/// In the short form that documents have: `<namespace>/<service account>`.
fn identities(identities: &TextSet) -> documents::Texts {
    sorted(identities).map(|identities| {
        let short = |identity: Field<String>| identity.map(|text| short(&text));
        identities.into_iter().map(short).collect()
    })
}

fn short(identity: &str) -> String {
    let steps: Vec<&str> = identity.strip_prefix("spiffe://").unwrap_or(identity).split('/').collect();
    match steps.as_slice() {
        [_, "ns", namespace, "sa", name] => format!("{namespace}/{name}"),
        _ => identity.to_owned(),
    }
}
