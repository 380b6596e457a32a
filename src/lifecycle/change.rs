//! One run that changes clusters: what it is given, and what private state remembers of it.

use std::time::{Duration, Instant};

use tfplugin::{Context, Diagnostic, Diagnostics, Outcome};

use super::leaving::{Departure, empty};
use super::managed::Managed;
use super::place::Place;
use super::recorded::Recorded;
use super::recorded_fingerprints::RecordedFingerprints;
use super::secrets::Secrets;
use crate::diagnostics;
use crate::provider_data::ProviderData;
use crate::rollout::{self, Session};

/// The name in private state of the run that last wrote it.
const LAST_RUN: &str = "run";

/// What an apply is given.
pub struct Change<'a, R: Managed> {
    /// The state before; `None` for a create.
    pub prior: Option<&'a R::Model>,
    /// The configuration, wholly known.
    pub config: &'a R::Model,
    /// The plan.
    pub planned: &'a R::Model,
    /// What the state before says.
    pub recorded: Recorded,
    /// What the resource remembers of secrets.
    pub secrets: &'a Secrets,
    /// The provider.
    pub data: &'a ProviderData,
    /// The run.
    pub session: Session<'a>,
}

/// What an apply has done.
pub struct Applied<R: Managed> {
    pub(super) outcome: Outcome<R::Model>,
    /// What was filled into placeholders; `None` if nothing was written.
    pub(super) fingerprints: Option<RecordedFingerprints>,
}

impl<'a, R: Managed> Change<'a, R> {
    /// A run that begins now.
    pub fn begin(
        prior: Option<&'a R::Model>,
        config: &'a R::Model,
        planned: &'a R::Model,
        secrets: &'a Secrets,
        timeout: Duration,
        context: &'a Context<ProviderData>,
    ) -> Self {
        // Of a create, nothing but what kind it is.
        let recorded = prior.map_or_else(|| R::recorded(planned).without_clusters(), R::recorded);
        Self {
            prior,
            config,
            planned,
            recorded,
            secrets,
            data: context.data(),
            session: session(timeout, context),
        }
    }
}

impl<R: Managed> Applied<R> {
    /// Nothing was written anywhere.
    pub fn nothing(diagnostics: impl Into<Diagnostics>) -> Self {
        Self { outcome: Outcome::failed(diagnostics), fingerprints: None }
    }

    /// Remembers the run. What a failed create has made is kept, and Terraform marks it as tainted: the messages say the way out.
    pub fn remembered(self, change: &Change<'_, R>, context: &Context<ProviderData>) -> Outcome<R::Model> {
        let Self { mut outcome, fingerprints } = self;
        if change.prior.is_none() {
            outcome = with_the_way_out_of_taint::<R>(outcome);
        }
        let remembered = remember(&change.session, context);
        let recorded = fingerprints.map_or(Ok(()), |fingerprints| fingerprints.record(context.private()));
        outcome.with(remembered.err().into_iter().chain(recorded.err()))
    }
}

/// A run that begins now and may take so long.
pub fn session(timeout: Duration, context: &Context<ProviderData>) -> Session<'_> {
    Session {
        holder: rollout::holder(),
        // The run that state was last written by is over, whatever its claims say.
        after: context.private().get(LAST_RUN).ok().flatten(),
        deadline: Instant::now() + timeout,
        cancel: context.cancellation(),
    }
}

/// Deletes what a resource has made in these clusters.
pub async fn destroy(
    departures: &[Departure],
    session: &Session<'_>,
    place: Place,
    context: &Context<ProviderData>,
) -> Outcome<()> {
    let (_, diagnostics) = empty(departures, session, place).await;
    if let Err(error) = remember(session, context) {
        return Outcome::failed(error);
    }
    if diagnostics.has_errors() { Outcome::failed(diagnostics) } else { Outcome::new(()).with(diagnostics) }
}

fn remember(session: &Session<'_>, context: &Context<ProviderData>) -> Result<(), Diagnostic> {
    context.private().set(LAST_RUN, &session.holder).map_err(|error| {
        let way_out =
            "This is a bug in the provider. What was done is recorded in the clusters and in state.";
        diagnostics::failure("Cannot store the name of this run", &error, way_out, None)
    })
}

fn with_the_way_out_of_taint<R: Managed>(outcome: Outcome<R::Model>) -> Outcome<R::Model> {
    match outcome.into_parts() {
        (Some(state), messages) => {
            Outcome::new(state).with(diagnostics::of_tainted(messages, R::KIND.resource_type))
        }
        (None, messages) => Outcome::failed(messages),
    }
}
