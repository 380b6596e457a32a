//! `status` as a plan knows it, member by member: unknown is what this apply may change, and whatever is not good.

use tfplugin::Field;

use super::model::{RemoteClusterModel, StatusModel};
use crate::blocks::{good, word};
use crate::health::{AuthorityState, GatewayState, InjectionState, LastApplyState, Link, LinkState};
use crate::mesh::{ClusterName, GatewayRole, Injector, ValidatedRemote};

/// What `status` is planned as.
pub fn planned(
    planned: &RemoteClusterModel,
    prior: Option<&RemoteClusterModel>,
    remote: &ValidatedRemote,
) -> Field<StatusModel> {
    let Some(prior) = prior.filter(|prior| uid(prior, prior.label()) == uid(planned, planned.label())) else {
        return Field::Unknown;
    };
    let Some(before) = prior.status.as_known() else { return Field::Unknown };
    let serves = prior.primaries == planned.primaries && prior.injector() == planned.injector();
    let authority = match (remote.injector(), prior.injector() == remote.injector()) {
        (Injector::Primary, _) => Field::Null,
        (Injector::Local, true) => good::<AuthorityState>(&before.authority),
        (Injector::Local, false) => Field::Unknown,
    };
    let has_gateway = planned.east_west_gateway.is_known();
    let stays = prior.east_west_gateway.is_known() == has_gateway;
    let gateway = match (has_gateway, stays) {
        (false, _) => Field::Null,
        (true, true) => good::<GatewayState>(&before.gateway),
        (true, false) => Field::Unknown,
    };
    let is_found = before.gateway_addresses.as_known().is_some_and(|it| !it.is_empty());
    let keeps_addresses = stays && (!has_gateway || (is_found && keeps_its_service(planned, prior)));
    let links = links(remote).into_iter().map(|(link, is_drained)| {
        if is_drained {
            return (link.to_string(), word(LinkState::Drained));
        }
        let other = if link.read == *remote.member().name() { &link.reader } else { &link.read };
        let was_reader = uid(prior, other.as_str()).is_some();
        let is_known = was_reader == remote.readers().contains(other) && serves;
        let state = before.links.as_known().and_then(|links| links.get(&link.to_string()));
        let state = state.filter(|_| is_known);
        (link.to_string(), state.map_or(Field::Unknown, good::<LinkState>))
    });
    Field::Known(StatusModel {
        injection: if serves { good::<InjectionState>(&before.injection) } else { Field::Unknown },
        authority,
        gateway,
        gateway_addresses: if keeps_addresses { before.gateway_addresses.clone() } else { Field::Unknown },
        links: Field::Known(links.collect()),
        last_apply: good::<LastApplyState>(&before.last_apply),
    })
}

/// The links of the cluster and every primary, in both directions, and whether there are no calls since one of them is on its way out.
fn links(remote: &ValidatedRemote) -> Vec<(Link, bool)> {
    let name = remote.member().name();
    let both = remote.primaries().iter().filter_map(|(label, primary)| {
        let other: ClusterName = label.parse().ok()?;
        let is_read = remote.readers().contains(&other);
        let back = Link { reader: name.clone(), read: other.clone() };
        Some([(Link { reader: other, read: name.clone() }, !is_read), (back, primary.drain)])
    });
    both.flatten().collect()
}

fn uid<'a>(model: &'a RemoteClusterModel, label: &str) -> Option<&'a String> {
    model.cluster_uids.as_known()?.get(label)?.as_known()
}

/// Whether the gateway's Service stays as it is.
fn keeps_its_service(planned: &RemoteClusterModel, prior: &RemoteClusterModel) -> bool {
    let id = format!(
        "{}//Service/{}/{}",
        planned.label(),
        planned.gateway_namespace(),
        GatewayRole::EastWest.name()
    );
    let service = |model: &RemoteClusterModel| model.manifests.as_known()?.get(&id).cloned();
    let before = service(prior);
    before.is_some() && before == service(planned)
}
