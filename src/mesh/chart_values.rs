//! What user values may not say, because the mesh says it or because it makes the cluster something else.

use serde_json::Value;

use super::chart::ChartName;
use super::derived::DerivedValue;
use super::release::{ChartRelease, GatewayRole};
use super::shared_mesh_config;
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
    prefix: &'static [&'static str],
    values: &'a Value,
}

/// Why a value is refused, and what to do instead.
pub(super) struct Refusal {
    pub(super) cause: String,
    pub(super) way_out: String,
}

/// Values of the istiod chart that turn a primary cluster into something else.
const OTHER_ROLES: [(&[&str], RefusedValue); 5] = [
    (&["profile"], RefusedValue::Text("remote")),
    (&["global", "profile"], RefusedValue::Text("remote")),
    (&["istiodRemote", "enabled"], RefusedValue::True),
    (&["global", "configCluster"], RefusedValue::True),
    (&["global", "remotePilotAddress"], RefusedValue::AnyText),
];

#[derive(Clone, Copy)]
enum RefusedValue {
    Text(&'static str),
    AnyText,
    True,
}

impl RefusedValue {
    fn is(self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value == text,
            Self::AnyText => value.as_str().is_some_and(|text| !text.is_empty()),
            Self::True => value == &Value::Bool(true),
        }
    }
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

    fn is_for(&self, release: ChartRelease) -> bool {
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

/// Everything that is refused in one document.
pub(super) fn refusals(given: &Given<'_>, derived: &[DerivedValue], mesh_id: &str) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for derived in derived.iter().filter(|derived| given.is_for(derived.release)) {
        refusals.extend(contradictions(given, &derived.path, &derived.value, derived.origin));
    }
    if given.chart == ChartName::Istiod {
        let mesh_id = Value::from(mesh_id);
        refusals.extend(contradictions(
            given,
            &["meshConfig", "defaultConfig", "meshId"],
            &mesh_id,
            "mesh_id",
        ));
        refusals.extend(other_roles(given));
        refusals.extend(trust_lists(given));
    }
    refusals
}

/// Of two mesh configurations, the one that the chart writes replaces the list of the shared one.
fn trust_lists(given: &Given<'_>) -> Vec<Refusal> {
    let names = shared_mesh_config::NAMES.into_iter().filter(|_| given.prefix.is_empty());
    let found = names.flat_map(|name| given.find(&["meshConfig", name]).collect::<Vec<_>>());
    let refuse = |(path, _): (String, &Value)| Refusal {
        cause: format!(
            "{path} would replace the list of all that the mesh trusts, that of its federations included."
        ),
        way_out: "Write it in mesh_config of the mesh, whose list is added to those of the federations."
            .to_owned(),
    };
    found.map(refuse).collect()
}

fn contradictions(given: &Given<'_>, path: &[&'static str], value: &Value, origin: &str) -> Vec<Refusal> {
    let others = given.find(path).filter(|(_, found)| *found != value);
    let refuse = |(path, found): (String, &Value)| Refusal {
        cause: match value {
            Value::Null => format!("{path} is {found}, but {origin} leaves it out."),
            value => format!("{path} is {found}, but {origin} makes it {value}."),
        },
        way_out: format!("Remove {path}; it follows from {origin}."),
    };
    others.map(refuse).collect()
}

fn other_roles(given: &Given<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (path, refused) in OTHER_ROLES {
        for (path, found) in given.find(path).filter(|(_, found)| refused.is(found)) {
            refusals.push(Refusal {
                cause: format!(
                    "{path} is {found}, which makes a cluster one without a control plane of its own."
                ),
                way_out: format!("Remove {path}: a primary runs istiod itself."),
            });
        }
    }
    refusals
}
