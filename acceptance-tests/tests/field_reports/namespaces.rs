//! Labels and annotations of the namespaces that a mesh makes: admission policies demand them, and other tools manage them.

use acceptance_tests::admin::Admin;
use acceptance_tests::hold::{Hold, Writes};
use acceptance_tests::{Fixture, Workspace};
use serde_json::json;

use crate::configuration::{CLUSTERS, assert_says, planned};

/// What the clusters demand of a new namespace.
const DEMAND: &str = "has(object.metadata.labels) && 'team' in object.metadata.labels";

/// No namespace of this name is made in a cluster without the label `team`, until this goes.
pub fn demand_a_team<'a>(admin: &'a Admin<'a>, namespace: &str) -> Hold<'a> {
    let (operations, name) = (["CREATE"], format!("team-of-{namespace}"));
    let writes = Writes {
        operations: &operations,
        group: "",
        resource: "namespaces",
        name: namespace,
        unless: DEMAND,
    };
    Hold::of(admin, &name, &writes)
}

/// The namespaces have the label and the annotation that the configuration says, from the moment on at which they were made.
pub fn are_labelled(fixture: &Fixture, namespaces: &[&str]) {
    for (cluster, namespace) in
        CLUSTERS.iter().flat_map(|cluster| namespaces.iter().map(move |it| (cluster, it)))
    {
        let admin = Admin::of(fixture.lab, cluster);
        let live = admin.get(&format!("/api/v1/namespaces/{namespace}")).expect("it was made");
        let metadata = &live["metadata"];
        assert_eq!(metadata["labels"]["team"], "platform", "{cluster}: {metadata}");
        assert_eq!(
            metadata["annotations"]["example.com/contact"], "mesh@shop.example",
            "{cluster}: {metadata}"
        );
    }
}

/// What another tool takes from a namespace comes back, and the plan says whose hand it was.
pub fn labels_come_back(fixture: &Fixture, workspace: &Workspace) {
    let west = Admin::of(fixture.lab, "west");
    let path = "/api/v1/namespaces/istio-system";
    let taken = json!({"metadata": {"labels": {"topology.istio.io/network": null, "owned-by": "others"}}});
    west.merge(path, "HashiCorp", &taken);
    assert_says(
        &planned(workspace),
        &[
            "Cluster \"west\": other tools changed fields that the last apply had set",
            "west//Namespace//istio-system: metadata.labels[\"topology.istio.io/network\"]: removed (other field managers of \
             the object: \"HashiCorp\", \"kubectl-label\")",
        ],
    );
    workspace.apply_plan().succeeded();
    let live = west.get(path).expect("it is there");
    assert_eq!(live["metadata"]["labels"]["topology.istio.io/network"], "net-west", "{live}");
    assert_eq!(live["metadata"]["labels"]["owned-by"], "others", "{live}");
}
