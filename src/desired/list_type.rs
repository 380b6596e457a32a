//! Which lists of Kubernetes' own kinds and of Istio's have items that are told apart, and by what: the one table of that.

use serde_json::Value;

use super::object;

/// Whose the items of a list are, and how they are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListType {
    /// Items are told apart by these members, and each belongs to whoever wrote it (`x-kubernetes-list-type: map`).
    Map(&'static [&'static str]),
    /// Items are told apart by these members, though whoever writes the list owns it as a whole.
    WholeMap(&'static [&'static str]),
    /// Items are told apart by their value, and each belongs to whoever wrote it (`x-kubernetes-list-type: set`).
    Set,
    /// The list is one value (`x-kubernetes-list-type: atomic`).
    Atomic,
}

/// A list that is not atomic: the kind that it is in (empty for any kind of Kubernetes' own), the member that it is the
/// value of, and its type. The first row that fits counts.
type Row = (&'static str, &'static str, ListType);

const NAME: ListType = ListType::Map(&["name"]);

/// From the OpenAPI document of the API server, and from Istio's custom resource definitions. Names alone are enough:
/// the items of a list of another type do not have the keys.
const LISTS: [Row; 31] = [
    ("ServiceAccount", "imagePullSecrets", ListType::WholeMap(&["name"])),
    ("MutatingAdmissionPolicy", "variables", ListType::WholeMap(&["name"])),
    ("CustomResourceDefinition", "versions", ListType::WholeMap(&["name"])),
    ("Service", "ports", ListType::Map(&["port", "protocol"])),
    ("ServiceEntry", "ports", NAME),
    ("WasmPlugin", "env", NAME),
    ("WasmPlugin", "ports", ListType::Map(&["number"])),
    ("TrafficExtension", "env", NAME),
    ("TrafficExtension", "ports", ListType::Map(&["number"])),
    ("", "claims", NAME),
    ("", "conditions", ListType::Map(&["type"])),
    ("", "containers", NAME),
    ("", "env", NAME),
    ("", "ephemeralContainers", NAME),
    ("", "finalizers", ListType::Set),
    ("", "hostAliases", ListType::Map(&["ip"])),
    ("", "imagePullSecrets", NAME),
    ("", "initContainers", NAME),
    ("", "matchConditions", NAME),
    ("", "ownerReferences", ListType::Map(&["uid"])),
    ("", "ports", ListType::Map(&["containerPort", "protocol"])),
    ("", "resourceClaims", NAME),
    ("", "schedulingGates", NAME),
    ("", "secrets", NAME),
    ("", "topologySpreadConstraints", ListType::Map(&["topologyKey", "whenUnsatisfiable"])),
    ("", "validationActions", ListType::Set),
    ("", "variables", NAME),
    ("", "volumeDevices", ListType::Map(&["devicePath"])),
    ("", "volumeMounts", ListType::Map(&["mountPath"])),
    ("", "volumes", NAME),
    ("", "webhooks", NAME),
];

/// Members of Kubernetes' own kinds whose value is one as a whole (`x-kubernetes-map-type: atomic`), and in which the API
/// server fills in nothing.
const SELECTORS: [&str; 7] = [
    "labelSelector",
    "namespaceSelector",
    "nodeSelector",
    "objectSelector",
    "podSelector",
    "scopeSelector",
    "selector",
];

/// Group and kind of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind<'a> {
    pub(crate) group: &'a str,
    pub(crate) kind: &'a str,
}

impl<'a> Kind<'a> {
    /// That of an object.
    pub(crate) fn of(object: &'a Value) -> Self {
        Self { group: object::group(object), kind: object::kind(object) }
    }

    /// Whether the kind is Kubernetes' own, so that its fields have Kubernetes' names and types. `metadata` of any other
    /// kind is Kubernetes' own too, but has no list besides `finalizers` and `ownerReferences`.
    pub(crate) fn is_built_in(self) -> bool {
        !self.group.contains('.') || self.group.ends_with(".k8s.io")
    }

    /// Whether member `field` is a selector, all of which belongs to whoever wrote it.
    pub(crate) fn is_selector(self, field: &str) -> bool {
        self.is_built_in() && SELECTORS.contains(&field)
    }

    /// The type of the list that is the value of member `field`.
    pub(crate) fn list_type(self, field: &str) -> ListType {
        let fits = |(kind, name, _): &&Row| {
            *name == field
                && (*kind == self.kind || (kind.is_empty() && (self.is_built_in() || is_metadata(name))))
        };
        LISTS.iter().find(fits).map_or(ListType::Atomic, |(_, _, list_type)| *list_type)
    }
}

fn is_metadata(field: &str) -> bool {
    matches!(field, "finalizers" | "ownerReferences")
}

impl ListType {
    /// Whether whoever writes the list owns all of it, so that an item of someone else's is a change of ours.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::Atomic | Self::WholeMap(_))
    }
}

/// What tells an item apart from the others of its list; `None` if it has not all of these members.
pub(crate) fn keys_of<'k>(item: &Value, keys: &[&'k str]) -> Option<Vec<(&'k str, Value)>> {
    keys.iter().map(|key| Some((*key, key_of(item, key)?))).collect()
}

/// The API server fills in `protocol` before it looks at the keys.
fn key_of(item: &Value, key: &str) -> Option<Value> {
    match item.as_object()?.get(key) {
        None | Some(Value::Null) => (key == "protocol").then(|| Value::from("TCP")),
        Some(Value::Object(_) | Value::Array(_)) => None,
        Some(value) => Some(value.clone()),
    }
}
