//! What a plan leaves as it is, of what only the clusters tell.

use std::collections::BTreeMap;

use tfplugin::{Field, TerraformValue, Value};

use super::entrances::Entrance;
use super::model::{ClusterStatusModel, MeshModel, PrimaryModel};
use crate::blocks::ChartModel;
use crate::documents::Texts;
use crate::manifests::secret_field;
use crate::mesh::well_known::INTERMEDIATE_SECRET;
use crate::trust::ROOT_CERT;

/// The addresses of an entrance as they were, `before`, if its load balancer stays as it is. `status` is the plan's: where its state is
/// unknown, the apply looks at the entrance again, and an address may have come meanwhile.
pub fn addresses(
    planned: &MeshModel,
    prior: Option<&MeshModel>,
    label: &str,
    entrance: Entrance,
    before: Option<&Texts>,
    status: Option<&ClusterStatusModel>,
) -> Texts {
    let is_awaited = status.is_none_or(|status| entrance.state(status).is_unknown());
    let kept = before.filter(|addresses| {
        keeps_its_service(planned, prior, label, entrance) && !(is_empty(addresses) && is_awaited)
    });
    kept.cloned().unwrap_or(Field::Unknown)
}

fn is_empty(addresses: &Texts) -> bool {
    addresses.as_known().is_none_or(Vec::is_empty)
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
            let typed = primary.gateway(role).map(|gateway| {
                let from =
                    Some(gateway.from.clone()).filter(|from| from.as_known().is_none_or(|it| !it.is_empty()));
                let from = from.unwrap_or(Field::Null).into_value();
                Value::List(vec![gateway.addresses.clone().into_value(), from])
            });
            // What is not declared has no addresses.
            typed.into_known().unwrap_or(Value::Null)
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
        charts.as_ref().map(|charts| charts.get("gateway").cloned().unwrap_or_default()).into_value()
    };
    let of_primary = mesh.primary.as_known().and_then(|primaries| primaries.get(label));
    let of_primary = of_primary.map(|primary| {
        let block = match entrance {
            Entrance::Gateway(role) => primary.gateway(role).map(Clone::clone).into_value(),
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
pub fn keeps_its_roots(planned: &MeshModel, prior: Option<&MeshModel>) -> bool {
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
