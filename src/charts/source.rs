//! Where charts come from.

use std::path::PathBuf;

use url::Url;

use super::error::Error;

/// A place with charts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The URL of an HTTP repository, with a slash at its end.
    Repository(Url),
    /// An OCI registry and a path in it, with `https` for its scheme.
    Registry(Url),
    /// A folder with charts or `.tgz` files, a chart's folder, or one `.tgz`.
    Path(PathBuf),
}

impl Place {
    /// The place as the user names it.
    pub fn parse(repository: &str) -> Result<Self, Error> {
        let Some((scheme, rest)) = repository.split_once("://") else {
            return match repository {
                "" => Err(Error::NotASource { repository: String::new() }),
                path => Ok(Self::Path(path.into())),
            };
        };
        match scheme {
            "file" => Ok(Self::Path(rest.into())),
            "oci" => registry(repository, rest),
            "http" | "https" => http(repository),
            _ => Err(Error::NotASource { repository: without_userinfo(repository) }),
        }
    }
}

fn http(repository: &str) -> Result<Place, Error> {
    let mut url =
        url(repository).ok_or_else(|| Error::NotASource { repository: without_userinfo(repository) })??;
    // What is joined to it goes below its last segment.
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(Place::Repository(url))
}

/// The grammar of names is the OCI distribution specification's: lower case, no tag, no digest.
fn registry(repository: &str, rest: &str) -> Result<Place, Error> {
    let not_a_name = || Error::NotAnOciName { repository: without_userinfo(repository) };
    let url = url(&format!("https://{rest}")).ok_or_else(not_a_name)??;
    let is_name = |part: &str| {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        part.bytes().all(|byte| is_letter(byte) || matches!(byte, b'.' | b'_' | b'-'))
            && part.bytes().next().is_some_and(is_letter)
            && part.bytes().next_back().is_some_and(is_letter)
    };
    let path = url.path().trim_matches('/');
    let is_path = path.is_empty() || path.split('/').all(is_name);
    if is_path && url.query().is_none() && url.fragment().is_none() {
        Ok(Place::Registry(url))
    } else {
        Err(not_a_name())
    }
}

/// A URL without credentials; `None` if it is none.
fn url(text: &str) -> Option<Result<Url, Error>> {
    let url = Url::parse(text).ok()?;
    if url.username().is_empty() && url.password().is_none() {
        return Some(Ok(url));
    }
    Some(Err(Error::CredentialsInUrl { host: url.host_str().unwrap_or_default().to_owned() }))
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
        Place::parse(repository)
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
    fn an_oci_source_is_a_registry_and_a_path() {
        for (source, url) in [
            ("oci://registry.example/istio/charts", "https://registry.example/istio/charts"),
            ("oci://registry.example:5000/a-b/", "https://registry.example:5000/a-b/"),
            ("oci://registry.example", "https://registry.example/"),
        ] {
            assert_eq!(place(source).unwrap(), Place::Registry(url.parse().unwrap()));
        }
    }

    #[test]
    fn an_oci_source_with_a_tag_digest_or_capital_letter_is_refused() {
        for path in ["istiod:1.31.0", "istiod@sha256:0", "Istio", "a//b", "a?b", "a/../b-"] {
            let error = place(&format!("oci://registry.example/{path}")).unwrap_err();
            assert!(matches!(error, Error::NotAnOciName { .. }), "{path}: {error:?}");
        }
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

    #[test]
    fn another_scheme_is_told_how_to_do_without_tls() {
        let error = place("oci+http://registry.example/charts").unwrap_err();
        assert!(
            error.way_out().contains("plain_http = true in a chart_registry block"),
            "{}",
            error.way_out()
        );
        assert!(place("s3://charts").unwrap_err().way_out().starts_with("Use an HTTP repository"));
    }
}
