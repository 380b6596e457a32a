//! `istio_test_objects`: a `ConfigMap` for each text in some clusters, and a Secret whose value only the configuration has.

use std::collections::{BTreeMap, BTreeSet};

use istio_provider::desired::{Component, Kept, ManifestSet, Placeholder, Placeholders};
use istio_provider::lifecycle::{
    Holdings, Kind, Managed, Manifests, Recorded, Render, Texts, Verbs, known_objects, known_texts,
};
use istio_provider::mesh::{ClusterFacts, ClusterName};
use istio_provider::provider_data::ProviderData;
use istio_provider::rollout::{Given, OwnerKind};
use serde_json::{Value, json};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field, Model, Type};

const SECRET: &str = "secret";

pub struct TestObjects;

#[derive(Clone, Model)]
pub struct Objects {
    id: Field<String>,
    name: Field<String>,
    namespace: Field<String>,
    clusters: Field<BTreeSet<Field<String>>>,
    texts: Texts,
    secret_wo: Field<String>,
    secret_wo_version: Field<i64>,
    manifests: Field<Manifests>,
    cluster_uids: Texts,
    kubernetes_versions: Texts,
}

impl Render for Objects {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        _facts: &ClusterFacts,
        _kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        let namespace = self.namespace.as_str().unwrap_or_default();
        let object = |kind: &str, name: &str, data: Value| {
            let metadata = json!({"name": name, "namespace": namespace});
            json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data})
        };
        let version = self.secret_wo_version.as_known().copied().unwrap_or_default();
        let value = Placeholder::PullSecret { name: SECRET.to_owned(), version };
        let mut set = ManifestSet::new(cluster.clone());
        let mut push = |object, placeholders| {
            let pushed = set.push(Component::Plain, object, placeholders);
            pushed.map_err(|error| Diagnostic::error("Cannot render", error.to_string()))
        };
        let metadata = json!({"name": namespace});
        push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}), Placeholders::new())?;
        push(object("Secret", SECRET, json!({})), [("value".to_owned(), value)].into())?;
        for (name, text) in self.texts.as_known().map(known_texts).unwrap_or_default() {
            push(object("ConfigMap", &name, json!({"text": text})), Placeholders::new())?;
        }
        Ok(set)
    }
}

impl Managed for TestObjects {
    type Model = Objects;
    type Source = Objects;

    const KIND: Kind = Kind {
        resource_type: "istio_test_objects",
        noun: "set",
        traits: &["name"],
        example: "pair",
        place: |_| AttributePath::new("clusters"),
    };

    fn schema() -> Schema {
        let text = |what: &str| Attribute::string(what).required();
        let texts = |what: &str| Attribute::map(Type::String, what);
        Schema::new("Objects of a test.")
            .attribute("id", Attribute::string("Its identity.").computed().keep_prior())
            .attribute("name", text("Its name.").requires_replace())
            .attribute("namespace", text("Where they are.").requires_replace())
            .attribute("clusters", Attribute::set(Type::String, "In which clusters.").required())
            .attribute("texts", texts("A ConfigMap for each.").required())
            .attribute("secret_wo", text("A value.").write_only().sensitive())
            .attribute("secret_wo_version", Attribute::number("Which value.").optional())
            .attribute("manifests", Attribute::map(Type::map(Type::String), "The objects.").computed())
            .attribute("cluster_uids", texts("The clusters.").computed())
            .attribute("kubernetes_versions", texts("Their versions.").computed())
    }

    fn id(model: &Objects) -> &Field<String> {
        &model.id
    }

    fn manifests(model: &Objects) -> &Field<Manifests> {
        &model.manifests
    }

    fn recorded(model: &Objects) -> Recorded {
        let texts = |field: &Texts| field.as_known().map(known_texts).unwrap_or_default();
        Recorded {
            kind: Self::owner_kind(model.name.as_str().unwrap_or_default()),
            id: model.id.as_known().cloned(),
            namespace: model.namespace.as_known().cloned().unwrap_or_default(),
            objects: known_objects(&model.manifests),
            cluster_uids: texts(&model.cluster_uids),
            kubernetes_versions: texts(&model.kubernetes_versions),
            ..Recorded::default()
        }
    }

    fn with(model: Objects, holdings: Holdings) -> Objects {
        let Holdings { id, manifests, cluster_uids, kubernetes_versions, .. } = holdings;
        Objects { id, manifests, cluster_uids, kubernetes_versions, ..model }
    }

    fn traits(model: &Objects) -> BTreeMap<&'static str, String> {
        [("name", model.name.as_known().cloned().unwrap_or_default())].into()
    }

    fn labels(model: &Objects) -> BTreeSet<String> {
        model
            .clusters
            .as_known()
            .into_iter()
            .flatten()
            .filter_map(|label| label.as_known().cloned())
            .collect()
    }

    async fn source(model: &Objects, _: &Recorded, _: &ProviderData) -> Result<Objects, Diagnostics> {
        Ok(model.clone())
    }
}

impl Verbs for TestObjects {
    fn owner_kind(name: &str) -> OwnerKind {
        OwnerKind::Federation(name.to_owned())
    }

    fn given(config: &Objects) -> Given {
        let secret = config.secret_wo.as_str().map(|secret| (SECRET.to_owned(), secret.into()));
        Given { pull_secrets: secret.into_iter().collect(), ..Given::default() }
    }
}
