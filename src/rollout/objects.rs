//! Clusters that hold objects and no control plane: nothing but the stages decides the order.

use futures::future::join_all;

use super::RolloutError;
use super::fill::{Given, Produced};
use super::installation::{Installation, definitions};
use super::run::{self, Run};
use super::session::{Session, unless_cancelled};
use super::target::ClusterOutcome;
use crate::desired::Stage;

/// Brings every cluster to what it shall hold, all at once, and fills placeholders from what the user gives: takes hold of all records or
/// of none, applies stage after stage, deletes what is no longer wanted and waits until everything is ready. The records are left to be
/// closed.
pub async fn install_objects(
    installations: Vec<(Installation, Given)>,
    session: &Session<'_>,
) -> Vec<ClusterOutcome> {
    let all: Vec<&Installation> = installations.iter().map(|(installation, _)| installation).collect();
    let runs = match run::begin(&all, session).await {
        Ok(runs) => runs,
        Err(untouched) => return untouched,
    };
    let given = installations.iter().map(|(_, given)| given);
    let running = runs.into_iter().zip(given).map(|(mut run, given)| async move {
        let done = Box::pin(unless_cancelled(steps(&mut run, given), session.cancel)).await;
        run.end(done).await
    });
    join_all(running).await
}

async fn steps(run: &mut Run<'_>, given: &Given) -> Result<(), RolloutError> {
    run.refuse_what_is_not_ours().await?;
    run.apply(&Stage::ALL, &Produced { given: Some(given), ..Produced::default() }).await?;
    run.finish(vec![definitions()]).await
}
