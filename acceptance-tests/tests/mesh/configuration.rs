//! The mesh that most tests declare, and what its plan changes.

use std::collections::BTreeSet;

use acceptance_tests::mesh::{VERSION, charts};
use serde_json::Value;

/// A mesh called `shop` in one cluster, with `extra` blocks and attributes.
pub fn mesh_of(cluster: &str, extra: &str) -> String {
    mesh_in("istio-system", cluster, extra)
}

/// The same in another namespace.
pub fn mesh_in(namespace: &str, cluster: &str, extra: &str) -> String {
    format!(
        r#"
resource "istio_mesh" "shop" {{
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "{VERSION}"
  namespace    = "{namespace}"
  chart_source {{
repository = "{charts}"
  }}
  primary "{cluster}" {{
network = "net-{cluster}"
  }}
{extra}
}}
"#,
        charts = charts()
    )
}

/// The changed attributes of the only changed object in a plan: path → (before, after).
pub fn changed_fields(plan: &Value) -> Vec<(String, String, Value, Value)> {
    let change = &plan["resource_changes"][0]["change"];
    let (before, after) = (&change["before"]["manifests"], &change["after"]["manifests"]);
    let objects: BTreeSet<&String> =
        [before, after].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys).collect();
    let mut changed = Vec::new();
    for object in objects {
        let (before, after) = (&before[object], &after[object]);
        let fields: BTreeSet<&String> = [before, after]
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(serde_json::Map::keys)
            .collect();
        for field in fields {
            if before[field] != after[field] {
                changed.push((object.clone(), field.clone(), before[field].clone(), after[field].clone()));
            }
        }
    }
    changed
}
