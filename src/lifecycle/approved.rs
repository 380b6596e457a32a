//! What a plan has shown of objects that exist: the apply takes that back, whoever has changed it, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use ssa::FieldPath;
use tfplugin::Field;

use super::field_maps::{Manifests, Objects};
use crate::manifests::{Fields, ObjectId, field_path};

/// The fields of one cluster's objects that differ between state and plan, by object; the root path is a whole object of which the plan
/// said only that it changes. `prior` has the cluster's objects under the label of then. An object that is created has none: whatever is
/// found in its place is somebody's.
pub(super) fn approved(
    prior: &Objects,
    planned: &Field<Manifests>,
    label: &str,
) -> BTreeMap<ssa::ObjectId, Vec<FieldPath>> {
    let shown = prior.iter().filter_map(|(id, fields)| {
        let id = id.without_cluster();
        let paths = match planned.as_known() {
            None => vec![FieldPath::root()],
            Some(planned) => match planned.get(&ObjectId::in_cluster(label, &id).to_string())? {
                Field::Known(after) => changed(fields, after),
                _ => vec![FieldPath::root()],
            },
        };
        Some((id, paths))
    });
    shown.filter(|(_, paths)| !paths.is_empty()).collect()
}

fn changed(before: &Fields, after: &BTreeMap<String, Field<String>>) -> Vec<FieldPath> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let is_changed = |path: &&String| before.get(*path) != after.get(*path).and_then(Field::as_known);
    let changed = paths.into_iter().filter(is_changed).filter_map(|path| field_path(path));
    let mut changed: Vec<FieldPath> = changed.collect();
    changed.dedup();
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISTIOD: &str = "east/apps/Deployment/istio-system/istiod";

    fn prior(fields: &[(&str, &str)]) -> Objects {
        let fields = fields.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        [(ISTIOD.parse().unwrap(), fields)].into()
    }

    fn planned(key: &str, fields: &[(&str, Field<&str>)]) -> Field<Manifests> {
        let fields =
            fields.iter().map(|(path, text)| ((*path).to_owned(), text.map(str::to_owned))).collect();
        Field::Known([(key.to_owned(), Field::Known(fields))].into())
    }

    fn texts(approved: &BTreeMap<ssa::ObjectId, Vec<FieldPath>>) -> Vec<String> {
        approved.values().flatten().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_plan_shows_is_approved_and_nothing_else() {
        let prior = prior(&[("spec.a", "edited"), ("spec.b", "2"), ("spec.d", "4"), ("data.mesh: x", "1")]);
        let planned = planned(
            ISTIOD,
            &[
                ("spec.a", Field::Known("1")),
                ("spec.b", Field::Known("2")),
                ("spec.c", Field::Known("new")),
                ("spec.d", Field::Unknown),
                ("data.mesh: x", Field::Known("2")),
            ],
        );
        let approved = approved(&prior, &planned, "east");
        assert_eq!(texts(&approved), ["data.mesh", "spec.a", "spec.c", "spec.d"]);
    }

    #[test]
    fn a_cluster_keeps_its_objects_under_another_label() {
        let planned = planned("orient/apps/Deployment/istio-system/istiod", &[("spec.a", Field::Known("1"))]);
        assert_eq!(texts(&approved(&prior(&[("spec.a", "edited")]), &planned, "orient")), ["spec.a"]);
    }

    #[test]
    fn an_object_of_which_nothing_is_known_is_approved_as_a_whole() {
        let unknown = Field::Known([(ISTIOD.to_owned(), Field::Unknown)].into());
        for planned in [unknown, Field::Unknown] {
            let approved = approved(&prior(&[("spec.a", "1")]), &planned, "east");
            assert_eq!(approved.values().flatten().collect::<Vec<_>>(), [&FieldPath::root()]);
        }
    }

    #[test]
    fn nothing_is_approved_of_what_is_created_or_deleted() {
        let created = planned(ISTIOD, &[("spec.a", Field::Known("1"))]);
        assert!(approved(&Objects::new(), &created, "east").is_empty());
        assert!(approved(&prior(&[("spec.a", "1")]), &Field::Known(Manifests::new()), "east").is_empty());
    }
}
