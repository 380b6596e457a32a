//! What a user says of Istio's own mesh configuration, wherever that is.

use serde_json::{Value, json};

use super::chart::ChartName;
use super::given::Given;
use super::identity::MeshIdentity;
use super::member::Member;
use super::violation::FieldPath;

/// A document of Istio's mesh configuration in a document of the user's.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The attribute that has it.
    pub field: FieldPath,
    /// Where in the attribute's document it is, outermost key first, joined by dots; empty if it is all of it.
    pub place: String,
    /// Which document it is.
    pub kind: SettingKind,
    /// What it says.
    pub value: Value,
}

/// Where the values of the istiod chart say how the names of Services end (`--domain` of istiod).
const DOMAIN_SUFFIX: [&str; 3] = ["global", "proxy", "clusterDomain"];

/// A value that decides, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SaidValue {
    /// The attribute that has it.
    pub(super) field: FieldPath,
    /// Where in the attribute's document.
    pub(super) place: String,
    /// What it says.
    pub(super) value: Value,
}

/// Which document a [`Setting`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// `meshConfig` of the chart's values.
    MeshConfig,
    /// `global.meshNetworks` of the values, as the chart writes them.
    MeshNetworks,
}

impl MeshIdentity {
    /// What is said of the mesh configuration of a member, for it alone and for all.
    pub fn settings(&self, member: &Member) -> Vec<Setting> {
        self.documents(member).iter().flat_map(of_document).collect()
    }

    /// What is said of how the names of Services end in a member's cluster: of several values the one that the chart takes.
    pub(super) fn said_domain_suffix(&self, member: &Member) -> Option<SaidValue> {
        let documents = self.documents(member);
        let of_istiod = documents.iter().filter(|given| given.chart == ChartName::Istiod);
        let said = of_istiod.flat_map(|given| {
            given.find(&DOMAIN_SUFFIX).map(move |(place, value)| SaidValue {
                field: given.field.clone(),
                place,
                value: value.clone(),
            })
        });
        // The chart merges what is below `pilot` over the rest, whichever document has it.
        said.max_by_key(|said| said.place.starts_with("pilot."))
    }

    /// Every document of the user's that becomes part of a member's chart values, and the chart.
    pub fn values_of(&self, member: &Member) -> Vec<(FieldPath, ChartName, Value)> {
        let documents = self.documents(member);
        let all = documents.iter().map(|given| (given.field.clone(), given.chart, given.whole()));
        all.collect()
    }
}

fn of_document(given: &Given<'_>) -> Vec<Setting> {
    let setting = |place: String, kind, value| Setting { field: given.field.clone(), place, kind, value };
    let below = |path: &'static [&'static str]| {
        given.find(path).map(|(place, value)| (place, value.clone())).collect::<Vec<_>>()
    };
    let configs = below(&["meshConfig"]).into_iter();
    let configs = configs.map(|(place, value)| setting(place, SettingKind::MeshConfig, value));
    let networks = below(&["global", "meshNetworks"]).into_iter();
    let networks =
        networks.map(|(place, value)| setting(place, SettingKind::MeshNetworks, json!({"networks": value})));
    configs.chain(networks).collect()
}
