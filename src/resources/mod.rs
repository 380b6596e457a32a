//! The resources, one module a Terraform type.

pub mod mesh;
pub mod remote_cluster;
