//! What identifies a remote cluster to Terraform.

use tfplugin::schema::{IdentityAttribute, IdentitySchema};
use tfplugin::{Field, Model, Type};

/// For `import` blocks and `terraform query`.
#[derive(Clone, Debug, Model)]
pub struct RemoteClusterIdentity {
    /// The attribute `id`.
    pub id: Field<String>,
}

/// The attributes of [`RemoteClusterIdentity`].
pub fn schema() -> IdentitySchema {
    let description = "The attribute id of the resource, as the inventory in each of its clusters has it.";
    IdentitySchema::new().attribute("id", IdentityAttribute::required(Type::String, description))
}
