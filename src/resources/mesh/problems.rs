//! What is wrong with a mesh by its status, as messages: where it is written in the configuration, and what to do about it.

use std::collections::BTreeMap;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Severity};

use super::model::{ClusterStatusModel, MeshModel, StatusModel};
use super::place::primary;
use crate::blocks::state_of;
use crate::diagnostics;
use crate::health::{self, Class, ClusterStates, Finding, Part, Place};

pub use crate::health::{is_waited_for, pause};

impl StatusModel {
    /// Everything that is not as it should be, and needs to be said.
    pub fn problems(&self) -> Vec<Finding> {
        self.findings().into_iter().filter(|finding| finding.class != Class::Implied).collect()
    }

    /// Everything that is not as it should be.
    fn findings(&self) -> Vec<Finding> {
        let clusters = self.clusters.as_known().into_iter().flatten();
        // What is in state has been checked.
        let clusters = clusters.filter_map(|(label, cluster)| Some((label.parse().ok()?, cluster.states())));
        health::findings(&clusters.collect(), &self.link_states())
    }
}

impl ClusterStatusModel {
    fn states(&self) -> ClusterStates {
        ClusterStates {
            control_plane: state_of(&self.control_plane),
            gateway: state_of(&self.gateway),
            federation_gateway: state_of(&self.federation_gateway),
            remote_control_plane: state_of(&self.remote_control_plane),
            shared_mesh_config: state_of(&self.shared_mesh_config),
            authority: state_of(&self.authority),
            last_apply: state_of(&self.last_apply),
            injection: None,
        }
    }
}

/// What refresh says of a problem.
pub fn warning(problem: Finding) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..error(problem) }
}

/// What an apply says of the problems that are left in the end. A create whose mesh is complete but for what is open has succeeded,
/// with warnings.
pub fn in_the_end(problems: Vec<Finding>, is_create: bool) -> Diagnostics {
    let say = if is_create && health::is_complete(&problems) { warning } else { error };
    problems.into_iter().map(say).collect()
}

fn error(problem: Finding) -> Diagnostic {
    let summary = format!("{}: {}", problem.place, problem.cause);
    Diagnostic::error(summary, problem.remedy).at(path(&problem.place))
}

/// Where the configuration has it.
fn path(place: &Place) -> AttributePath {
    match place {
        Place::Cluster(cluster, Part::Gateway(role)) => primary(cluster.as_str()).attribute(role.field()),
        Place::Cluster(cluster, Part::RemoteControlPlane) => {
            primary(cluster.as_str()).attribute("remote_control_plane")
        }
        Place::Cluster(
            cluster,
            Part::ControlPlane | Part::SharedMeshConfig | Part::Authority | Part::LastApply | Part::Injection,
        ) => primary(cluster.as_str()),
        Place::Link(link) => primary(link.read.as_str()),
        Place::Federation | Place::Peer(_) | Place::Export(_) | Place::Import(_) => AttributePath::root(),
    }
}

/// Why a plan that changes no object is not empty: what refresh has found is not good, and the apply would look at it again.
pub fn of_plan(prior: &MeshModel, planned: &MeshModel) -> Option<Diagnostic> {
    let findings = prior.status.as_known()?.findings();
    if findings.is_empty() || !planned.manifests.is_known() || planned.manifests != prior.manifests {
        return None;
    }
    let mut causes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Finding { place, cause, .. } in findings {
        causes.entry(place.to_string()).or_default().push(cause);
    }
    let lines = causes.iter().map(|(place, causes)| format!("{place}: {}", causes.join("; ")));
    let lines: Vec<String> = lines.collect();
    Some(diagnostics::not_ready("mesh", lines.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use tfplugin::Field;

    use super::*;

    fn status(clusters: &[(&str, &str, &str)], links: &[(&str, &str)]) -> StatusModel {
        let clusters = clusters.iter().map(|(label, control_plane, gateway)| {
            let cluster = ClusterStatusModel {
                control_plane: (*control_plane).into(),
                gateway: (*gateway).into(),
                ..ClusterStatusModel::default()
            };
            ((*label).to_owned(), cluster)
        });
        let links = links.iter().map(|(link, state)| ((*link).to_owned(), Field::from(*state)));
        StatusModel { clusters: Field::Known(clusters.collect()), links: Field::Known(links.collect()) }
    }

    #[test]
    fn a_create_that_is_complete_but_for_what_is_open_ends_with_warnings() {
        let open = status(&[("west", "ready", "no_address")], &[("east->west", "timeout")]).problems();
        assert_eq!(open.len(), 2);
        assert!(!in_the_end(open.clone(), true).has_errors());
        assert!(in_the_end(open, false).iter().all(Diagnostic::is_error));
        for unfinished in [("west", "not_ready", "ready"), ("west", "ready", "not_ready")] {
            let problems = status(&[unfinished], &[("east->west", "timeout")]).problems();
            assert!(in_the_end(problems, true).iter().all(Diagnostic::is_error), "{unfinished:?}");
        }
        let broken = status(&[], &[("east->west", "invalid_secret")]).problems();
        assert!(in_the_end(broken, true).has_errors());
    }

    #[test]
    fn a_message_says_where_it_is_and_points_to_the_block() {
        let problems = status(&[("west", "ready", "no_address")], &[("east->west", "timeout")]).problems();
        let said: Vec<Diagnostic> = problems.into_iter().map(warning).collect();
        assert_eq!(said[0].summary, "Cluster \"west\": its east-west gateway has no address");
        assert_eq!(said[0].path, Some(primary("west").attribute("east_west_gateway")));
        assert!(said[1].summary.starts_with("Link \"east\" -> \"west\": istiod of \"east\" cannot read"));
        assert_eq!(said[1].path, Some(primary("west")));
    }

    #[test]
    fn an_apply_that_did_not_finish_is_not_forgotten() {
        let last_apply = "unfinished".into();
        let cluster =
            ClusterStatusModel { control_plane: "ready".into(), last_apply, ..ClusterStatusModel::default() };
        let clusters = Field::Known([("east".to_owned(), cluster)].into());
        let prior = mesh(StatusModel { clusters, links: Field::Known(BTreeMap::new()) });
        let detail = of_plan(&prior, &prior).unwrap().detail;
        assert!(detail.contains("Cluster \"east\": the last apply did not finish"), "{detail}");
    }

    fn mesh(status: StatusModel) -> MeshModel {
        let manifests = Field::Known(BTreeMap::new());
        MeshModel { status: Field::Known(status), manifests, ..MeshModel::default() }
    }

    #[test]
    fn a_plan_that_changes_nothing_else_lists_what_is_not_good_one_per_line() {
        let prior = mesh(status(
            &[("east", "not_ready", "no_address"), ("west", "ready", "ready")],
            &[("east->west", "no_control_plane"), ("west->east", "syncing")],
        ));
        let said = of_plan(&prior, &prior).unwrap();
        let expected = "\
            Cluster \"east\": the control plane is not ready; its east-west gateway has no address\n\
            Link \"east\" -> \"west\": no istiod of \"east\" is ready\n\
            Link \"west\" -> \"east\": istiod of \"west\" cannot read the API server of \"east\" (syncing)\n\n";
        assert!(said.detail.contains(expected), "{}", said.detail);
        assert!(!said.is_error());
    }

    #[test]
    fn a_plan_of_a_mesh_that_is_well_or_of_other_changes_does_not() {
        let well = mesh(status(&[("east", "ready", "ready")], &[("east->west", "drained")]));
        assert_eq!(of_plan(&well, &well), None);
        let prior = mesh(status(&[("east", "not_ready", "ready")], &[]));
        let objects = [("east//ConfigMap/istio-system/istio".to_owned(), Field::Unknown)];
        let planned = MeshModel { manifests: Field::Known(objects.into()), ..prior.clone() };
        assert_eq!(of_plan(&prior, &planned), None);
    }

    #[test]
    fn a_plan_lists_five_places_and_how_many_there_are_more() {
        let clusters = ["a", "b", "c", "d", "e", "f", "g"].map(|label| (label, "not_ready", "ready"));
        let prior = mesh(status(&clusters, &[]));
        let detail = of_plan(&prior, &prior).unwrap().detail;
        assert!(detail.contains("Cluster \"e\": the control plane is not ready\nand 2 more\n"), "{detail}");
    }
}
