//! Create and update of a federation.

use std::collections::BTreeSet;

use tfplugin::{Diagnostic, Diagnostics, Field};
use time::OffsetDateTime;

use super::declare::{declare, validate};
use super::managed::{Source, character, still_unknown};
use super::model::FederationModel;
use super::resource::FederationResource;
use super::{document, foreign_gateways, others, trusted, waiting};
use crate::clusters::Cluster;
use crate::desired::{Kept, ManifestSet};
use crate::lifecycle::{
    Applied, Applying, Change, Character, ClusterPlan, Departure, Render, Verbs as _, in_the_way,
};
use crate::mesh::{ClusterFacts, ClusterName, Federation, MemberRecord};
use crate::rollout::{self, ClusterOutcome, Federating, Installation, RolloutError, Session};

/// A create or an update of a federation.
pub type FederationChange<'a> = Change<'a, FederationResource>;

/// Checks everything that can be checked before the first write, writes, waits, and returns what is there now.
pub async fn apply(change: &FederationChange<'_>) -> Applied<FederationResource> {
    match applied(change).await {
        Ok(applied) => applied,
        Err(diagnostics) => Applied::nothing(diagnostics),
    }
}

async fn applied(change: &FederationChange<'_>) -> Result<Applied<FederationResource>, Diagnostics> {
    let Field::Known(federation) = declare(change.config, change.prior)? else {
        return Err(still_unknown().into());
    };
    let source = Source::of(validate(&federation)?)?;
    let located = change.locate(source.federation.own().primaries.keys()).await?;
    let clusters: Vec<&Cluster> = located.iter().map(|located| &located.cluster).collect();
    // What could not be seen has been said by the plan.
    let refusals = foreign_gateways::check(&federation, &clusters).await;
    if refusals.has_errors() {
        return Err(refusals);
    }
    let uids: BTreeSet<String> = located.iter().map(|located| located.facts.uid.clone()).collect();
    let character = character(change.planned, uids);
    let prepared = Prepared { change, federation, source, character };
    Ok(Box::pin(change.run(located, &prepared)).await)
}

/// What an apply knows before its first write.
struct Prepared<'a> {
    change: &'a FederationChange<'a>,
    federation: Federation,
    source: Source,
    character: Character,
}

impl Prepared<'_> {
    /// Whether the federation may be in the mesh beside these.
    fn admit(&self, members: Vec<MemberRecord>) -> Result<(), Box<RolloutError>> {
        let id = self.change.recorded.id.as_deref().unwrap_or_default();
        others::check(&self.federation, members, id).map_err(|said| in_the_way(&said))
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
    type Resource = FederationResource;

    fn character(&self) -> &Character {
        &self.character
    }

    async fn leave(&self, labels: &[String]) -> Result<Vec<Departure>, Diagnostics> {
        let Change { prior, recorded, data, session, .. } = self.change;
        match prior {
            Some(prior) => FederationResource::leave(prior, recorded, labels, data, session.cancel).await,
            None => Ok(Vec::new()),
        }
    }

    async fn install(
        &self,
        installations: Vec<Installation>,
        session: &Session<'_>,
    ) -> Result<(Vec<ClusterOutcome>, Diagnostics), Diagnostics> {
        let federating = Federating { primaries: installations, admits: &|members| self.admit(members) };
        Ok((rollout::federate(federating, session).await, Diagnostics::new()))
    }

    async fn observe(
        &self,
        state: FederationModel,
        cluster_plans: &[ClusterPlan],
        unfinished: &BTreeSet<String>,
        diagnostics: &mut Diagnostics,
    ) -> FederationModel {
        let Change { config, prior, .. } = self.change;
        let state = FederationModel {
            document: document::document(config, *prior, document::first_serial(OffsetDateTime::now_utc())),
            trusted: trusted::recording(&self.federation, *prior),
            ..state
        };
        waiting::with_status(self.change, state, cluster_plans, unfinished, diagnostics).await
    }
}
