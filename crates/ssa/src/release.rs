//! Objects that outlive their owner: it gives them up, and another may take them.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use http::Method;
use semver::Version;
use serde::de::IgnoredAny;

use crate::discovery::Resource;
use crate::engine::Engine;
use crate::live::Live;
use crate::object_id::ObjectId;
use crate::observe::encode;
use crate::request::Call;
use crate::request_error::{RequestError, Target, Verb};
use crate::rules::{Annotation, ObjectPattern};

const MERGE_PATCH: &str = "application/merge-patch+json";
/// How often an object that others change at the same time is tried again.
const ATTEMPTS: u32 = 5;

/// Which objects that nobody owns any more a set may take: those without an owner label and without a field manager of their
/// own, as [`DeleteOptions::keep`](crate::DeleteOptions::keep) leaves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inherit {
    /// The objects.
    pub objects: ObjectPattern,
    /// The annotation that says of which version such an object is, and the version of the set: a newer object is not taken.
    /// Versions are semantic ones; what is none is taken to be old.
    pub version: Annotation,
}

impl Inherit {
    /// Whether the set may take an object that nobody owns.
    pub(crate) fn takes(&self, id: &ObjectId, live: &Live) -> bool {
        let version = live.value()["metadata"]["annotations"][&self.version.key].as_str();
        let version = version.and_then(|version| Version::parse(version).ok());
        let own = Version::parse(&self.version.value).ok();
        let is_newer = version.zip(own).is_some_and(|(version, own)| version > own);
        self.objects.matches(id) && !is_newer
    }
}

impl Engine {
    /// Whether nobody owns an object: it has no owner label, and no manager but ourselves has written more than its status.
    pub(crate) fn is_unowned(&self, live: &Live) -> bool {
        let manager = self.shared.options.field_manager.as_str();
        let nobody = nobody(manager);
        let is_nobodys = |entry: &Value| {
            entry["manager"] == manager
                || entry["manager"] == nobody.as_str()
                || !entry["subresource"].is_null()
        };
        live.owner(&self.owner).is_none() && entries(live).iter().all(is_nobodys)
    }

    /// Whether we are among those who have written an object.
    pub(crate) fn has_written(&self, live: &Live) -> bool {
        let manager = self.shared.options.field_manager.as_str();
        entries(live).iter().any(|entry| entry["manager"] == manager)
    }

    /// Takes owner label and field manager off an object that stays as it is, and notes its version, if one is given.
    pub(crate) async fn release_object(
        &self,
        resource: &Resource,
        id: &ObjectId,
        version: Option<&Annotation>,
        cancel: &CancellationToken,
    ) -> Result<(), RequestError> {
        let manager = &self.shared.options.field_manager;
        let uri = format!("{}?fieldManager={}", resource.path(id), encode(&nobody(manager)));
        for attempt in 1.. {
            let Some(live) = self.get(resource, id, cancel).await? else { return Ok(()) };
            let body = self.released(&live, version).to_string().into_bytes();
            let target = Target::Object(id.clone());
            let call = Call::new(Verb::Update, target, Method::PATCH, uri.clone(), MERGE_PATCH, body);
            match self.read::<IgnoredAny>(&call, cancel).await {
                Err(RequestError::NotFound { .. }) => return Ok(()),
                Err(RequestError::Conflict { .. }) if attempt < ATTEMPTS => {}
                answer => return answer.map(drop),
            }
        }
        Ok(())
    }

    /// The change that gives a live object up.
    fn released(&self, live: &Live, version: Option<&Annotation>) -> Value {
        let manager = self.shared.options.field_manager.as_str();
        let mut others = entries(live).to_vec();
        others.retain(|entry| entry["manager"] != manager);
        if others.is_empty() {
            others.push(json!({
                "manager": nobody(manager),
                "operation": "Update",
                "apiVersion": live.value()["apiVersion"],
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:metadata": {"f:labels": {}}},
            }));
        }
        let label = &self.owner.label;
        let mut metadata = json!({
            "resourceVersion": live.resource_version(),
            "labels": {label.as_str(): null},
            "managedFields": others,
        });
        if let Some(Annotation { key, value }) = version {
            metadata["annotations"] = json!({key.as_str(): value});
        }
        json!({"metadata": metadata})
    }
}

/// Stands for a manager where there is none: an API server stops noting who changes an object that has none at all
/// (`skipNonApplied` in its field manager), and whoever changes this one next must be seen.
fn nobody(manager: &str) -> String {
    format!("{manager}-released")
}

fn entries(live: &Live) -> &[Value] {
    live.value()["metadata"]["managedFields"].as_array().map_or(&[], Vec::as_slice)
}
