//! Real Kubernetes clusters on one Linux machine without containers, for tests.
//!
//! * [`api_server`]: one real API server on loopback, without root, in seconds.
//! * [`Lab`]: whole clusters that run Istio for real, inside a [`jail`].
//! * [`chart_repository`]: charts over HTTP; [`registry`]: charts in an OCI registry.
//! * [`sample`]: what tests call through a mesh.
//! * [`parts`]: the pinned programs that all of it runs.

pub mod api_server;
mod blocking;
pub mod certificates;
pub mod chart_repository;
pub mod cli;
pub mod cloud;
pub mod cluster;
pub mod component;
pub mod connection;
pub mod control_plane;
pub mod dns;
mod inner_cargo;
pub mod jail;
mod lab;
pub mod net;
pub mod node;
pub mod parts;
mod port;
pub mod probe;
pub mod registry;
pub mod sample;
pub mod snapshot;
mod spawner;
mod state_directory;
mod web;

pub use cluster::Cluster;
pub use inner_cargo::inner_cargo;
pub use lab::{ClusterSpec, Error, Lab, Spec};

/// An error with all its causes, for people.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
