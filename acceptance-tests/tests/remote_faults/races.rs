//! Ten clusters join at the same time, and of two pairs only one each may: none sees the other in its plan.
//!
//! Nothing but their API servers is there, so that none of them becomes ready; whether they may join is decided long before that.

use std::collections::BTreeSet;
use std::thread;

use acceptance_tests::mesh::{cluster_block, provider};
use acceptance_tests::{Fixture, Workspace};
use lab::api_server::{ApiServer, identity};

/// How many pod ranges there are for all of them; the first ones are asked for by two clusters each.
const PAIRS: usize = 2;
const CLUSTERS: usize = 10;
const RECORDS: [&str; 7] =
    ["-n", "istio-system", "get", "configmap", "-l", "terraform-provider-istio/member", "-o=name"];

/// How often they race, which takes about a minute; `RACES` says so.
pub fn runs() -> usize {
    std::env::var("RACES").map_or(0, |runs| runs.parse().expect("RACES is a number"))
}

pub fn of_each_two_that_overlap_one_is_refused(fixture: &Fixture) {
    let servers = servers();
    let text = configuration(fixture, &servers);
    let workspace = Workspace::new(&text.replace(ON_UNREACHABLE, "error"));
    let apply = ["apply", "-input=false", "-auto-approve", "-json", "-parallelism=20"];
    let run = workspace.run(&apply);
    assert_eq!(run.code, 1, "{}", run.output);
    let refused = run.messages().into_iter().filter(|it| it.summary.contains("overlaps"));
    let refused: BTreeSet<String> = refused
        .filter_map(|it| {
            let (_, cause) = it.summary.split_once("cannot join the mesh: Cluster \"")?;
            Some(cause.split_once('"')?.0.to_owned())
        })
        .collect();
    let records = fixture.kubectl("east", &RECORDS);
    let recorded =
        |cluster: usize| records.lines().any(|line| line.ends_with(&format!("member-{}", label(cluster))));
    for pair in 0..PAIRS {
        let (one, other) = (2 * pair, 2 * pair + 1);
        let is_refused = [one, other].map(|cluster| refused.contains(&label(cluster)));
        assert_eq!(is_refused.iter().filter(|it| **it).count(), 1, "{refused:?}\n{}", run.output);
        assert_eq!([one, other].map(recorded), is_refused.map(|it| !it), "{refused:?}: {records}");
    }
    let others = 2 * PAIRS..CLUSTERS;
    assert_eq!(refused.len(), PAIRS, "{refused:?}");
    assert!(others.clone().all(recorded), "{records}");
    eprintln!("refused: {refused:?}");

    drop(servers);
    workspace.configure(&text.replace(ON_UNREACHABLE, "abandon"));
    workspace.destroy().succeeded();
    let left = fixture.kubectl("east", &RECORDS);
    assert!(!(0..CLUSTERS).any(|cluster| left.contains(&format!("member-{}\n", label(cluster)))), "{left}");
}

/// Where istiod looks for all of them; their own addresses are those of this machine.
const NOBODYS: &str = "https://192.0.2.1:6443";
/// What stands in the configuration for what is done without a cluster.
const ON_UNREACHABLE: &str = "ON_UNREACHABLE";

fn servers() -> Vec<ApiServer> {
    let start = || ApiServer::start().unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    thread::scope(|scope| {
        let starting: Vec<_> = (0..CLUSTERS).map(|_| scope.spawn(start)).collect();
        starting.into_iter().map(|server| server.join().expect("an API server")).collect()
    })
}

fn label(cluster: usize) -> String {
    format!("racer{cluster}")
}

/// The first of a pair has a range, the second one a half of it.
fn pod_cidr(cluster: usize) -> String {
    if cluster < 2 * PAIRS && cluster % 2 == 1 {
        return format!("10.{}.128.0/17", 100 + cluster - 1);
    }
    format!("10.{}.0.0/16", 100 + cluster)
}

fn configuration(fixture: &Fixture, servers: &[ApiServer]) -> String {
    let block = |(cluster, server): (usize, &ApiServer)| {
        let connection = server.connection(identity::ADMIN).expect("the administrator");
        format!(
            "  cluster {:?} {{\n    host = {:?}\n    token = {:?}\n    on_unreachable = \"{ON_UNREACHABLE}\"\n    \
             cluster_ca_certificate = <<-PEM\n{}\nPEM\n  }}\n",
            label(cluster),
            connection.host,
            connection.token,
            connection.ca_pem
        )
    };
    let blocks: String = servers.iter().enumerate().map(block).collect();
    let remote = |cluster: usize| {
        let (label, pod_cidr) = (label(cluster), pod_cidr(cluster));
        format!(
            "resource \"istio_remote_cluster\" {label:?} {{\n  mesh = data.istio_mesh.shop.join\n  cluster = {label:?}\n  \
             network = \"flat\"\n  pod_cidrs = [{pod_cidr:?}]\n  api_server {{\n    url = {NOBODYS:?}\n  }}\n  timeouts {{\n    \
             create = \"30s\"\n  }}\n}}\n"
        )
    };
    let remotes: String = (0..CLUSTERS).map(remote).collect();
    let east = cluster_block(fixture.lab, "east", "east", "");
    provider(&(east + &blocks)) + &crate::conflicts::mesh() + &remotes
}
