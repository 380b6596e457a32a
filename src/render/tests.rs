use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::fs;
use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::desired::{Manifest, Placeholder, Stage, object, ownership};
use crate::mesh::well_known::PULL_SECRET_KEY;
use crate::mesh::{DeclaredMember, Mesh, Primary, RemoteControlPlane, SharedMeshConfig};

/// Istio's charts as a release ships them.
struct IstioCharts {
    base: Chart,
    istiod: Chart,
    gateway: Chart,
}

/// The charts of a cluster without a gateway.
fn charts<'a>(base: &'a Chart, istiod: &'a Chart) -> Charts<'a> {
    Charts::from([(ChartName::Base, base), (ChartName::Istiod, istiod)])
}

static ISTIO: LazyLock<IstioCharts> = LazyLock::new(|| {
    let charts = lab::parts::charts().unwrap();
    let chart = |name| Chart::from_directory(charts.chart(name)).unwrap();
    IstioCharts { base: chart("base"), istiod: chart("istiod"), gateway: chart("gateway") }
});

fn member(network: &str) -> DeclaredMember {
    DeclaredMember { network: network.to_owned(), ..DeclaredMember::default() }
}

fn mesh() -> Mesh {
    Mesh {
        mesh_id: "shop".to_owned(),
        trust_domain: "shop.example".to_owned(),
        version: "1.31.0".to_owned(),
        namespace: "istio-system".to_owned(),
        chart_source: crate::mesh::ChartSource { repository: "charts".to_owned() },
        primaries: [("east".to_owned(), member("net-east").into())].into(),
        ..Mesh::default()
    }
}

fn facts(kubernetes_version: &str) -> ClusterFacts {
    ClusterFacts { uid: "u".to_owned(), kubernetes_version: kubernetes_version.to_owned() }
}

fn render_with(mesh: &Mesh, charts: &Charts<'_>, facts: &ClusterFacts) -> Result<ManifestSet, RenderError> {
    let mesh = mesh.validate().unwrap();
    let primary = mesh.primaries().values().next().unwrap();
    render(&mesh, primary, charts, facts)
}

fn render_istio(mesh: &Mesh) -> Result<ManifestSet, RenderError> {
    render_with(mesh, &charts(&ISTIO.base, &ISTIO.istiod), &facts("v1.36.3"))
}

/// The kubeconfig by which a primary reads another one.
fn access(cluster: &str) -> Placeholder {
    Placeholder::Access { cluster: cluster.parse().unwrap(), comment: String::new() }
}

/// The object of that kind and name.
fn find<'a>(set: &'a ManifestSet, kind: &str, name: &str) -> &'a Value {
    let mut objects = set.manifests().iter().map(|manifest| manifest.object.as_ref());
    objects.find(|object| object["kind"] == kind && object["metadata"]["name"] == name).unwrap()
}

/// The environment of istiod.
fn environment(set: &ManifestSet) -> BTreeMap<String, Value> {
    let container = &find(set, "Deployment", "istiod")["spec"]["template"]["spec"]["containers"][0];
    let variables = container["env"].as_array().unwrap().iter();
    variables
        .map(|variable| (variable["name"].as_str().unwrap().to_owned(), variable["value"].clone()))
        .collect()
}

/// The mesh configuration that istiod reads.
fn mesh_configuration(set: &ManifestSet) -> Value {
    let text = find(set, "ConfigMap", "istio")["data"]["mesh"].as_str().unwrap();
    helm_template::yaml::parse(text).unwrap()
}

/// A chart of these templates.
fn chart(templates: &[(&str, &str)]) -> Chart {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("templates")).unwrap();
    fs::write(directory.path().join("Chart.yaml"), "apiVersion: v2\nname: small\nversion: 1.0.0\n").unwrap();
    for (name, text) in templates {
        fs::write(directory.path().join("templates").join(name), text).unwrap();
    }
    Chart::from_directory(directory.path()).unwrap()
}

fn render_small(template: &str) -> Result<ManifestSet, RenderError> {
    let (base, istiod) = (chart(&[]), chart(&[("a.yaml", template)]));
    render_with(&mesh(), &charts(&base, &istiod), &facts("v1.36.3"))
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";

#[test]
fn a_primary_has_its_namespace_and_the_objects_of_both_charts_stage_by_stage() {
    let set = render_istio(&mesh()).unwrap();
    let stages: Vec<(Stage, BTreeSet<&str>)> = set
        .stages()
        .map(|(stage, manifests)| {
            (stage, manifests.iter().map(|manifest| manifest.object["kind"].as_str().unwrap()).collect())
        })
        .collect();
    let expected = [
        (Stage::Definitions, vec!["CustomResourceDefinition"]),
        (Stage::Namespaces, vec!["Namespace"]),
        (Stage::Root, vec!["Secret"]),
        (Stage::Authority, vec!["Secret"]),
        (
            Stage::Configuration,
            vec![
                "ClusterRole",
                "ClusterRoleBinding",
                "ConfigMap",
                "Role",
                "RoleBinding",
                "Service",
                "ServiceAccount",
            ],
        ),
        (Stage::Workloads, vec!["Deployment", "HorizontalPodAutoscaler"]),
        (Stage::Admission, vec!["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]),
    ];
    assert_eq!(stages, expected.map(|(stage, kinds)| (stage, kinds.into_iter().collect())));
    let components: BTreeSet<Component> = set.manifests().iter().map(|manifest| manifest.component).collect();
    assert_eq!(
        components.into_iter().collect::<Vec<_>>(),
        [
            Component::Namespace,
            Component::Root,
            Component::Authority,
            Component::Chart(ChartName::Base),
            Component::Chart(ChartName::Istiod),
            Component::SharedMeshConfig,
        ]
    );
}

#[test]
fn the_namespace_bears_the_network_of_the_cluster_where_there_are_several() {
    let namespace = |set: &ManifestSet| find(set, "Namespace", "istio-system")["metadata"].clone();
    assert_eq!(namespace(&render_istio(&mesh()).unwrap()), json!({"name": "istio-system"}));
    let one = render_both(&two_clusters(["flat", "flat"]));
    assert_eq!(
        one.each_ref().map(namespace),
        [json!({"name": "istio-system"}), json!({"name": "istio-system"})]
    );
    let several = render_both(&two_clusters(["net-east", "net-west"]));
    let labels = several.each_ref().map(|set| namespace(set)["labels"].clone());
    assert_eq!(labels, ["net-east", "net-west"].map(|network| json!({"topology.istio.io/network": network})));
}

#[test]
fn istiod_knows_its_mesh_cluster_and_trust_domain() {
    let set = render_istio(&mesh()).unwrap();
    assert_eq!(environment(&set)["CLUSTER_ID"], "east");
    let configuration = mesh_configuration(&set);
    assert_eq!(configuration["trustDomain"], "shop.example");
    assert_eq!(configuration["defaultConfig"]["meshId"], "shop");
    let injector = find(&set, "ConfigMap", "istio-sidecar-injector")["data"]["values"].as_str().unwrap();
    let values: Value = serde_json::from_str(injector).unwrap();
    assert_eq!(values["global"]["network"], "net-east");
    assert_eq!(values["global"]["multiCluster"]["clusterName"], "east");
}

#[test]
fn another_namespace_is_used_everywhere() {
    let set = render_istio(&Mesh { namespace: "mesh".to_owned(), ..mesh() }).unwrap();
    let text = serde_json::to_string(
        &set.manifests().iter().map(|manifest| manifest.object.as_ref()).collect::<Vec<&Value>>(),
    )
    .unwrap();
    assert!(!text.contains("\"namespace\":\"istio-system\""));
    assert!(text.contains("istiod.mesh.svc:15012"));
}

#[test]
fn other_roots_and_their_rotation_are_possible_from_the_beginning() {
    let set = render_istio(&mesh()).unwrap();
    assert_eq!(environment(&set)["ISTIO_MULTIROOT_MESH"], "true");
    let metadata = &mesh_configuration(&set)["defaultConfig"]["proxyMetadata"];
    assert_eq!(metadata, &json!({"ISTIO_META_DNS_CAPTURE": "true", "PROXY_CONFIG_XDS_AGENT": "true"}));
}

#[test]
fn a_user_may_turn_our_settings_off_in_every_way_that_the_chart_has() {
    for values in [
        json!({"env": {"ISTIO_MULTIROOT_MESH": "false"}}),
        json!({"pilot": {"env": {"ISTIO_MULTIROOT_MESH": "false"}}}),
    ] {
        let chart = [("istiod".to_owned(), values)].into();
        let set = render_istio(&Mesh { chart, ..mesh() }).unwrap();
        assert_eq!(environment(&set)["ISTIO_MULTIROOT_MESH"], "false");
    }
    for switch in ["ISTIO_META_DNS_CAPTURE", "PROXY_CONFIG_XDS_AGENT"] {
        let mesh_config = json!({"defaultConfig": {"proxyMetadata": {switch: "false"}}});
        let set = render_istio(&Mesh { mesh_config, ..mesh() }).unwrap();
        let metadata = mesh_configuration(&set)["defaultConfig"]["proxyMetadata"].clone();
        let off = metadata.as_object().unwrap().iter().filter(|(_, value)| *value == "false");
        assert_eq!(off.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [switch]);
    }
}

#[test]
fn values_of_a_primary_win_over_those_of_the_mesh() {
    let values = |sampling: f64, level: &str| {
        let meshed = json!({"traceSampling": sampling, "meshConfig": {"accessLogFile": level}});
        [("istiod".to_owned(), meshed)].into()
    };
    let mut mesh = Mesh {
        chart: values(1.0, "/mesh"),
        mesh_config: json!({"accessLogFile": "/mesh-config", "accessLogEncoding": "JSON"}),
        ..mesh()
    };
    let set = render_istio(&mesh).unwrap();
    assert_eq!(mesh_configuration(&set)["accessLogFile"], "/mesh-config");
    mesh.primaries.get_mut("east").unwrap().member.chart = values(2.5, "/primary");
    let set = render_istio(&mesh).unwrap();
    assert_eq!(environment(&set)["PILOT_TRACE_SAMPLING"], "2.5");
    assert_eq!(mesh_configuration(&set)["accessLogFile"], "/primary");
    assert_eq!(mesh_configuration(&set)["accessLogEncoding"], "JSON");
}

#[test]
fn integers_arrive_as_they_are_written() {
    let env = json!({"A": 999_999, "B": 1_000_000, "C": 16_777_216, "D": -2_000_000, "E": 9_007_199_254_740_993_i64, "F": 0});
    let mut mesh = mesh();
    mesh.chart =
        [("istiod".to_owned(), json!({"env": env, "keepaliveMaxServerConnectionAge": 1_800_000}))].into();
    let set = render_istio(&mesh).unwrap();
    let environment = environment(&set);
    for (name, number) in env.as_object().unwrap() {
        assert_eq!(environment[name], number.to_string(), "{name}");
    }
    let container = &find(&set, "Deployment", "istiod")["spec"]["template"]["spec"]["containers"][0];
    assert!(container["args"].as_array().unwrap().contains(&json!("1800000")), "{}", container["args"]);
    let values = find(&set, "ConfigMap", "values")["data"]["original-values"].as_str().unwrap();
    assert!(values.contains("\"E\": 9007199254740993"), "{values}");
}

#[test]
fn a_null_removes_a_default_of_the_chart() {
    let chart = [("istiod".to_owned(), json!({"resources": null}))].into();
    let set = render_istio(&Mesh { chart, ..mesh() }).unwrap();
    let container = &find(&set, "Deployment", "istiod")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["resources"], json!({"requests": {"cpu": "10m"}}), "those of any container");
}

#[test]
fn the_objects_say_who_manages_them() {
    let set = render_istio(&mesh()).unwrap();
    let text = serde_json::to_string(
        &set.manifests().iter().map(|manifest| manifest.object.as_ref()).collect::<Vec<&Value>>(),
    )
    .unwrap();
    assert!(!text.contains("\"app.kubernetes.io/managed-by\":\"Helm\""));
    let deployment = find(&set, "Deployment", "istiod");
    for labels in [&deployment["metadata"]["labels"], &deployment["spec"]["template"]["metadata"]["labels"]] {
        assert_eq!(labels["app.kubernetes.io/managed-by"], "terraform-provider-istio");
        assert_eq!(labels["app.kubernetes.io/instance"], "istiod");
    }
}

#[test]
fn webhooks_start_open_because_istiod_closes_them_when_it_answers() {
    let set = render_istio(&mesh()).unwrap();
    let validator = find(&set, "ValidatingWebhookConfiguration", "istio-validator-istio-system");
    assert_eq!(validator["webhooks"][0]["failurePolicy"], "Ignore");
    let path = "webhooks[name=rev.validation.istio.io].failurePolicy";
    assert!(ownership::is_yielded("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", path));
}

#[test]
fn what_is_rendered_depends_neither_on_the_run_nor_on_the_version_of_the_cluster() {
    let charts = charts(&ISTIO.base, &ISTIO.istiod);
    let render = |version: &str| render_with(&mesh(), &charts, &facts(version)).unwrap();
    let first = render("v1.28.0");
    let minors = (28..=37).map(|minor| format!("v1.{minor}.0"));
    for version in minors.chain(["v1.36.3-gke.1002000".to_owned(), "v1.36.1+k3s1".to_owned()]) {
        assert_eq!(render(&version), first, "{version}");
    }
}

#[test]
fn a_chart_that_fails_names_cluster_chart_template_line_and_reason() {
    let chart = [("istiod".to_owned(), json!({"profile": "nosuch"}))].into();
    let error = render_istio(&Mesh { chart, ..mesh() }).unwrap_err();
    assert_eq!(error.to_string(), "cluster \"east\": chart istiod does not render with its values");
    let cause = error.source().unwrap().to_string();
    assert!(
        cause.contains("istiod/templates/zzz_profile.yaml:31") && cause.contains("unknown profile nosuch"),
        "{cause}"
    );
}

#[test]
fn output_that_is_no_yaml_names_its_template() {
    let error = render_small("a: [\n").unwrap_err();
    let chain = format!("{error}: {}", error.source().unwrap());
    assert!(chain.contains("\"east\"") && chain.contains("small/templates/a.yaml"), "{chain}");
}

#[test]
fn a_document_that_is_no_object_names_what_is_missing() {
    for (template, field) in [
        ("kind: A\nmetadata: {name: a}\n", "apiVersion"),
        ("apiVersion: v1\nkind: Service\n", "metadata.name"),
    ] {
        assert_eq!(
            render_small(template).unwrap_err().to_string(),
            format!(
                "cluster \"east\": small/templates/a.yaml of chart istiod renders a document without {field}"
            )
        );
    }
}

#[test]
fn documents_of_nothing_but_comments_are_left_out() {
    let set = render_small(&format!("# comment\n---\n{SERVICE}---\n# another\n")).unwrap();
    assert_eq!(from_chart(&set), 1);
}

#[test]
fn a_hook_is_refused_and_a_test_is_left_out() {
    let hook = |events: &str| {
        format!("{SERVICE}  annotations: {{helm.sh/hook: {events}}}\n").replace("{name: a}", "\n  name: a")
    };
    let error = render_small(&hook("pre-install")).unwrap_err().to_string();
    assert!(error.contains("small/templates/a.yaml of chart istiod is a Helm hook (pre-install)"), "{error}");
    assert_eq!(from_chart(&render_small(&hook("test")).unwrap()), 0);
}

/// How many objects of a set the chart `istiod` has rendered.
fn from_chart(set: &ManifestSet) -> usize {
    set.manifests()
        .iter()
        .filter(|manifest| manifest.component == Component::Chart(ChartName::Istiod))
        .count()
}

#[test]
fn an_object_that_is_rendered_twice_is_refused() {
    let error = render_small(&format!("{SERVICE}---\n{SERVICE}")).unwrap_err();
    assert_eq!(error.to_string(), "cluster \"east\": Service istio-system/a is rendered twice");
}

#[test]
fn a_value_that_repeats_what_the_chart_sets_is_refused() {
    for (values, text) in [
        (json!({"env": {"CLUSTER_ID": "east"}}), "\"CLUSTER_ID\" twice in env"),
        (json!({"pilot": {"volumes": [{"name": "cacerts"}]}}), "\"cacerts\" twice in volumes"),
        (
            json!({"volumeMounts": [{"name": "a", "mountPath": "/etc/cacerts"}]}),
            "\"/etc/cacerts\" twice in volumeMounts",
        ),
    ] {
        let chart = [("istiod".to_owned(), values)].into();
        let error = render_istio(&Mesh { chart, ..mesh() }).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("cluster \"east\": Deployment istio-system/istiod has {text}")),
            "{error}"
        );
    }
}

#[test]
fn objects_are_in_the_namespace_that_they_need() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a, namespace: x}\nstatus: {a: b}\n";
    let set = render_small(&format!("{SERVICE}---\n{role}")).unwrap();
    assert_eq!(find(&set, "Service", "a")["metadata"]["namespace"], "istio-system");
    assert_eq!(find(&set, "ClusterRole", "a")["metadata"], json!({"name": "a"}));
    assert_eq!(find(&set, "ClusterRole", "a").get("status"), None);
}

#[test]
fn definitions_in_the_folder_of_a_chart_are_objects_too() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("crds")).unwrap();
    fs::write(directory.path().join("Chart.yaml"), "apiVersion: v2\nname: small\nversion: 1.0.0\n").unwrap();
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b}\n";
    fs::write(directory.path().join("crds/a.yaml"), crd).unwrap();
    let (base, istiod) = (Chart::from_directory(directory.path()).unwrap(), chart(&[]));
    let set = render_with(&mesh(), &charts(&base, &istiod), &facts("v1.36.3")).unwrap();
    assert_eq!(set.manifests()[0].stage, Stage::Definitions);
}

/// Two clusters with a gateway each, on these networks.
fn two_clusters(networks: [&str; 2]) -> Mesh {
    let primary = |network: &str| {
        let east_west_gateway = Some(crate::mesh::EastWestGateway::default());
        Primary::from(DeclaredMember { east_west_gateway, ..member(network) })
    };
    let mut mesh = mesh();
    mesh.certificate_authority.key_cluster = Some("west".to_owned());
    let labels = ["east".to_owned(), "west".to_owned()];
    mesh.primaries = labels.into_iter().zip(networks.map(primary)).collect();
    mesh
}

/// The sets of `east` and `west`.
fn render_both(mesh: &Mesh) -> [ManifestSet; 2] {
    let mesh = mesh.validate().unwrap();
    let mut charts = charts(&ISTIO.base, &ISTIO.istiod);
    charts.insert(ChartName::Gateway, &ISTIO.gateway);
    ["east", "west"].map(|name| {
        let cluster = name.parse().unwrap();
        render(&mesh, &mesh.primaries()[&cluster], &charts, &facts("v1.36.3")).unwrap()
    })
}

fn names(set: &ManifestSet, component: Component) -> Vec<String> {
    let of_component = set.manifests().iter().filter(|manifest| manifest.component == component);
    of_component.map(|manifest| object::describe(&manifest.object)).collect()
}

#[test]
fn clusters_on_two_networks_open_their_gateways_for_each_other() {
    let [east, west] = render_both(&two_clusters(["net-east", "net-west"]));
    for (set, network) in [(&east, "net-east"), (&west, "net-west")] {
        assert_eq!(names(set, Component::Exposure), ["Gateway istio-system/cross-network-gateway"]);
        let exposure = find(set, "Gateway", "cross-network-gateway");
        let service = find(set, "Service", "istio-eastwestgateway");
        assert_eq!(service["metadata"]["labels"]["topology.istio.io/network"], network);
        assert_eq!(service["spec"]["selector"]["istio"], exposure["spec"]["selector"]["istio"]);
        assert_eq!(exposure["spec"]["servers"][0]["tls"]["mode"], "AUTO_PASSTHROUGH");
    }
}

#[test]
fn clusters_on_one_network_keep_their_gateways_closed() {
    let [east, west] = render_both(&two_clusters(["net", "net"]));
    for set in [&east, &west] {
        assert_eq!(names(set, Component::Exposure), [""; 0]);
        assert_eq!(find(set, "Service", "istio-eastwestgateway")["kind"], "Service");
    }
}

#[test]
fn each_cluster_has_a_remote_secret_for_the_other_as_istioctl_makes_it() {
    let [east, west] = render_both(&two_clusters(["net-east", "net-west"]));
    for (set, other) in [(&east, "west"), (&west, "east")] {
        let links: Vec<_> = set.manifests().iter().filter(|it| it.component == Component::Link).collect();
        assert_eq!(links.len(), 1);
        let metadata = &links[0].object["metadata"];
        assert_eq!(metadata["name"], format!("istio-remote-secret-{other}"));
        assert_eq!(metadata["labels"]["istio/multiCluster"], "true");
        assert_eq!(metadata["annotations"]["networking.istio.io/cluster"], other);
        let other = other.to_owned();
        assert_eq!(links[0].placeholders, Placeholders::from([(other.clone(), access(&other))]));
    }
}

#[test]
fn the_root_is_kept_in_the_named_cluster_only() {
    let [east, west] = render_both(&two_clusters(["net-east", "net-west"]));
    assert_eq!(names(&east, Component::Root), [""; 0]);
    assert_eq!(names(&west, Component::Root), ["Secret istio-system/terraform-provider-istio-root"]);
    for set in [&east, &west] {
        assert_eq!(names(set, Component::Authority), ["Secret istio-system/cacerts"]);
    }
}

#[test]
fn a_cluster_that_others_read_has_a_reader_with_a_token() {
    let [east, _] = render_both(&two_clusters(["net-east", "net-west"]));
    let token = find(&east, "Secret", "istio-mesh-reader-token-1");
    let account = &token["metadata"]["annotations"]["kubernetes.io/service-account.name"];
    let binding = find(&east, "ClusterRoleBinding", "istio-mesh-reader-istio-system");
    assert_eq!(&binding["subjects"][0]["name"], account);
    assert_eq!(names(&render_istio(&mesh()).unwrap(), Component::Reader), [""; 0]);
}

#[test]
fn the_next_token_is_another_secret_and_another_content_for_those_who_read_with_it() {
    let mut mesh = two_clusters(["net-east", "net-west"]);
    let [_, before] = render_both(&mesh);
    mesh.primaries.get_mut("east").unwrap().member.reader_token_version = Some(2);
    let [east, west] = render_both(&mesh);
    find(&east, "Secret", "istio-mesh-reader-token-2");
    let secrets = |set: &ManifestSet| -> Vec<String> {
        let readers = names(set, Component::Reader).into_iter();
        readers.filter(|name| name.contains("token")).collect()
    };
    assert_eq!(secrets(&east), ["Secret istio-system/istio-mesh-reader-token-2"]);
    assert_eq!(secrets(&west), ["Secret istio-system/istio-mesh-reader-token-1"]);
    let read = |set: &ManifestSet| -> Vec<Placeholder> {
        let manifests = set.manifests().iter().flat_map(|manifest| manifest.placeholders.values());
        manifests.filter(|it| matches!(it, Placeholder::Access { .. })).cloned().collect()
    };
    let comment = |comment: &str| {
        vec![Placeholder::Access { cluster: "east".parse().unwrap(), comment: comment.to_owned() }]
    };
    assert_eq!((read(&before), read(&west)), (comment(""), comment("token 2")));
}

#[test]
fn definitions_that_others_install_are_left_out_and_nothing_else() {
    let ours = render_istio(&mesh()).unwrap();
    let mut mesh = mesh();
    for primary in mesh.primaries.values_mut() {
        primary.member.crds = Some("external".to_owned());
    }
    let theirs = render_istio(&mesh).unwrap();
    let count =
        |set: &ManifestSet| set.manifests().iter().filter(|it| it.stage == Stage::Definitions).count();
    assert!(count(&ours) > 10);
    assert_eq!(count(&theirs), 0);
    assert_eq!(theirs.manifests().len(), ours.manifests().len() - count(&ours));
}

#[test]
fn a_mesh_that_serves_remote_clusters_through_a_gateway_lets_their_networks_in() {
    let mut mesh = two_clusters(["net", "net"]);
    mesh.primaries.get_mut("east").unwrap().remote_control_plane = Some(RemoteControlPlane::default());
    let [east, west] = render_both(&mesh);
    let open = "Gateway istio-system/cross-network-gateway";
    let exposed = [open, "Gateway istio-system/istiod-gateway", "VirtualService istio-system/istiod-vs"];
    assert_eq!(names(&east, Component::Exposure), exposed);
    assert_eq!(names(&west, Component::Exposure), [open]);
    for set in [&east, &west] {
        let labels = &find(set, "Namespace", "istio-system")["metadata"]["labels"];
        assert_eq!(labels["topology.istio.io/network"], "net");
    }
    let gateway = find(&east, "Gateway", "istiod-gateway");
    let ports: Vec<_> =
        gateway["spec"]["servers"].as_array().unwrap().iter().map(|it| &it["port"]["number"]).collect();
    assert_eq!(ports, [&json!(15012), &json!(15017)]);
    let service = find(&east, "Service", "istio-eastwestgateway");
    assert_eq!(service["spec"]["selector"]["istio"], gateway["spec"]["selector"]["istio"]);
}

#[test]
fn a_gateway_on_another_port_tells_istiod_of_it() {
    let mut mesh = two_clusters(["net-east", "net-west"]);
    mesh.primaries.get_mut("east").unwrap().member.east_west_gateway.as_mut().unwrap().port = Some(443);
    let [east, _] = render_both(&mesh);
    let service = find(&east, "Service", "istio-eastwestgateway");
    assert_eq!(service["metadata"]["labels"]["networking.istio.io/gatewayPort"], "443");
    let ports = service["spec"]["ports"].as_array().unwrap();
    let tls = ports.iter().find(|port| port["name"] == "tls").unwrap();
    assert_eq!((&tls["port"], &tls["targetPort"]), (&json!(443), &json!(15443)));
}

#[test]
fn a_gateway_in_a_namespace_of_its_own_takes_along_what_it_needs_and_what_opens_it() {
    let mut mesh = two_clusters(["net-east", "net-west"]);
    mesh.namespace = "mesh-system".to_owned();
    mesh.images.pull_secrets.insert("registry".to_owned(), 0);
    let east = mesh.primaries.get_mut("east").unwrap();
    east.remote_control_plane = Some(RemoteControlPlane::default());
    east.member.east_west_gateway.as_mut().unwrap().namespace = Some("gateways".to_owned());
    let [east, west] = render_both(&mesh);
    assert_eq!(names(&east, Component::Namespace), ["Namespace mesh-system", "Namespace gateways"]);
    assert_eq!(names(&west, Component::Namespace), ["Namespace mesh-system"]);
    let pulled = ["Secret mesh-system/registry", "Secret gateways/registry"];
    assert_eq!(names(&east, Component::PullSecret), pulled);
    assert_eq!(names(&west, Component::PullSecret), ["Secret mesh-system/registry"]);
    for (set, expected) in [(&east, "gateways"), (&west, "mesh-system")] {
        let is_at_the_gateway =
            |it: &&Manifest| matches!(it.stage, Stage::GatewayServices | Stage::Gateways | Stage::Exposure);
        let found: BTreeSet<Option<&str>> = set
            .manifests()
            .iter()
            .filter(is_at_the_gateway)
            .map(|it| it.object["metadata"]["namespace"].as_str())
            .collect();
        assert_eq!(found, BTreeSet::from([Some(expected)]));
    }
    let target = "istiod.mesh-system.svc.cluster.local";
    let routes = find(&east, "VirtualService", "istiod-vs");
    assert_eq!(routes["spec"]["tls"][0]["route"][0]["destination"]["host"], target);
}

#[test]
fn a_node_port_is_chosen_for_calls_between_networks_only() {
    let mut mesh = two_clusters(["net-east", "net-west"]);
    let gateway = mesh.primaries.get_mut("east").unwrap().member.east_west_gateway.as_mut().unwrap();
    gateway.service_type = Some("NodePort".to_owned());
    gateway.node_port = Some(31443);
    gateway.addresses = ["203.0.113.7".to_owned()].into();
    let [east, west] = render_both(&mesh);
    let service = find(&east, "Service", "istio-eastwestgateway");
    let chosen = service["spec"]["ports"].as_array().unwrap().iter().filter(|it| !it["nodePort"].is_null());
    let chosen: Vec<_> = chosen.map(|port| (&port["name"], &port["nodePort"])).collect();
    assert_eq!(chosen, [(&json!("tls"), &json!(31443))]);
    let networks = find(&west, "ConfigMap", "istio")["data"]["meshNetworks"].as_str().unwrap();
    let networks = helm_template::yaml::parse(networks).unwrap();
    assert_eq!(
        networks["networks"]["net-east"]["gateways"],
        json!([{"address": "203.0.113.7", "port": 31443}])
    );
}

#[test]
fn a_drained_cluster_keeps_all_that_is_its_own_and_nobody_reads_it() {
    let mut mesh = two_clusters(["net-east", "net-west"]);
    let gateway = mesh.primaries.get_mut("east").unwrap().member.east_west_gateway.as_mut().unwrap();
    gateway.addresses = ["203.0.113.7".to_owned()].into();
    let before = render_both(&mesh);
    mesh.primaries.get_mut("east").unwrap().member.drain = true;
    let after = render_both(&mesh);
    let ids = |set: &ManifestSet| -> BTreeSet<String> {
        set.manifests().iter().map(|it| object::describe(&it.object)).collect()
    };
    let lost: Vec<BTreeSet<String>> =
        before.iter().zip(&after).map(|(before, after)| &ids(before) - &ids(after)).collect();
    let link = BTreeSet::from(["Secret istio-system/istio-remote-secret-east".to_owned()]);
    assert_eq!(lost, [BTreeSet::new(), link]);
    // Calls to pods of a network without a gateway would go straight to their addresses while istiod lets go of them.
    for set in &after {
        let networks = find(set, "ConfigMap", "istio")["data"]["meshNetworks"].as_str().unwrap();
        assert!(networks.contains("203.0.113.7"), "{networks}");
    }
}

#[test]
fn every_control_plane_learns_the_addresses_that_are_typed() {
    let mut mesh = two_clusters(["net-east", "net-west"]);
    let gateway = mesh.primaries.get_mut("east").unwrap().member.east_west_gateway.as_mut().unwrap();
    gateway.addresses = ["203.0.113.7".to_owned()].into();
    gateway.address_port = Some(31443);
    for set in render_both(&mesh) {
        let text = find(&set, "ConfigMap", "istio")["data"]["meshNetworks"].as_str().unwrap().to_owned();
        let networks = helm_template::yaml::parse(&text).unwrap();
        let expected = json!({"networks": {"net-east": {
            "endpoints": [{"fromRegistry": "east"}],
            "gateways": [{"address": "203.0.113.7", "port": 31443}],
        }}});
        assert_eq!(networks, expected);
    }
}

#[test]
fn images_are_pulled_with_the_given_secret_from_the_given_hub() {
    let mut mesh = mesh();
    mesh.images.hub = Some("registry.example/istio".to_owned());
    mesh.images.pull_secrets.insert("registry".to_owned(), 1);
    let set = render_istio(&mesh).unwrap();
    let secret = set.manifests().iter().find(|it| it.component == Component::PullSecret).unwrap();
    assert_eq!(secret.stage, Stage::Configuration);
    assert_eq!(secret.object["metadata"]["name"], "registry");
    let placeholder = Placeholder::PullSecret { name: "registry".to_owned(), version: 1 };
    assert_eq!(secret.placeholders, Placeholders::from([(PULL_SECRET_KEY.to_owned(), placeholder)]));
    let pod = &find(&set, "Deployment", "istiod")["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], "registry.example/istio/pilot:1.31.0");
    assert_eq!(find(&set, "ServiceAccount", "istiod")["imagePullSecrets"], json!([{"name": "registry"}]));
}

#[test]
fn a_given_authority_is_written_but_for_its_key() {
    let mut mesh = two_clusters(["net", "net"]);
    let given = |label: &str| {
        let authority = crate::mesh::GivenAuthority { certificate: label.to_owned(), ..Default::default() };
        (label.to_owned(), authority)
    };
    mesh.certificate_authority = crate::mesh::CertificateAuthority {
        mode: Some("given".to_owned()),
        given: [given("east"), given("west")].into(),
        ..Default::default()
    };
    for (set, cluster) in render_both(&mesh).iter().zip(["east", "west"]) {
        let secret = set.manifests().iter().find(|it| it.component == Component::Authority).unwrap();
        let key = Placeholder::GivenKey { certificate: cluster.to_owned(), version: 0 };
        assert_eq!(secret.placeholders, Placeholders::from([("ca-key.pem".to_owned(), key)]));
        assert_eq!(names(set, Component::Root), [""; 0]);
    }
}

/// `east` with these blocks, and a cluster on another network.
fn east_with(change: impl FnOnce(&mut Primary)) -> ManifestSet {
    east_of(|mesh| change(mesh.primaries.get_mut("east").unwrap()))
}

fn east_of(change: impl FnOnce(&mut Mesh)) -> ManifestSet {
    let mut mesh = two_clusters(["net-east", "net-west"]);
    change(&mut mesh);
    let [east, _] = render_both(&mesh);
    east
}

#[test]
fn a_federation_gateway_stands_apart_from_the_mesh_and_is_closed() {
    let settings = crate::mesh::EastWestGateway { port: Some(443), ..Default::default() };
    let set = east_with(|east| east.member.federation_gateway = Some(settings));
    let namespaces = names(&set, Component::Namespace);
    assert_eq!(namespaces, ["Namespace istio-system", "Namespace istio-system-federation"]);
    let service = find(&set, "Service", "istio-federationgateway");
    assert_eq!(service["metadata"]["namespace"], "istio-system-federation");
    assert_eq!(service["metadata"]["labels"].get("topology.istio.io/network"), None);
    let ports = service["spec"]["ports"].as_array().unwrap();
    let ports: Vec<_> =
        ports.iter().map(|port| (&port["name"], &port["port"], &port["targetPort"])).collect();
    let expected = [("status-port", 15021, 15021), ("tls", 443, 15443)];
    let expected = expected.map(|(name, port, target)| (json!(name), json!(port), json!(target)));
    assert_eq!(ports, expected.each_ref().map(|(name, port, target)| (name, port, target)));
    let deployment = find(&set, "Deployment", "istio-federationgateway");
    assert_eq!(deployment["metadata"]["namespace"], "istio-system-federation");
    let pod = &deployment["spec"]["template"];
    assert_eq!(pod["metadata"]["labels"]["istio"], "federationgateway");
    assert_eq!(pod["metadata"]["labels"].get("topology.istio.io/network"), None);
    // What is exported may run on networks that the mesh does not know.
    assert!(!pod.to_string().contains("NETWORK_VIEW"), "{pod}");
    // Nothing opens it, and what opens the other gateway does not select its pods.
    assert_eq!(names(&set, Component::Exposure), ["Gateway istio-system/cross-network-gateway"]);
    let exposure = find(&set, "Gateway", "cross-network-gateway");
    assert_ne!(exposure["spec"]["selector"], json!({"istio": "federationgateway"}));
}

#[test]
fn a_federation_gateway_adds_to_a_cluster_and_changes_nothing_in_it() {
    let without = east_with(|_| ());
    let with =
        east_with(|east| east.member.federation_gateway = Some(crate::mesh::EastWestGateway::default()));
    for manifest in without.manifests() {
        assert!(with.manifests().contains(manifest), "{}", object::describe(&manifest.object));
    }
    let added = with.manifests().iter().filter(|manifest| !without.manifests().contains(manifest));
    let namespaces = added.map(|it| match object::kind(&it.object) {
        "Namespace" => object::name(&it.object),
        _ => it.object["metadata"]["namespace"].as_str().unwrap(),
    });
    assert_eq!(namespaces.collect::<BTreeSet<_>>(), BTreeSet::from(["istio-system-federation"]));
}

#[test]
fn what_the_blocks_of_a_primary_make_depends_on_no_fact() {
    let mut mesh = two_clusters(["net-east", "net-west"]);
    for primary in mesh.primaries.values_mut() {
        primary.member.federation_gateway = Some(crate::mesh::EastWestGateway::default());
        primary.remote_control_plane = Some(RemoteControlPlane::default());
    }
    mesh.primaries.get_mut("west").unwrap().member.network = "net-east".to_owned();
    mesh.primaries.get_mut("west").unwrap().member.east_west_gateway = None;
    let mesh = mesh.validate().unwrap();
    let mut charts = charts(&ISTIO.base, &ISTIO.istiod);
    charts.insert(ChartName::Gateway, &ISTIO.gateway);
    let all = |version: &str| {
        let of = |primary| render(&mesh, primary, &charts, &facts(version)).unwrap();
        mesh.primaries().values().map(of).collect::<Vec<_>>()
    };
    let first = all("v1.28.0");
    assert_eq!(all("v1.36.3-gke.1002000"), first);
    assert_eq!(all("v1.37.0"), first);
}

#[test]
fn a_cluster_can_have_a_federation_gateway_alone() {
    let set = east_with(|east| {
        east.member.east_west_gateway = None;
        east.member.network = "net-west".to_owned();
        east.member.federation_gateway = Some(crate::mesh::EastWestGateway::default());
    });
    let deployments = set.manifests().iter().filter(|it| object::kind(&it.object) == "Deployment");
    let deployments: Vec<_> = deployments.map(|it| object::name(&it.object)).collect();
    assert_eq!(deployments, ["istiod", "istio-federationgateway"]);
}

#[test]
fn istiod_has_a_load_balancer_of_its_own_where_no_gateway_leads_to_it() {
    let settings = RemoteControlPlane {
        hostname: Some("istiod.example".to_owned()),
        service_annotations: [("scheme".to_owned(), "internal".to_owned())].into(),
        load_balancer_class: Some("lb.example/internal".to_owned()),
        load_balancer_source_ranges: ["10.0.0.0/8".to_owned()].into(),
    };
    let mut mesh = mesh();
    mesh.primaries.get_mut("east").unwrap().remote_control_plane = Some(settings);
    let set = render_istio(&mesh).unwrap();
    assert_eq!(names(&set, Component::Exposure), ["Service istio-system/istiod-load-balancer"]);
    let service = find(&set, "Service", "istiod-load-balancer");
    assert_eq!(service["metadata"]["annotations"], json!({"scheme": "internal"}));
    let spec = &service["spec"];
    assert_eq!(
        (&spec["type"], &spec["loadBalancerClass"]),
        (&json!("LoadBalancer"), &json!("lb.example/internal"))
    );
    assert_eq!(spec["loadBalancerSourceRanges"], json!(["10.0.0.0/8"]));
    assert_eq!(spec["selector"], find(&set, "Service", "istiod")["spec"]["selector"], "istiod's pods");
    let ports: Vec<_> =
        spec["ports"].as_array().unwrap().iter().map(|it| (&it["port"], &it["targetPort"])).collect();
    assert_eq!(ports, [(&json!(15012), &json!(15012)), (&json!(15017), &json!(15017))]);
    let environment = environment(&set);
    assert_eq!(environment["ISTIOD_CUSTOM_HOST"], "istiod.example");
    assert_eq!(environment["EXTERNAL_ISTIOD"], "true");
}

#[test]
fn istiod_reads_a_second_mesh_configuration_whose_content_is_in_no_manifest() {
    let set = render_istio(&mesh()).unwrap();
    let name = environment(&set)["SHARED_MESH_CONFIG"].clone();
    let shared = find(&set, "ConfigMap", name.as_str().unwrap());
    assert_eq!(shared["metadata"]["namespace"], "istio-system");
    assert_eq!(shared.get("data"), None);
    let record = find(&set, "ConfigMap", SharedMeshConfig::RECORD_OF_MESH);
    assert_eq!(record["metadata"]["labels"][SharedMeshConfig::RECORD_LABEL], name);
    let text = record["data"]["mesh"].as_str().unwrap();
    let document: Value = serde_json::from_str(text).unwrap();
    assert_eq!(document, json!({"trustDomain": "shop.example", "rootNamespace": "istio-system"}));
    let stages = set.manifests().iter().filter(|it| it.component == Component::SharedMeshConfig);
    assert_eq!(stages.map(|it| it.stage).collect::<Vec<_>>(), [Stage::Configuration; 2]);
}

#[test]
fn certificates_of_others_are_in_the_record_and_never_in_the_standard_mesh_configuration() {
    let entry = json!({"pem": "PEM", "trustDomains": ["bank.example"]});
    let mesh_config = json!({"caCertificates": [entry], "rootNamespace": "policies", "accessLogFile": "/a"});
    let set = render_istio(&Mesh { mesh_config, ..mesh() }).unwrap();
    let configuration = mesh_configuration(&set);
    assert_eq!(configuration.get("caCertificates"), None);
    assert_eq!(configuration["accessLogFile"], "/a");
    let text = find(&set, "ConfigMap", SharedMeshConfig::RECORD_OF_MESH)["data"]["mesh"].as_str().unwrap();
    let record: Value = serde_json::from_str(text).unwrap();
    let expected =
        json!({"trustDomain": "shop.example", "rootNamespace": "policies", "caCertificates": [entry]});
    assert_eq!(record, expected);
}

#[test]
fn what_names_services_follows_the_domain_of_the_clusters() {
    let values = json!({"global": {"proxy": {"clusterDomain": "k8s.example"}}});
    let set = east_of(|mesh| {
        mesh.chart.insert("istiod".to_owned(), values);
        mesh.primaries.get_mut("east").unwrap().remote_control_plane = Some(RemoteControlPlane::default());
    });
    let hosts = &find(&set, "Gateway", "cross-network-gateway")["spec"]["servers"][0]["hosts"];
    assert_eq!(hosts, &json!(["*.k8s.example"]));
    for route in find(&set, "VirtualService", "istiod-vs")["spec"]["tls"].as_array().unwrap() {
        let host = &route["route"][0]["destination"]["host"];
        assert_eq!(host, "istiod.istio-system.svc.k8s.example");
    }
    let arguments = &find(&set, "Deployment", "istiod")["spec"]["template"]["spec"]["containers"][0]["args"];
    assert!(arguments.to_string().contains("\"--domain\",\"k8s.example\""), "{arguments}");
}

#[test]
fn a_network_policy_of_a_gateway_opens_what_other_networks_call() {
    let values = json!({"global": {"networkPolicy": {"enabled": true}}});
    let set = east_of(|mesh| {
        mesh.chart.insert("gateway".to_owned(), values);
        mesh.primaries.get_mut("east").unwrap().member.federation_gateway =
            Some(crate::mesh::EastWestGateway::default());
    });
    let open = |name: &str| -> BTreeSet<i64> {
        let rules = find(&set, "NetworkPolicy", name)["spec"]["ingress"].as_array().unwrap().clone();
        let ports = rules.iter().flat_map(|rule| rule["ports"].as_array().unwrap().clone());
        ports.filter_map(|port| port["port"].as_i64()).collect()
    };
    for name in ["istio-eastwestgateway", "istio-federationgateway"] {
        let service = &find(&set, "Service", name)["spec"]["ports"];
        let needed: BTreeSet<i64> =
            service.as_array().unwrap().iter().filter_map(|port| port["targetPort"].as_i64()).collect();
        assert!(open(name).is_superset(&needed), "{name}: {:?} without {needed:?}", open(name));
    }
}
