//! What only the server knows about a plan.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::change_set::{Action, ChangeSet, Planned};
use crate::diff::{Compared, Comparing, definitions};
use crate::diff_error::DiffError;
use crate::engine::Engine;
use crate::inventory::Inventory;
use crate::manifest::Manifest;
use crate::object_id::ObjectId;
use crate::options::Policy;
use crate::write::{Manner, WriteError};

/// A plan, and what the server would say to it.
#[derive(Debug)]
pub struct Rehearsal {
    /// The plan, exactly as [`Engine::diff`] makes it.
    pub changes: ChangeSet<Planned>,
    /// The objects that the server would refuse to write, in the order of the plan, each with its words: not valid, denied by admission, a conflict, an
    /// immutable field that no schema tells of, no permission.
    pub objections: Vec<(ObjectId, WriteError)>,
}

impl Engine {
    /// Like [`Engine::diff`], and asks the server by a dry run about each object that would be made or changed. Needs the right to patch them.
    ///
    /// Not asked about are objects whose kind or namespace the same set is yet to make, and those that have to be recreated.
    pub async fn rehearse(
        &self,
        manifests: &[Manifest],
        inventory: Option<&Inventory>,
        policy: &Policy,
        cancel: &CancellationToken,
    ) -> Result<Rehearsal, DiffError> {
        let definitions = definitions(manifests.iter());
        let absent = &BTreeSet::new();
        let comparing = Comparing { inventory, policy, definitions: &definitions, absent };
        let compared = self.compare_all(manifests, &comparing, cancel).await?;
        let new = compared.iter().filter(|compared| compared.live.is_none());
        let new: BTreeSet<ObjectId> = new.map(|compared| compared.change.id.clone()).collect();
        let is_homeless = |id: &ObjectId| new.contains(&ObjectId::of_namespace(&id.namespace));
        let asked = compared.iter().filter(|compared| !is_homeless(&compared.change.id));
        let asked = asked.map(|compared| self.rehearse_one(compared, cancel));
        let objections: Vec<_> = stream::iter(asked.collect::<Vec<_>>())
            .buffered(self.shared.options.concurrency.max(1))
            .filter_map(futures::future::ready)
            .collect()
            .await;
        let changes = compared.into_iter().map(|compared| compared.change).collect();
        let changes = self.with_surplus(changes, manifests, inventory, cancel).await?;
        Ok(Rehearsal { changes, objections })
    }

    async fn rehearse_one(
        &self,
        compared: &Compared,
        cancel: &CancellationToken,
    ) -> Option<(ObjectId, WriteError)> {
        let Compared { wanted, live, force, .. } = compared;
        let (id, resource) = (&compared.change.id, compared.resource.as_ref()?);
        let manner = Manner { force: *force, dry_run: true, is_confidential: wanted.is_confidential };
        let answer = match (&compared.change.action, live) {
            (Action::Created, _) if compared.going.is_none() => {
                self.send_apply(resource, id, wanted.json(), manner, cancel).await.map(drop)
            }
            (Action::Changed { .. }, Some(live)) => {
                self.apply_over(resource, id, wanted, live, manner, cancel).await.map(drop)
            }
            (Action::Conflict { .. }, Some(live)) => {
                let manner = Manner { force: false, ..manner };
                self.apply_over(resource, id, wanted, live, manner, cancel).await.map(drop)
            }
            _ => return None,
        };
        answer.err().map(|error| (id.clone(), error))
    }
}
