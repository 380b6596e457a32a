//! Terraform provider for Istio multi-cluster meshes.

pub mod charts;
pub mod clusters;
pub mod manifests;
pub mod mesh;
pub mod observe;
pub mod render;
pub mod rollout;
