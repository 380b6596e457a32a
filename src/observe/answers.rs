//! What istiod has said to the refreshes of one process: resources that a primary has in common ask it once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::control_plane::Answer;

/// The answers, by cluster, namespace of istiod and of the gateways whose proxies it is asked for, and pod. Only
/// refreshes share them: an apply asks until what it has written is there.
#[derive(Clone, Debug, Default)]
pub struct Answers(Arc<Mutex<BTreeMap<[String; 4], AnswerOnce>>>);

/// An answer that is asked for when it is first needed.
type AnswerOnce = Arc<OnceCell<Answer>>;

impl Answers {
    /// The answer of a pod, which `ask` gets if nobody has asked it yet. A failure is not kept.
    pub(super) async fn of<E>(
        &self,
        pod: [&str; 4],
        ask: impl Future<Output = Result<Answer, E>>,
    ) -> Result<Answer, E> {
        let cell = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(pod.map(str::to_owned)).or_default())
        };
        cell.get_or_try_init(|| ask).await.cloned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::Replica;
    use super::*;

    #[tokio::test]
    async fn a_pod_is_asked_until_it_has_answered_and_then_no_more() {
        let answers = Answers::default();
        let pod = ["east", "istio-system", "istio-system", "istiod-1"];
        assert_eq!(answers.of(pod, async { Err("lost") }).await, Err("lost"));
        let answer = (Replica::default(), Value::from(1));
        assert_eq!(answers.of(pod, async { Ok::<_, &str>(answer.clone()) }).await, Ok(answer.clone()));
        assert_eq!(answers.clone().of(pod, async { Err("asked again") }).await, Ok(answer));
        let other = ["east", "istio-system", "istio-system", "istiod-2"];
        assert_eq!(answers.of(other, async { Err("another pod") }).await, Err("another pod"));
    }
}
