//! Values that have another type than Kubernetes' API has for their field: what the API server would reject.
//!
//! The types are those of the released API, so this needs no cluster. Of kinds that are not Kubernetes' own, only `metadata` is known,
//! unless the CRD is at hand: see [`Schemas`].

mod error;
mod found;
mod number;
mod reader;
mod schemas;

use std::cell::RefCell;
use std::fmt;

use k8s_openapi::Resource;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, LimitRange, Namespace, PersistentVolumeClaim, Pod, ResourceQuota, Secret, Service,
    ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_json::Value;

use self::found::Context;
use self::reader::Reader;
pub use self::schemas::Schemas;
use crate::desired::list_type::Kind;

/// A value of another type than its field's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistyped {
    /// The path of the field, in the notation of [`manifests`](super).
    pub field: String,
    /// What the value is.
    pub is: Type,
    /// What the field takes.
    pub takes: Type,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A number without a fraction.
    Integer,
    /// A number or a text that is a quantity or a name, such as `500m` or `http`.
    NumberOrText,
    /// True or false.
    Bool,
    /// A list.
    List,
    /// A mapping.
    Mapping,
}

impl Type {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Bool),
            Value::Number(_) => Some(Self::Number),
            Value::String(_) => Some(Self::Text),
            Value::Array(_) => Some(Self::List),
            Value::Object(_) => Some(Self::Mapping),
        }
    }
}

/// With its article.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Integer => "an integer",
            Self::NumberOrText => "a number or a string",
            Self::Bool => "a bool",
            Self::List => "a list",
            Self::Mapping => "a mapping",
        })
    }
}

impl Mistyped {
    /// How the value is written instead.
    pub fn remedy(&self) -> &'static str {
        match (self.is, self.takes) {
            (Type::Number | Type::Bool, Type::Text) => "put it in quotes",
            (Type::Text, Type::Bool | Type::Number | Type::Integer) => "write it without quotes",
            (Type::Number, Type::Integer) => "leave out the fraction",
            _ => "correct it",
        }
    }
}

/// The values of an object that have the wrong type, in the order of the object's fields.
pub fn mistyped(object: &Value) -> Vec<Mistyped> {
    let found = RefCell::new(Vec::new());
    let kind = Kind::of(object);
    let reader = Reader::new(object, Context { kind, found: &found });
    // What else a library finds wrong with a value, such as a number that is too large, is for the API server to say.
    let _ = read_as_kind(object["apiVersion"].as_str().unwrap_or_default(), kind.kind, reader);
    found.into_inner()
}

/// What every object has.
#[derive(Deserialize)]
struct AnyObject {
    #[serde(default, rename = "metadata")]
    _metadata: ObjectMeta,
}

/// Reads as the type of the object's kind.
macro_rules! read_as {
    ($version:expr, $kind:expr, $reader:expr, $($resource:ty),+ $(,)?) => {
        match ($version, $kind) {
            $((<$resource as Resource>::API_VERSION, <$resource as Resource>::KIND) => {
                <$resource>::deserialize($reader).map(drop)
            })+
            _ => AnyObject::deserialize($reader).map(drop),
        }
    };
}

fn read_as_kind(version: &str, kind: &str, reader: Reader<'_, '_>) -> Result<(), error::Error> {
    read_as!(
        version,
        kind,
        reader,
        ClusterRole,
        ClusterRoleBinding,
        ConfigMap,
        CronJob,
        DaemonSet,
        Deployment,
        EndpointSlice,
        Endpoints,
        HorizontalPodAutoscaler,
        Ingress,
        Job,
        LimitRange,
        MutatingWebhookConfiguration,
        Namespace,
        NetworkPolicy,
        PersistentVolumeClaim,
        Pod,
        PodDisruptionBudget,
        PriorityClass,
        ResourceQuota,
        Role,
        RoleBinding,
        Secret,
        Service,
        ServiceAccount,
        StatefulSet,
        ValidatingAdmissionPolicy,
        ValidatingAdmissionPolicyBinding,
        ValidatingWebhookConfiguration,
    )
}
