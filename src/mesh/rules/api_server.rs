//! The rules of how control planes of other clusters reach an API server.

use thiserror::Error;

use super::super::api_server::ApiServer;
use super::super::declared::DeclaredAddress;
use super::super::member::Member;
use super::super::violation::{FieldPath, Violation};

/// What is wrong with how an API server is reached.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApiServerRule {
    /// It means another machine for others.
    #[error("The other control planes cannot use this URL: {reason}.")]
    Url {
        /// Why.
        reason: String,
    },
    /// A control plane is where its API server is.
    #[error("A control plane needs no other address to read its own API server.")]
    ForItself,
    /// Nobody reads it from there.
    #[error("The mesh has no primary {0:?} that could read this API server.")]
    ForNobody(String),
}

/// Every address works from another machine, and those for single readers have one.
pub(in crate::mesh) fn api_server(member: &Member, is_reader: impl Fn(&str) -> bool) -> Vec<Violation> {
    let (field, label) = (member.field().then("api_server"), member.name.as_str());
    let mut found: Vec<Violation> = usable(&member.api_server.usual, &field, label).into_iter().collect();
    for (reader, address) in &member.api_server.from {
        let field = field.then("from").key(reader);
        let rule = if reader == label {
            ApiServerRule::ForItself
        } else if is_reader(reader) {
            found.extend(usable(address, &field, label));
            continue;
        } else {
            ApiServerRule::ForNobody(reader.clone())
        };
        found.push(Violation::of_member(label, field, rule));
    }
    found
}

fn usable(address: &DeclaredAddress, field: &FieldPath, label: &str) -> Option<Violation> {
    let reason = address.url.as_deref().and_then(ApiServer::unusable)?;
    Some(Violation::of_member(label, field.then("url"), ApiServerRule::Url { reason }))
}
