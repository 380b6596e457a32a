//! `join` and `peer`: what a remote cluster and another mesh need to know, made from the configuration and what was observed.

use std::collections::BTreeMap;

use tfplugin::{Field, TerraformValue, Value};

use super::entrances::Entrance;
use super::join::join;
use super::model::{ChartModel, MeshModel, PrimaryModel, StatusModel};
use crate::documents::{JoinModel, Page, PeerModel, Services, Texts, bundle, texts, with_peer};
use crate::manifests::secret_field;
use crate::mesh::well_known::INTERMEDIATE_SECRET;
use crate::trust::ROOT_CERT;

/// Both documents.
type Documents = (Field<JoinModel>, Field<PeerModel>);

/// Both documents as far as a plan knows them, member by member: what the configuration says, and addresses and roots as they are
/// where nothing that they depend on changes.
pub fn planned(planned: &MeshModel, prior: Option<&MeshModel>) -> Documents {
    let before = prior.and_then(|prior| prior.join.as_known());
    let roots = before.filter(|_| keeps_its_roots(planned, prior)).map(|join| join.root_certificates.clone());
    // An apply that failed before a control plane ran has seen no roots; the next one will.
    let roots = roots.filter(|roots| !roots.is_null()).unwrap_or(Field::Unknown);
    let join = join(planned, roots, |label, entrance| {
        let before = before.and_then(|join| join.clusters.as_known()?.get(label));
        let before = before.map(|cluster| entrance.joined(cluster).clone());
        let kept = before.filter(|addresses| {
            keeps_its_service(planned, prior, label, entrance)
                && !(is_empty(addresses) && awaits_addresses(planned, label, entrance))
        });
        kept.unwrap_or(Field::Unknown)
    });
    with_peer(join)
}

/// Both documents as the mesh was just observed. What was not seen stays as `state` has it.
pub fn observed(state: &MeshModel, status: &StatusModel, roots: &BTreeMap<String, String>) -> Documents {
    let before = state.join.as_known();
    let bundle = bundle(roots.values()).or_else(|| before?.root_certificates.as_known().cloned());
    let join = join(state, bundle.into(), |label, entrance| {
        let seen = status.clusters.as_known().and_then(|clusters| clusters.get(label));
        seen.map_or_else(|| texts([]), |cluster| entrance.addresses(cluster).clone())
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
    let named = join(mesh, Field::Null, |label, entrance| texts([entrance.service(mesh, label)]));
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
    let (Field::Known(promised), Field::Known(seen)) = (&planned.join, &observed.0) else { return observed };
    let join = kept(promised.clone().into_value(), seen.clone().into_value());
    // The two are of one type, and so is what is made of both.
    JoinModel::from_value(join).map_or(observed, with_peer)
}

/// The promised value with what was seen in place of what it leaves open.
fn kept(promised: Value, seen: Value) -> Value {
    match (promised, seen) {
        (Value::Unknown, seen) => seen,
        (Value::Map(promised), Value::Map(mut seen)) => {
            let members = promised.into_iter().map(|(name, promised)| {
                let seen = seen.remove(&name).unwrap_or(Value::Null);
                (name, kept(promised, seen))
            });
            Value::Map(members.collect())
        }
        (promised, _) => promised,
    }
}

fn is_empty(addresses: &Texts) -> bool {
    addresses.as_known().is_none_or(Vec::is_empty)
}

/// Whether the plan says that this apply looks at the entrance again: then an address may have come meanwhile.
fn awaits_addresses(planned: &MeshModel, label: &str, entrance: Entrance) -> bool {
    let Some(status) = planned.status.as_known() else { return true };
    let cluster = status.clusters.as_known().and_then(|clusters| clusters.get(label));
    cluster.is_none_or(|cluster| entrance.state(cluster).is_unknown())
}

/// Whether the load balancer of an entrance stays as it is.
fn keeps_its_service(
    planned: &MeshModel,
    prior: Option<&MeshModel>,
    label: &str,
    entrance: Entrance,
) -> bool {
    let Some(prior) = prior else { return false };
    let (Some(is), Some(was)) = (planned.primary(label), prior.primary(label)) else { return false };
    // Addresses that the user has typed before are not those of the Service.
    if says_where(is, entrance) != says_where(was, entrance) {
        return false;
    }
    match &planned.manifests {
        Field::Known(_) => is_unchanged(planned, prior, &entrance.service(planned, label)),
        // Not a single object is known then, but the Service is what it was if everything is that it is rendered from.
        _ => is_same(&service_inputs(planned, label, entrance), &service_inputs(prior, label, entrance)),
    }
}

/// What the user says of where an entrance is.
fn says_where(primary: &PrimaryModel, entrance: Entrance) -> Value {
    match entrance {
        Entrance::Gateway(role) => {
            let addresses = primary.gateway(role).as_ref().map(|gateway| gateway.addresses.clone());
            addresses.and_then(|addresses| addresses).into_value()
        }
        Entrance::Istiod => {
            let remote = primary.remote_control_plane.as_ref();
            remote.map(|remote| remote.hostname.clone()).and_then(|hostname| hostname).into_value()
        }
    }
}

/// Everything that the configuration has for the Service of an entrance.
fn service_inputs(mesh: &MeshModel, label: &str, entrance: Entrance) -> Value {
    let values = |charts: &Field<BTreeMap<String, ChartModel>>| {
        let values = charts.as_ref().map(|charts| charts.get("gateway").map(|chart| chart.values.clone()));
        values.and_then(Option::unwrap_or_default).into_value()
    };
    let of_primary = mesh.primary.as_known().and_then(|primaries| primaries.get(label));
    let of_primary = of_primary.map(|primary| {
        let block = match entrance {
            Entrance::Gateway(role) => primary.gateway(role).clone().into_value(),
            Entrance::Istiod => primary.remote_control_plane.clone().into_value(),
        };
        let version = primary.version.clone().into_value();
        vec![block, version, values(&primary.chart), primary.network.clone().into_value()]
    });
    let of_mesh = [
        mesh.namespace.clone().into_value(),
        mesh.version.clone().into_value(),
        mesh.chart_source.clone().into_value(),
        mesh.platform.clone().into_value(),
        values(&mesh.chart),
    ];
    Value::List(of_primary.into_iter().flatten().chain(of_mesh).collect())
}

/// Whether no cluster gets another root, nor one its first. Another intermediate of the same root is none.
fn keeps_its_roots(planned: &MeshModel, prior: Option<&MeshModel>) -> bool {
    let Some(prior) = prior else { return false };
    let Some(objects) = planned.manifests.as_known() else {
        return is_same(&authority_inputs(planned), &authority_inputs(prior));
    };
    let suffix = format!("/{INTERMEDIATE_SECRET}");
    let field = secret_field(ROOT_CERT);
    let bundle = |model: &MeshModel, id: &str| {
        model.manifests.as_known()?.get(id)?.as_known()?.get(&field)?.as_known().cloned()
    };
    objects.keys().filter(|id| id.ends_with(&suffix)).all(|id| {
        let before = bundle(prior, id);
        before.is_some() && before == bundle(planned, id)
    })
}

/// Everything that the configuration has for the roots.
fn authority_inputs(mesh: &MeshModel) -> Value {
    let labels = mesh.primary.as_ref().map(|primaries| {
        primaries.keys().map(|label| (label.clone(), label.clone())).collect::<BTreeMap<_, _>>()
    });
    let authority = mesh.certificate_authority.clone().into_value();
    Value::List(vec![authority, labels.into_value(), mesh.namespace.clone().into_value()])
}

/// Whether both are known to say the same.
fn is_same(planned: &Value, prior: &Value) -> bool {
    planned.is_wholly_known() && planned == prior
}

/// Whether the plan leaves an object as it is.
fn is_unchanged(planned: &MeshModel, prior: &MeshModel, id: &str) -> bool {
    let of = |model: &MeshModel| model.manifests.as_known()?.get(id).cloned();
    let before = of(prior);
    before.is_some() && before == of(planned)
}

#[cfg(test)]
mod tests;
