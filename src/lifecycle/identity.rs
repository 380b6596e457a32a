//! The identity of one resource: drawn at its creation, kept for ever, recorded in every cluster.

use tfplugin::schema::{IdentityAttribute, IdentitySchema};
use tfplugin::{Diagnostic, Field, Model, Type};

use super::managed::Kind;
use crate::diagnostics;

/// What identifies a resource to Terraform, for `import` blocks and `terraform query`.
#[derive(Clone, Debug, Model)]
pub struct ResourceIdentity {
    /// The attribute `id`.
    pub id: Field<String>,
}

/// The attributes of [`ResourceIdentity`].
pub(super) fn schema() -> IdentitySchema {
    let description = "The attribute id of the resource, as the inventory in each of its clusters has it.";
    IdentitySchema::new().attribute("id", IdentityAttribute::required(Type::String, description))
}

/// An identity that no other resource has: 32 hexadecimal digits. Only applies draw one; plans are repeatable.
pub(super) fn draw(kind: Kind) -> Result<String, Diagnostic> {
    let mut bytes = [0; size_of::<u128>()];
    getrandom::fill(&mut bytes).map_err(|error| {
        let way_out = "The machine has no random source. Nothing was written; run the same command again.";
        let summary = format!("Cannot generate an identity for the {}", kind.noun);
        diagnostics::failure(summary, &error, way_out, None)
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use tfplugin::AttributePath;

    use super::*;

    #[test]
    fn every_identity_is_another_one_of_32_digits() {
        let kind = Kind {
            resource_type: "istio_mesh",
            noun: "mesh",
            traits: &[],
            example: "shop",
            place: |_| AttributePath::root(),
        };
        let (one, other) = (draw(kind).unwrap(), draw(kind).unwrap());
        assert_ne!(one, other);
        assert!(one.len() == 32 && one.chars().all(|digit| digit.is_ascii_hexdigit()), "{one}");
    }
}
