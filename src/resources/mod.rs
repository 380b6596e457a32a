//! The resources, one module a Terraform type.

pub mod mesh;
