//! Protocol 5: messages to values and back. The rest of the crate does not know the protocol's version.

mod answer;
mod convert;
mod ephemeral;
mod functions;
mod lifecycle;
mod provider;
mod reading;
mod service;

pub(crate) use service::Service;
