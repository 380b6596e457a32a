//! Terraform provider for Istio multi-cluster meshes.
