//! Calls that prove a mesh.

use std::collections::BTreeSet;

use crate::Fixture;
use lab::sample;

/// The trust domain of the examples.
const TRUST_DOMAIN: &str = "shop.example";

/// Every cluster answers the calls of every cluster, of which each allows only mutual TLS. A service that runs only in `remote` is
/// answered too, which no other cluster can hide.
#[track_caller]
pub fn the_mesh_answers(fixture: &Fixture, clusters: &[&str], remotes: &[&str]) {
    fixture.start_sample(clusters);
    clusters_answer(fixture, clusters, remotes);
}

/// The same where the sample runs already.
#[track_caller]
pub fn clusters_answer(fixture: &Fixture, clusters: &[&str], remotes: &[&str]) {
    for caller in clusters {
        fixture.settle(caller, clusters);
        fixture.assert_all_answer(caller, clusters);
    }
    for remote in remotes {
        what_runs_only_there_answers(fixture, clusters, remote);
    }
}

/// Without the mesh's trust domain in the remote cluster, all else works, and this is 503.
#[track_caller]
fn what_runs_only_there_answers(fixture: &Fixture, callers: &[&str], remote: &str) {
    let name = format!("only-{remote}");
    fixture.start_in_one(&name, remote, callers);
    for caller in callers {
        let answers = fixture.settle_at(caller, &sample::url(&name), &[remote]);
        let identity = format!("spiffe://{TRUST_DOMAIN}/ns/{}/sa/default", sample::NAMESPACE);
        for end in ["By=", "URI="] {
            let seen = identities(&answers.output, end);
            assert_eq!(
                seen,
                BTreeSet::from([identity.as_str()]),
                "{remote} sees {caller}: {}",
                answers.output
            );
        }
    }
}

/// The identities that the server's proxy says: its own after `By=`, the client's after `URI=`.
pub fn identities<'a>(output: &'a str, end: &str) -> BTreeSet<&'a str> {
    let headers = output.lines().filter(|line| line.contains("X-Forwarded-Client-Cert:"));
    let elements = headers.filter_map(|line| line.split_once("X-Forwarded-Client-Cert:"));
    let elements = elements.flat_map(|(_, value)| value.trim().split([';', ',']));
    elements.filter_map(|element| element.strip_prefix(end)).collect()
}

/// The endpoints of the sample that the proxy of each caller has are pods.
#[track_caller]
pub fn pods_are_called_directly(fixture: &Fixture, clusters: &[&str]) {
    for caller in clusters {
        let endpoints = fixture.endpoints(caller);
        assert_eq!(endpoints.len(), clusters.len(), "{caller}: {endpoints:?}");
        assert!(endpoints.iter().all(|it| it.starts_with("10.") && it.ends_with(":8080")), "{endpoints:?}");
    }
}

/// Of the endpoints of the sample, one is a pod, and all others are gateways.
#[track_caller]
pub fn others_are_called_through_gateways(fixture: &Fixture, clusters: &[&str]) {
    for caller in clusters {
        let endpoints = fixture.endpoints(caller);
        let across = endpoints.iter().filter(|it| it.starts_with("172.30.0.") && it.ends_with(":15443"));
        assert_eq!((endpoints.len(), across.count()), (clusters.len(), clusters.len() - 1), "{endpoints:?}");
    }
}
