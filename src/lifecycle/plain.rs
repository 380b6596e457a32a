//! Plan and apply of a resource that is its objects and nothing else: what every resource does, and no more.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{Context, Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::apply::Applying;
use super::book::Character;
use super::change::{Applied, Change};
use super::drawn::{Flattened, draw};
use super::facts::PlannedClusters;
use super::field_maps::{Manifests, Rendered, planned_manifests};
use super::leaving::Departure;
use super::managed::{Holdings, Managed, Render};
use super::recorded_fingerprints::ApiServers;
use super::secrets::Secrets;
use super::verbs::Verbs;
use crate::desired::{Kept, ManifestSet};
use crate::mesh::{ClusterFacts, ClusterName};
use crate::provider_data::ProviderData;
use crate::rollout::{self, ClusterOutcome, Given, Installation, Session};

pub(super) async fn plan<R: Verbs>(
    prior: Option<&R::Model>,
    planned: R::Model,
    secrets: &Secrets,
    context: &Context<ProviderData>,
) -> Result<(R::Model, Diagnostics), Diagnostics> {
    let (data, cancel) = (context.data(), context.cancellation());
    let mut messages = Diagnostics::new();
    let known = R::recorded(prior.unwrap_or(&planned));
    let clusters = PlannedClusters::look(R::KIND, &names::<R>(&planned), known, data, &mut messages).await?;
    let namespace = R::recorded(&planned).namespace;
    clusters.check_strangers(&namespace, &character::<R>(&planned, BTreeSet::new()), cancel).await?;
    let source = R::source(&planned, &clusters.recorded, data).await?;
    let manifests = planned_objects::<R>(&planned, &source, &clusters, secrets, (data, cancel)).await?;
    let holdings = Holdings {
        id: clusters.recorded.id.clone().map_or(Field::Unknown, Field::Known),
        manifests,
        chart_digests: Field::Known(BTreeMap::new()),
        cluster_uids: clusters.cluster_uids(),
        kubernetes_versions: clusters.kubernetes_versions(),
    };
    Ok((R::with(planned, holdings), messages))
}

/// The objects of a plan in which all is known.
///
/// # Errors
/// They cannot be rendered, or cannot become what is planned.
pub async fn planned_objects<R: Managed>(
    planned: &R::Model,
    source: &R::Source,
    clusters: &PlannedClusters,
    secrets: &Secrets,
    (data, cancel): (&ProviderData, &CancellationToken),
) -> Result<Field<Manifests>, Diagnostics> {
    let (before, nowhere) = (&clusters.recorded.objects, ApiServers::new());
    let (flattened, ignored) = (Flattened::default(), R::ignored_fields(planned));
    let drawn = draw(source, &clusters.facts, secrets, before, |id, manifest, keeping| {
        let rendered = Rendered::of(id, manifest, keeping, secrets, before, &nowhere, &flattened);
        Some(rendered.without(&ignored, id))
    })?;
    let manifests = planned_manifests(drawn, before, data.plan_detail);
    clusters.check_immutable(&manifests, &secrets.key, |id, _| (R::KIND.place)(&id.cluster), cancel).await?;
    Ok(manifests)
}

pub(super) async fn apply<R: Verbs>(change: &Change<'_, R>) -> Applied<R> {
    match applied(change).await {
        Ok(applied) => applied,
        Err(diagnostics) => Applied::nothing(diagnostics),
    }
}

async fn applied<R: Verbs>(change: &Change<'_, R>) -> Result<Applied<R>, Diagnostics> {
    let located = change.locate(&names::<R>(change.planned)).await?;
    let uids = located.iter().map(|located| located.facts.uid.clone()).collect();
    let source = R::source(change.config, &R::recorded(change.planned), change.data).await?;
    let given = R::given(change.config);
    let objects = Objects { change, source, character: character::<R>(change.planned, uids), given };
    Ok(change.run(located, &objects).await)
}

fn names<R: Managed>(model: &R::Model) -> BTreeSet<ClusterName> {
    R::labels(model).iter().filter_map(|label| label.parse().ok()).collect()
}

fn character<R: Managed>(model: &R::Model, clusters: BTreeSet<String>) -> Character {
    Character { traits: R::traits(model), clusters }
}

/// An apply of objects and nothing else.
struct Objects<'a, R: Verbs> {
    change: &'a Change<'a, R>,
    source: R::Source,
    character: Character,
    given: Given,
}

impl<R: Verbs> Render for Objects<'_, R> {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.source.render_keeping(cluster, facts, kept)
    }
}

impl<R: Verbs> Applying for Objects<'_, R> {
    type Resource = R;

    fn character(&self) -> &Character {
        &self.character
    }

    async fn leave(&self, labels: &[String]) -> Result<Vec<Departure>, Diagnostics> {
        let Change { prior, recorded, data, session, .. } = self.change;
        match prior {
            Some(prior) => R::leave(prior, recorded, labels, data, session.cancel).await,
            None => Ok(Vec::new()),
        }
    }

    async fn install(
        &self,
        installations: Vec<Installation>,
        session: &Session<'_>,
    ) -> Result<(Vec<ClusterOutcome>, Diagnostics), Diagnostics> {
        let installations = installations.into_iter().map(|it| (it, self.given.clone())).collect();
        Ok((rollout::install_objects(installations, session).await, Diagnostics::new()))
    }
}
