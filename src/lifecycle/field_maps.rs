//! Between `manifests` as Terraform holds it and plain maps.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::Field;

use crate::manifests::{Fields, ObjectId, keep_wording};
use crate::provider_data::PlanDetail;

/// `manifests` as Terraform holds it: by object, then by field path.
pub type Manifests = BTreeMap<String, Field<BTreeMap<String, Field<String>>>>;

/// Texts by name, as Terraform holds them.
pub type Texts = Field<BTreeMap<String, Field<String>>>;

/// Objects with their fields.
pub type Objects = BTreeMap<ObjectId, Fields>;

/// One object as a plan has rendered it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Its fields.
    pub fields: Fields,
    /// The paths of those that are left to others.
    pub ignored: BTreeSet<String>,
    /// The fields of its placeholders, and those that depend on secrets; none where the apply fills them anew.
    pub placeholders: BTreeMap<String, Option<String>>,
}

/// The objects whose fields are known; in state these are all.
pub fn known_objects(manifests: &Field<Manifests>) -> Objects {
    let manifests = manifests.as_known().into_iter().flatten();
    manifests.filter_map(|(id, fields)| Some((id.parse().ok()?, known_texts(fields.as_known()?)))).collect()
}

/// The entries of a map whose values are known.
pub fn known_texts(map: &BTreeMap<String, Field<String>>) -> BTreeMap<String, String> {
    map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_known()?.clone()))).collect()
}

/// A map of known texts.
pub fn texts(map: impl IntoIterator<Item = (String, String)>) -> Texts {
    Field::Known(map.into_iter().map(|(key, value)| (key, Field::Known(value))).collect())
}

/// `manifests` of a state.
pub fn state_manifests(objects: Objects) -> Field<Manifests> {
    Field::Known(objects.into_iter().map(|(id, fields)| (id.to_string(), texts(fields))).collect())
}

/// `manifests` of a plan: what exists already gets the rendered fields, in the prior wording where that means the same;
/// what is yet to be created is unknown unless its fields are rendered (`None` where the cluster's facts are missing)
/// and wanted in full.
pub fn planned_manifests(
    rendered: BTreeMap<ObjectId, Option<Rendered>>,
    prior: &Objects,
    detail: PlanDetail,
) -> Field<Manifests> {
    let planned = rendered.into_iter().map(|(id, fields)| {
        let fields = match (prior.get(&id), fields) {
            (Some(prior), Some(rendered)) => existing(prior, rendered),
            (None, Some(rendered)) if detail == PlanDetail::Full && id.kind != "Secret" => {
                // The key of the fingerprints is drawn when the resource is created.
                let secrets = rendered.placeholders.into_keys().map(|path| (path, Field::Unknown));
                let fields = rendered.fields.into_iter().map(|(path, text)| (path, Field::Known(text)));
                Field::Known(fields.chain(secrets).collect())
            }
            (_, _) => Field::Unknown,
        };
        (id.to_string(), fields)
    });
    Field::Known(planned.collect())
}

fn existing(prior: &Fields, rendered: Rendered) -> Texts {
    let fields =
        keep_wording(prior, rendered.fields).into_iter().map(|(path, text)| (path, Field::Known(text)));
    let placeholders = rendered
        .placeholders
        .into_iter()
        .map(|(path, text)| (path, text.map_or(Field::Unknown, Field::Known)));
    Field::Known(fields.chain(placeholders).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(fields: &[(&str, &[(&str, &str)])]) -> Objects {
        let fields = fields.iter().map(|(id, fields)| {
            let fields = fields.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned()));
            (id.parse().unwrap(), fields.collect())
        });
        fields.collect()
    }

    fn rendered(objects: Objects) -> BTreeMap<ObjectId, Option<Rendered>> {
        let rendered = |fields| Some(Rendered { fields, ..Rendered::default() });
        objects.into_iter().map(|(id, fields)| (id, rendered(fields))).collect()
    }

    const ISTIOD: &str = "east/apps/Deployment/istio-system/istiod";

    #[test]
    fn an_object_to_be_created_is_one_line_in_a_compact_plan() {
        let wanted = objects(&[(ISTIOD, &[("spec.replicas", "1")])]);
        let planned = planned_manifests(rendered(wanted.clone()), &Objects::new(), PlanDetail::Compact);
        assert!(planned.as_known().unwrap()[ISTIOD].is_unknown());
        let planned = planned_manifests(rendered(wanted.clone()), &Objects::new(), PlanDetail::Full);
        assert_eq!(known_objects(&planned), wanted);
    }

    #[test]
    fn an_existing_object_is_planned_field_by_field() {
        let wanted = objects(&[(ISTIOD, &[("spec.replicas", "2")])]);
        let prior = objects(&[(ISTIOD, &[("spec.replicas", "1")])]);
        assert_eq!(
            known_objects(&planned_manifests(rendered(wanted.clone()), &prior, PlanDetail::Compact)),
            wanted
        );
    }

    #[test]
    fn state_keeps_every_object() {
        let made = objects(&[(ISTIOD, &[("spec.replicas", "1")]), ("east//Namespace//istio-system", &[])]);
        assert_eq!(known_objects(&state_manifests(made.clone())), made);
    }
}
