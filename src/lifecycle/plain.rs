//! The verbs of a resource that is its objects and nothing else: what every resource does, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tfplugin::{
    Create, Diagnostic, Diagnostics, Field, Outcome, PlanCreate, PlanUpdate, Planned, Resource, Schema,
    Update,
};

use super::apply::Applying;
use super::book::Character;
use super::change::{Applied, Change, destroy, session};
use super::drawn::{Flattened, draw};
use super::facts::PlannedClusters;
use super::field_maps::{Rendered, planned_manifests};
use super::import::import_by_name;
use super::leaving::{Departure, Everything, prepare_leaving};
use super::managed::{Holdings, Managed, Render};
use super::reached::{ReadTime, reach};
use super::recorded_fingerprints::ApiServers;
use super::refresh::Refresh;
use super::secrets::{Secrets, recorded_key};
use crate::desired::{Kept, ManifestSet};
use crate::mesh::{ClusterFacts, ClusterName};
use crate::observe::Scope;
use crate::provider_data::ProviderData;
use crate::rollout::{self, ClusterOutcome, Given, Installation, OwnerKind, Session};

type Context = tfplugin::Context<ProviderData>;

/// A resource that is its objects and nothing else, whose configuration is known when it is planned.
pub trait Plain: Managed {
    /// How long any of its operations may take.
    const TIMEOUT: Duration;

    /// What kind of owner its name makes it.
    fn owner_kind(name: &str) -> OwnerKind;

    /// What fills its placeholders at each apply.
    fn given(config: &Self::Model) -> Given;
}

/// The resource that Terraform sees of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainResource<R>(pub R);

impl<R: Plain + Send + 'static> Resource for PlainResource<R> {
    type Data = ProviderData;
    type Model = R::Model;

    const TYPE: &'static str = R::KIND.resource_type;

    fn schema(&self) -> Schema {
        R::schema()
    }

    async fn plan_create(&self, plan: PlanCreate<R::Model>, context: &Context) -> Outcome<R::Model> {
        with_messages(planned::<R>(None, plan.planned, context).await)
    }

    async fn plan_update(&self, plan: PlanUpdate<R::Model>, context: &Context) -> Outcome<Planned<R::Model>> {
        with_messages(planned::<R>(Some(&plan.prior), plan.planned, context).await).map(Planned::from)
    }

    async fn create(&self, create: Create<R::Model>, context: &Context) -> Outcome<R::Model> {
        apply::<R>(None, &create.config, &create.planned, context).await
    }

    async fn update(&self, update: Update<R::Model>, context: &Context) -> Outcome<R::Model> {
        apply::<R>(Some(&update.prior), &update.config, &update.planned, context).await
    }

    async fn delete(&self, prior: R::Model, context: &Context) -> Outcome<()> {
        let recorded = R::recorded(&prior);
        let labels: Vec<String> = recorded.cluster_uids.keys().cloned().collect();
        let engines = &context.data().engines;
        let (place, everything) = (R::KIND.place, Everything { recorded: &recorded, engines });
        match prepare_leaving(&recorded, &labels, context.data(), place, &everything).await {
            Ok(departures) => destroy(&departures, &session(R::TIMEOUT, context), place, context).await,
            Err(refusals) => Outcome::failed(refusals),
        }
    }

    async fn read(&self, state: R::Model, context: &Context) -> Outcome<Option<R::Model>> {
        with_messages(refreshed::<R>(state, context).await).map(Some)
    }

    async fn import(&self, id: String, context: &Context) -> Outcome<R::Model> {
        import_by_name::<R>(&id, R::owner_kind, context).await.into()
    }
}

async fn planned<R: Managed>(
    prior: Option<&R::Model>,
    planned: R::Model,
    context: &Context,
) -> Result<(R::Model, Diagnostics), Diagnostics> {
    let (data, cancel) = (context.data(), context.cancellation());
    let secrets = Secrets::recorded(context.private())?;
    let mut messages = Diagnostics::new();
    let known = R::recorded(prior.unwrap_or(&planned));
    let clusters = PlannedClusters::look(R::KIND, &names::<R>(&planned), known, data, &mut messages).await?;
    let namespace = R::recorded(&planned).namespace;
    clusters.check_strangers(&namespace, &character::<R>(&planned, BTreeSet::new()), cancel).await?;
    let source = R::source(&planned, &clusters.recorded, data).await?;
    let (before, nowhere) = (&clusters.recorded.objects, ApiServers::new());
    let (flattened, ignored) = (Flattened::default(), R::ignored_fields(&planned));
    let drawn = draw(&source, &clusters.facts, &secrets, before, |id, manifest, keeping| {
        let rendered = Rendered::of(id, manifest, keeping, &secrets, before, &nowhere, &flattened);
        Some(rendered.without(&ignored, id))
    })?;
    let manifests = planned_manifests(drawn, before, data.plan_detail);
    clusters.check_immutable(&manifests, &secrets.key, |id, _| (R::KIND.place)(&id.cluster), cancel).await?;
    let holdings = Holdings {
        id: clusters.recorded.id.clone().map_or(Field::Unknown, Field::Known),
        manifests,
        chart_digests: Field::Known(BTreeMap::new()),
        cluster_uids: clusters.cluster_uids(),
        kubernetes_versions: clusters.kubernetes_versions(),
    };
    Ok((R::with(planned, holdings), messages))
}

async fn apply<R: Plain>(
    prior: Option<&R::Model>,
    config: &R::Model,
    planned: &R::Model,
    context: &Context,
) -> Outcome<R::Model> {
    let secrets = match Secrets::recorded_or_drawn(context.private()) {
        Ok(secrets) => secrets,
        Err(error) => return Outcome::failed(error),
    };
    let change = Change::<R>::begin(prior, config, planned, &secrets, R::TIMEOUT, context);
    let applied = match applied(&change).await {
        Ok(applied) => applied,
        Err(diagnostics) => Applied::nothing(diagnostics),
    };
    applied.remembered(&change, context)
}

async fn applied<R: Plain>(change: &Change<'_, R>) -> Result<Applied<R>, Diagnostics> {
    let located = change.locate(&names::<R>(change.planned)).await?;
    let uids = located.iter().map(|located| located.facts.uid.clone()).collect();
    let source = R::source(change.config, &R::recorded(change.planned), change.data).await?;
    let given = R::given(change.config);
    let objects = Objects { change, source, character: character::<R>(change.planned, uids), given };
    Ok(change.run(located, &objects).await)
}

async fn refreshed<R: Plain>(
    state: R::Model,
    context: &Context,
) -> Result<(R::Model, Diagnostics), Diagnostics> {
    let (recorded, time) = (R::recorded(&state), ReadTime::begin(R::TIMEOUT));
    let key = recorded_key(context.private())?;
    let (reached, mut warnings) = reach(&recorded, context.data(), time, R::KIND.place).await?;
    let scope = |_: &str| Scope::default();
    let ignored = R::ignored_fields(&state);
    let (kind, cancel) = (R::KIND, context.cancellation());
    let refresh = Refresh { key: &key, kind, ignored: &ignored, time, cancel, scope: &scope };
    let (recorded, further) = refresh.objects(reached, recorded).await?;
    warnings.extend(further);
    Ok((R::with(state, recorded.into()), warnings))
}

fn with_messages<T>(done: Result<(T, Diagnostics), Diagnostics>) -> Outcome<T> {
    done.map_or_else(Outcome::failed, |(value, messages)| Outcome::new(value).with(messages))
}

fn names<R: Managed>(model: &R::Model) -> BTreeSet<ClusterName> {
    R::labels(model).iter().filter_map(|label| label.parse().ok()).collect()
}

fn character<R: Managed>(model: &R::Model, clusters: BTreeSet<String>) -> Character {
    Character { traits: R::traits(model), clusters }
}

/// An apply of objects and nothing else.
struct Objects<'a, R: Managed> {
    change: &'a Change<'a, R>,
    source: R::Source,
    character: Character,
    given: Given,
}

impl<R: Managed> Render for Objects<'_, R> {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.source.render_keeping(cluster, facts, kept)
    }
}

impl<R: Managed> Applying for Objects<'_, R> {
    type Resource = R;

    fn character(&self) -> &Character {
        &self.character
    }

    async fn leave(&self, labels: &[String]) -> Result<Vec<Departure>, Diagnostics> {
        let Change { recorded, data, .. } = self.change;
        let everything = Everything { recorded, engines: &data.engines };
        prepare_leaving(recorded, labels, data, R::KIND.place, &everything).await
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
