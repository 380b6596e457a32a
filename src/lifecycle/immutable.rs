//! Fields of existing objects that Kubernetes never lets change: said by the plan, before anything else is changed.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::facts::PlannedClusters;
use super::field_maps::{Manifests, Objects};
use super::live_objects::read_objects;
use crate::manifests::{Fields, FingerprintKey, ObjectId};

/// One field that cannot become what is planned.
#[derive(Debug, PartialEq)]
struct Stuck {
    id: ObjectId,
    field: String,
    before: Option<String>,
    after: Option<String>,
}

/// The attribute that sets a field of an object.
pub type Attribute = fn(&ObjectId, &str) -> AttributePath;

impl PlannedClusters {
    /// Refuses what could not be written.
    ///
    /// Prior state tells only of fields that were set before. Where it seems that a field cannot change, the object itself is read: it
    /// may have the planned value already, given by an admission webhook, or be gone.
    ///
    /// # Errors
    /// Every field that cannot change.
    pub async fn check_immutable(
        &self,
        planned: &Field<Manifests>,
        key: &FingerprintKey,
        attribute: Attribute,
        cancel: &CancellationToken,
    ) -> Result<(), Diagnostics> {
        let Some(planned) = planned.as_known() else { return Ok(()) };
        let prior = &self.recorded.objects;
        let suspects: BTreeSet<ObjectId> = stuck(prior, planned).into_iter().map(|stuck| stuck.id).collect();
        let reads = self.reachable.iter().map(|cluster| async {
            let suspects = suspects.iter().filter(|id| id.cluster == cluster.name());
            let wanted: Objects = suspects.map(|id| (id.clone(), all_fields(id, prior, planned))).collect();
            if wanted.is_empty() {
                return Objects::new();
            }
            // What cannot be read is the apply's matter, which compares everything before it writes.
            let target = self.engines.target(cluster, "", &self.recorded.owner(), &self.recorded.namespace);
            read_objects(&target, &wanted, key, self.kind.place, cancel).await.unwrap_or_default()
        });
        let live: Objects = join_all(reads).await.into_iter().flatten().collect();
        let refusals = stuck(&live, planned);
        refusals.iter().map(|stuck| refusal(stuck, attribute)).collect::<Diagnostics>().into_result()
    }
}

/// The fields of `before` that cannot become what is planned. What is planned as unknown tells nothing.
fn stuck(before: &Objects, planned: &Manifests) -> Vec<Stuck> {
    let mut all = Vec::new();
    for (id, fields) in before {
        let Some(Field::Known(after)) = planned.get(&id.to_string()) else { continue };
        let text = |path: &str| after.get(path).and_then(|text| text.as_known().cloned());
        let is_unknown = |path: &str| after.get(path).is_some_and(Field::is_unknown);
        let paths: BTreeSet<&str> = fields.keys().chain(after.keys()).map(String::as_str).collect();
        let changed =
            paths.into_iter().filter(|path| !is_unknown(path) && fields.get(*path).cloned() != text(path));
        for field in ssa::immutable(&id.without_cluster(), changed, |path| fields.get(path).cloned(), text) {
            let (before, after) = (fields.get(field).cloned(), text(field));
            all.push(Stuck { id: id.clone(), field: field.to_owned(), before, after });
        }
    }
    all
}

/// Every field that state or plan has of an object.
fn all_fields(id: &ObjectId, prior: &Objects, planned: &Manifests) -> Fields {
    let planned = planned.get(&id.to_string()).and_then(Field::as_known).into_iter().flatten();
    let planned: BTreeMap<String, String> =
        planned.filter_map(|(path, text)| Some((path.clone(), text.as_known()?.clone()))).collect();
    let mut fields = prior.get(id).cloned().unwrap_or_default();
    fields.extend(planned);
    fields
}

fn refusal(stuck: &Stuck, attribute: Attribute) -> Diagnostic {
    let Stuck { id, field, before, after } = stuck;
    let shown =
        |text: &Option<String>| text.as_ref().map_or("not set".to_owned(), |text| format!("{text:?}"));
    let summary = format!("Cluster {:?}: {field} of {} {:?} cannot change", id.cluster, id.kind, id.name);
    let namespace = if id.namespace.is_empty() { String::new() } else { format!(" -n {}", id.namespace) };
    let detail = format!(
        "Kubernetes does not let this field of an existing object change. It is {} and would be {}.\n\n\
         Keep the current value; or delete the object with kubectl{namespace} delete {}/{} and plan again: the apply then \
         creates it as configured. Until then, what depends on it is interrupted, and a load balancer gets another address.",
        shown(before),
        shown(after),
        id.kind.to_lowercase(),
        id.name
    );
    Diagnostic::error(summary, detail).at(attribute(id, field))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = "east//Service/istio-system/istio-eastwestgateway";

    fn objects(fields: &[(&str, &str)]) -> Objects {
        let fields = fields.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        [(SERVICE.parse().unwrap(), fields)].into()
    }

    fn planned(fields: &[(&str, Field<&str>)]) -> Manifests {
        let fields =
            fields.iter().map(|(path, text)| ((*path).to_owned(), text.map(str::to_owned))).collect();
        [(SERVICE.to_owned(), Field::Known(fields))].into()
    }

    fn fields_of(before: &Objects, planned: &Manifests) -> Vec<String> {
        stuck(before, planned).into_iter().map(|stuck| stuck.field).collect()
    }

    #[test]
    fn a_load_balancer_keeps_its_class() {
        let balanced = ("spec.type", Field::Known("LoadBalancer"));
        let before = objects(&[("spec.type", "LoadBalancer"), ("spec.loadBalancerClass", "a")]);
        let class = |class: &'static str| ("spec.loadBalancerClass", Field::Known(class));
        assert_eq!(fields_of(&before, &planned(&[balanced, class("a")])), [""; 0]);
        assert_eq!(fields_of(&before, &planned(&[balanced, class("b")])), ["spec.loadBalancerClass"]);
        assert_eq!(fields_of(&before, &planned(&[balanced])), ["spec.loadBalancerClass"]);
        let without = objects(&[("spec.type", "LoadBalancer")]);
        assert_eq!(fields_of(&without, &planned(&[balanced, class("b")])), ["spec.loadBalancerClass"]);
        let internal = ("spec.type", Field::Known("ClusterIP"));
        assert_eq!(fields_of(&before, &planned(&[internal])), [""; 0]);
    }

    #[test]
    fn what_is_not_known_yet_is_not_refused() {
        let before = objects(&[("spec.type", "LoadBalancer"), ("spec.loadBalancerClass", "a")]);
        let unknown =
            [("spec.type", Field::Known("LoadBalancer")), ("spec.loadBalancerClass", Field::Unknown)];
        assert_eq!(fields_of(&before, &planned(&unknown)), [""; 0]);
        assert_eq!(fields_of(&before, &Manifests::new()), [""; 0]);
        assert_eq!(fields_of(&before, &[(SERVICE.to_owned(), Field::Unknown)].into()), [""; 0]);
    }

    #[test]
    fn the_refusal_names_the_attribute_both_values_and_the_way_out() {
        let before = objects(&[("spec.type", "LoadBalancer")]);
        let after = planned(&[
            ("spec.type", Field::Known("LoadBalancer")),
            ("spec.loadBalancerClass", Field::Known("b")),
        ]);
        let attribute: Attribute = |id, field| AttributePath::new(id.cluster.clone()).attribute(field);
        let refusal = refusal(&stuck(&before, &after)[0], attribute);
        let path = "east.spec.loadBalancerClass";
        assert_eq!(refusal.path.unwrap().to_string(), path);
        assert!(refusal.detail.contains("It is not set and would be \"b\"."), "{}", refusal.detail);
        let way_out = "kubectl -n istio-system delete service/istio-eastwestgateway";
        assert!(refusal.detail.contains(way_out), "{}", refusal.detail);
    }
}
