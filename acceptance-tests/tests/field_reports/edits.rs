//! Fields that people, tools and the platform change: what the plan has shown is taken back, whoever changed it, and what always comes
//! back can be left to whoever decides it.

use acceptance_tests::admin::Admin;
use acceptance_tests::mesh::Mesh;
use acceptance_tests::rewriting::{Rewrite, Rewriting};
use acceptance_tests::{Fixture, Workspace};
use serde_json::{Value, json};

use crate::configuration::{SYSTEM, assert_says, configure, planned, said, workspace};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/istio-system/deployments/istiod";
const SCALER: &str = "/apis/autoscaling/v2/namespaces/istio-system/horizontalpodautoscalers/istiod";
const SCALER_ID: &str = "east/autoscaling/HorizontalPodAutoscaler/istio-system/istiod";
const CPU: &str = "spec.template.spec.containers[name=discovery].resources.requests.cpu";
/// Where the CPU of istiod's container is in a Deployment.
const CPU_POINTER: &str = "/spec/template/spec/containers/0/resources/requests/cpu";
/// What a plan says of edits.
const EDITED: &str = "Cluster \"east\": other tools changed fields that the last apply had set";

/// A mesh of one cluster, and who edits it.
struct Edited<'a> {
    fixture: &'a Fixture<'a>,
    east: &'a Admin<'a>,
    workspace: Workspace,
}

pub fn what_others_change_is_taken_back_or_left_to_them(fixture: &Fixture) {
    let east = Admin::of(fixture.lab, "east");
    let workspace = workspace(fixture, &mesh(5, "100m", ""));
    workspace.apply().succeeded();
    let edited = Edited { fixture, east: &east, workspace };
    edited.an_edit_by_hand_is_taken_back();
    edited.what_another_tool_applies_is_taken_back();
    edited.an_edit_after_the_plan_is_not_overwritten();
    edited.what_the_platform_rewrites_can_be_left_to_it();
}

/// A mesh whose istiod is scaled up to `most` pods, each of which requests this much.
fn mesh(most: u8, cpu: &str, ignored: &str) -> Mesh {
    let values = format!("{{ autoscaleMax = {most}, resources = {{ requests = {{ cpu = {cpu:?} }} }} }}");
    let mesh = Mesh::of("shop", &["east"]).istiod(&values);
    if ignored.is_empty() { mesh } else { mesh.with(&format!("ignored_fields = {ignored}")) }
}

impl Edited<'_> {
    fn an_edit_by_hand_is_taken_back(&self) {
        let set = ["set", "resources", "deploy/istiod", "--requests=cpu=111m", "--field-manager=k9s"];
        self.fixture.kubectl("east", &[&["-n", SYSTEM], &set[..]].concat());
        assert_says(
            &planned(&self.workspace),
            &[
                EDITED,
                &format!(
                    "east/apps/Deployment/istio-system/istiod: {CPU}: \"111m\" in place of \"100m\", by \"k9s\""
                ),
                "A plan that shows these fields restores them, whoever changed them",
                "list it in ignored_fields",
            ],
        );
        self.workspace.apply_plan().succeeded();
        assert_eq!(self.live(DEPLOYMENT, CPU_POINTER), "100m");
        self.workspace.assert_well();
    }

    /// Not only once: it says of itself that it will apply the field again.
    fn what_another_tool_applies_is_taken_back(&self) {
        let scaler = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "istiod", "namespace": SYSTEM}, "spec": {"maxReplicas": 7},
        });
        let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=argocd", "-f", "-"];
        self.east.kubectl_with(&apply, &scaler.to_string());
        let text = planned(&self.workspace);
        assert_says(&text, &[EDITED, "spec.maxReplicas: \"7\" in place of \"5\", by \"argocd\""]);
        assert!(!text.contains("Helm"), "{text}");
        self.workspace.apply_plan().succeeded();
        assert_eq!(self.live(SCALER, "/spec/maxReplicas"), 5);
        self.workspace.assert_well();
    }

    /// Nobody has approved that; the advice is to plan again, not to remove Istio.
    fn an_edit_after_the_plan_is_not_overwritten(&self) {
        configure(self.fixture, &self.workspace, &mesh(6, "100m", ""));
        planned(&self.workspace);
        self.east.merge(SCALER, "k9s", &json!({"spec": {"minReplicas": 2}}));
        let refused = self.workspace.apply_plan().failed_with(&[
            "\"k9s\" owns spec.minReplicas",
            "Another tool changed the fields that its line names, and the plan did not show that",
            "Plan again: the plan shows the fields, and its apply restores them",
        ]);
        for other in ["Helm", "another namespace", "terraform untaint"] {
            assert!(!refused.story().contains(other), "{}", refused.story());
        }
        assert_eq!(self.live(SCALER, "/spec/minReplicas"), 2);
        assert_eq!(self.live(SCALER, "/spec/maxReplicas"), 5);
        planned(&self.workspace);
        let change = self.workspace.shown_plan()["resource_changes"][0]["change"].clone();
        let shown = |side: &str| change[side]["manifests"][SCALER_ID]["spec.minReplicas"].clone();
        assert_eq!((shown("before"), shown("after")), (json!("2"), json!("1")));
        self.workspace.apply_plan().succeeded();
        assert_eq!(self.live(SCALER, "/spec/minReplicas"), 1);
        assert_eq!(self.live(SCALER, "/spec/maxReplicas"), 6);
        self.workspace.assert_well();
    }

    /// The warning has the entry with which the next plan is empty.
    fn what_the_platform_rewrites_can_be_left_to_it(&self) {
        let patch = format!("[JSONPatch{{op: 'replace', path: '{CPU_POINTER}', value: '750m'}}]");
        let rewrite = Rewrite {
            group: "apps",
            resource: "deployments",
            of: "request.namespace == 'istio-system'",
            patch: &patch,
        };
        let _platform = Rewriting::of(self.east, "autopilot", &rewrite);
        // Something has to be written before anybody can rewrite it.
        configure(self.fixture, &self.workspace, &mesh(6, "101m", ""));
        let applied = self.workspace.apply_with_messages();
        assert_eq!(applied.code, 0, "{}", applied.output);
        let text = said(&applied);
        assert_says(
            &text,
            &[
                "east/apps/Deployment/istio-system/istiod differs from the plan",
                &format!(
                    "{CPU}: \"750m\" in place of \"101m\", by no field manager: an admission webhook or policy"
                ),
            ],
        );
        let (_, entry) = text.split_once("ignored_fields: ").expect("an entry");
        let (entry, _) = entry.split_once(" }.").expect("its end");
        assert_says(&planned(&self.workspace), &[EDITED, CPU, "\"750m\" in place of \"101m\""]);

        configure(self.fixture, &self.workspace, &mesh(6, "101m", &format!("{entry} }}")));
        self.workspace.apply().succeeded();
        self.workspace.assert_well();
        assert_eq!(self.live(DEPLOYMENT, CPU_POINTER), "750m");
    }

    fn live(&self, path: &str, pointer: &str) -> Value {
        self.east.get(path).expect("it is there").pointer(pointer).cloned().unwrap_or_default()
    }
}
