//! What is ours in a cluster without an inventory that says so.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::discovery::Discovery;
use crate::engine::Engine;
use crate::field_path::{FieldPath, PathElement, Scalar};
use crate::field_set::{FieldSet, ManagedFields};
use crate::live::Live;
use crate::object_id::{GroupKind, ObjectId};
use crate::observe::encode;
use crate::options::Owner;
use crate::request_error::RequestError;

/// How the names of Kubernetes' own field managers begin: `kube-apiserver`, `kube-controller-manager`.
const KUBERNETES_OWN: &str = "kube-";

impl Engine {
    /// The objects of these kinds that bear our owner label: one LIST a kind. A kind that the cluster does not serve has none.
    pub async fn owned(
        &self,
        kinds: &BTreeSet<GroupKind>,
        cancel: &CancellationToken,
    ) -> Result<BTreeSet<ObjectId>, RequestError> {
        let serves_all =
            |discovery: &Discovery| kinds.iter().all(|kind| discovery.resource(kind, None).is_some());
        let discovery = self.discovery_with(serves_all, cancel).await?;
        match self.owned_by(&discovery, kinds, cancel).await {
            Err(error) if discovery.is_kept() && error.is_of_unserved_kind() => {
                self.owned_by(&*self.rediscover(cancel).await?, kinds, cancel).await
            }
            owned => owned,
        }
    }

    async fn owned_by(
        &self,
        discovery: &Discovery,
        kinds: &BTreeSet<GroupKind>,
        cancel: &CancellationToken,
    ) -> Result<BTreeSet<ObjectId>, RequestError> {
        let Owner { label, value } = &*self.owner;
        let selector = format!("&labelSelector={}", encode(&format!("{label}={value}")));
        let lists = kinds.iter().filter_map(|kind| discovery.resource(kind, None));
        let lists = lists.map(|resource| async {
            let found = self.list(resource, "", &selector, cancel).await?;
            Ok::<_, RequestError>(found.into_iter().map(|live| id(&resource.kind, &live)).collect::<Vec<_>>())
        });
        Ok(futures::future::try_join_all(lists).await?.into_iter().flatten().collect())
    }

    /// Of a live object what identifies it and the fields that we have applied, without our owner label.
    pub fn own_fields(&self, live: &Live) -> Value {
        let mut fields = FieldSet::default();
        let entries = ManagedFields::of(live.value());
        for entry in entries.iter().filter(|entry| entry.is_applied_by(&self.shared.options.field_manager)) {
            fields.add(&entry.fields);
        }
        // Without any field of ours, none is shown; as a leaf, the empty set would stand for the whole object.
        let mut own = if fields.is_leaf() { json!({}) } else { pruned(live.value(), &fields) };
        for name in ["apiVersion", "kind"] {
            own[name] = live.value()[name].clone();
        }
        for name in ["name", "namespace"] {
            if let Some(value) = live.value()["metadata"].get(name) {
                own["metadata"][name] = value.clone();
            }
        }
        if let Some(metadata) = own["metadata"].as_object_mut()
            && let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut)
        {
            labels.remove(&self.owner.label);
            if labels.is_empty() {
                metadata.remove("labels");
            }
        }
        own
    }

    /// The other field managers that own the field at `path` of a live object, something in it, or the whole that it is a part of; sorted.
    pub fn owners_beside(&self, live: &Live, path: &FieldPath) -> Vec<String> {
        let entries = ManagedFields::of(live.value()).into_iter();
        let others = entries
            .filter(|entry| entry.manager != self.shared.options.field_manager && entry.fields.reaches(path));
        let owners: BTreeSet<String> = others.map(|entry| entry.manager).collect();
        owners.into_iter().collect()
    }

    /// The other field managers of a live object that are no part of Kubernetes, the latest first.
    pub fn managers_beside(&self, live: &Live) -> Vec<String> {
        let entries = live.value()["metadata"]["managedFields"].as_array().into_iter().flatten();
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let all = entries.map(|entry| (text(entry, "time"), text(entry, "manager")));
        let is_other = |(_, manager): &(String, String)| {
            *manager != self.shared.options.field_manager && !manager.starts_with(KUBERNETES_OWN)
        };
        let mut others: Vec<(String, String)> = all.filter(is_other).collect();
        others.sort_by(|one, other| other.cmp(one));
        let mut managers: Vec<String> = Vec::new();
        for (_, manager) in others {
            if !managers.contains(&manager) {
                managers.push(manager);
            }
        }
        managers
    }

    /// Whether a live object bears another owner's label.
    pub fn is_foreign(&self, live: &Live) -> bool {
        live.owner(&self.owner).is_some_and(|value| value != self.owner.value)
    }
}

fn id(kind: &GroupKind, live: &Live) -> ObjectId {
    let text = |name: &str| live.value()["metadata"][name].as_str().unwrap_or_default();
    ObjectId::new(&kind.group, &kind.kind, text("namespace"), text("name"))
}

/// The part of a value that is in the set.
fn pruned(value: &Value, fields: &FieldSet) -> Value {
    if fields.is_leaf() {
        return value.clone();
    }
    match value {
        Value::Object(members) => {
            let members = members.iter().filter_map(|(name, member)| {
                let below = fields.below(&PathElement::Field(name.clone()))?;
                Some((name.clone(), pruned(member, below)))
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => {
            let items = items.iter().enumerate().filter_map(|(position, item)| {
                let below = fields.matching(|element| is_at(element, position, item))?;
                Some(pruned(item, below))
            });
            Value::Array(items.collect())
        }
        scalar => scalar.clone(),
    }
}

/// Whether a path element points at this item of a list.
fn is_at(element: &PathElement, position: usize, item: &Value) -> bool {
    match element {
        PathElement::Field(_) => false,
        PathElement::Index(index) => *index == position,
        PathElement::Item(value) => *value == Scalar::of(item),
        PathElement::Key(keys) => {
            keys.iter().all(|(name, value)| item.get(name).is_some_and(|live| *value == Scalar::of(live)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_list_the_items_that_are_in_the_set_stay_with_their_fields() {
        let fields = FieldSet::parse(&json!({
            "f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}}}, "f:flags": {"v:\"x\"": {}}},
            "f:metadata": {"f:labels": {"f:app": {}}},
        }));
        let live = json!({
            "metadata": {"labels": {"app": "web", "other": "1"}, "uid": "u"},
            "spec": {
                "containers": [{"name": "b", "image": "b"}, {"name": "a", "image": "a", "ports": [1]}],
                "flags": ["w", "x"],
                "replicas": 1,
            },
        });
        let own = json!({
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "a", "image": "a"}], "flags": ["x"]},
        });
        assert_eq!(pruned(&live, &fields), own);
    }
}
