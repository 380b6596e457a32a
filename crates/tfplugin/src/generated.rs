//! Protobuf code, generated from `proto/` by `tests/generated_code.rs`.
#![allow(missing_docs, clippy::pedantic)]

/// Terraform's plugin protocol 5.
pub mod tfplugin5 {
    include!("generated/tfplugin5.rs");
}

/// The services of go-plugin.
pub mod plugin {
    include!("generated/plugin.rs");
}
