//! Drives the real `terraform` with the real provider against the lab's clusters.
//!
//! Everything here is for tests: what goes wrong panics with the whole story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::missing_panics_doc, reason = "a panic is how a test fails")]

pub mod admin;
pub mod authority;
pub mod book;
pub mod comparison;
pub mod delay;
pub mod guide;
pub mod hold;
pub mod mesh;
pub mod official;
pub mod provider_binary;
pub mod terraform;

pub use terraform::{Run, Workspace};
