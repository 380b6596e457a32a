//! Charts in an OCI registry, as `helm push` puts them there: a repository a chart, a tag a version.
//!
//! Requests are those of the OCI distribution specification 1.1; tokens are asked for as Docker's registries describe it
//! (<https://distribution.github.io/distribution/spec/auth/token/>); media types and tags are Helm's
//! (<https://helm.sh/docs/topics/registries/>).

use reqwest::StatusCode;
use reqwest::header::LINK;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::challenge::{Challenge, challenges};
use super::digest;
use super::error::Error;
use super::http::{Answer, Authorization, Http, Question, shown};
use super::registry::is_private;
use super::version::{choose, newest_first};
use crate::mesh::ChartVersion;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// As Helm wrote it before 3.7.
const OLD_CHART: &str = "application/tar+gzip";

/// The specification's bound for manifests; taken for lists and tokens, too.
const DOCUMENT_LIMIT: usize = 4 << 20;
/// Tags that are asked for at once.
const PAGE: usize = 1000;
/// More pages than any chart has.
const PAGES: usize = 100;

/// The repository of one chart.
#[derive(Debug)]
pub(super) struct Repository {
    http: Http,
    /// `https://host/v2/path/chart/`, or with `http`.
    base: Url,
    /// `path/chart`.
    name: String,
    /// `oci://host/path`.
    place: String,
    chart: String,
    /// What the registry has accepted.
    authorization: Option<Authorization>,
}

/// A version that the registry has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub version: String,
    /// Of the chart's archive.
    pub digest: String,
}

impl Repository {
    /// The repository of `chart` below `registry`, which is the URL of an `oci://` source with `https` for its scheme.
    pub fn new(http: Http, registry: &Url, chart: &str) -> Result<Self, Error> {
        let place = place(registry);
        let path = registry.path().trim_matches('/');
        let name = if path.is_empty() { chart.to_owned() } else { format!("{path}/{chart}") };
        let not_a_name = || Error::NotAnOciName { repository: place.clone() };
        let mut base = registry.join(&format!("/v2/{name}/")).map_err(|_| not_a_name())?;
        if http.is_plain {
            base.set_scheme("http").map_err(|()| not_a_name())?;
        }
        Ok(Self { http, base, name, place, chart: chart.to_owned(), authorization: None })
    }

    /// The version that is meant. A tag of exactly this name is taken without a look at the others, as Helm does.
    pub async fn find(&mut self, wanted: &ChartVersion) -> Result<Version, Error> {
        if let Some(found) = self.version(wanted.as_str()).await? {
            return Ok(found);
        }
        let known = self.versions().await?;
        let chosen = choose(wanted, &known, String::as_str).cloned();
        if let Some(version) = chosen
            && let Some(found) = self.version(&version).await?
        {
            return Ok(found);
        }
        let (chart, version) = (self.chart.clone(), wanted.to_string());
        Err(Error::NoVersion { chart, version, place: self.place.clone(), known })
    }

    /// The archive with this digest, at most `limit` bytes of it.
    pub async fn archive(&mut self, digest: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let url = self.below(&format!("blobs/{digest}"))?;
        let answer = self.get(&url, None, limit).await?;
        let bytes = self
            .wanted(&url, answer)?
            .ok_or_else(|| Error::Status { url: shown(&url), status: StatusCode::NOT_FOUND.as_u16() })?;
        let found = digest::of_archive(&bytes);
        if found != digest {
            let expected = digest.to_owned();
            return Err(Error::OtherBytes { url: shown(&url), promised_by: "its manifest", expected, found });
        }
        Ok(bytes)
    }

    /// What is behind the tag of a version, if the registry has it.
    async fn version(&mut self, version: &str) -> Result<Option<Version>, Error> {
        let url = self.below(&format!("manifests/{}", tag(version)))?;
        let answer = self.get(&url, Some(MANIFEST), DOCUMENT_LIMIT).await?;
        let Some(body) = self.wanted(&url, answer)? else { return Ok(None) };
        let manifest: Manifest = parsed(&url, &body)?;
        let digest = manifest.chart_digest().map_err(|problem| Error::NotAChart {
            place: format!("{}/{}:{}", self.place, self.chart, tag(version)),
            problem,
        })?;
        Ok(Some(Version { version: version.to_owned(), digest }))
    }

    /// Every tag that is a version, newest first.
    async fn versions(&mut self) -> Result<Vec<String>, Error> {
        let mut tags = Vec::new();
        let mut next = Some(self.below(&format!("tags/list?n={PAGE}"))?);
        for _ in 0..PAGES {
            let Some(url) = next else { return Ok(newest_first(&tags)) };
            let answer = self.get(&url, None, DOCUMENT_LIMIT).await?;
            next = next_page(&url, &answer)?;
            let body = self.wanted(&url, answer)?.ok_or_else(|| Error::NotInRegistry {
                chart: self.chart.clone(),
                place: self.place.clone(),
            })?;
            let page: Tags = parsed(&url, &body)?;
            tags.extend(page.tags.unwrap_or_default().iter().map(|tag| tag.replace('_', "+")));
        }
        Err(not_understood(&self.base, format!("it lists more than {PAGES} pages of tags")))
    }

    fn below(&self, path: &str) -> Result<Url, Error> {
        self.base.join(path).map_err(|_| Error::NotAnOciName { repository: self.place.clone() })
    }

    /// The body; `None` if there is no such thing.
    fn wanted(&self, url: &Url, answer: Answer) -> Result<Option<Vec<u8>>, Error> {
        match answer.status {
            StatusCode::OK => Ok(Some(answer.body)),
            StatusCode::NOT_FOUND => Ok(None),
            status => {
                let with_credentials = self.authorization.is_some() && self.http.credentials.is_some();
                Err(self.http.refusal(url, status, with_credentials))
            }
        }
    }

    /// Asks, and asks again with what the registry wants to see.
    async fn get(&mut self, url: &Url, accept: Option<&'static str>, limit: usize) -> Result<Answer, Error> {
        let question = Question { url, authorization: self.authorization.as_ref(), accept, limit };
        let answer = self.http.ask(question).await?;
        let asks = answer.status == StatusCode::UNAUTHORIZED && !answer.is_from_elsewhere;
        if !asks || self.authorization.is_some() {
            return Ok(answer);
        }
        let offered = challenges(&answer.headers);
        self.authorization = match offered.iter().find(|challenge| challenge.scheme == "bearer") {
            Some(challenge) => Some(Authorization::Bearer(self.token(url, challenge).await?)),
            None => self.http.basic(),
        };
        let Some(authorization) = &self.authorization else { return Ok(answer) };
        self.http.ask(Question { url, authorization: Some(authorization), accept, limit }).await
    }

    /// A token for this repository from whom the registry names; without credentials, one for everybody.
    async fn token(&self, asked: &Url, challenge: &Challenge) -> Result<SecretString, Error> {
        let parameter = |name: &str| challenge.parameters.get(name).map(String::as_str);
        let realm = parameter("realm").and_then(|realm| Url::parse(realm).ok());
        let mut url =
            realm.ok_or_else(|| not_understood(asked, "it has no URL to get a token from".to_owned()))?;
        // The password goes there.
        let may_be_plain = self.http.is_plain && (self.http.credentials.is_none() || is_private(&url));
        if url.scheme() != "https" && !(may_be_plain && url.scheme() == "http") {
            return Err(Error::TokenRealm { url: shown(asked), realm: shown(&url) });
        }
        let scope = format!("repository:{}:pull", self.name);
        url.query_pairs_mut()
            .extend_pairs(parameter("service").map(|service| ("service", service)))
            .append_pair("scope", parameter("scope").unwrap_or(&scope));
        let basic = self.http.basic();
        let question =
            Question { url: &url, authorization: basic.as_ref(), accept: None, limit: DOCUMENT_LIMIT };
        let answer = self.http.ask(question).await?;
        if answer.status != StatusCode::OK {
            return Err(self.http.refusal(&url, answer.status, basic.is_some()));
        }
        let token: Token = parsed(&url, &answer.body)?;
        let token = token.token.or(token.access_token);
        token.map(SecretString::from).ok_or_else(|| not_understood(&url, "it has no token".to_owned()))
    }
}

/// How a source is shown.
pub(super) fn place(registry: &Url) -> String {
    let shown = shown(registry);
    let rest = shown.split_once("://").map_or(shown.as_str(), |(_https, rest)| rest);
    format!("oci://{}", rest.trim_end_matches('/'))
}

/// Tags cannot have a `+`.
fn tag(version: &str) -> String {
    version.replace('+', "_")
}

/// What `Link` names as the next page (RFC 8288); it must be the same registry's.
fn next_page(url: &Url, answer: &Answer) -> Result<Option<Url>, Error> {
    let Some(link) = answer.headers.get(LINK) else { return Ok(None) };
    let target = link.to_str().ok().and_then(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        (parameters.contains("rel=\"next\"") || parameters.contains("rel=next")).then_some(target)
    });
    let next = target.and_then(|target| url.join(target).ok()).filter(|next| next.origin() == url.origin());
    next.map(Some).ok_or_else(|| {
        not_understood(url, "its link to the next page is not a URL of the same registry".to_owned())
    })
}

fn parsed<T: DeserializeOwned>(url: &Url, body: &[u8]) -> Result<T, Error> {
    // The parser's words would repeat what it read.
    serde_json::from_slice(body).map_err(|error| {
        not_understood(
            url,
            format!("it is not a valid registry response (line {}, column {})", error.line(), error.column()),
        )
    })
}

fn not_understood(url: &Url, problem: String) -> Error {
    Error::NotUnderstood { url: shown(url), problem }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
}

#[derive(Deserialize)]
struct Tags {
    /// Some registries write null for none.
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Manifest {
    /// The digest of the archive, or why this is no chart.
    fn chart_digest(&self) -> Result<String, String> {
        let Some(config) = &self.config else {
            return Err(format!("its manifest of type {:?} has no config", self.media_type));
        };
        if config.media_type != CONFIG {
            return Err(format!("its config has the media type {:?}, not {CONFIG}", config.media_type));
        }
        let archive = [CHART, OLD_CHART]
            .iter()
            .find_map(|wanted| self.layers.iter().find(|layer| layer.media_type == *wanted));
        let archive = archive.ok_or_else(|| format!("it has no layer of the media type {CHART}"))?;
        let digest = digest::in_index(&archive.digest).filter(|_| archive.digest.starts_with("sha256:"));
        digest.ok_or_else(|| format!("its layer has the digest {:?}, which is not SHA-256", archive.digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(config: &str, layers: &[(&str, &str)]) -> Result<String, String> {
        let layers: Vec<_> = layers
            .iter()
            .map(|(media_type, digest)| serde_json::json!({"mediaType": media_type, "digest": digest, "size": 1}))
            .collect();
        let text = serde_json::json!({
            "schemaVersion": 2,
            "config": {"mediaType": config, "digest": "sha256:0", "size": 1},
            "layers": layers,
        });
        serde_json::from_value::<Manifest>(text).unwrap().chart_digest()
    }

    #[test]
    fn the_archive_is_the_layer_with_helms_media_type() {
        let digest = digest::of_archive(b"chart");
        let provenance = ("application/vnd.cncf.helm.chart.provenance.v1.prov", "sha256:1");
        assert_eq!(manifest(CONFIG, &[provenance, (CHART, &digest)]), Ok(digest.clone()));
        assert_eq!(manifest(CONFIG, &[(OLD_CHART, &digest)]), Ok(digest));
    }

    #[test]
    fn what_is_no_chart_is_said_to_be_none() {
        let image = "application/vnd.oci.image.config.v1+json";
        let problem = manifest(image, &[(CHART, "sha256:1")]).unwrap_err();
        assert_eq!(problem, format!("its config has the media type {image:?}, not {CONFIG}"));
        assert_eq!(manifest(CONFIG, &[]).unwrap_err(), format!("it has no layer of the media type {CHART}"));
        assert!(manifest(CONFIG, &[(CHART, "sha512:1")]).unwrap_err().ends_with("which is not SHA-256"));
        let index: Manifest = serde_json::from_str(
            r#"{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}"#,
        )
        .unwrap();
        assert!(index.chart_digest().unwrap_err().contains("image.index"));
    }

    #[test]
    fn a_chart_is_a_repository_below_the_path() {
        let http = || {
            let hosts = super::super::registry::Hosts::new(std::collections::BTreeMap::new()).unwrap();
            hosts.of(&"https://registry.example".parse().unwrap()).unwrap()
        };
        for (registry, base, shown) in [
            (
                "https://registry.example/a/b/",
                "https://registry.example/v2/a/b/istiod/",
                "oci://registry.example/a/b",
            ),
            ("https://registry.example", "https://registry.example/v2/istiod/", "oci://registry.example"),
        ] {
            let registry: Url = registry.parse().unwrap();
            let repository = Repository::new(http(), &registry, "istiod").unwrap();
            assert_eq!((repository.base.as_str(), place(&registry).as_str()), (base, shown));
        }
    }
}
