//! The attribute `ignored_fields`: schema, model and reading.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::schema::Attribute;
use tfplugin::{AttributePath, Diagnostics, Field, Type};

use crate::diagnostics;
use crate::lifecycle::{Drawn, IgnoredFields, unmatched};

/// The name of the attribute.
pub const IGNORED_FIELDS: &str = "ignored_fields";

/// Field paths by the keys of objects.
pub type IgnoredFieldsModel = Field<BTreeMap<String, Field<BTreeSet<Field<String>>>>>;

/// The attribute's schema.
pub fn attribute() -> Attribute {
    Attribute::map(Type::set(Type::String),
        "Fields that something else in the cluster decides, such as an admission webhook of the platform or an autoscaler: sets of \
         field paths by object, both written as a plan shows them in `manifests`, such as `{ \
         \"east/apps/Deployment/istio-system/istiod\" = \
         [\"spec.template.spec.containers[name=discovery].resources.requests\"] }`. A field includes everything below it. In a key, \
         `*` stands for any characters of one part, so that `\"*/apps/Deployment/istio-system/*\"` is every Deployment of that \
         namespace in every cluster; in a path, `*` is any member and `[*]` any item of a list.\n\n\
         These fields are written when the object is created, and with later changes of the configuration as long as no other field \
         manager owns them. They are not in `manifests`, so that they never appear as drift. To take a field back, remove its entry: \
         the plan then shows the field, and the apply restores it. An entry that matches no object or no field is rejected by the \
         plan. Fields inside a document (`data.mesh: …`) and items of unkeyed lists (`args[0]`) are ignored only as a whole \
         (`data.mesh`, `args`).",
    ).optional()
}

/// The fields; `None` while some of them are not known.
///
/// # Errors
/// Every entry that names no field.
pub fn read(model: &IgnoredFieldsModel) -> Result<Option<IgnoredFields>, Diagnostics> {
    let entries = match model {
        Field::Known(entries) => entries,
        Field::Null => return Ok(Some(IgnoredFields::default())),
        Field::Unknown => return Ok(None),
    };
    let (mut known, mut is_known) = (BTreeMap::new(), true);
    for (key, fields) in entries {
        is_known &= !fields.is_unknown();
        let fields = fields.as_known().into_iter().flatten();
        let fields = fields.inspect(|field| is_known &= !field.is_unknown());
        let fields: BTreeSet<String> = fields.filter_map(|field| field.as_known().cloned()).collect();
        known.insert(key.clone(), fields);
    }
    let ignored = IgnoredFields::parse(&known).map_err(|errors| -> Diagnostics {
        errors.iter().map(|error| diagnostics::ignored_field(error, at(error.key()))).collect()
    })?;
    Ok(is_known.then_some(ignored))
}

/// Every entry is about a field of the plan.
///
/// # Errors
/// Every entry that is not.
pub fn check(ignored: &IgnoredFields, objects: &Drawn) -> Result<(), Diagnostics> {
    let unmatched = unmatched(ignored, objects);
    unmatched
        .iter()
        .map(|error| diagnostics::ignored_field(error, at(error.key())))
        .collect::<Diagnostics>()
        .into_result()
}

/// Where the configuration has an entry.
pub fn at(key: &str) -> AttributePath {
    AttributePath::new(IGNORED_FIELDS).key(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(fields: Field<BTreeSet<Field<String>>>) -> IgnoredFieldsModel {
        Field::Known([("east/apps/Deployment/istio-system/istiod".to_owned(), fields)].into())
    }

    #[test]
    fn what_is_not_known_yet_is_not_refused() {
        let one = |field: Field<String>| model(Field::Known([field].into()));
        assert!(read(&one("spec.replicas".into())).unwrap().is_some_and(|ignored| !ignored.is_empty()));
        assert!(read(&one(Field::Unknown)).unwrap().is_none());
        assert!(read(&model(Field::Unknown)).unwrap().is_none());
        assert!(read(&Field::Unknown).unwrap().is_none());
        assert!(read(&Field::Null).unwrap().is_some_and(|ignored| ignored.is_empty()));
    }

    #[test]
    fn an_entry_that_names_no_field_is_refused_where_it_stands() {
        let wrong = model(Field::Known([Field::from("spec..replicas")].into()));
        let errors: Vec<_> = read(&wrong).unwrap_err().into_iter().collect();
        let path = "ignored_fields[\"east/apps/Deployment/istio-system/istiod\"]";
        assert_eq!(errors[0].path.as_ref().unwrap().to_string(), path);
    }
}
