//! A remote cluster whose mesh belongs to another workspace, and API servers that are down when something is done with it.

use acceptance_tests::admin::{Admin, Objects};
use acceptance_tests::mesh::{Mesh, administrators, cluster_block, provider};
use acceptance_tests::{Fixture, Run, Workspace};

use acceptance_tests::remote::read::assert_ready;

const CLUSTERS: [&str; 2] = ["east", "edge"];
const ADDRESS: &str = "istio_remote_cluster.edge";
const DESTROY: [&str; 4] = ["destroy", "-input=false", "-auto-approve", "-no-color"];

/// The workspace of the mesh, and that of the cluster which it serves.
struct Apart<'a> {
    fixture: &'a Fixture<'a>,
    mesh: Workspace,
    remote: Workspace,
}

/// It ends with a cluster that is abandoned, and whatever is in there.
pub fn neither_the_mesh_of_another_workspace_goes_nor_a_cluster_that_is_down_by_accident(fixture: &Fixture) {
    let mesh = Mesh::of("shop", &["east"]).primary("east", "remote_control_plane {}").hcl();
    let apart = Apart {
        fixture,
        mesh: Workspace::new(&(administrators(fixture.lab, &["east"]) + &mesh)),
        remote: Workspace::new(""),
    };
    apart.configure("", "error");
    apart.mesh.apply().succeeded();
    apart.a_new_cluster_is_down();
    apart.remote.apply().succeeded();
    apart.remote.assert_well();
    assert_ready(&apart.remote, ADDRESS, None, &["east"]);
    apart.the_mesh_stays();
    apart.a_cluster_is_down_at_a_refresh();
    for cluster in CLUSTERS {
        apart.a_cluster_is_down_at_an_apply(cluster);
    }
    apart.a_cluster_is_down_at_a_destroy();
}

impl Apart<'_> {
    /// The remote cluster with these lines, and what is done without it.
    fn configure(&self, lines: &str, on_unreachable: &str) {
        let lab = self.fixture.lab;
        let blocks = cluster_block(lab, "east", "east", "")
            + &cluster_block(lab, "edge", "edge", &format!("    on_unreachable = {on_unreachable:?}"));
        let mesh = crate::conflicts::mesh();
        let remote = format!(
            "resource \"istio_remote_cluster\" \"edge\" {{\n  mesh = data.istio_mesh.shop.join\n  cluster = \"edge\"\n  \
             network = \"flat\"\n{lines}\n}}\n"
        );
        self.remote.configure(&(provider(&blocks) + &mesh + &remote));
    }

    fn written(&self) -> [Objects; 2] {
        CLUSTERS.map(|cluster| Admin::of(self.fixture.lab, cluster).settled())
    }

    fn without(&self, cluster: &str, run: impl FnOnce(&Workspace) -> Run) -> Run {
        let api = self.fixture.lab.cluster(cluster).api_server();
        api.stop();
        let run = run(&self.remote);
        api.start_again().expect("start the API server again");
        run
    }

    fn a_new_cluster_is_down(&self) {
        let before = self.written();
        self.without("edge", Workspace::plan).failed_with(&["Cluster \"edge\"", "cannot be reached"]);
        assert_eq!(self.written(), before);
    }

    /// Whoever has the mesh knows nothing of the cluster, but that it is on record.
    fn the_mesh_stays(&self) {
        let before = self.written();
        let plan = self.mesh.plan_with(&["-destroy"]);
        assert_eq!(plan.code, 2, "{}", plan.output);
        self.mesh.run(&DESTROY).failed_with(&[
            "Cluster \"east\": 1 resource depends on its control plane",
            "istio_remote_cluster \"edge\"",
            "Nothing was changed in any cluster.",
        ]);
        assert_eq!(self.written(), before);
        self.mesh.assert_no_changes();
    }

    fn a_cluster_is_down_at_a_refresh(&self) {
        let texts = ["Cluster \"edge\"", "cannot be reached", "set on_unreachable in its cluster block"];
        self.without("edge", Workspace::plan).failed_with(&texts);
        self.configure("", "keep");
        let kept = self.without("edge", Workspace::plan);
        assert!(kept.code == 0 && kept.output.contains("Cluster \"edge\""), "{}", kept.output);
        self.configure("", "error");
        self.without("east", Workspace::plan).failed_with(&["Cluster \"east\"", "cannot be reached"]);
    }

    /// Whichever it is: nothing is written anywhere before all of them answer.
    fn a_cluster_is_down_at_an_apply(&self, cluster: &str) {
        let before = self.written();
        self.configure(&format!("  namespace_labels = {{\n    down = {cluster:?}\n  }}"), "error");
        let plan = self.remote.plan();
        assert_eq!(plan.code, 2, "{}", plan.output);
        let named = format!("Cluster {cluster:?}");
        self.without(cluster, Workspace::apply_plan).failed_with(&[&named, "cannot be reached"]);
        assert_eq!(self.written(), before);
        self.remote.apply().succeeded();
        self.remote.assert_well();
    }

    /// It stays in state until it is there, or is said to be gone for good. Then nothing is left of it anywhere else, also if it is tainted,
    /// which Terraform plans as a new one first.
    fn a_cluster_is_down_at_a_destroy(&self) {
        let [_, before] = self.written();
        let destroy = |workspace: &Workspace| workspace.run(&[&DESTROY[..], &["-refresh=false"]].concat());
        self.without("edge", destroy).failed_with(&["Cluster \"edge\"", "set on_unreachable = \"abandon\""]);
        assert!(!self.remote.resource(ADDRESS).is_null());
        self.configure("", "abandon");
        assert_eq!(self.remote.run(&["taint", ADDRESS]).code, 0);
        let destroyed = self.without("edge", Workspace::destroy).succeeded();
        assert!(destroyed.output.contains("Cluster \"edge\" is abandoned"), "{}", destroyed.output);
        assert!(self.remote.resource(ADDRESS).is_null());
        let [_, after] = self.written();
        assert_eq!(after, before);
        self.mesh.destroy().succeeded();
        self.fixture.assert_only_crds_remain("east");
    }
}
