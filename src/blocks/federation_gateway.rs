//! The model of the block `federation_gateway`: that of `east_west_gateway` without addresses for single callers, since other meshes are
//! all told the same.

use tfplugin::{Field, Mismatch, TerraformValue, Type, Value, ValueError};

use super::gateway::{CallerModel, GatewayModel};

/// The block that it does not have.
const FROM: &str = "from";

/// A gateway for other meshes.
#[derive(Clone, Debug, Default)]
pub struct FederationGatewayModel(pub GatewayModel);

impl TerraformValue for FederationGatewayModel {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        let value = match value {
            Value::Map(mut members) => {
                members.insert(FROM.to_owned(), Value::Null);
                Value::Map(members)
            }
            other => other,
        };
        GatewayModel::from_value(value).map(Self)
    }

    fn into_value(self) -> Value {
        match self.0.into_value() {
            Value::Map(mut members) => {
                members.remove(FROM);
                Value::Map(members)
            }
            other => other,
        }
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        let Type::Object(attributes) = ty else { return GatewayModel::conforms(ty) };
        let mut attributes = attributes.clone();
        if attributes.insert(FROM.to_owned(), Type::map(CallerModel::ty())).is_some() {
            return Err(Mismatch {
                path: FROM.to_owned(),
                problem: "FederationGatewayModel has no such field".to_owned(),
            });
        }
        GatewayModel::conforms(&Type::Object(attributes))
    }
}

impl From<GatewayModel> for FederationGatewayModel {
    fn from(gateway: GatewayModel) -> Self {
        Self(GatewayModel { from: Field::Null, ..gateway })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_has_everything_but_addresses_for_single_callers() {
        let gateway = GatewayModel { node_port: Field::Known(31443), ..GatewayModel::default() };
        let value = FederationGatewayModel::from(gateway).into_value();
        let Value::Map(members) = &value else { panic!("{value:?}") };
        assert!(members.contains_key("node_port") && !members.contains_key("from"));
        assert_eq!(FederationGatewayModel::from_value(value).unwrap().0.node_port, Field::Known(31443));
    }
}
