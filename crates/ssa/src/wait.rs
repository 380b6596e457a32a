use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::live::Live;
use crate::nodes::Excused;
use crate::object_id::ObjectId;
use crate::observe::Observation;
use crate::pods::Pod;
use crate::progress::Progress;
use crate::request_error::RequestError;
use crate::status::{State, Status, shown};

/// After how many looks each time it is asked which nodes are lost.
const NODES_EVERY: u32 = 8;

/// Objects did not become ready.
#[derive(Debug, Error)]
pub enum WaitError {
    /// Time ran out, or an object says that it will not become ready.
    #[error("not ready after {waited:.0?}: {}", list(objects))]
    NotReady {
        /// For how long was waited.
        waited: Duration,
        /// The objects that are not ready, with what is known about why.
        objects: Vec<NotReady>,
    },
    /// An object could not be read.
    #[error("cannot check whether {id} is ready")]
    Observe {
        /// The object.
        id: ObjectId,
        /// Why.
        source: Arc<RequestError>,
    },
    /// The caller cancelled.
    #[error("cancelled while waiting for {}", ids(objects))]
    Cancelled {
        /// The objects that were not seen to be ready.
        objects: Vec<ObjectId>,
    },
}

/// An object that is not ready, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// The object.
    pub id: ObjectId,
    /// How far it is.
    pub status: Status,
    /// Its conditions, each in one line.
    pub conditions: Vec<String>,
    /// The pods behind it that are not ready.
    pub pods: Vec<Pod>,
    /// Its own last warning events, oldest first.
    pub events: Vec<String>,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.status.message)?;
        self.conditions.iter().try_for_each(|condition| write!(f, "\n  condition {condition}"))?;
        self.events.iter().try_for_each(|event| write!(f, "\n  event {event}"))?;
        self.pods.iter().try_for_each(|pod| write!(f, "\n  pod {pod}"))
    }
}

fn list(objects: &[NotReady]) -> String {
    objects.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn ids(objects: &[ObjectId]) -> String {
    objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Engine {
    /// Waits until all these objects are ready by the rules of [`Status`]: at most `timeout`, and no longer once one of them
    /// says that it failed. The pods of a daemon set on nodes that are not ready are not waited for; they are returned.
    pub async fn wait(
        &self,
        ids: &BTreeSet<ObjectId>,
        timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<Vec<Excused>, WaitError> {
        let began = Instant::now();
        let mut excused = Vec::new();
        let mut waiting = ids.clone();
        let mut progress = Progress::begin(&self.shared.options.cluster);
        for looks in 0_u32.. {
            let mut unready: BTreeMap<ObjectId, (Status, Option<Live>)> = BTreeMap::new();
            for (id, observation) in self.observe(&waiting, cancel).await {
                match observation {
                    Observation::Found(live) => {
                        unready.insert(id.clone(), (self.status(&id, &live), Some(live)));
                    }
                    Observation::Absent => drop(unready.insert(id, (Status::not_found(), None))),
                    Observation::Unknown(source) if source.is_cancelled() => {}
                    Observation::Unknown(source) => return Err(WaitError::Observe { id, source }),
                }
            }
            if cancel.is_cancelled() {
                return Err(WaitError::Cancelled { objects: waiting.into_iter().collect() });
            }
            unready.retain(|_, (status, _)| status.state != State::Current);
            let is_late = began.elapsed() >= timeout;
            if looks % NODES_EVERY == NODES_EVERY - 1 || is_late {
                excused.extend(self.excuse(&mut unready, cancel).await);
            }
            waiting.retain(|id| unready.contains_key(id));
            let has_failed = unready.values().any(|(status, _)| status.state == State::Failed);
            if waiting.is_empty() {
                break;
            }
            if has_failed || is_late {
                let waited = began.elapsed();
                return Err(WaitError::NotReady { waited, objects: self.explain(unready, cancel).await });
            }
            progress.waits_for(&awaited(&unready));
            // The pauses grow faster than elsewhere: what is not ready at once rarely is soon.
            self.pause(looks.saturating_mul(2), cancel).await;
        }
        Ok(excused)
    }

    /// Takes those objects out that are ready but for pods on lost nodes.
    async fn excuse(
        &self,
        unready: &mut BTreeMap<ObjectId, (Status, Option<Live>)>,
        cancel: &CancellationToken,
    ) -> Vec<Excused> {
        let mut all = Vec::new();
        for (id, (_, live)) in &*unready {
            let Some(live) = live else { continue };
            all.extend(self.excused(id, live, cancel).await);
        }
        unready.retain(|id, _| !all.iter().any(|excused: &Excused| excused.id == *id));
        all
    }

    /// The status of an object by the rules of its kind and those of the caller.
    fn status(&self, id: &ObjectId, live: &Live) -> Status {
        let rules = self.shared.options.rules.ready.iter().filter(|rule| rule.objects.matches(id));
        let of_rules = rules.map(|rule| Status::of_condition(live.value(), &rule.condition));
        std::iter::once(Status::of(live.value()))
            .chain(of_rules)
            .find(|status| status.state != State::Current)
            .unwrap_or_else(Status::current)
    }

    async fn explain(
        &self,
        unready: BTreeMap<ObjectId, (Status, Option<Live>)>,
        cancel: &CancellationToken,
    ) -> Vec<NotReady> {
        let reports = unready.into_iter().map(|(id, (status, live))| async move {
            let conditions = live.as_ref().map(conditions).unwrap_or_default();
            let (pods, events) = match &live {
                Some(live) => {
                    futures::join!(self.unready_pods(&id, live, cancel), self.warnings(&id, live, cancel))
                }
                None => (Vec::new(), Vec::new()),
            };
            NotReady { id, status, conditions, pods, events }
        });
        futures::future::join_all(reports).await
    }
}

/// What is waited for, for the log.
fn awaited(unready: &BTreeMap<ObjectId, (Status, Option<Live>)>) -> String {
    let lines = unready.iter().map(|(id, (status, _))| format!("{id} is not ready: {}", status.message));
    lines.collect::<Vec<_>>().join("; ")
}

fn conditions(live: &Live) -> Vec<String> {
    live.value()["status"]["conditions"].as_array().into_iter().flatten().map(shown).collect()
}
