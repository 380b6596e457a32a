//! Terraform provider for Istio multi-cluster meshes; see `ARCHITECTURE.md`.

pub mod blocks;
pub mod charts;
pub mod clusters;
pub mod data_sources;
pub mod desired;
pub mod diagnostics;
pub mod documents;
pub mod functions;
pub mod health;
pub mod lifecycle;
pub mod manifests;
pub mod mesh;
pub mod mesh_config;
pub mod observe;
pub mod provider;
pub mod provider_data;
pub mod render;
pub mod resources;
pub mod rollout;
pub mod trust;
