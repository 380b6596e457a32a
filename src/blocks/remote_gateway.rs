//! The block `east_west_gateway` of a remote cluster: that of a primary without typed addresses. These are in the mesh configuration of
//! every primary, which belongs to the mesh.

use tfplugin::schema::Block;
use tfplugin::{Field, Mismatch, TerraformValue, Type, Value, ValueError};

use super::gateway::{self, CallerModel, GatewayModel};
use crate::mesh::GatewayRole;

/// What it does not have.
const ADDRESSES: [&str; 3] = ["addresses", "address_port", "from"];

/// The east-west gateway of a remote cluster.
#[derive(Clone, Debug, Default)]
pub struct RemoteGatewayModel(pub GatewayModel);

/// The block's schema.
pub fn block() -> Block {
    ADDRESSES.iter().fold(gateway::block(GatewayRole::EastWest), |block, name| block.without(name))
}

impl TerraformValue for RemoteGatewayModel {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        let value = match value {
            Value::Map(mut members) => {
                members.extend(ADDRESSES.map(|name| (name.to_owned(), Value::Null)));
                Value::Map(members)
            }
            other => other,
        };
        GatewayModel::from_value(value).map(Self)
    }

    fn into_value(self) -> Value {
        match self.0.into_value() {
            Value::Map(mut members) => {
                members.retain(|name, _| !ADDRESSES.contains(&name.as_str()));
                Value::Map(members)
            }
            other => other,
        }
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        let Type::Object(attributes) = ty else { return GatewayModel::conforms(ty) };
        let mut attributes = attributes.clone();
        let types = [Type::set(Type::String), Type::Number, Type::map(CallerModel::ty())];
        for (name, ty) in ADDRESSES.into_iter().zip(types) {
            if attributes.insert(name.to_owned(), ty).is_some() {
                let problem = "RemoteGatewayModel has no such field".to_owned();
                return Err(Mismatch { path: name.to_owned(), problem });
            }
        }
        GatewayModel::conforms(&Type::Object(attributes))
    }
}

impl From<GatewayModel> for RemoteGatewayModel {
    fn from(gateway: GatewayModel) -> Self {
        let (addresses, address_port, from) = (Field::Null, Field::Null, Field::Null);
        Self(GatewayModel { addresses, address_port, from, ..gateway })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_that_of_a_primary_without_addresses() {
        let ty = block().model_type();
        assert_eq!(RemoteGatewayModel::conforms(&ty), Ok(()));
        let Type::Object(members) = &ty else { panic!("{ty}") };
        assert!(ADDRESSES.iter().all(|name| !members.contains_key(*name)) && members.contains_key("port"));
        let gateway = GatewayModel { port: Field::Known(443), ..GatewayModel::default() };
        let read = RemoteGatewayModel::from_value(RemoteGatewayModel::from(gateway).into_value()).unwrap();
        assert_eq!(read.0.port, Field::Known(443));
    }
}
