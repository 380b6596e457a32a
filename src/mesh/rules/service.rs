//! What the Service of a gateway will be: values of the chart override the settings of its block.

use serde_json::Value;

use super::super::gateway::{EastWestGateway, LOAD_BALANCER};
use super::super::given::Given;
use super::super::release::{ChartRelease, GatewayRole};
use super::super::violation::FieldPath;

/// Where the values of the chart have annotations of the Service: the first are merged over the second.
const ANNOTATIONS: [&[&str]; 2] = [
    &["service", "annotations", EastWestGateway::NODE_SELECTOR],
    &["annotations", EastWestGateway::NODE_SELECTOR],
];

/// The Service of one gateway.
pub(super) struct Service<'a> {
    settings: &'a EastWestGateway,
    /// Documents for its chart, in the order in which they are merged.
    values: Vec<&'a Given<'a>>,
}

impl<'a> Service<'a> {
    /// That of a member's gateway; `documents` are those of all its charts.
    pub(super) fn of_gateway(
        settings: &'a EastWestGateway,
        role: GatewayRole,
        documents: &'a [Given<'a>],
    ) -> Self {
        let is_for = |given: &&Given<'_>| given.is_for(ChartRelease::Gateway(role));
        Self { settings, values: documents.iter().filter(is_for).collect() }
    }

    /// `spec.type`.
    pub(super) fn kind(&self) -> &'a str {
        match self.given_kind() {
            Some((_, kind)) => kind,
            None => self.settings.service_type.as_deref().unwrap_or(LOAD_BALANCER),
        }
    }

    /// Where that is said; `block` is the gateway's.
    pub(super) fn field_of_kind(&self, block: &FieldPath) -> FieldPath {
        self.given_kind().map_or_else(|| block.then("service_type"), |(given, _)| given.field.clone())
    }

    fn given_kind(&self) -> Option<(&'a Given<'a>, &'a str)> {
        let (given, kind) = self.value(&["service", "type"])?;
        Some((given, kind.as_str()?))
    }

    /// Whether it has addresses of its own, whatever its type is.
    pub(super) fn has_external_addresses(&self) -> bool {
        let ips = self.value(&["service", "externalIPs"]).and_then(|(_, ips)| ips.as_array());
        ips.is_some_and(|ips| !ips.is_empty())
    }

    /// Whether istiod is told to take the addresses of nodes, if it is of a type that has ports there.
    pub(super) fn selects_nodes(&self) -> bool {
        self.node_selector(&FieldPath::default()).is_some()
    }

    /// The text by which istiod selects nodes, and where that is said; `block` is the gateway's.
    pub(super) fn node_selector(&self, block: &FieldPath) -> Option<(FieldPath, Value)> {
        let given = ANNOTATIONS.iter().find_map(|path| self.value(path));
        let given = given.map(|(given, value)| (given.field.clone(), value.clone()));
        given.or_else(|| {
            let text = self.settings.service_annotations.get(EastWestGateway::NODE_SELECTOR)?;
            Some((block.then("service_annotations"), Value::from(text.as_str())))
        })
    }

    /// The value that wins, and the document that has it.
    pub(super) fn value(&self, path: &[&'static str]) -> Option<(&'a Given<'a>, &'a Value)> {
        self.values.iter().rev().find_map(|given| Some((*given, given.find(path).last()?.1)))
    }
}
