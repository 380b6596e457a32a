//! The provider block as Terraform sends it, and the plain values that the clusters are made from.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::BTreeMap;

use secrecy::SecretString;
use tfplugin::{Field, Model};

use crate::charts::Registry;
use crate::clusters::{ClusterBlock, ConnectionConfig, ConnectionSettings, ExecConfig, OnUnreachable};
use crate::provider_data::PlanDetail;

/// The provider block.
#[derive(Clone, Default, Model)]
pub struct ProviderModel {
    pub plan_detail: Field<String>,
    pub cluster: Field<BTreeMap<String, ClusterModel>>,
    pub chart_registry: Field<BTreeMap<String, ChartRegistryModel>>,
}

impl ProviderModel {
    /// How much a plan shows; the schema has refused all other words.
    pub(super) fn plan_detail(&self) -> PlanDetail {
        match self.plan_detail.as_str() {
            Some("full") => PlanDetail::Full,
            _ => PlanDetail::Compact,
        }
    }
}

/// One `cluster "<label>"` block.
#[derive(Clone, Default, Model)]
pub struct ClusterModel {
    pub host: Field<String>,
    pub cluster_ca_certificate: Field<String>,
    pub insecure: Field<bool>,
    pub token: Field<String>,
    pub token_file: Field<String>,
    pub client_certificate: Field<String>,
    pub client_key: Field<String>,
    pub config_path: Field<String>,
    pub config_paths: Field<Vec<Field<String>>>,
    pub config_raw: Field<String>,
    pub config_context: Field<String>,
    pub config_context_cluster: Field<String>,
    pub config_context_auth_info: Field<String>,
    pub proxy_url: Field<String>,
    pub tls_server_name: Field<String>,
    pub on_unreachable: Field<String>,
    pub recreated_from: Field<String>,
    pub exec: Field<ExecModel>,
}

/// A credential plugin.
#[derive(Clone, Default, Model)]
pub struct ExecModel {
    pub api_version: Field<String>,
    pub command: Field<String>,
    pub args: Field<Vec<Field<String>>>,
    pub env: Field<BTreeMap<String, Field<String>>>,
}

/// One `chart_registry "<host>"` block.
#[derive(Clone, Default, Model)]
pub struct ChartRegistryModel {
    pub username: Field<String>,
    pub password: Field<String>,
    pub ca_certificate: Field<String>,
    pub plain_http: Field<bool>,
}

impl ClusterModel {
    /// The plain settings; `on_unreachable` has passed its validator.
    pub fn block(&self) -> ClusterBlock {
        ClusterBlock {
            connection: self.connection(),
            on_unreachable: self
                .on_unreachable
                .as_str()
                .and_then(OnUnreachable::from_setting)
                .unwrap_or_default(),
            recreated_from: self.recreated_from.as_str().map(str::to_owned),
        }
    }

    fn connection(&self) -> ConnectionSettings {
        match self.first_unknown() {
            Some(attribute) => ConnectionSettings::NotYetKnown { attribute },
            None => ConnectionSettings::Known(Box::new(self.config())),
        }
    }

    /// The first attribute whose value only apply makes known, in the order of the schema.
    fn first_unknown(&self) -> Option<String> {
        let texts = [
            ("host", &self.host),
            ("cluster_ca_certificate", &self.cluster_ca_certificate),
            ("token", &self.token),
            ("token_file", &self.token_file),
            ("client_certificate", &self.client_certificate),
            ("client_key", &self.client_key),
            ("config_path", &self.config_path),
            ("config_raw", &self.config_raw),
            ("config_context", &self.config_context),
            ("config_context_cluster", &self.config_context_cluster),
            ("config_context_auth_info", &self.config_context_auth_info),
            ("proxy_url", &self.proxy_url),
            ("tls_server_name", &self.tls_server_name),
        ];
        let unknown_text = texts.into_iter().find(|(_, field)| field.is_unknown()).map(|(name, _)| name);
        unknown_text
            .or_else(|| self.insecure.is_unknown().then_some("insecure"))
            .or_else(|| list_is_unknown(&self.config_paths).then_some("config_paths"))
            .or_else(|| self.exec.is_unknown().then_some("exec"))
            .or_else(|| self.exec.as_known().and_then(ExecModel::first_unknown))
            .map(str::to_owned)
    }

    fn config(&self) -> ConnectionConfig {
        ConnectionConfig {
            host: text(&self.host),
            cluster_ca_certificate: text(&self.cluster_ca_certificate),
            insecure: self.insecure.as_known().copied(),
            token: secret(&self.token),
            token_file: text(&self.token_file),
            client_certificate: text(&self.client_certificate),
            client_key: secret(&self.client_key),
            exec: self.exec.as_known().map(ExecModel::config),
            config_path: text(&self.config_path),
            config_paths: texts(&self.config_paths),
            config_raw: secret(&self.config_raw),
            config_context: text(&self.config_context),
            config_context_cluster: text(&self.config_context_cluster),
            config_context_auth_info: text(&self.config_context_auth_info),
            proxy_url: secret(&self.proxy_url),
            tls_server_name: text(&self.tls_server_name),
        }
    }
}

impl ChartRegistryModel {
    /// The plain settings.
    pub fn registry(&self) -> Registry {
        let attributes = [
            ("username", &self.username),
            ("password", &self.password),
            ("ca_certificate", &self.ca_certificate),
        ];
        Registry {
            username: text(&self.username),
            password: secret(&self.password),
            ca_certificate: text(&self.ca_certificate),
            plain_http: self.plain_http.as_known().copied().unwrap_or_default(),
            not_yet_known: attributes
                .into_iter()
                .find(|(_, field)| field.is_unknown())
                .map(|(name, _)| name)
                .or_else(|| self.plain_http.is_unknown().then_some("plain_http")),
        }
    }
}

impl ExecModel {
    fn first_unknown(&self) -> Option<&'static str> {
        let env_is_unknown = match &self.env {
            Field::Unknown => true,
            Field::Null => false,
            Field::Known(env) => env.values().any(Field::is_unknown),
        };
        self.api_version
            .is_unknown()
            .then_some("exec.api_version")
            .or_else(|| self.command.is_unknown().then_some("exec.command"))
            .or_else(|| list_is_unknown(&self.args).then_some("exec.args"))
            .or_else(|| env_is_unknown.then_some("exec.env"))
    }

    fn config(&self) -> ExecConfig {
        let env = self.env.as_known().into_iter().flatten();
        ExecConfig {
            api_version: text(&self.api_version).unwrap_or_default(),
            command: text(&self.command).unwrap_or_default(),
            args: texts(&self.args),
            env: env.filter_map(|(name, value)| Some((name.clone(), secret(value)?))).collect(),
        }
    }
}

fn text(field: &Field<String>) -> Option<String> {
    field.as_known().cloned()
}

fn secret(field: &Field<String>) -> Option<SecretString> {
    text(field).map(SecretString::from)
}

fn texts(list: &Field<Vec<Field<String>>>) -> Vec<String> {
    list.as_known().into_iter().flatten().filter_map(text).collect()
}

fn list_is_unknown(list: &Field<Vec<Field<String>>>) -> bool {
    match list {
        Field::Unknown => true,
        Field::Null => false,
        Field::Known(items) => items.iter().any(Field::is_unknown),
    }
}
