//! `join` and `peer`: what a remote cluster and another mesh need to know, made from the configuration and what was observed.

use tfplugin::Field;

use super::join::{Door, join};
use super::model::{MeshModel, StatusModel};
use super::status::Beside;
use super::unchanged;
use crate::documents::{JoinModel, Page, PeerModel, Services, bundle, texts, with_peer};
use crate::lifecycle::kept_promise;

/// Both documents.
type Documents = (Field<JoinModel>, Field<PeerModel>);

/// Both documents as far as a plan knows them, member by member: what the configuration says, and addresses and roots as they are
/// where nothing that they depend on changes.
pub fn planned(planned: &MeshModel, prior: Option<&MeshModel>) -> Documents {
    let before = prior.and_then(|prior| prior.join.as_known());
    let roots = before
        .filter(|_| unchanged::keeps_its_roots(planned, prior))
        .map(|join| join.root_certificates.clone());
    // An apply that failed before a control plane ran has seen no roots; the next one will.
    let roots = roots.filter(|roots| !roots.is_null()).unwrap_or(Field::Unknown);
    let join = join(planned, roots, |label, entrance| {
        let before = before.and_then(|join| join.clusters.as_known()?.get(label));
        let status = planned.status.as_known().and_then(|status| status.cluster(label));
        let joined = before.map(|cluster| entrance.joined(cluster));
        let addresses = unchanged::addresses(planned, prior, label, entrance, joined, status);
        let port = before.filter(|_| !addresses.is_unknown()).map(|cluster| entrance.joined_port(cluster));
        Door { addresses, port: port.unwrap_or(Field::Unknown) }
    });
    with_peer(join)
}

/// Both documents as the mesh was just observed. What was not seen stays as `state` has it.
pub fn observed(state: &MeshModel, status: &StatusModel, beside: &Beside) -> Documents {
    let before = state.join.as_known();
    let bundle = bundle(beside.roots.values()).or_else(|| before?.root_certificates.as_known().cloned());
    let join = join(state, bundle.into(), |label, entrance| {
        let seen = status.clusters.as_known().and_then(|clusters| clusters.get(label));
        let addresses = seen.map_or_else(|| texts([]), |cluster| entrance.addresses(cluster).clone());
        let port = beside.gateway_ports.get(label).copied().map(Field::Known);
        let before = before.and_then(|join| join.clusters.as_known()?.get(label));
        let port = port.or_else(|| before.map(|cluster| entrance.joined_port(cluster)));
        Door { addresses, port: port.unwrap_or(Field::Null) }
    });
    with_peer(join)
}

/// What the primaries write down about the mesh of this state for others; `None` while it has no `join`.
pub fn page(state: &MeshModel) -> Option<Page> {
    let join = state.join.as_known()?.clone();
    Some(Page { join, services: services(state) })
}

/// Where the addresses in `join` come from. Asked for its addresses, each Service gives its name, which no address can be.
fn services(mesh: &MeshModel) -> Services {
    let named = join(mesh, Field::Null, |label, entrance| Door {
        addresses: texts([entrance.service(mesh, label)]),
        port: Field::Null,
    });
    let clusters = named.clusters.as_known().into_iter().flatten().map(|(label, cluster)| {
        let services = cluster.addresses().into_iter().filter_map(|(member, names)| {
            let [Field::Known(name)] = names.as_known()?.as_slice() else { return None };
            let service = name.strip_prefix(&format!("{label}//Service/"))?;
            Some((member.to_owned(), service.to_owned()))
        });
        (label.clone(), services.collect())
    });
    clusters.collect()
}

/// What an apply returns: the plan's word where it has given one.
pub fn applied(planned: &MeshModel, observed: Documents) -> Documents {
    match (&planned.join, &observed.0) {
        (Field::Known(_), Field::Known(seen)) => with_peer(kept_promise(&planned.join, seen.clone())),
        _ => observed,
    }
}

#[cfg(test)]
mod tests;
