//! Resources with an identity (Terraform 1.12 and later).

use std::future::Future;

use crate::schema::IdentitySchema;
use crate::{Diagnostics, Outcome, Resource, ResourceContext, TerraformValue};

/// A resource that its remote system knows by a few attributes, which never change while it lives.
///
/// Terraform keeps the identity beside the state, imports by it (`import { identity = { … } }`), and finds resources by
/// it (`terraform query`, see [`ListResource`](crate::ListResource)). Offer such a resource with
/// [`Registry::identified`](crate::Registry::identified).
pub trait Identified: Resource {
    /// The identity: a flat struct of the schema's attributes.
    type Identity: TerraformValue + Clone + Send + Sync;

    /// The attributes of the identity.
    fn identity_schema(&self) -> IdentitySchema;

    /// The identity of what `state` describes; pure and offline. `state` may be a plan, in which values are unknown: so
    /// they are in the identity then, and only the apply tells Terraform of it.
    fn identity(&self, state: &Self::Model, context: &ResourceContext<Self>) -> Self::Identity;

    /// Makes a first state of an identity, for an `import` block; a read follows. Attributes that the import need not
    /// give may be null.
    fn import_by_identity(
        &self,
        identity: Self::Identity,
        context: &ResourceContext<Self>,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;

    /// Brings the JSON of an identity with an older schema version into the present shape; offline. Attributes that the
    /// schema no longer has may stay, missing ones become null.
    fn upgrade_identity(
        &self,
        version: i64,
        identity: serde_json::Value,
    ) -> Result<serde_json::Value, Diagnostics> {
        let _ = version;
        Ok(identity)
    }
}
