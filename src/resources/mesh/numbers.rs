//! Numbers in the values of charts that templates write in another way than their user: said by the plan.

use std::collections::{BTreeMap, BTreeSet};

use helm_template::values::misprints;
use serde_json::Value;
use tfplugin::Diagnostic;

use super::mesh_charts::MeshCharts;
use crate::desired::{Component, Kept, ManifestSet, object};
use crate::diagnostics;
use crate::lifecycle::{Facts, KnownFacts};
use crate::manifests::fields_with;
use crate::mesh::{ChartName, Member, MeshIdentity, ValidatedMesh};

/// A number of the values of a chart.
struct Suspect {
    chart: ChartName,
    /// Its path in the values.
    path: String,
    /// What templates may make of it.
    misprints: Vec<String>,
}

/// What the plan says of numbers that arrive in another notation. Hardly any mesh has one, so rendering once more costs nothing.
pub fn misprinted(charts: &MeshCharts, mesh: &ValidatedMesh, facts: &Facts) -> Option<Diagnostic> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, primary) in mesh.primaries() {
        let suspects = suspects(mesh.identity(), primary.member());
        let Some(facts) = facts.get(name).and_then(KnownFacts::get).filter(|_| !suspects.is_empty()) else {
            continue;
        };
        // What does not render has been said already, or does not for want of values that are not known yet.
        let Ok(set) = charts.render_as(mesh, name, facts, &Kept::default()) else { continue };
        for line in lines(&set, &suspects) {
            found.entry(line).or_default().insert(format!("{:?}", name.as_str()));
        }
    }
    warning(&found)
}

fn suspects(identity: &MeshIdentity, member: &Member) -> Vec<Suspect> {
    let mut suspects = Vec::new();
    for chart in member.charts() {
        let gateways = member.gateways().filter(|_| chart == ChartName::Gateway);
        let gateways = gateways.map(|(_, gateway)| &gateway.settings.values);
        let mesh_config = Some(identity.mesh_config()).filter(|_| chart == ChartName::Istiod);
        let documents = [identity.chart_values(chart), member.chart_values(chart)];
        for document in documents.into_iter().chain(gateways).chain(mesh_config) {
            collect(document, String::new(), &mut |path, misprints| {
                suspects.push(Suspect { chart, path, misprints });
            });
        }
    }
    suspects
}

fn collect(value: &Value, path: String, found: &mut dyn FnMut(String, Vec<String>)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let separator = if path.is_empty() { "" } else { "." };
                collect(member, format!("{path}{separator}{name}"), found);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                collect(item, format!("{path}[{position}]"), found);
            }
        }
        Value::Number(number) => {
            let misprints = misprints(number);
            if !misprints.is_empty() {
                found(path, misprints);
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Where such a number is found. Stand-ins are in place of secrets, whose own numbers are not looked at.
fn lines(set: &ManifestSet, suspects: &[Suspect]) -> Vec<String> {
    let mut lines = Vec::new();
    for manifest in set.manifests() {
        let Component::Chart(chart) = manifest.component else { continue };
        for Suspect { path, misprints, .. } in suspects.iter().filter(|suspect| suspect.chart == chart) {
            let described = object::describe(manifest.shown());
            let fields = fields_with(manifest.shown(), misprints).into_iter();
            lines.extend(fields.map(|field| format!("chart {chart}, {described}: {field} has {path}")));
        }
    }
    lines
}

fn warning(found: &BTreeMap<String, BTreeSet<String>>) -> Option<Diagnostic> {
    let clusters: BTreeSet<&str> = found.values().flatten().map(String::as_str).collect();
    if clusters.is_empty() {
        return None;
    }
    let noun = if clusters.len() == 1 { "Cluster" } else { "Clusters" };
    let names: Vec<&str> = clusters.into_iter().collect();
    let summary = format!("{noun} {}: numbers are not rendered as they are written", names.join(", "));
    let detail = format!(
        "A field has a number of the values in scientific notation or rounded:\n\n{}\n\n\
         The templates of charts write integers of up to 19 digits as they are, but fractions and longer numbers as Helm does, such as \
         1e-05 and 1.2e+20; programs that read them may reject that. Put the number in quotes in the values.",
        diagnostics::lines(found.keys().map(String::as_str))
    );
    Some(Diagnostic::warning(summary, detail))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mesh::{ClusterFacts, Mesh};

    fn said(env: &Value) -> Option<Diagnostic> {
        let mesh: Mesh = serde_json::from_value(json!({
            "mesh_id": "shop", "trust_domain": "shop.example", "version": "1.31.0", "namespace": "istio-system",
            "chart_source": {"repository": "charts"},
            "chart": {"istiod": {"env": env}},
            "primaries": {"east": {"network": "net"}},
        }))
        .unwrap();
        let mesh = mesh.validate().unwrap();
        let charts = MeshCharts::of_istio(mesh.clone());
        let facts = ClusterFacts { uid: "u".to_owned(), kubernetes_version: "v1.36.3".to_owned() };
        misprinted(&charts, &mesh, &[("east".parse().unwrap(), KnownFacts::Known(facts))].into())
    }

    #[test]
    fn a_number_that_arrives_as_a_power_of_ten_is_named_with_its_field() {
        assert_eq!(said(&json!({"A": 16_777_216, "B": -2_000_000, "C": 0.5})), None);
        let said = said(&json!({"A": 1_500_000.5, "B": 12_345_678_901_234_567_890_u64})).unwrap();
        assert_eq!(said.summary, "Cluster \"east\": numbers are not rendered as they are written");
        for line in ["env[name=A].value has env.A\n", "env[name=B].value has env.B\n"] {
            let line = format!(
                "chart istiod, Deployment istio-system/istiod: spec.template.spec.containers[name=discovery].{line}"
            );
            assert!(said.detail.contains(&line), "{}", said.detail);
        }
        assert!(!said.is_error() && !said.detail.contains("1.5000005"), "{}", said.detail);
    }
}
