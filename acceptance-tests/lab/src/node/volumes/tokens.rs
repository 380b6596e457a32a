//! Service account tokens bound to a pod, renewed before they expire.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ServiceAccount, ServiceAccountTokenProjection};
use kube::ResourceExt as _;
use kube::api::{Api, PostParams};

use crate::node::downward::Facts;
use crate::node::kubelet::Context;

/// How long a token lives unless the pod says otherwise, as in Kubernetes.
const DEFAULT_SECONDS: i64 = 3600;

/// The tokens that one pod has.
#[derive(Default)]
pub struct Tokens(Mutex<BTreeMap<(String, i64), Issued>>);

#[derive(Clone)]
struct Issued {
    token: String,
    renew: Instant,
}

impl Tokens {
    /// A token for the audience, new if the one before has used up four fifths of its life.
    pub async fn get(
        &self,
        context: &Context,
        facts: &Facts<'_>,
        projection: &ServiceAccountTokenProjection,
    ) -> Result<String, kube::Error> {
        let seconds = projection.expiration_seconds.unwrap_or(DEFAULT_SECONDS);
        let key = (projection.audience.clone().unwrap_or_default(), seconds);
        if let Some(issued) = self.lock().get(&key).filter(|issued| Instant::now() < issued.renew) {
            return Ok(issued.token.clone());
        }
        let token = request(context, facts, projection.audience.clone(), seconds).await?;
        let life = Duration::from_secs(seconds.unsigned_abs()) * 4 / 5;
        let issued = Issued { token: token.clone(), renew: Instant::now() + life };
        self.lock().insert(key, issued);
        Ok(token)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, i64), Issued>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn request(
    context: &Context,
    facts: &Facts<'_>,
    audience: Option<String>,
    seconds: i64,
) -> Result<String, kube::Error> {
    let pod = facts.pod;
    let account =
        pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref()).unwrap_or("default");
    let spec = TokenRequestSpec {
        audiences: Some(audience.into_iter().collect()),
        expiration_seconds: Some(seconds),
        bound_object_ref: Some(BoundObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            name: pod.metadata.name.clone(),
            uid: pod.uid(),
        }),
    };
    let accounts =
        Api::<ServiceAccount>::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
    let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
    let answer = accounts.create_token_request(account, &PostParams::default(), &request).await?;
    Ok(answer.status.and_then(|status| status.token).unwrap_or_default())
}
