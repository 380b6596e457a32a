//! Being a plugin: the handshake of go-plugin, transport, logs, signals and the end of the process.

mod connection;
mod handshake;
mod listener;
mod log;
mod parent;
mod serve;
mod services;
mod tls;

pub use serve::serve;
