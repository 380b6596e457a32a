//! The resources, one module a Terraform type.

pub mod mesh;
pub mod mesh_federation;
pub mod remote_cluster;
