//! Fields that the user leaves to others, named as a plan shows them.

use std::collections::{BTreeMap, BTreeSet};

use ssa::{FieldPath, FieldPattern, FieldRule, Glob, ObjectPattern, Ownership};
use thiserror::Error;

use super::Fields;
use super::field_path::{before_document, field_path};
use super::nearest::nearest;
use super::object_id::ObjectId;

/// What stands for any run of characters.
const ANY: char = '*';
/// A path of each kind of field that an object is known by.
const IDENTITY: [&str; 4] = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];

/// Fields that are given to an object when it is created, and from then on are whoever's they become.
#[derive(Clone, Debug, Default)]
pub struct IgnoredFields {
    rules: Vec<Rule>,
}

/// Fields of some objects.
#[derive(Clone, Debug)]
struct Rule {
    key: String,
    cluster: Glob,
    objects: ObjectPattern,
    fields: Vec<(String, FieldPattern)>,
}

/// Why an entry names no field that can be left to others.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IgnoredFieldError {
    /// The key is no object.
    #[error("{key:?} is not an object of the form cluster/group/Kind/namespace/name")]
    Key {
        /// The key.
        key: String,
    },
    /// The path is none.
    #[error("{field:?} is not a field path")]
    Path {
        /// The key.
        key: String,
        /// The path.
        field: String,
        /// Why.
        reason: String,
    },
    /// The field has one owner with others that are not meant.
    #[error("{field:?} is a part of {whole:?}, which has one owner as a whole")]
    Part {
        /// The key.
        key: String,
        /// The path.
        field: String,
        /// The path of the whole.
        whole: String,
    },
    /// An object is known by it.
    #[error("{field:?} is what the object is known by")]
    Identity {
        /// The key.
        key: String,
        /// The path.
        field: String,
    },
    /// The provider fills it.
    #[error("the data of a Secret cannot be left to others")]
    Secret {
        /// The key.
        key: String,
    },
    /// No object is meant.
    #[error("{key:?} is no object of the plan")]
    NoObject {
        /// The key.
        key: String,
        /// The one that is written most like it.
        nearest: Option<String>,
    },
    /// None of the objects has such a field.
    #[error("{field:?} is no field of {key:?}")]
    NoField {
        /// The key.
        key: String,
        /// The path.
        field: String,
        /// The one that is written most like it.
        nearest: Option<String>,
    },
}

impl IgnoredFieldError {
    /// The entry.
    pub fn key(&self) -> &str {
        match self {
            Self::Key { key }
            | Self::Path { key, .. }
            | Self::Part { key, .. }
            | Self::Identity { key, .. }
            | Self::Secret { key }
            | Self::NoObject { key, .. }
            | Self::NoField { key, .. } => key,
        }
    }
}

impl IgnoredFields {
    /// What these entries say: field paths by the keys of objects, as a plan writes both. `*` in a part of a key is any run of characters;
    /// in a path it is any member, and `[*]` any item.
    ///
    /// # Errors
    /// Every entry that names no field that can be left to others.
    pub fn parse(entries: &BTreeMap<String, BTreeSet<String>>) -> Result<Self, Vec<IgnoredFieldError>> {
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        for (key, fields) in entries {
            let Some((cluster, objects)) = parse_key(key) else {
                errors.push(IgnoredFieldError::Key { key: key.clone() });
                continue;
            };
            let parsed = fields.iter().map(|field| parse_field(key, field, &objects));
            let (parsed, wrong): (Vec<_>, Vec<_>) = parsed.partition(Result::is_ok);
            errors.extend(wrong.into_iter().filter_map(Result::err));
            let fields = parsed.into_iter().filter_map(Result::ok).collect();
            rules.push(Rule { key: key.clone(), cluster, objects, fields });
        }
        if errors.is_empty() { Ok(Self { rules }) } else { Err(errors) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether the field at `path` of an object is one of them.
    pub fn has(&self, id: &ObjectId, path: &str) -> bool {
        let mut rules = self.rules.iter().filter(|rule| rule.is_about(id)).peekable();
        if rules.peek().is_none() {
            return false;
        }
        let Some(path) = field_path(path) else { return false };
        rules.any(|rule| rule.fields.iter().any(|(_, pattern)| pattern.covers(&path)))
    }

    /// The fields of an object without these, and the paths of these.
    pub fn without(&self, id: &ObjectId, fields: Fields) -> (Fields, BTreeSet<String>) {
        if !self.rules.iter().any(|rule| rule.is_about(id)) {
            return (fields, BTreeSet::new());
        }
        let (ignored, kept): (Fields, Fields) = fields.into_iter().partition(|(path, _)| self.has(id, path));
        (kept, ignored.into_keys().collect())
    }

    /// The rules by which a cluster's objects are applied.
    pub fn rules(&self, cluster: &str) -> Vec<FieldRule> {
        let rules = self.rules.iter().filter(|rule| rule.cluster.matches(cluster));
        let fields = rules.flat_map(|rule| {
            rule.fields.iter().map(|(_, pattern)| FieldRule {
                objects: rule.objects.clone(),
                fields: pattern.clone(),
                ownership: Ownership::Yield,
            })
        });
        fields.collect()
    }

    /// The entries that are about nothing: no object or none of its fields, of which these are all. An object whose fields are not known
    /// has whatever it is asked for.
    pub fn unmatched<'a>(
        &self,
        objects: &BTreeMap<&'a ObjectId, Option<BTreeSet<&'a str>>>,
    ) -> Vec<IgnoredFieldError> {
        let mut unmatched = Vec::new();
        for rule in &self.rules {
            let meant: Vec<&Option<BTreeSet<&str>>> =
                objects.iter().filter(|(id, _)| rule.is_about(id)).map(|(_, fields)| fields).collect();
            let key = rule.key.clone();
            if meant.is_empty() {
                let ids: Vec<String> = objects.keys().map(ToString::to_string).collect();
                let nearest = nearest(&rule.key, ids.iter().map(String::as_str));
                unmatched.push(IgnoredFieldError::NoObject { key, nearest });
            } else if let Some(known) = meant.into_iter().map(Option::as_ref).collect::<Option<Vec<_>>>() {
                unmatched.extend(rule.unmatched(&known));
            }
        }
        unmatched
    }
}

impl Rule {
    fn is_about(&self, id: &ObjectId) -> bool {
        self.cluster.matches(&id.cluster) && self.objects.matches(&id.without_cluster())
    }

    fn unmatched(&self, known: &[&BTreeSet<&str>]) -> Vec<IgnoredFieldError> {
        let fields = || known.iter().flat_map(|fields| fields.iter().copied());
        let paths: Vec<FieldPath> = fields().filter_map(field_path).collect();
        let without =
            self.fields.iter().filter(|(_, pattern)| !paths.iter().any(|path| pattern.covers(path)));
        let without = without.map(|(field, _)| IgnoredFieldError::NoField {
            key: self.key.clone(),
            field: field.clone(),
            nearest: nearest(field, fields().map(before_document)),
        });
        without.collect()
    }
}

fn parse_key(key: &str) -> Option<(Glob, ObjectPattern)> {
    let parts: Vec<&str> = key.splitn(5, '/').collect();
    let [cluster, group, kind, namespace, name] = parts.as_slice() else { return None };
    if cluster.is_empty() || kind.is_empty() || name.is_empty() {
        return None;
    }
    let [group, kind, namespace, name] = [group, kind, namespace, name].map(|part| Glob::from(*part));
    Some((Glob::from(*cluster), ObjectPattern { group, kind, namespace, name }))
}

fn parse_field(
    key: &str,
    field: &str,
    objects: &ObjectPattern,
) -> Result<(String, FieldPattern), IgnoredFieldError> {
    let key = key.to_owned();
    let whole = before_position(before_document(field));
    if whole != field {
        let (field, whole) = (field.to_owned(), whole.to_owned());
        return Err(IgnoredFieldError::Part { key, field, whole });
    }
    let pattern: FieldPattern = match field.parse() {
        Ok(_) if field.is_empty() => {
            let (field, reason) = (String::new(), "it is empty".to_owned());
            return Err(IgnoredFieldError::Path { key, field, reason });
        }
        Ok(pattern) => pattern,
        Err(error) => {
            let (field, reason) = (field.to_owned(), error.to_string());
            return Err(IgnoredFieldError::Path { key, field, reason });
        }
    };
    if IDENTITY.contains(&field) {
        return Err(IgnoredFieldError::Identity { key, field: field.to_owned() });
    }
    let is_secret = objects.kind.matches("Secret") && objects.group.matches("");
    if is_secret && (field.starts_with("data") || field.starts_with(ANY)) {
        return Err(IgnoredFieldError::Secret { key });
    }
    Ok((field.to_owned(), pattern))
}

/// The path without what lies in a list whose items have only positions.
fn before_position(path: &str) -> &str {
    let is_position = |(start, _): &(usize, &str)| {
        let item = path[start + 1..].split(']').next().unwrap_or_default();
        !item.is_empty() && item.bytes().all(|byte| byte.is_ascii_digit())
    };
    path.match_indices('[').find(is_position).map_or(path, |(start, _)| &path[..start])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISTIOD: &str = "east/apps/Deployment/istio-system/istiod";
    const CPU: &str = "spec.template.spec.containers[name=discovery].resources.requests.cpu";

    fn entries(entries: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let texts = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect();
        entries.iter().map(|(key, fields)| ((*key).to_owned(), texts(fields))).collect()
    }

    fn ignored(key: &str, field: &str) -> IgnoredFields {
        IgnoredFields::parse(&entries(&[(key, &[field])])).unwrap()
    }

    fn has(key: &str, field: &str, id: &str, path: &str) -> bool {
        ignored(key, field).has(&id.parse().unwrap(), path)
    }

    #[test]
    fn a_field_is_named_as_the_plan_names_it_and_covers_what_is_below() {
        assert!(has(ISTIOD, CPU, ISTIOD, CPU));
        assert!(has(ISTIOD, "spec.template.spec.containers[name=discovery].resources", ISTIOD, CPU));
        assert!(!has(ISTIOD, "spec.template.spec.containers[name=discovery].resource", ISTIOD, CPU));
        assert!(!has(ISTIOD, CPU, "west/apps/Deployment/istio-system/istiod", CPU));
        assert!(has(
            "east//ConfigMap/istio-system/istio",
            "data.mesh",
            "east//ConfigMap/istio-system/istio",
            "data.mesh: trustDomain"
        ));
    }

    #[test]
    fn a_star_stands_for_clusters_objects_items_and_members() {
        let west = "west/apps/Deployment/istio-system/istio-eastwestgateway";
        for (key, field) in [
            ("*/apps/Deployment/istio-system/istiod", CPU),
            ("*/apps/Deployment/*/*", "spec.template.spec.containers[*].resources"),
            ("*/*/*/*/*", "spec.template.spec.containers[*].resources.requests.*"),
            ("ea*/apps/Deployment/istio-system/ist*", CPU),
        ] {
            assert!(has(key, field, ISTIOD, CPU), "{key} {field}");
        }
        assert!(has(
            "*/apps/Deployment/*/*",
            "spec.template.spec.containers[*].image",
            west,
            "spec.template.spec.containers[name=istio-proxy].image"
        ));
        assert!(!has("*//Service/*/*", "spec.*", west, "spec.replicas"));
    }

    #[test]
    fn what_cannot_be_left_to_others_is_refused() {
        let error = |key: &str, field: &str| {
            let mut errors = IgnoredFields::parse(&entries(&[(key, &[field])])).unwrap_err();
            assert_eq!(errors.len(), 1);
            errors.remove(0)
        };
        assert!(matches!(
            error("apps/Deployment/istio-system/istiod", "spec.replicas"),
            IgnoredFieldError::Key { .. }
        ));
        assert!(matches!(error(ISTIOD, "spec..replicas"), IgnoredFieldError::Path { .. }));
        assert!(matches!(error(ISTIOD, ""), IgnoredFieldError::Path { .. }));
        assert!(matches!(error(ISTIOD, "metadata.name"), IgnoredFieldError::Identity { .. }));
        assert!(matches!(error("*//Secret/*/*", "data.*"), IgnoredFieldError::Secret { .. }));
        let part = error("*//ConfigMap/istio-system/istio", "data.mesh: trustDomain").to_string();
        assert!(part.contains("\"data.mesh\""), "{part}");
        let part = error("*/*/*/*/*", "webhooks[name=a].rules[0].operations").to_string();
        assert!(part.contains("\"webhooks[name=a].rules\""), "{part}");
        let part = error(ISTIOD, "spec.template.spec.containers[name=discovery].args[0]").to_string();
        assert!(part.contains("\"spec.template.spec.containers[name=discovery].args\""), "{part}");
    }

    #[test]
    fn an_entry_about_nothing_names_what_is_written_most_like_it() {
        let id: ObjectId = ISTIOD.parse().unwrap();
        let objects = |fields: Option<BTreeSet<&'static str>>| BTreeMap::from([(&id, fields)]);
        let known = objects(Some(BTreeSet::from([CPU, "spec.replicas"])));
        assert!(ignored(ISTIOD, CPU).unmatched(&known).is_empty());
        let misspelt = ignored("east/apps/Deployment/istio-system/istio", CPU).unmatched(&known);
        let nearest = Some(ISTIOD.to_owned());
        assert_eq!(
            misspelt,
            [IgnoredFieldError::NoObject {
                key: "east/apps/Deployment/istio-system/istio".to_owned(),
                nearest
            }]
        );
        let misspelt = ignored(ISTIOD, "spec.replica").unmatched(&known);
        let nearest = Some("spec.replicas".to_owned());
        let (key, field) = (ISTIOD.to_owned(), "spec.replica".to_owned());
        assert_eq!(misspelt, [IgnoredFieldError::NoField { key, field, nearest }]);
        assert!(ignored(ISTIOD, "spec.replica").unmatched(&objects(None)).is_empty());
    }

    #[test]
    fn the_rules_of_a_cluster_are_its_own() {
        let ignored =
            IgnoredFields::parse(&entries(&[(ISTIOD, &[CPU]), ("*//Service/*/*", &["spec.type"])])).unwrap();
        assert_eq!(ignored.rules("east").len(), 2);
        assert_eq!(ignored.rules("west").len(), 1);
    }
}
