//! Workspaces with a mesh, and what Terraform says of it.

use acceptance_tests::mesh::{ADDRESS, Mesh, administrators};
use acceptance_tests::{Fixture, Run, Workspace};
use serde_json::Value;

pub const CLUSTERS: [&str; 2] = ["east", "west"];
pub const SYSTEM: &str = "istio-system";

/// A workspace with a mesh in these clusters, which it calls by their names.
pub fn workspace(fixture: &Fixture, mesh: &Mesh) -> Workspace {
    Workspace::new(&configuration(fixture, mesh))
}

/// Another mesh for the same workspace.
pub fn configure(fixture: &Fixture, workspace: &Workspace, mesh: &Mesh) {
    workspace.configure(&configuration(fixture, mesh));
}

fn configuration(fixture: &Fixture, mesh: &Mesh) -> String {
    administrators(fixture.lab, &CLUSTERS) + &mesh.hcl()
}

/// All warnings and errors of a run with `-json`, each in a line and more.
pub fn said(run: &Run) -> String {
    let messages = run.messages();
    let texts = messages.iter().map(|it| format!("{}: {}\n{}\n", it.severity, it.summary, it.detail));
    texts.collect()
}

/// Plans a change: what is said of it.
#[track_caller]
pub fn planned(workspace: &Workspace) -> String {
    let plan = workspace.plan_with(&["-json"]);
    assert_eq!(plan.code, 2, "a plan with changes was expected:\n{}", plan.output);
    said(&plan)
}

/// Fails the test unless a text has each of these parts.
#[track_caller]
pub fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

/// A member of the mesh's `status` in state.
pub fn status(workspace: &Workspace, pointer: &str) -> Value {
    workspace.resource(ADDRESS)["status"].pointer(pointer).cloned().unwrap_or_default()
}

/// A member of the mesh's `status`, as the refresh of the last plan has found it.
pub fn refreshed(workspace: &Workspace, pointer: &str) -> Value {
    let plan = workspace.shown_plan();
    let resources = plan["prior_state"]["values"]["root_module"]["resources"].as_array().cloned();
    let mesh = resources.into_iter().flatten().find(|it| it["address"] == ADDRESS).unwrap_or_default();
    mesh["values"]["status"].pointer(pointer).cloned().unwrap_or_default()
}
