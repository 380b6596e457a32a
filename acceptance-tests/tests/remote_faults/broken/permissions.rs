//! Each verb of the reader's role that istiod cannot do without, taken away by itself. What istiod makes of each is in the measurements: it
//! never counts the cluster as read, or does not serve it and says nothing. `status` says it before istiod notices.

use serde_json::{Value, json};

use super::FIXES;
use super::patient::{Cause, Patient};

pub const ROLE: [&str; 2] = ["clusterrole", "istio-mesh-reader-istio-system"];
const OBJECT: &str = "branch/rbac.authorization.k8s.io/ClusterRole//istio-mesh-reader-istio-system";
/// All of them with this variable: `EVERY_VERB=1 cargo test --workspace --test remote_cluster what_is_broken`.
const EVERY: &str = "EVERY_VERB";
/// A few in every run: one kind that is read, one that is written, and the last, with which istiod still reads the cluster.
const SAMPLE: [(&str, &str); 3] =
    [("nodes", "watch"), ("mutatingwebhookconfigurations", "update"), ("configmaps", "create")];

/// Takes them away one after the other. That which is taken last stays away.
pub fn are_taken_away(patient: &mut Patient) {
    let role = patient.object("branch", &ROLE);
    let verbs =
        if std::env::var_os(EVERY).is_some() { every_verb(&role) } else { SAMPLE.map(owned).to_vec() };
    let last = verbs.len() - 1;
    for (index, (resource, verb)) in verbs.iter().enumerate() {
        replace(patient, &without(&role, resource, verb));
        let name =
            format!("The reader may no longer {verb} {resource}, or anything else that istiod does there");
        let cause =
            Cause { name: &name, status: ("injection", "reader_forbidden"), planned: OBJECT, apply: FIXES };
        if index == last { patient.notes(&cause) } else { drop(patient.named(&cause)) }
    }
}

/// Also what every certificate needs.
pub fn token_reviews_are_forbidden(patient: &mut Patient) {
    let role = patient.object("branch", &ROLE);
    replace(patient, &without(&role, "tokenreviews", "create"));
    patient.notes(&Cause {
        name: "The reader may no longer review tokens",
        status: ("injection", "token_review_forbidden"),
        planned: OBJECT,
        apply: FIXES,
    });
}

pub fn replace(patient: &Patient, rules: &[Value]) {
    let patch = json!({"rules": rules}).to_string();
    patient.kubectl("branch", &[&["patch"], &ROLE[..], &["--type=merge", "-p", &patch]].concat());
}

/// The rules of a role without a verb for a kind, wherever it is granted.
pub fn without(role: &Value, resource: &str, verb: &str) -> Vec<Value> {
    let mut rules = Vec::new();
    for rule in role["rules"].as_array().expect("rules") {
        let is_of = rule["resources"].as_array().expect("kinds").contains(&json!(resource));
        if !is_of || !rule["verbs"].as_array().expect("verbs").contains(&json!(verb)) {
            rules.push(rule.clone());
            continue;
        }
        let mut others = rule.clone();
        others["resources"].as_array_mut().expect("kinds").retain(|it| it != resource);
        let mut rest = rule.clone();
        rest["resources"] = json!([resource]);
        rest["verbs"].as_array_mut().expect("verbs").retain(|it| it != verb);
        let is_left = |rule: &Value| ["resources", "verbs"].iter().all(|field| rule[field] != json!([]));
        rules.extend([others, rest].into_iter().filter(is_left));
    }
    rules
}

/// What the role grants, but for what no istiod of these releases misses (seen with an audit log of 1.31).
fn every_verb(role: &Value) -> Vec<(String, String)> {
    const UNUSED: [&str; 6] =
        ["endpoints", "gateways", "replicasets", "serviceexports", "serviceimports", "subjectaccessreviews"];
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut verbs = Vec::new();
    for rule in role["rules"].as_array().expect("rules") {
        for resource in texts(&rule["resources"]) {
            let used = texts(&rule["verbs"]).into_iter().filter(|verb| {
                let is_got = resource == "namespaces" || resource == "configmaps";
                !UNUSED.contains(&resource.as_str())
                    && resource != "tokenreviews"
                    && verb != "patch"
                    && (verb != "get" || is_got)
            });
            verbs.extend(used.map(|verb| (resource.clone(), verb)));
        }
    }
    // What is taken last stays away, and istiod starts with it.
    verbs.push(owned(SAMPLE[2]));
    verbs
}

fn owned((resource, verb): (&str, &str)) -> (String, String) {
    (resource.to_owned(), verb.to_owned())
}
