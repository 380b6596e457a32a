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

/// Values that make of a primary something that the mesh does not know: chart, key, refused values, and what they would do.
#[rustfmt::skip]
const OTHER_ROLES: &[(ChartName, &[&str], Refused, Why)] = &[
    (ChartName::Istiod, &["profile"], Refused::Text("remote"), Why::NoControlPlane),
    (ChartName::Istiod, &["global", "profile"], Refused::Text("remote"), Why::NoControlPlane),
    (ChartName::Istiod, &["istiodRemote", "enabled"], Refused::True, Why::NoControlPlane),
    (ChartName::Istiod, &["global", "configCluster"], Refused::True, Why::NoControlPlane),
    (ChartName::Istiod, &["global", "remotePilotAddress"], Refused::OtherThan(&[""]), Why::NoControlPlane),
    (ChartName::Istiod, &["revision"], Refused::OtherThan(&[""]), Why::Revision),
    (ChartName::Istiod, &["revisionTags"], Refused::Items, Why::Revision),
    (ChartName::Base, &["defaultRevision"], Refused::OtherThan(&["", "default"]), Why::Revision),
    (ChartName::Gateway, &["revision"], Refused::OtherThan(&["", "default"]), Why::Revision),
    (ChartName::Cni, &["revision"], Refused::OtherThan(&["", "default"]), Why::Revision),
    (ChartName::Istiod, &["global", "operatorManageWebhooks"], Refused::True, Why::NoInjection),
    (ChartName::Istiod, &["global", "omitSidecarInjectorConfigMap"], Refused::True, Why::NoInjection),
    (ChartName::Base, &["global", "enableReaderRBAC"], Refused::False, Why::Unreadable),
    (ChartName::Istiod, &["global", "enableReaderRBAC"], Refused::False, Why::Unreadable),
    (ChartName::Base, &["global", "readerServiceAccount", "name"], Refused::OtherThan(&[""]), Why::Unreadable),
    (ChartName::Istiod, &["global", "readerServiceAccount", "name"], Refused::OtherThan(&[""]), Why::Unreadable),
    (ChartName::Gateway, &["kind"], Refused::OtherThan(&["", "Deployment"]), Why::NoGateway),
    (ChartName::Gateway, &["serviceAccount", "create"], Refused::False, Why::NoGateway),
    (ChartName::Gateway, &["service", "type"], Refused::Text("None"), Why::NoGateway),
];

/// Which values of a key are refused.
#[derive(Clone, Copy)]
enum Refused {
    Text(&'static str),
    /// Every text but these.
    OtherThan(&'static [&'static str]),
    /// A list that is not empty.
    Items,
    True,
    False,
}

/// What such a value would do.
#[derive(Clone, Copy)]
enum Why {
    NoControlPlane,
    Revision,
    NoInjection,
    Unreadable,
    NoGateway,
}

impl Refused {
    fn is(self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value == text,
            Self::OtherThan(texts) => match value {
                Value::String(text) => !texts.contains(&text.as_str()),
                // YAML reads `revision: 1` as a number, and the chart prints it as it is.
                Value::Number(_) | Value::Bool(_) => true,
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            },
            Self::Items => value.as_array().is_some_and(|items| !items.is_empty()),
            Self::True => value == &Value::Bool(true),
            Self::False => value == &Value::Bool(false),
        }
    }
}

impl Why {
    fn cause(self) -> &'static str {
        match self {
            Self::NoControlPlane => "which makes the cluster one without its own control plane",
            Self::Revision => {
                "but a mesh has only the default revision: with another, the objects of the control plane get other names, and \
                 it injects neither the gateways nor the workloads of the mesh"
            }
            Self::NoInjection => "so nothing would inject the gateways and workloads of the mesh",
            Self::Unreadable => "so the other control planes of the mesh could not read this cluster",
            Self::NoGateway => "so the mesh could not find its own gateway",
        }
    }

    fn way_out(self, path: &str) -> String {
        match self {
            Self::NoControlPlane => format!("Remove {path}: a primary runs istiod itself."),
            Self::Revision => format!(
                "Remove {path}. Revisions cannot be set by chart values; to try a release in one cluster first, set version in its \
                 primary block."
            ),
            Self::NoInjection | Self::Unreadable | Self::NoGateway => {
                format!("Remove {path}, or set it to the chart's default.")
            }
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
        refusals.extend(trust_lists(given));
    }
    refusals.extend(other_roles(given));
    refusals
}

/// Of two mesh configurations, the one that the chart writes replaces the list of the shared one.
fn trust_lists(given: &Given<'_>) -> Vec<Refusal> {
    let names = shared_mesh_config::NAMES.into_iter().filter(|_| given.prefix.is_empty());
    let found = names.flat_map(|name| given.find(&["meshConfig", name]).collect::<Vec<_>>());
    let refuse = |(path, _): (String, &Value)| Refusal {
        cause: format!(
            "{path} would replace the list of everything that the mesh trusts, including what its federations add."
        ),
        way_out: "Set it in mesh_config of the mesh, whose list is merged with those of the federations."
            .to_owned(),
    };
    found.map(refuse).collect()
}

fn contradictions(given: &Given<'_>, path: &[&'static str], value: &Value, origin: &str) -> Vec<Refusal> {
    let others = given.find(path).filter(|(_, found)| *found != value);
    let refuse = |(path, found): (String, &Value)| Refusal {
        cause: match value {
            Value::Null => format!("{path} is {found}, but {origin} requires that it is not set."),
            value => format!("{path} is {found}, but {origin} requires {value}."),
        },
        way_out: format!("Remove {path}; it follows from {origin}."),
    };
    others.map(refuse).collect()
}

fn other_roles(given: &Given<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (_, path, refused, why) in OTHER_ROLES.iter().filter(|(chart, ..)| *chart == given.chart) {
        for (path, found) in given.find(path).filter(|(_, found)| refused.is(found)) {
            let cause = format!("{path} is {found}, {}.", why.cause());
            refusals.push(Refusal { cause, way_out: why.way_out(&path) });
        }
    }
    refusals
}
