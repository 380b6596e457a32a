//! Looking into pods as a user with kubectl does: through the API server, not around it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, ListParams};
use kube::{Client, ResourceExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

/// What can go wrong with a look into a pod.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server refused.
    #[error("cannot look into {0}")]
    Refused(String, #[source] Box<kube::Error>),
    /// The connection broke.
    #[error("lost the connection to {0}")]
    Lost(String, #[source] std::io::Error),
    /// No pod has the labels.
    #[error("no running pod of {namespace} has the labels {labels}")]
    NoPod {
        /// The namespace.
        namespace: String,
        /// The label selector.
        labels: String,
    },
    /// The answer is no HTTP response with status 200.
    #[error("{0} answered: {1}")]
    Answer(String, String),
}

/// The answers to some calls of the echo service.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Answers {
    /// How often each cluster answered: an echo server says the name that it was started with (`--cluster`).
    pub clusters: BTreeMap<String, usize>,
    /// How often each status came.
    pub codes: BTreeMap<String, usize>,
    /// What the client wrote.
    pub output: String,
}

impl Answers {
    /// What Istio's echo client wrote about its calls.
    pub fn of(output: String) -> Self {
        let mut answers = Self { output, ..Self::default() };
        for line in answers.output.lines() {
            if let Some((_, cluster)) = line.split_once("body] Cluster=") {
                *answers.clusters.entry(cluster.trim().to_owned()).or_default() += 1;
            }
            if let Some((_, code)) = line.split_once("] StatusCode=") {
                *answers.codes.entry(code.trim().to_owned()).or_default() += 1;
            }
        }
        answers
    }
}

/// The pods of one namespace.
#[derive(Clone)]
pub struct Pods {
    api: Api<Pod>,
    namespace: String,
}

impl Pods {
    /// The pods of a namespace.
    pub fn new(client: &Client, namespace: &str) -> Self {
        Self { api: Api::namespaced(client.clone(), namespace), namespace: namespace.to_owned() }
    }

    /// The name of a running pod with these labels.
    pub async fn running(&self, labels: &str) -> Result<String, Error> {
        let found = self
            .api
            .list(&ListParams::default().labels(labels))
            .await
            .map_err(|error| self.refused(labels, error))?;
        let running = |pod: &&Pod| {
            pod.metadata.deletion_timestamp.is_none()
                && pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running")
        };
        let pod = found.items.iter().find(running).map(Pod::name_any);
        pod.ok_or_else(|| Error::NoPod { namespace: self.namespace.clone(), labels: labels.to_owned() })
    }

    /// Runs a command in a container and gives what it wrote, to both outputs.
    pub async fn exec(&self, pod: &str, container: &str, command: &[&str]) -> Result<String, Error> {
        let parameters = AttachParams::default().container(container).stdout(true).stderr(true);
        let mut process = self
            .api
            .exec(pod, command.to_vec(), &parameters)
            .await
            .map_err(|error| self.refused(pod, error))?;
        let (stdout, stderr) = (process.stdout(), process.stderr());
        let (stdout, stderr) = tokio::join!(read(stdout), read(stderr));
        let lost = |source| Error::Lost(self.path(pod), source);
        Ok(stdout.map_err(lost)? + &stderr.map_err(lost)?)
    }

    /// Gets an HTTP path from a port of the pod's own loopback address, as port-forward does.
    pub async fn get(&self, pod: &str, port: u16, path: &str) -> Result<String, Error> {
        let lost = |source| Error::Lost(self.path(pod), source);
        let mut forward =
            self.api.portforward(pod, &[port]).await.map_err(|error| self.refused(pod, error))?;
        let Some(mut stream) = forward.take_stream(port) else {
            return Err(lost(std::io::ErrorKind::NotConnected.into()));
        };
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.map_err(lost)?;
        let answer = read(Some(stream)).await.map_err(lost)?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
            _ => Err(Error::Answer(format!("{} on port {port}", self.path(pod)), answer)),
        }
    }

    /// Calls a URL `count` times from a pod with Istio's echo client, as fast as that can.
    pub async fn call(&self, pod: &str, url: &str, count: usize) -> Result<Answers, Error> {
        self.call_with(pod, url, count, &[]).await
    }

    /// The same with so many calls a second. One that hangs holds up none of the others.
    pub async fn call_steadily(
        &self,
        pod: &str,
        url: &str,
        count: usize,
        per_second: usize,
    ) -> Result<Answers, Error> {
        self.call_with(pod, url, count, &["--qps", &per_second.to_string()]).await
    }

    async fn call_with(
        &self,
        pod: &str,
        url: &str,
        count: usize,
        options: &[&str],
    ) -> Result<Answers, Error> {
        // For all calls together.
        let timeout = format!("{}s", 5 + count / 10);
        let count = count.to_string();
        let client = ["client", "--count", &count, "--timeout", &timeout];
        let output = self.exec(pod, "app", &[&client[..], options, &[url]].concat()).await?;
        Ok(Answers::of(output))
    }

    /// The addresses (`ip:port`) behind one of a proxy's clusters (`outbound|5000||echo.sample.svc.cluster.local`).
    pub async fn endpoints(&self, pod: &str, cluster: &str) -> Result<Vec<String>, Error> {
        let listed = self.exec(pod, "istio-proxy", &["pilot-agent", "request", "GET", "clusters"]).await?;
        let prefix = format!("{cluster}::");
        let healthy = listed
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix)?.strip_suffix("::health_flags::healthy"));
        let mut endpoints: Vec<String> = healthy.map(str::to_owned).collect();
        endpoints.sort_unstable();
        Ok(endpoints)
    }

    /// How many configurations a proxy has rejected. Such a proxy counts as ready nevertheless.
    pub async fn rejected(&self, pod: &str) -> Result<u64, Error> {
        let stats = self.exec(pod, "istio-proxy", &["pilot-agent", "request", "GET", "stats"]).await?;
        let rejected = stats.lines().filter_map(|line| line.split_once(": "));
        let rejected = rejected.filter(|(name, _)| name.ends_with("update_rejected"));
        Ok(rejected.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum())
    }

    fn refused(&self, pod: &str, error: kube::Error) -> Error {
        Error::Refused(self.path(pod), Box::new(error))
    }

    fn path(&self, pod: &str) -> String {
        format!("{}/{pod}", self.namespace)
    }
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
