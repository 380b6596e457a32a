//! What can be read rather than made.

pub mod mesh;
pub mod topology;
