//! Create and update of a remote cluster: what is checked before the first write, and in which order the clusters come together.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{Diagnostic, Diagnostics, Field};

use super::declare::{declare, told, validate};
use super::managed::{character, still_unknown};
use super::model::RemoteClusterModel;
use super::place::cluster;
use super::plan::api_servers;
use super::remote_charts::RemoteCharts;
use super::resource::RemoteClusterResource;
use super::{local_authority, others, remove, waiting};
use crate::blocks::ImagePullSecretModel;
use crate::clusters::Cluster;
use crate::desired::{Kept, ManifestSet};
use crate::lifecycle::{
    ApiServers, Applied, Applying, Change, Character, ClusterPlan, Departure, Located, Render, Role,
    check_role, in_the_way,
};
use crate::manifests::secret_field;
use crate::mesh::well_known::remote_secret_name;
use crate::mesh::{ClusterFacts, ClusterName, MemberRecord, RemoteCluster};
use crate::rollout::{self, ClusterOutcome, Given, Installation, Joining, Reading, RolloutError, Session};

/// A create or an update of a remote cluster.
pub type RemoteChange<'a> = Change<'a, RemoteClusterResource>;

/// Checks everything that can be checked before the first write, writes, waits, and returns what is there now.
pub async fn apply(change: &RemoteChange<'_>) -> Applied<RemoteClusterResource> {
    match Prepared::of(change).await {
        Ok((located, prepared)) => Box::pin(change.run(located, &prepared)).await,
        Err(diagnostics) => Applied::nothing(diagnostics),
    }
}

/// What an apply knows before its first write.
struct Prepared<'a> {
    change: &'a RemoteChange<'a>,
    source: RemoteCharts,
    character: Character,
    api_servers: ApiServers,
}

impl<'a> Prepared<'a> {
    async fn of(change: &'a RemoteChange<'a>) -> Result<(Vec<Located>, Self), Diagnostics> {
        let Change { config, planned, data, .. } = *change;
        // The plan has said which primaries serve the cluster.
        let primaries = planned.primaries.clone();
        let config = RemoteClusterModel { primaries, ..config.clone() };
        let Field::Known(remote) = declare(&config)? else { return Err(still_unknown().into()) };
        let valid = validate(&remote)?;
        let labels = [valid.member().name()].into_iter().chain(valid.readers());
        let located = change.locate(labels).await?;
        let own = located.iter().take(1).map(|located| &located.cluster);
        let is_new = |own: &&Cluster| !change.recorded.cluster_uids.contains_key(own.name());
        let (namespace, reading) =
            (valid.identity().namespace().as_str(), (&data.engines, change.session.cancel));
        check_role(Role::Remote, own.filter(is_new), namespace, cluster, reading).await?;
        let uids = located.iter().map(|it| (it.name.as_str(), it.facts.uid.as_str()));
        others::check_primaries(&remote.mesh, uids)?;
        let own = located.first().map(|located| located.facts.uid.clone());
        let recorded = planned.recorded();
        let valid = validate(&RemoteCluster { uid: own, ..remote })?;
        if let Some(own) = located.first() {
            local_authority::check_existing(&valid, &own.cluster, &config.roots()).await?;
        }
        let source = RemoteCharts::fetch(valid, &recorded, data).await?;
        let api_servers = api_servers(&source.remote, data).await?;
        let uids: BTreeSet<String> = located.iter().map(|located| located.facts.uid.clone()).collect();
        let character = character(planned, uids);
        Ok((located, Self { change, source, character, api_servers }))
    }

    /// What the configuration alone has, and no state or plan.
    fn given(&self) -> Given {
        let pull_secrets = ImagePullSecretModel::contents(&self.change.config.image_pull_secret);
        Given { pull_secrets, key: None }
    }

    /// Whether the plan has announced another content of the primary's remote secret.
    fn asks_again(&self, primary: &ClusterName) -> bool {
        let Change { prior, planned, .. } = self.change;
        let remote_secret = remote_secret_name(self.source.remote.member().name());
        let id = format!("{primary}//Secret/{}/{remote_secret}", self.source.remote.identity().namespace());
        let field = secret_field(self.source.remote.member().name().as_str());
        let known = planned.manifests.as_known().and_then(|manifests| manifests.get(&id)?.as_known());
        prior.is_some() && known.is_none_or(|fields| fields.get(&field).is_none_or(Field::is_unknown))
    }

    /// Whether the cluster may be in the mesh beside these.
    fn admit(&self, members: Vec<MemberRecord>) -> Result<(), Box<RolloutError>> {
        let id = self.change.recorded.id.as_deref().unwrap_or_default();
        let others = members.into_iter().filter(|record| !record.is_of(id)).collect();
        let name = self.source.remote.member().name().as_str();
        let refused = self.source.remote.check_beside(others);
        refused.map_err(|violations| in_the_way(&told(name, &violations)))
    }
}

impl Render for Prepared<'_> {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.source.render_keeping(cluster, facts, kept)
    }
}

impl Applying for Prepared<'_> {
    type Resource = RemoteClusterResource;

    fn character(&self) -> &Character {
        &self.character
    }

    fn chart_digests(&self) -> BTreeMap<String, String> {
        self.source.digests()
    }

    fn release(&self, _cluster: &ClusterName) -> String {
        self.source.remote.member().version().to_string()
    }

    fn api_servers(&self) -> ApiServers {
        self.api_servers.clone()
    }

    async fn leave(&self, labels: &[String]) -> Result<Vec<Departure>, Diagnostics> {
        let Change { prior, data, session, .. } = self.change;
        let Some(prior) = prior else { return Ok(Vec::new()) };
        remove::prepare(prior, labels, data, session.cancel).await
    }

    async fn install(
        &self,
        installations: Vec<Installation>,
        session: &Session<'_>,
    ) -> Result<(Vec<ClusterOutcome>, Diagnostics), Diagnostics> {
        let remote = &self.source.remote;
        // The cluster itself was located first.
        let mut installations = installations.into_iter();
        let Some(own) = installations.next() else { return Ok((Vec::new(), Diagnostics::new())) };
        let root =
            local_authority::root(remote, &own.set, &self.change.config.roots(), self.change.data).await?;
        let primaries = installations.map(|installation| Reading {
            serves: remote.serving().contains(installation.set.cluster()),
            asks_again: self.asks_again(installation.set.cluster()),
            installation,
        });
        let joining = Joining {
            api_server: self.api_servers.get(own.set.cluster()).cloned().unwrap_or_default(),
            primaries: primaries.collect(),
            given: self.given(),
            injector: remote.injector(),
            root,
            is_called_from_other_networks: remote.is_called_from_other_networks(),
            admits: &|members| self.admit(members),
            remote: own,
        };
        Ok((rollout::join(joining, session).await, Diagnostics::new()))
    }

    async fn observe(
        &self,
        state: RemoteClusterModel,
        cluster_plans: &[ClusterPlan],
        unfinished: &BTreeSet<String>,
        diagnostics: &mut Diagnostics,
    ) -> RemoteClusterModel {
        waiting::with_status(self.change, state, cluster_plans, unfinished, diagnostics).await
    }
}
