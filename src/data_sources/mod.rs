//! What can be read rather than made.

pub mod topology;
