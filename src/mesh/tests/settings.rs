//! Settings of charts that other parts of the mesh must follow: each is followed everywhere, or refused. The guide lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::mesh::rules::{DISCOVERY_ADDRESS, OF_NAMES, OF_NO_PRIMARY, Refused};

/// A setting that may be chosen freely, because everything else follows it.
struct Followed {
    chart: &'static str,
    path: &'static str,
    how: &'static str,
    /// A value that must pass, and that a reader of the page may try.
    sample: fn() -> Value,
}

const FOLLOWED: &[Followed] = &[
    Followed {
        chart: "istiod",
        path: "global.proxy.clusterDomain",
        how: "the same in all clusters; hosts of the `Gateway` `cross-network-gateway` and of `istiod-vs`, and `join`, follow it",
        sample: || json!({"global": {"proxy": {"clusterDomain": "k8s.example"}}}),
    },
    Followed {
        chart: "istiod",
        path: "meshConfig.discoverySelectors",
        how: "must select the namespaces of Istio and of gateways in all clusters, by name or by another label, which plans check",
        sample: || json!({"meshConfig": {"discoverySelectors": [{"matchLabels": {"mesh": "shop"}}]}}),
    },
    Followed {
        chart: "istiod",
        path: "meshConfig.rootNamespace",
        how: "the ConfigMap `shared-mesh-config` has the same",
        sample: || json!({"meshConfig": {"rootNamespace": "istio-config"}}),
    },
    Followed {
        chart: "istiod",
        path: "env.PILOT_SCOPE_GATEWAY_TO_NAMESPACE",
        how: "`Gateway` resources of the mesh are in the namespaces of their gateways",
        sample: || json!({"env": {"PILOT_SCOPE_GATEWAY_TO_NAMESPACE": "true"}}),
    },
    Followed {
        chart: "istiod",
        path: "global.networkPolicy.enabled",
        how: "istiod's policy has all ports that the mesh needs",
        sample: || json!({"global": {"networkPolicy": {"enabled": true}}}),
    },
    Followed {
        chart: "gateway",
        path: "global.networkPolicy.enabled",
        how: "the policy of an east-west gateway opens the ports for other networks and for istiod",
        sample: || json!({"global": {"networkPolicy": {"enabled": true}}}),
    },
    Followed {
        chart: "gateway",
        path: "labels.app",
        how: "nothing selects a gateway by it but its own Service and Deployment",
        sample: || json!({"labels": {"app": "ew"}}),
    },
];

/// A mesh that has everything that values follow from.
fn complete() -> Mesh {
    let gateway = || EastWestGateway {
        namespace: Some("gateways".to_owned()),
        service_type: Some("ClusterIP".to_owned()),
        addresses: ["10.0.0.1".to_owned()].into(),
        ..EastWestGateway::default()
    };
    let member = |network: &str| DeclaredMember {
        network: network.to_owned(),
        east_west_gateway: Some(gateway()),
        federation_gateway: Some(EastWestGateway::default()),
        ..DeclaredMember::default()
    };
    let images = Images {
        hub: Some("registry.example/istio".to_owned()),
        variant: Some("debug".to_owned()),
        platform: Some("gke".to_owned()),
        ..Images::default()
    };
    let mut mesh = mesh();
    mesh.images = images;
    mesh.cni = true;
    let hostname = Some("istiod.east.example".to_owned());
    let remote = RemoteControlPlane { hostname, ..RemoteControlPlane::default() };
    let east = Primary { member: member("net-east"), remote_control_plane: Some(remote) };
    mesh.primaries = [("east".to_owned(), east)].into();
    mesh
}

/// Values of a chart with `value` at a path.
fn values(path: &[&str], value: Value) -> Value {
    path.iter().rev().fold(value, |value, key| json!({*key: value}))
}

fn refused_by(mut mesh: Mesh, chart: &str, values: &Value) -> Vec<String> {
    mesh.chart.insert(chart.to_owned(), values.clone());
    let violations = mesh.validate().err().unwrap_or_default();
    violations.iter().map(ToString::to_string).collect()
}

/// Values of a chart that follow from the mesh: path → attributes.
fn derived() -> BTreeMap<(&'static str, String), BTreeSet<String>> {
    let valid = complete().validate().unwrap();
    let primary = valid.primaries().values().next().unwrap();
    let derived = primary.derived_values(valid.identity()).into_iter();
    let derived = derived.map(|it| ((it.release.chart().as_str(), it.path.join(".")), it.origin.to_string()));
    let names = OF_NAMES.iter().map(|(path, origin)| (("istiod", path.join(".")), origin.to_string()));
    let address = (("istiod", DISCOVERY_ADDRESS.join(".")), Origin::Namespace.to_string());
    let mut all = BTreeMap::<_, BTreeSet<String>>::new();
    for (value, origin) in derived.chain(names).chain([address]) {
        all.entry(value).or_default().insert(origin);
    }
    all
}

/// A value that a row refuses, and how the guide writes what it refuses.
fn refused_value(refused: Refused) -> (Value, String) {
    match refused {
        Refused::Text(text) => (json!(text), format!("`{text}`")),
        Refused::OtherThan(texts) => {
            let texts: Vec<String> =
                texts.iter().filter(|text| !text.is_empty()).map(|text| format!("`{text}`")).collect();
            let what =
                if texts.is_empty() { "any".to_owned() } else { format!("other than {}", texts.join(", ")) };
            (json!("another"), what)
        }
        Refused::Items => (json!(["a"]), "any".to_owned()),
        Refused::Members => (json!({"a": "b"}), "any".to_owned()),
        Refused::Arguments(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            (json!(["--domain=a"]), names.join(", "))
        }
        Refused::Off => (json!("false"), "`false`".to_owned()),
        Refused::True => (json!(true), "`true`".to_owned()),
        Refused::False => (json!(false), "`false`".to_owned()),
    }
}

fn page() -> String {
    let mut page = String::from(
        "### Followed\n\nChoose them freely: the rest of the mesh adapts.\n\n| Chart | Value | What follows |\n| --- | --- | --- |\n",
    );
    for Followed { chart, path, how, .. } in FOLLOWED {
        writeln!(page, "| `{chart}` | `{path}` | {how} |").unwrap();
    }
    page.push_str(
        "\n### Set by attributes\n\nThe mesh sets them, or istiod derives them from it. Another value in chart values or in `mesh_config` \
         is rejected: set the attribute instead.\n\n| Chart | Value | Follows from |\n| --- | --- | --- |\n",
    );
    for ((chart, path), origins) in derived() {
        let origins: Vec<String> = origins.iter().map(|origin| attribute(origin)).collect();
        writeln!(page, "| `{chart}` | `{path}` | {} |", origins.join(", ")).unwrap();
    }
    page.push_str(
        "\n### Rejected\n\nThey would make of the cluster something that the mesh does not know.\n\n\
         | Chart | Value | Rejected | Why |\n| --- | --- | --- | --- |\n",
    );
    for (chart, path, refused, why) in OF_NO_PRIMARY {
        let (_, what) = refused_value(*refused);
        writeln!(page, "| `{chart}` | `{}` | {what} | {why} |", path.join(".")).unwrap();
    }
    page
}

fn attribute(origin: &str) -> String {
    if origin.contains(' ') { origin.to_owned() } else { format!("`{origin}`") }
}

const BEGIN: &str = "<!-- settings -->\n\n";
const END: &str = "\n<!-- end of the settings -->";

#[test]
fn the_guide_lists_every_setting_that_others_follow() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["templates/guides", "docs/guides"] {
        let file = root.join(folder).join("settings.md");
        let text = std::fs::read_to_string(&file).unwrap();
        let (head, rest) = text.split_once(BEGIN).unwrap();
        let (kept, tail) = rest.split_once(END).unwrap();
        if kept != page() && std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
            std::fs::write(&file, format!("{head}{BEGIN}{}{END}{tail}", page())).unwrap();
            continue;
        }
        assert!(kept == page(), "{folder}/settings.md is out of date: run this test with UPDATE_GOLDEN=1");
    }
}

#[test]
fn what_the_guide_says_is_followed_is_accepted() {
    for Followed { chart, path, sample, .. } in FOLLOWED {
        assert_eq!(refused_by(complete(), chart, &sample()), Vec::<String>::new(), "{path}");
        let pointer = format!("/{}", path.replace('.', "/"));
        assert!(sample().pointer(&pointer).is_some(), "{path}");
    }
}

#[test]
fn what_the_guide_says_follows_from_an_attribute_is_refused_otherwise() {
    for ((chart, path), origins) in derived() {
        let keys: Vec<&str> = path.split('.').collect();
        // A key of a label has dots of its own.
        let keys = if path.starts_with("labels.") { path.splitn(2, '.').collect() } else { keys };
        let refused = refused_by(complete(), chart, &values(&keys, json!("another")));
        assert!(refused.iter().any(|text| text.contains(&path)), "{path} ({origins:?}): {refused:?}");
    }
}

#[test]
fn what_the_guide_says_is_rejected_is_rejected_in_every_place() {
    for (chart, path, refused, _) in OF_NO_PRIMARY {
        let (value, _) = refused_value(*refused);
        let written = values(path, value);
        let place = path.join(".");
        let found = refused_by(complete(), chart.as_str(), &written);
        assert!(found.iter().any(|text| text.contains(&place)), "{place}: {found:?}");
        if *chart == ChartName::Istiod {
            let below = refused_by(complete(), "istiod", &json!({"pilot": written}));
            assert!(below.iter().any(|text| text.contains(&format!("pilot.{place}"))), "{place}: {below:?}");
        }
    }
}

#[test]
fn settings_of_mesh_config_count_in_both_notations() {
    for (name, value) in [
        ("trustDomain", json!("other.example")),
        ("trust_domain", json!("other.example")),
        ("ca", json!({"address": "ca.example:443"})),
    ] {
        let mut mesh = mesh();
        mesh.mesh_config = json!({name: value});
        assert!(violation_of(&mesh).rule.to_string().starts_with(name), "{name}");
    }
    let mut mesh = mesh();
    mesh.mesh_config = json!({"defaultConfig": {"discovery_address": "istiod.other.svc:15012"}});
    assert!(violation_of(&mesh).rule.to_string().starts_with("defaultConfig.discovery_address is"));
    mesh.mesh_config =
        json!({"defaultConfig": {"discoveryAddress": "istiod.istio-system.svc.cluster.local:15012"}});
    assert!(mesh.validate().is_ok());
}

#[test]
fn a_value_that_is_off_is_off_in_every_notation() {
    for value in [json!("false"), json!(false), json!("0"), json!("F"), json!("False")] {
        let values = json!({"env": {"ENABLE_DEBUG_ON_HTTP": value}});
        assert_eq!(refused_by(mesh(), "istiod", &values).len(), 1, "{values}");
    }
    let on = json!({"env": {"ENABLE_DEBUG_ON_HTTP": "true"}});
    assert_eq!(refused_by(mesh(), "istiod", &on), Vec::<String>::new());
}

fn domain(domain: &str) -> Value {
    json!({"global": {"proxy": {"clusterDomain": domain}}})
}

fn two(of_mesh: Option<&str>, of_west: Option<&str>) -> Mesh {
    let member = |network: &str| DeclaredMember {
        network: network.to_owned(),
        east_west_gateway: Some(EastWestGateway::default()),
        ..DeclaredMember::default()
    };
    let mut mesh = mesh_of(&[("east", member("net-east")), ("west", member("net-west"))]);
    mesh.chart.extend(of_mesh.map(|it| ("istiod".to_owned(), domain(it))));
    let west = &mut mesh.primaries.get_mut("west").unwrap().member;
    west.chart.extend(of_west.map(|it| ("istiod".to_owned(), domain(it))));
    mesh
}

#[test]
fn the_domain_of_services_is_one_in_all_clusters() {
    for (mesh, wanted) in [
        (two(None, None), "cluster.local"),
        (two(Some("k8s.example"), None), "k8s.example"),
        (two(Some("k8s.example"), Some("k8s.example")), "k8s.example"),
        (two(None, Some("cluster.local")), "cluster.local"),
    ] {
        assert_eq!(mesh.validate().unwrap().identity().domain_suffix(), wanted);
    }
    let violation = violation_of(&two(None, Some("k8s.example")));
    assert_eq!(violation.member.as_deref(), Some("west"));
    assert_eq!(violation.field.to_string(), "west.chart[\"istiod\"].values");
    let cause = violation.rule.to_string();
    assert!(
        cause.contains("\"k8s.example\"") && cause.contains("in cluster \"east\" end in \"cluster.local\""),
        "{cause}"
    );
    let both = two(Some("one.example"), Some("two.example")).validate().unwrap_err();
    assert_eq!(both.len(), 2, "{both:#?}");
    for bad in ["", "K8s_", "*.a"] {
        let violations = two(Some(bad), Some(bad)).validate().unwrap_err();
        assert!(
            violations.iter().all(|it| it.rule.to_string().contains("is not a domain")),
            "{violations:#?}"
        );
    }
}
