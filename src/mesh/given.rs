use serde_json::{Value, json};

use super::chart::ChartName;
use super::release::{ChartRelease, GatewayRole};
use super::violation::FieldPath;

/// Where the values of the istiod chart have Istio's mesh configuration.
const MESH_CONFIG: &str = "meshConfig";

/// A document of the user's that becomes part of a chart's values.
pub(super) struct Given<'a> {
    /// The chart.
    pub(super) chart: ChartName,
    /// The gateway that it is for; `None` for all that the chart is installed as.
    role: Option<GatewayRole>,
    /// Where the declaration has it.
    pub(super) field: FieldPath,
    /// Where in the chart's values it goes.
    pub(super) prefix: &'static [&'static str],
    values: &'a Value,
}

impl<'a> Given<'a> {
    pub(super) fn values(chart: ChartName, field: FieldPath, values: &'a Value) -> Self {
        Self { chart, role: None, field, prefix: &[], values }
    }

    pub(super) fn gateway(role: GatewayRole, field: FieldPath, values: &'a Value) -> Self {
        Self { role: Some(role), ..Self::values(ChartName::Gateway, field, values) }
    }

    pub(super) fn mesh_config(field: FieldPath, values: &'a Value) -> Self {
        Self { prefix: &[MESH_CONFIG], ..Self::values(ChartName::Istiod, field, values) }
    }

    pub(super) fn is_for(&self, release: ChartRelease) -> bool {
        release.chart() == self.chart && self.role.is_none_or(|role| release == ChartRelease::Gateway(role))
    }

    /// What it says, as values of the chart.
    pub(super) fn whole(&self) -> Value {
        self.prefix.iter().rev().fold(self.values.clone(), |value, key| json!({*key: value}))
    }

    /// The value at a path of the chart's values, if this document has it; its own path in the document comes with it.
    /// The istiod chart merges everything below `pilot` into its values, so that is looked through too.
    pub(super) fn find<'p>(
        &self,
        path: &'p [&'static str],
    ) -> impl Iterator<Item = (String, &'a Value)> + use<'a, 'p> {
        let (values, in_mesh_config) = (self.values, !self.prefix.is_empty());
        let inside = path.strip_prefix(self.prefix);
        let below_pilot = self.chart == ChartName::Istiod && self.prefix.is_empty();
        let direct = inside.map(<[_]>::to_vec);
        let pilot = inside.filter(|_| below_pilot).map(|keys| [&["pilot"], keys].concat());
        direct.into_iter().chain(pilot).filter_map(move |keys| {
            let found = |(value, names): (&'a Value, Vec<String>), key: &&str| {
                let is_setting = in_mesh_config || names.iter().any(|name| name == MESH_CONFIG);
                let (name, value) = member(value, key, is_setting)?;
                Some((value, [names, vec![name]].concat()))
            };
            let (value, names) = keys.iter().try_fold((values, Vec::new()), found)?;
            (!value.is_null()).then(|| (names.join("."), value))
        })
    }
}

/// The member of this name. istiod takes names of its mesh configuration in the notation of protocol buffers, too.
fn member<'a>(value: &'a Value, key: &str, is_setting: bool) -> Option<(String, &'a Value)> {
    if let Some(found) = value.get(key) {
        return Some((key.to_owned(), found));
    }
    let name = Some(in_protobuf(key)).filter(|_| is_setting)?;
    value.get(&name).map(|found| (name, found))
}

fn in_protobuf(key: &str) -> String {
    let letters = key.chars().flat_map(|letter| {
        let underscore = letter.is_ascii_uppercase().then_some('_');
        underscore.into_iter().chain([letter.to_ascii_lowercase()])
    });
    letters.collect()
}
