use acceptance_tests::authority::Authority;
use acceptance_tests::until;
use serde_json::{Value, json};

use super::FIXES;
use super::patient::{Cause, Patient};
use super::permissions;
use acceptance_tests::remote::read::encoded;

const ANNOTATION: &str = "topology.istio.io/controlPlaneClusters";
const TOKEN: &str = "istio-mesh-reader-token-1";
const WEBHOOK: [&str; 2] = ["mutatingwebhookconfiguration", "istio-sidecar-injector"];
const WEBHOOK_OBJECT: &str =
    "branch/admissionregistration.k8s.io/MutatingWebhookConfiguration//istio-sidecar-injector";
const REMOTE_SECRET: &str = "east//Secret/istio-system/istio-remote-secret-branch";

/// As long as no istiod leads the cluster, nobody takes back what others write.
pub fn others_write_while_no_istiod_leads(patient: &mut Patient) {
    let own = cas(patient);
    patient.scale_istiod(0);
    the_webhook_has_no_or_another_ca(patient);
    patient.scale_istiod(1);
    until("istiod's own certificate authority", || cas(patient) == own);
}

/// The first hides nothing, and the last all others: one apply restores them together.
pub fn others_changed_what_istiod_needs(patient: &mut Patient) {
    permissions::are_taken_away(patient);
    permissions::token_reviews_are_forbidden(patient);
    patient.kubectl("branch", &["delete", "configmap", "istio"]);
    patient.notes(&Cause {
        name: "The ConfigMap `istio` of the remote cluster was deleted",
        status: ("injection", "other_trust_domain"),
        planned: "branch//ConfigMap/istio-system/istio",
        apply: FIXES,
    });
    the_annotation_is_another_one(patient);
    // It reads the annotation once, and that is wrong: the apply must have it read again.
    patient.scale_istiod(0);
    patient.scale_istiod(1);
    patient.kubectl("branch", &[&["delete"], &WEBHOOK[..]].concat());
    patient.notes(&Cause {
        name: "The webhook of the remote cluster was deleted",
        status: ("injection", "no_webhook"),
        planned: WEBHOOK_OBJECT,
        apply: FIXES,
    });
    patient.is_fixed();
    patient.works();
}

fn the_webhook_has_no_or_another_ca(patient: &mut Patient) {
    write_ca(patient, &encoded(&Authority::new().root()));
    patient.notes(&Cause {
        name: "Something else wrote the certificate authority of the webhook, and no istiod leads the cluster",
        status: ("injection", "other_authority"),
        planned: "",
        apply: "waits for istiod, which writes its own, then fails",
    });
    write_ca(patient, "");
    patient.notes(&Cause {
        name: "… or removed it",
        status: ("injection", "not_served"),
        planned: "",
        apply: "waits for istiod, which writes its own, then fails",
    });
}

fn the_annotation_is_another_one(patient: &mut Patient) {
    let namespace = ["annotate", "--overwrite", "namespace", "istio-system"];
    // istiod splits the list at commas and does not trim it.
    for (value, name) in [
        (format!("{ANNOTATION}-"), "The annotation of the remote cluster's namespace was removed"),
        (format!("{ANNOTATION}=north"), "… or names another primary"),
        (format!("{ANNOTATION}=north, east"), "… or has a blank in it"),
    ] {
        patient.kubectl("branch", &[&namespace[..], &[&value]].concat());
        patient.notes(&Cause {
            name,
            status: ("injection", "not_annotated"),
            planned: "branch//Namespace//istio-system",
            apply: FIXES,
        });
    }
}

/// istiod takes its webhook back at once; a token that it has loses nothing until it connects again.
pub fn others_write_while_istiod_leads(patient: &mut Patient) {
    let own = cas(patient);
    let foreign = encoded(&Authority::new().root());
    write_ca(patient, &foreign);
    until("istiod's own certificate authority", || cas(patient) == own);
    patient.silent_row(
        "Something else wrote the certificate authority of the webhook, and istiod leads the cluster",
        "unchanged",
        "Nothing: istiod writes its own within a second.",
        "changes nothing",
    );
    the_token_is_another_one(patient);
    patient.notes(&Cause {
        name: "The reader's token Secret was deleted and recreated",
        status: ("links.east->branch", "token_refused"),
        planned: REMOTE_SECRET,
        apply: FIXES,
    });
    patient.is_fixed();
}

/// What the next apply restores.
pub fn the_remote_secret_is_deleted(patient: &mut Patient) {
    patient.kubectl("east", &["delete", "secret", "istio-remote-secret-branch"]);
    patient.notes(&Cause {
        name: "The remote secret was deleted",
        status: ("links.east->branch", "missing"),
        planned: REMOTE_SECRET,
        apply: FIXES,
    });
}

fn the_token_is_another_one(patient: &Patient) {
    let mut secret = patient.object("branch", &["secret", TOKEN]);
    let metadata = secret["metadata"].as_object_mut().expect("metadata");
    metadata.retain(|name, _| ["name", "namespace", "labels", "annotations"].contains(&name.as_str()));
    secret.as_object_mut().expect("an object").remove("data");
    if let Some(annotations) = secret["metadata"]["annotations"].as_object_mut() {
        annotations.remove("kubernetes.io/service-account.uid");
    }
    patient.kubectl("branch", &["delete", "secret", TOKEN]);
    patient.fixture.kubectl_with("branch", &["create", "-f", "-"], &secret.to_string());
}

/// By what the API server knows istiod, for each webhook.
fn cas(patient: &Patient) -> Vec<Value> {
    let live = patient.object("branch", &WEBHOOK);
    let webhooks = live["webhooks"].as_array().expect("webhooks").iter();
    webhooks.map(|webhook| webhook["clientConfig"]["caBundle"].clone()).collect()
}

fn write_ca(patient: &Patient, ca: &str) {
    let patch = (0..cas(patient).len()).map(
        |index| json!({"op": "add", "path": format!("/webhooks/{index}/clientConfig/caBundle"), "value": ca}),
    );
    let patch = patch.collect::<Value>().to_string();
    patient.kubectl("branch", &[&["patch"], &WEBHOOK[..], &["--type=json", "-p", &patch]].concat());
}
