//! Which settings of a connection go together. Pure: no file is read, nothing is decoded.

use secrecy::ExposeSecret;

use super::invalid::{Invalid, Problem};
use super::settings::ConnectionConfig;

/// Everything that contradicts or lacks something else in `config`.
pub(super) fn violations(config: &ConnectionConfig) -> Vec<Invalid> {
    let mut found = empty_settings(config);
    if !found.is_empty() {
        return found;
    }
    let set = settings(config);
    let has = |name: &str| set.contains(&name);
    let kubeconfig = KUBECONFIGS.into_iter().find(|name| has(name));
    if !has("host") && kubeconfig.is_none() {
        found.push(Invalid::new("host", Problem::NoServer));
    }
    found.extend(exclusive(&set, &KUBECONFIGS));
    found.extend(exclusive(&set, &["token", "token_file", "exec"]));
    found.extend(exclusive(&set, &["client_certificate", "exec"]));
    found.extend(exclusive(&set, &["cluster_ca_certificate", "insecure"]));
    for (one, other) in [("client_certificate", "client_key"), ("client_key", "client_certificate")] {
        if has(one) && !has(other) {
            found.push(Invalid::new(one, Problem::Needs { other }));
        }
    }
    match kubeconfig {
        Some(kubeconfig) => found
            .extend(INLINE.into_iter().filter(|name| has(name)).map(|name| contradiction(name, kubeconfig))),
        None => found.extend(
            SELECTORS
                .into_iter()
                .filter(|name| has(name))
                .map(|name| Invalid::new(name, Problem::Needs { other: "config_path" })),
        ),
    }
    found
}

/// The settings of a kubeconfig; at most one gives it.
const KUBECONFIGS: [&str; 3] = ["config_path", "config_paths", "config_raw"];

/// What a kubeconfig brings by itself.
const INLINE: [&str; 7] =
    ["host", "cluster_ca_certificate", "token", "token_file", "client_certificate", "client_key", "exec"];

/// What selects inside a kubeconfig.
const SELECTORS: [&str; 3] = ["config_context", "config_context_cluster", "config_context_auth_info"];

/// The names of the settings that have a value. `insecure = false` counts as none.
fn settings(config: &ConnectionConfig) -> Vec<&'static str> {
    let mut set: Vec<_> = texts(config).into_iter().map(|(name, _)| name).collect();
    if config.insecure == Some(true) {
        set.push("insecure");
    }
    if config.exec.is_some() {
        set.push("exec");
    }
    if !config.config_paths.is_empty() {
        set.push("config_paths");
    }
    set
}

/// Whether the block leaves the whole connection to the environment.
pub(super) fn names_nothing(config: &ConnectionConfig) -> bool {
    config.insecure.is_none() && settings(config).is_empty()
}

fn empty_settings(config: &ConnectionConfig) -> Vec<Invalid> {
    let exec_command = config.exec.as_ref().map(|exec| ("exec.command", exec.command.as_str()));
    let paths = config.config_paths.iter().map(|path| ("config_paths", path.as_str()));
    texts(config)
        .into_iter()
        .chain(exec_command)
        .chain(paths)
        .filter(|(_, value)| value.trim().is_empty())
        .map(|(name, _)| Invalid::new(name, Problem::Empty))
        .collect()
}

fn texts(config: &ConnectionConfig) -> Vec<(&'static str, &str)> {
    let plain = [
        ("host", &config.host),
        ("cluster_ca_certificate", &config.cluster_ca_certificate),
        ("token_file", &config.token_file),
        ("client_certificate", &config.client_certificate),
        ("config_path", &config.config_path),
        ("config_context", &config.config_context),
        ("config_context_cluster", &config.config_context_cluster),
        ("config_context_auth_info", &config.config_context_auth_info),
        ("tls_server_name", &config.tls_server_name),
    ];
    let secret = [
        ("token", &config.token),
        ("client_key", &config.client_key),
        ("config_raw", &config.config_raw),
        ("proxy_url", &config.proxy_url),
    ];
    let plain = plain.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let secret = secret.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?.expose_secret())));
    plain.chain(secret).collect()
}

/// The second of `names` that is set contradicts the first.
fn exclusive(set: &[&str], names: &[&'static str]) -> Option<Invalid> {
    let mut present = names.iter().filter(|name| set.contains(name));
    let first = present.next()?;
    present.next().map(|second| contradiction(second, first))
}

fn contradiction(name: &'static str, other: &'static str) -> Invalid {
    Invalid::new(name, Problem::Contradicts { other })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clusters::settings::ExecConfig;

    #[allow(clippy::unnecessary_wraps, reason = "a setting that is set")]
    fn text(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    fn inline() -> ConnectionConfig {
        ConnectionConfig { host: text("https://api"), ..Default::default() }
    }

    #[allow(clippy::unnecessary_wraps, reason = "a setting that is set")]
    fn exec(command: &str) -> Option<ExecConfig> {
        Some(ExecConfig { command: command.to_owned(), ..Default::default() })
    }

    fn shown(config: &ConnectionConfig) -> Vec<String> {
        violations(config).into_iter().map(|found| format!("{}: {}", found.setting, found.problem)).collect()
    }

    #[test]
    fn every_single_way_to_connect_is_allowed() {
        let token = || Some("t".to_owned().into());
        for config in [
            inline(),
            ConnectionConfig { token: token(), insecure: Some(true), ..inline() },
            ConnectionConfig { token_file: text("/t"), insecure: Some(false), ..inline() },
            ConnectionConfig { exec: exec("aws"), cluster_ca_certificate: text("x"), ..inline() },
            ConnectionConfig {
                client_certificate: text("c"),
                client_key: token(),
                token: token(),
                ..inline()
            },
            ConnectionConfig { config_path: text("~/c"), config_context: text("east"), ..Default::default() },
            ConnectionConfig { config_raw: token(), tls_server_name: text("api"), ..Default::default() },
            ConnectionConfig { config_paths: vec!["a".into(), "b".into()], ..Default::default() },
        ] {
            assert_eq!(shown(&config), [""; 0], "{config:?}");
        }
    }

    #[test]
    fn contradictions_name_both_settings() {
        let token = || Some("t".to_owned().into());
        for (config, expected) in [
            (
                ConnectionConfig { token: token(), token_file: text("/t"), ..inline() },
                "token_file: it conflicts with token",
            ),
            (
                ConnectionConfig { token: token(), exec: exec("aws"), ..inline() },
                "exec: it conflicts with token",
            ),
            (
                ConnectionConfig { insecure: Some(true), cluster_ca_certificate: text("x"), ..inline() },
                "insecure: it conflicts with cluster_ca_certificate",
            ),
            (ConnectionConfig { config_path: text("/k"), ..inline() }, "host: it conflicts with config_path"),
            (
                ConnectionConfig { config_path: text("/k"), config_raw: token(), ..Default::default() },
                "config_raw: it conflicts with config_path",
            ),
        ] {
            assert_eq!(shown(&config), [expected]);
        }
    }

    #[test]
    fn incomplete_settings_name_what_is_missing() {
        for (config, expected) in [
            (
                ConnectionConfig { client_certificate: text("c"), ..inline() },
                "client_certificate: it requires client_key",
            ),
            (
                ConnectionConfig { config_context: text("east"), ..inline() },
                "config_context: it requires config_path",
            ),
            (ConnectionConfig { exec: exec(" "), ..inline() }, "exec.command: it is empty"),
            (ConnectionConfig { host: text(""), ..Default::default() }, "host: it is empty"),
        ] {
            assert_eq!(shown(&config), [expected]);
        }
    }

    #[test]
    fn a_block_without_connection_settings_names_nothing() {
        assert!(names_nothing(&ConnectionConfig::default()));
        assert!(!names_nothing(&inline()));
        assert!(!names_nothing(&ConnectionConfig { insecure: Some(false), ..Default::default() }));
    }
}
