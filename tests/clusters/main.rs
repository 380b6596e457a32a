//! Every way to connect to a cluster, and every way to fail, against a real API server.

#![cfg(test)]

mod credentials;
mod exec;
mod facts;
mod failures;
mod proxy;
mod snapshots;
mod support;
