//! Protocol 5: messages to values and back. The rest of the crate does not know the protocol's version.

mod answer;
mod convert;
mod lifecycle;
mod provider;
mod service;

pub(crate) use service::Service;
