use serde_json::Value;

use super::chart::ChartName;
use super::release::{ChartRelease, GatewayRole};
use super::violation::FieldPath;

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
        Self { prefix: &["meshConfig"], ..Self::values(ChartName::Istiod, field, values) }
    }

    pub(super) fn is_for(&self, release: ChartRelease) -> bool {
        release.chart() == self.chart && self.role.is_none_or(|role| release == ChartRelease::Gateway(role))
    }

    /// The value at a path of the chart's values, if this document has it; its own path in the document comes with it.
    /// The istiod chart merges everything below `pilot` into its values, so that is looked through too.
    pub(super) fn find<'p>(
        &self,
        path: &'p [&'static str],
    ) -> impl Iterator<Item = (String, &'a Value)> + use<'a, 'p> {
        let values = self.values;
        let inside = path.strip_prefix(self.prefix);
        let below_pilot = self.chart == ChartName::Istiod && self.prefix.is_empty();
        let direct = inside.map(<[_]>::to_vec);
        let pilot = inside.filter(|_| below_pilot).map(|keys| [&["pilot"], keys].concat());
        direct.into_iter().chain(pilot).filter_map(move |keys| {
            let value = keys.iter().try_fold(values, |value, key| value.get(key))?;
            (!value.is_null()).then(|| (keys.join("."), value))
        })
    }
}
