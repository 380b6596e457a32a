//! Which configuration of listeners proxies have been sent, and have accepted: policies are part of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::istiods::asked;
use crate::clusters::{Cluster, Error};

/// What each proxy was sent and has accepted (`pilot/pkg/xds/debug.go`).
const SYNC: &str = "/debug/syncz";
/// ztunnel has no listeners.
const ZTUNNEL: &str = "ztunnel";

/// The listeners of one proxy, by the number that istiod has given each version of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// What it was sent last.
    pub sent: String,
    /// What it has accepted last.
    pub accepted: String,
}

/// The proxies that istiod of a cluster configures, by name.
pub type Proxies = BTreeMap<String, Listeners>;

#[derive(Deserialize)]
struct SyncStatus {
    #[serde(default)]
    proxy: String,
    #[serde(default)]
    proxy_type: String,
    #[serde(default)]
    cluster_id: String,
    #[serde(default)]
    listener_sent: String,
    #[serde(default)]
    listener_acked: String,
}

/// The proxies that the ready pods of istiod in `namespace` configure. The inner error says why istiod cannot be asked.
///
/// # Errors
/// The pods of istiod cannot be listed.
pub async fn listeners(cluster: &Cluster, namespace: &str) -> Result<Result<Proxies, String>, Error> {
    let answers = asked(cluster, namespace, SYNC)
        .await?
        .and_then(|bodies| bodies.iter().map(|body| proxies(body)).collect::<Result<Vec<Proxies>, String>>());
    Ok(answers.map(|answers| answers.into_iter().flatten().collect()))
}

fn proxies(body: &[u8]) -> Result<Proxies, String> {
    let proxies: Vec<SyncStatus> = serde_json::from_slice(body)
        .map_err(|_| "istiod's response is not the list of proxies".to_owned())?;
    let has_listeners = |proxy: &SyncStatus| proxy.proxy_type != ZTUNNEL && !proxy.listener_sent.is_empty();
    let proxies = proxies.into_iter().filter(has_listeners).map(|proxy| {
        let name = format!("{}/{}", proxy.cluster_id, proxy.proxy);
        (name, Listeners { sent: proxy.listener_sent, accepted: proxy.listener_acked })
    });
    Ok(proxies.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn istiods_answer_has_what_each_proxy_was_sent_and_has_accepted() {
        let answer = r#"[
            {"cluster_id":"east","proxy":"foo-1.web","proxy_type":"sidecar","listener_sent":"1/2a","listener_acked":"1/2a"},
            {"cluster_id":"edge","proxy":"foo-1.web","proxy_type":"sidecar","listener_sent":"1/2b"},
            {"cluster_id":"east","proxy":"ztunnel-1.istio-system","proxy_type":"ztunnel"}]"#;
        let listeners =
            |sent: &str, accepted: &str| Listeners { sent: sent.to_owned(), accepted: accepted.to_owned() };
        let expected = [
            ("east/foo-1.web".to_owned(), listeners("1/2a", "1/2a")),
            ("edge/foo-1.web".to_owned(), listeners("1/2b", "")),
        ];
        assert_eq!(proxies(answer.as_bytes()), Ok(expected.into()));
        assert_eq!(proxies(b"[]"), Ok(Proxies::new()));
        assert!(proxies(b"no").is_err());
    }
}
