//! Where charts come from.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::error::Error;

/// A place with charts, as the user names it.
#[derive(Clone, Debug)]
pub struct ChartSource {
    /// URL of an HTTP repository, or path of a folder with charts or `.tgz` files, of a chart's folder, or of one
    /// `.tgz`.
    pub repository: String,
    /// For repositories that want them; sent to the repository's own host only.
    pub credentials: Option<Credentials>,
}

/// User name and password for HTTP basic authentication.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// A kind of place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Repository(Url),
    Path(PathBuf),
}

impl ChartSource {
    pub(super) fn place(&self) -> Result<Place, Error> {
        let Some((scheme, path)) = self.repository.split_once("://") else {
            return match self.repository.as_str() {
                "" => Err(Error::NotASource { repository: String::new() }),
                path => Ok(Place::Path(path.into())),
            };
        };
        match scheme {
            "file" => Ok(Place::Path(path.into())),
            "oci" => Err(Error::Oci { repository: without_userinfo(&self.repository) }),
            "http" | "https" => self.repository(),
            _ => Err(Error::NotASource { repository: without_userinfo(&self.repository) }),
        }
    }

    fn repository(&self) -> Result<Place, Error> {
        let mut url = Url::parse(&self.repository)
            .map_err(|_| Error::NotASource { repository: without_userinfo(&self.repository) })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::CredentialsInUrl { host: url.host_str().unwrap_or_default().to_owned() });
        }
        // What is joined to it goes below its last segment.
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Place::Repository(url))
    }
}

/// A URL that could not be parsed may hold credentials all the same.
fn without_userinfo(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => {
            format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_userinfo, rest)| rest))
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(repository: &str) -> Result<Place, Error> {
        ChartSource { repository: repository.to_owned(), credentials: None }.place()
    }

    #[test]
    fn a_url_is_a_repository_and_a_path_is_a_path() {
        let repository = Place::Repository("https://charts.example/istio/".parse().unwrap());
        assert_eq!(place("https://charts.example/istio").unwrap(), repository);
        assert_eq!(place("https://charts.example/istio/").unwrap(), repository);
        for path in ["./charts", "/charts/istiod-1.31.0.tgz", "charts"] {
            assert_eq!(place(path).unwrap(), Place::Path(path.into()));
        }
        assert_eq!(place("file:///charts").unwrap(), Place::Path("/charts".into()));
    }

    #[test]
    fn an_oci_registry_is_refused_with_what_works_instead() {
        let error = place("oci://registry.example/istio").unwrap_err();
        assert_eq!(
            error.to_string(),
            "chart source \"oci://registry.example/istio\" is an OCI registry, which is not supported yet"
        );
        assert!(error.way_out().contains("helm pull"), "{}", error.way_out());
    }

    #[test]
    fn credentials_in_a_url_are_refused_and_not_shown() {
        for url in [
            "https://u:s3ntinel@charts.example",
            "oci://u:s3ntinel@x",
            "ftp://u:s3ntinel@x",
            "https://u:s3ntinel@ /",
        ] {
            let error = place(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3ntinel"), "{error:?}");
        }
    }
}
