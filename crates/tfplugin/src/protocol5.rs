//! Protocol 5: messages to values and back. The rest of the crate does not know the protocol's version.

mod actions;
mod answer;
mod convert;
mod ephemeral;
mod functions;
mod identity;
mod lifecycle;
mod listing;
mod provider;
mod reading;
mod service;
mod streaming;
mod turns;

pub(crate) use service::Service;
