//! `status`: what the cluster was last seen to be, in the words of [`health`](crate::health).

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join, try_join4};
use tfplugin::{Diagnostic, Diagnostics, Field};
use time::OffsetDateTime;

use super::model::{RemoteClusterModel, StatusModel};
use super::place::cluster as place;
use crate::blocks::{state_of, word};
use crate::clusters::{Error, SecretString};
use crate::diagnostics;
use crate::documents::{JoinModel, texts};
use crate::health::{
    self, AuthorityState, EastWest, GatewayState, Held, InjectionState, LastApplyState, Link, LinkState,
    State as _, Verdict, WantedServing,
};
use crate::mesh::well_known::remote_secret_name;
use crate::mesh::{ClusterName, DEFAULT_TRUST_DOMAIN, GatewayRole, Injector};
use crate::mesh_config;
use crate::observe::{
    self, ControlPlane, Gateway, Refusal, RemoteSecret, RemoteSecrets, Scope, Served, Snapshot,
};

/// What was observed of a remote cluster.
pub struct Observed {
    /// In words.
    pub status: StatusModel,
    /// What could not be observed.
    pub warnings: Diagnostics,
}

/// What of a cluster the status is judged by.
pub fn scope(state: &RemoteClusterModel, label: &str) -> Scope {
    let namespace = state.namespace().into_known().unwrap_or_default();
    let token = state.reader_token_secret();
    if label != state.label() {
        let scope = observe::control_plane_scope(Scope::default(), &namespace, &state.gateway_namespace());
        return observe::remote_access_scope(scope, &namespace, &token);
    }
    let scope = observe::remote_access_scope(Scope::default(), &namespace, &token);
    let scope = observe::served_scope(scope, &namespace, state.injector());
    let scope = match state.injector() {
        Injector::Primary => scope,
        Injector::Local => observe::authority_scope(scope, &namespace),
    };
    match state.east_west_gateway.as_known() {
        Some(_) => {
            observe::gateway_scope(scope, GatewayRole::EastWest, &namespace, &state.gateway_namespace())
        }
        None => scope,
    }
}

/// What was seen in the cluster itself.
struct Own {
    served: Served,
    authority: Option<AuthorityState>,
    gateway: Option<Gateway>,
    token: Option<SecretString>,
}

/// What was seen in a primary.
struct Primary {
    control_plane: ControlPlane,
    secrets: RemoteSecrets,
}

impl StatusModel {
    /// The same with how the last apply ended in all clusters together.
    #[must_use]
    pub fn with_last_apply(self, is_finished: Option<bool>) -> Self {
        let state =
            is_finished.map(
                |is_finished| {
                    if is_finished { LastApplyState::Complete } else { LastApplyState::Unfinished }
                },
            );
        Self { last_apply: state.map_or(self.last_apply, word), ..self }
    }
}

/// Observes `clusters`, those of the resource of this state. Of what cannot be observed, the word of `before` stays, with a warning.
pub async fn observe(
    state: &RemoteClusterModel,
    before: &Field<StatusModel>,
    clusters: &[Snapshot],
) -> Observed {
    let before = before.as_known().cloned().unwrap_or_default();
    let namespace = state.namespace().into_known().unwrap_or_default();
    let (own, others): (Vec<&Snapshot>, Vec<&Snapshot>) =
        clusters.iter().partition(|cluster| cluster.name() == state.label());
    let own = join_all(own.into_iter().map(|cluster| own_of(state, cluster, &namespace)));
    let looks = others.iter().map(|cluster| primary_of(state, cluster, &namespace));
    let (own, seen) = futures::future::join(own, join_all(looks)).await;
    let mut warnings = Diagnostics::new();
    let own = own.into_iter().next().and_then(|own| kept(own, state.label(), &mut warnings));
    let mut primaries = BTreeMap::new();
    for (cluster, seen) in others.iter().zip(seen) {
        let Ok(name) = cluster.name().parse::<ClusterName>() else { continue };
        if let Some(primary) = kept(seen, cluster.name(), &mut warnings) {
            if let Err(reason) = &primary.control_plane.replicas {
                warnings.push(cannot_ask(cluster.name(), reason));
            }
            primaries.insert(name, primary);
        }
    }
    let observation = Observation {
        state,
        join: state.join().ok().and_then(Field::into_known).unwrap_or_default(),
        before: &before,
        own: own.as_ref(),
        primaries: &primaries,
    };
    Observed { status: observation.status().await, warnings }
}

async fn own_of(state: &RemoteClusterModel, cluster: &Snapshot, namespace: &str) -> Result<Own, Error> {
    let gateway = async {
        match state.east_west_gateway.as_known() {
            Some(_) => {
                let at = state.gateway_namespace();
                observe::gateway(cluster, GatewayRole::EastWest, namespace, &at).await
            }
            None => Ok(None),
        }
    };
    let served = observe::served(cluster, namespace, state.injector());
    let secret = state.reader_token_secret();
    let token = observe::token(cluster, namespace, &secret);
    let authority = authority_of(state, cluster, namespace);
    let (served, gateway, token, authority) = Box::pin(try_join4(served, gateway, token, authority)).await?;
    Ok(Own { served, authority, gateway, token })
}

/// How it stands with what istiod in the cluster signs with, if there is one.
async fn authority_of(
    state: &RemoteClusterModel,
    cluster: &Snapshot,
    namespace: &str,
) -> Result<Option<AuthorityState>, Error> {
    let Some(mode) = state.authority_mode() else { return Ok(None) };
    let (files, roots) =
        try_join(observe::authority(cluster, namespace), observe::roots(cluster, namespace)).await?;
    let now = OffsetDateTime::now_utc();
    Ok(Some(AuthorityState::of_files(files.as_ref(), roots.as_deref(), mode, now)))
}

/// istiod is asked for the proxies in the namespace of the cluster's own gateway.
async fn primary_of(
    state: &RemoteClusterModel,
    cluster: &Snapshot,
    namespace: &str,
) -> Result<Primary, Error> {
    let gateways = state.gateway_namespace();
    let control_plane = observe::control_plane(cluster, namespace, &gateways, true);
    let (control_plane, secrets) =
        try_join(control_plane, observe::remote_secrets(cluster, namespace)).await?;
    Ok(Primary { control_plane, secrets })
}

fn kept<T>(seen: Result<T, Error>, label: &str, warnings: &mut Diagnostics) -> Option<T> {
    let unseen = |error| {
        let consequence = "status keeps what was last observed of this cluster.";
        diagnostics::cluster_skipped(&error, Some(place(label)), consequence)
    };
    seen.map_err(|error| warnings.push(unseen(error))).ok()
}

/// What the status is made from.
struct Observation<'a> {
    state: &'a RemoteClusterModel,
    join: JoinModel,
    before: &'a StatusModel,
    own: Option<&'a Own>,
    primaries: &'a BTreeMap<ClusterName, Primary>,
}

impl Observation<'_> {
    async fn status(&self) -> StatusModel {
        let (gateway, gateway_addresses) = self.gateway();
        let injection = match self.own {
            Some(own) => word(self.injection(&own.served, state_of(&gateway))),
            None => self.before.injection.clone(),
        };
        let authority = match self.own {
            Some(own) => own.authority.map_or(Field::Null, word),
            None => self.before.authority.clone(),
        };
        let is_served = state_of(&injection) == Some(InjectionState::Ready);
        let is_open = gateway.is_null() || state_of(&gateway) == Some(GatewayState::Ready);
        let links = self.links(is_open, is_served).await;
        let last_apply = self.before.last_apply.clone();
        let links = Field::Known(links);
        StatusModel { injection, authority, gateway, gateway_addresses, links, last_apply }
    }

    fn injection(&self, served: &Served, gateway: Option<GatewayState>) -> InjectionState {
        let istiods = self.istiods();
        let wanted = WantedServing {
            injector: self.state.injector(),
            control_plane_clusters: &self.serving().join(","),
            trust_domain: self.join.trust_domain.as_str().unwrap_or(DEFAULT_TRUST_DOMAIN),
            roots: self.join.root_certificates.as_str().unwrap_or_default(),
            istiods: istiods.as_ref(),
        };
        let trust_domain = served.mesh_config.as_deref().and_then(mesh_config::trust_domain);
        let state = InjectionState::of(served, trust_domain.as_deref(), &wanted);
        let has_gateway = gateway == Some(GatewayState::Ready);
        let state = self.control_planes(self.serving()).map_or(state, |serving| state.by_roots(&serving));
        let uids = self.state.cluster_uids.as_known().into_iter().flatten();
        let primaries = uids.map(|(label, _)| label.as_str()).filter(|label| *label != self.state.label());
        match self.control_planes(primaries.collect()) {
            Some(primaries) if has_gateway => state.by_connections(&primaries, self.state.label()),
            _ => state,
        }
    }

    /// What was seen of these primaries; `None` unless all of them were seen.
    fn control_planes(&self, names: Vec<&str>) -> Option<Vec<&ControlPlane>> {
        let seen = names.into_iter().map(|name| {
            let primary = self.primaries.get(&name.parse::<ClusterName>().ok()?)?;
            Some(&primary.control_plane)
        });
        seen.collect()
    }

    /// The ready pods of istiod in the primaries that serve the cluster; `None` if some could not be seen.
    fn istiods(&self) -> Option<BTreeSet<String>> {
        let mut istiods = BTreeSet::new();
        for primary in self.serving() {
            let seen = self.primaries.get(&primary.parse().ok()?)?;
            istiods
                .extend(seen.control_plane.replicas.as_ref().ok()?.iter().map(|istiod| istiod.pod.clone()));
        }
        Some(istiods)
    }

    /// The primaries that serve the cluster.
    fn serving(&self) -> Vec<&str> {
        self.state.primaries.as_known().into_iter().flatten().filter_map(Field::as_str).collect()
    }

    /// The gateway's state and addresses.
    fn gateway(&self) -> (Field<String>, Field<Vec<Field<String>>>) {
        if !self.state.east_west_gateway.is_known() {
            return (Field::Null, texts([]));
        }
        let Some(own) = self.own else {
            return (self.before.gateway.clone(), self.before.gateway_addresses.clone());
        };
        let wanted = EastWest {
            network: self.state.network.as_str().unwrap_or_default(),
            has_several_networks: true,
            is_called: self.is_called_from_other_networks() && self.state.drain != Field::Known(true),
            is_typed: false,
        };
        let addresses = own.gateway.as_ref().filter(|gateway| gateway.port.is_some());
        let addresses = addresses.into_iter().flat_map(|gateway| gateway.addresses.iter().cloned());
        (word(GatewayState::of_east_west(own.gateway.as_ref(), &wanted)), texts(addresses))
    }

    fn is_called_from_other_networks(&self) -> bool {
        let clusters = self.join.clusters.as_known().into_iter().flatten();
        let mut networks = clusters.map(|(_, cluster)| &cluster.network);
        networks.any(|network| *network != self.state.network)
    }

    /// Whether primaries read the cluster, and whether calls from it reach them.
    async fn links(&self, is_open: bool, is_served: bool) -> BTreeMap<String, Field<String>> {
        let Ok(name) = self.state.label().parse::<ClusterName>() else { return BTreeMap::new() };
        let known = self.state.cluster_uids.as_known().into_iter().flatten();
        let readers: BTreeSet<&str> = known.map(|(label, _)| label.as_str()).collect();
        let clusters = self.join.clusters.as_known().into_iter().flatten();
        let primaries: Vec<(ClusterName, bool)> = clusters
            .filter_map(|(label, cluster)| Some((label.parse().ok()?, cluster.drain == Field::Known(true))))
            .collect();
        let serving = self.serving();
        let states = primaries.iter().map(async |(primary, _)| {
            let is_read = readers.contains(primary.as_str());
            if is_read { self.reading(primary, &name).await } else { LinkState::Drained }
        });
        let states: Vec<LinkState> = join_all(states).await;
        let mut served =
            primaries.iter().zip(&states).filter(|((name, _), _)| serving.contains(&name.as_str()));
        let is_served = is_served && served.any(|(_, state)| *state == LinkState::Ready);
        let mut links = BTreeMap::new();
        for ((primary, is_drained), state) in primaries.iter().zip(states) {
            let is_apart = self.network_of(primary) != self.state.network.as_str();
            let state =
                if state == LinkState::Ready && is_apart && !is_open { LinkState::NoGateway } else { state };
            let back = match self.network_is_open(primary) {
                _ if *is_drained => LinkState::Drained,
                _ if !is_served => LinkState::NoControlPlane,
                false if is_apart => LinkState::NoGateway,
                _ => LinkState::Ready,
            };
            let link = |reader: &ClusterName, read: &ClusterName| {
                Link { reader: reader.clone(), read: read.clone() }.to_string()
            };
            links.insert(link(primary, &name), word(state));
            links.insert(link(&name, primary), word(back));
        }
        links
    }

    /// How far istiod of a primary is with the cluster. What the Secrets say counts also where istiod cannot be asked.
    async fn reading(&self, primary: &ClusterName, name: &ClusterName) -> LinkState {
        let seen = self.primaries.get(primary);
        let secret = seen.map(|seen| seen.secrets.get(&remote_secret_name(name), name.as_str()));
        let token = self.own.map(|own| own.token.as_ref());
        let held = Held::of(secret.as_ref(), |access| token.is_none_or(|token| access.has_token(token)));
        let link = Link { reader: primary.clone(), read: name.clone() };
        let before = self.before.links.as_known().and_then(|links| links.get(&link.to_string()));
        let before = before.and_then(state_of).unwrap_or(LinkState::UNKNOWN);
        let control_plane = seen.map(|seen| &seen.control_plane);
        match (health::judged(control_plane, name, false, held, before), secret) {
            (Verdict::Unless(state), Some(RemoteSecret::Usable(access))) => {
                match access.refusal(name.as_str()).await {
                    // That it is the present one has been seen.
                    Some(Refusal::Token) if token.is_some() => LinkState::TokenNotAccepted,
                    Some(refusal) => refusal.into(),
                    // From here all is well, and istiod says that it is not.
                    None if self.is_kept_out() => LinkState::ReaderForbidden,
                    None => state,
                }
            }
            (Verdict::Is(state) | Verdict::Unless(state), _) => state,
        }
    }

    /// Whether istiod may not do something without which it does not count the cluster as read.
    fn is_kept_out(&self) -> bool {
        self.own.is_some_and(|own| own.served.forbidden.is_else)
    }

    fn network_of(&self, primary: &ClusterName) -> Option<&str> {
        self.join.clusters.as_known()?.get(primary.as_str())?.network.as_str()
    }

    /// Whether a primary on the network of this one has a gateway with an address.
    fn network_is_open(&self, primary: &ClusterName) -> bool {
        let network = self.network_of(primary);
        let mut clusters = self.join.clusters.as_known().into_iter().flatten();
        clusters.any(|(_, cluster)| {
            let has_address = cluster.gateway_addresses.as_known().is_some_and(|it| !it.is_empty());
            cluster.network.as_str() == network && has_address
        })
    }
}

fn cannot_ask(label: &str, reason: &str) -> Diagnostic {
    let detail = format!(
        "Could not verify whether it has accepted the cluster; status keeps what was last observed. Querying istiod requires permission \
         to create pods/portforward in the mesh's namespace. The cause: {reason}"
    );
    Diagnostic::warning(format!("Cluster {label:?}: could not query istiod"), detail).at(place(label))
}
