//! Real Kubernetes clusters on one Linux machine without containers, for tests.
//!
//! * [`api_server`]: one real API server on loopback, without root, in seconds.

pub mod api_server;
mod blocking;
pub mod certificates;
pub mod chart_repository;
pub mod cli;
pub mod component;
pub mod connection;
pub mod control_plane;
pub mod parts;
mod port;
mod spawner;
mod state_directory;

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
