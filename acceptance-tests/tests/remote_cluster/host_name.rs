use acceptance_tests::Fixture;

use acceptance_tests::remote::proof;
use acceptance_tests::remote::read::assert_ready;

const EXAMPLE: &str = "primary-remote-flat";
const ADDRESS: &str = "istio_remote_cluster.edge";
const CLUSTERS: [&str; 2] = ["east", "edge"];
const HOST_NAME: &str = "istiod.east.shop.example";

pub fn a_host_name_leads_to_the_control_plane_also_from_the_api_server(fixture: &Fixture) {
    // The user's own record. The only load balancer of the cluster has the first address.
    let balancer = fixture.lab.cluster("east").addresses().load_balancers().next().expect("an address");
    fixture.lab.names().set(HOST_NAME, &[balancer]);
    let block = format!("remote_control_plane {{\n      hostname = {HOST_NAME:?}\n    }}");
    let text = Fixture::example_text(EXAMPLE).replace("remote_control_plane {}", &block);
    assert!(text.contains(HOST_NAME));

    let workspace = fixture.example(EXAMPLE);
    workspace.configure(&text);
    workspace.apply().succeeded();
    workspace.assert_well();
    assert_ready(&workspace, ADDRESS, None, &["east"]);
    let get = |path: &str, object: &[&str]| {
        let path = format!("jsonpath={{{path}}}");
        fixture.kubectl("edge", &[&["-n", "istio-system", "get"], object, &["-o", &path]].concat())
    };
    assert_eq!(get(".spec.externalName", &["service", "istiod"]), HOST_NAME);
    let urls =
        get(".webhooks[*].clientConfig.url", &["mutatingwebhookconfiguration", "istio-sidecar-injector"]);
    let expected = format!("https://{HOST_NAME}:15017/inject/cluster/edge/net/flat");
    assert!(!urls.is_empty() && urls.split(' ').all(|url| url == expected), "{urls}");
    assert!(!workspace.resource(ADDRESS)["manifests"].to_string().contains(&balancer.to_string()));
    proof::the_mesh_answers(fixture, &CLUSTERS, &["edge"]);

    // The other way, and back: fields of the webhook and of the Service exclude each other.
    for text in [Fixture::example_text(EXAMPLE), text] {
        workspace.configure(&text);
        workspace.apply().succeeded();
        workspace.assert_well();
        fixture.kubectl("edge", &["-n", lab::sample::NAMESPACE, "rollout", "restart", "deploy/client"]);
        let done = ["rollout", "status", "deploy/client", "--timeout=90s"];
        fixture.kubectl("edge", &[&["-n", lab::sample::NAMESPACE], &done[..]].concat());
        fixture.settle("edge", &CLUSTERS);
    }

    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
    fixture.lab.names().set(HOST_NAME, &[]);
}
