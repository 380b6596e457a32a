//! The block `image_pull_secret`: schema, model and reading.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;
use tfplugin::schema::{Attribute, Block};
use tfplugin::{Field, Model};

use super::reader::Reader;

/// The content of one Secret for pulling images.
#[derive(Clone, Model)]
pub struct ImagePullSecretModel {
    pub docker_config_json_wo: Field<String>,
    pub docker_config_json_wo_version: Field<i64>,
}

impl fmt::Debug for ImagePullSecretModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut model = f.debug_struct("ImagePullSecretModel");
        model
            .field("docker_config_json_wo_version", &self.docker_config_json_wo_version)
            .finish_non_exhaustive()
    }
}

impl ImagePullSecretModel {
    /// The contents that the configuration has, by the names of their Secrets.
    pub fn contents(blocks: &Field<BTreeMap<String, Self>>) -> BTreeMap<String, SecretString> {
        let contents = blocks.as_known().into_iter().flatten().filter_map(|(name, secret)| {
            Some((name.clone(), secret.docker_config_json_wo.as_known()?.as_str().into()))
        });
        contents.collect()
    }
}

/// The block's schema.
pub fn block() -> Block {
    Block::new(
        "Credentials for pulling Istio's images. The label is the name of the Secret that is created in the mesh's namespace of \
         each cluster that this resource installs, before the first pod; control planes, gateways and the CNI plugin use it. Sidecars \
         refer to it too: each namespace whose pods have sidecars needs its own Secret of this name.",
    )
    .attribute("docker_config_json_wo", Attribute::string(
        "Contents of a Docker `config.json`, such as `jsonencode({ auths = { \"registry.example\" = { auth = … } } })`. It is \
         stored neither in state nor in a plan.",
    ).required().write_only().sensitive().validate(is_docker_config))
    .attribute("docker_config_json_wo_version", Attribute::number(
        "Version of the content (default `0`). Increment it to apply new content: a change of the content alone is not detected.",
    ).optional())
}

/// As Kubernetes asks of a Secret of type `kubernetes.io/dockerconfigjson`.
fn is_docker_config(value: &tfplugin::Value) -> Result<(), String> {
    let tfplugin::Value::String(text) = value else { return Ok(()) };
    let is_config =
        serde_json::from_str::<serde_json::Value>(text).is_ok_and(|config| config["auths"].is_object());
    if is_config { Ok(()) } else { Err("a JSON document with a member auths".to_owned()) }
}

impl Reader {
    /// The number of each content.
    pub fn pull_secrets(
        &mut self,
        secrets: &Field<BTreeMap<String, ImagePullSecretModel>>,
    ) -> BTreeMap<String, i64> {
        self.labelled(secrets, |reader, _, secret| {
            reader.number(&secret.docker_config_json_wo_version).unwrap_or_default()
        })
    }
}
