//! Create and update of a mesh: what is checked and asked before the first write, and what its clusters need beside objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};

use super::api_servers::api_servers;
use super::authorities::{self, check_existing, check_given, is_missing};
use super::declare::{declare, still_unknown};
use super::managed::character;
use super::mesh_charts::MeshCharts;
use super::model::MeshModel;
use super::place::primary;
use super::resource::MeshResource;
use super::roots::Inquiry;
use super::{documents, newer_release, remove, root_messages, waiting};
use crate::blocks::ImagePullSecretModel;
use crate::clusters::Cluster;
use crate::desired::{Kept, ManifestSet};
use crate::diagnostics;
use crate::lifecycle::{
    ApiServers, Applied, Applying, Change, Character, ClusterPlan, Departure, Located, Page, Render, Role,
    check_role,
};
use crate::mesh::{ClusterFacts, ClusterName, JOIN_PAGE_KEY};
use crate::rollout::{self, Certificates, ClusterOutcome, Given, Installation, Primary, Session};
use crate::trust::Root;

/// A create or an update of a mesh.
pub type MeshChange<'a> = Change<'a, MeshResource>;

/// Checks everything that can be checked before the first write, writes, waits, and returns what is there now.
pub async fn apply(change: &MeshChange<'_>) -> Applied<MeshResource> {
    match Prepared::of(change).await {
        Ok((located, prepared)) => Box::pin(change.run(located, &prepared)).await,
        Err(diagnostics) => Applied::nothing(diagnostics),
    }
}

/// What an apply knows before its first write.
struct Prepared<'a> {
    change: &'a MeshChange<'a>,
    charts: MeshCharts,
    character: Character,
    api_servers: ApiServers,
    /// The root that the user gives.
    root: Option<Arc<Root>>,
    /// What could not be checked.
    warnings: Diagnostics,
}

impl<'a> Prepared<'a> {
    async fn of(change: &'a MeshChange<'a>) -> Result<(Vec<Located>, Self), Diagnostics> {
        let Change { config, planned, data, .. } = *change;
        let (mesh, _warnings) = declare(config)?;
        let Field::Known(mesh) = mesh else { return Err(still_unknown().into()) };
        let located = change.locate(mesh.primaries().keys()).await?;
        let api_servers = api_servers(&mesh, &BTreeSet::new(), data).await?;
        let root = check_given(config, &mesh)?;
        let clusters: Vec<Cluster> = located.iter().map(|located| located.cluster.clone()).collect();
        let cancel = change.session.cancel;
        let is_new = |cluster: &&Cluster| !change.recorded.cluster_uids.contains_key(cluster.name());
        let (joining, namespace) = (clusters.iter().filter(is_new), mesh.namespace().as_str());
        check_role(Role::Primary, joining, namespace, primary, (&data.engines, cancel)).await?;
        let warnings = newer_release::check(change.prior, &mesh, &clusters).await?;
        check_existing(&mesh, &clusters, Some(is_missing), &data.engines, cancel).await?;
        let uids = located.iter().map(|located| located.facts.uid.clone()).collect();
        let given_root = root.as_ref().map(|root| root.certificate().fingerprint());
        let character = character(planned, given_root, uids);
        let charts = MeshCharts::fetch(mesh, &planned.recorded(), data).await?;
        Ok((located, Self { change, charts, character, api_servers, root, warnings }))
    }

    /// What fills the placeholders of one cluster.
    fn primary(&self, installation: Installation, certificates: Option<&Certificates>) -> Primary {
        let cluster = installation.set.cluster();
        Primary {
            certificates: certificates.cloned(),
            api_server: self.api_servers.get(cluster).cloned().unwrap_or_default(),
            given: self.given(cluster.as_str()),
            installation,
        }
    }

    /// What the configuration alone has, and no state or plan.
    fn given(&self, label: &str) -> Given {
        let config = self.change.config;
        let pull_secrets = ImagePullSecretModel::contents(&config.image_pull_secret);
        Given { pull_secrets, key: authorities::key(config, label).map(Into::into) }
    }
}

impl Render for Prepared<'_> {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.charts.render_keeping(cluster, facts, kept)
    }
}

impl Applying for Prepared<'_> {
    type Resource = MeshResource;

    fn character(&self) -> &Character {
        &self.character
    }

    fn chart_digests(&self) -> BTreeMap<String, String> {
        self.charts.digests()
    }

    fn release(&self, cluster: &ClusterName) -> String {
        let primary = self.charts.mesh.primaries().get(cluster);
        primary.map(|primary| primary.member().version().to_string()).unwrap_or_default()
    }

    fn api_servers(&self) -> ApiServers {
        self.api_servers.clone()
    }

    async fn leave(&self, labels: &[String]) -> Result<Vec<Departure>, Diagnostics> {
        let Change { prior, recorded, data, session, .. } = self.change;
        let leave = prior.map(MeshModel::leave).unwrap_or_default();
        remove::prepare(recorded, &leave, labels, data, session.cancel).await
    }

    async fn install(
        &self,
        installations: Vec<Installation>,
        session: &Session<'_>,
    ) -> Result<(Vec<ClusterOutcome>, Diagnostics), Diagnostics> {
        let Change { prior, recorded, secrets, data, .. } = self.change;
        let inquiry = Inquiry { mesh: &self.charts.mesh, prior: *prior, recorded, secrets, data };
        let (source, mut messages) = inquiry.settle(self.root.clone()).await?;
        messages.extend(self.warnings.iter().cloned());
        let certificates = source.and_then(|source| Certificates::of(&self.charts.mesh, source));
        let primaries = installations.into_iter();
        let primaries = primaries.map(|installation| self.primary(installation, certificates.as_ref()));
        let outcomes = rollout::install(primaries.collect(), session).await;
        messages.extend(outcomes.iter().filter_map(given_up));
        Ok((outcomes, messages))
    }

    async fn observe(
        &self,
        state: MeshModel,
        cluster_plans: &[ClusterPlan],
        unfinished: &BTreeSet<String>,
        diagnostics: &mut Diagnostics,
    ) -> MeshModel {
        waiting::with_status(self.change, state, cluster_plans, unfinished, diagnostics).await
    }

    fn page(&self, state: &MeshModel) -> Result<Option<Page>, Diagnostic> {
        let data = documents::page(state).map(|page| page.to_data()).transpose();
        let data = data.map_err(|error| diagnostics::document(&error, AttributePath::new("join")))?;
        Ok(data.map(|data| Page { key: JOIN_PAGE_KEY, data }))
    }
}

fn given_up(outcome: &ClusterOutcome) -> Option<Diagnostic> {
    outcome.given_up.as_ref().map(|given_up| root_messages::given_up(&outcome.cluster, given_up))
}
