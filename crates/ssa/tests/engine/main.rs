//! The engine on a real API server with real controllers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod cancels;
mod cluster;
mod conflicts;
mod custom_kinds;
mod diffs;
mod failures;
mod faults;
mod http_proxy;
mod inventories;
mod kills;
mod lifecycle;
mod looks;
mod ownership;
mod patience;
mod proxy;
mod readiness;
mod rehearsals;
mod releases;
mod requests;
mod scenarios;
mod succession;
