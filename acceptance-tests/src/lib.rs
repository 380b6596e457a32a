//! Drives the real `terraform` with the real provider against the lab's clusters.
//!
//! Everything here is for tests: what goes wrong panics with the whole story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::missing_panics_doc, reason = "a panic is how a test fails")]

pub mod admin;
pub mod audited;
pub mod authority;
pub mod book;
pub mod comparison;
pub mod delay;
pub mod fixture;
pub mod guide;
pub mod hold;
pub mod kills;
pub mod mesh;
pub mod official;
pub mod process;
pub mod provider_binary;
pub mod random;
pub mod remote;
pub mod rewriting;
pub mod suite;
mod temporary;
pub mod terraform;
pub mod unserved_webhook;
mod until;

pub use fixture::Fixture;
pub use terraform::{Run, Workspace};
pub use until::until;
