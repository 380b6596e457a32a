use std::time::{Duration, Instant};

use acceptance_tests::comparison::{Differences, Found, Objects};
use acceptance_tests::official::{self, Guide};

use crate::fixture::Fixture;

/// Example → its clusters with their networks.
const TOPOLOGIES: [(&str, [(&str, &str); 2]); 2] = [
    ("multi-primary-flat", [("east", "flat"), ("middle", "flat")]),
    ("multi-primary-multi-network", [("east", "net-east"), ("west", "net-west")]),
];

/// How long istiod may take, once it is ready, to write what it writes itself.
const WRITTEN: Duration = Duration::from_secs(30);

/// Looks at what the tests of the examples remembered, so it comes after them.
pub fn clusters_hold_what_the_official_commands_make(fixture: &Fixture) {
    let list = Differences::parse(include_str!("differences.toml"));
    let list = list.unwrap_or_else(|error| panic!("differences.toml: {error}"));
    let kubeconfig = fixture.lab.kubeconfig();
    let mut unexplained = Vec::new();
    for (example, clusters) in TOPOLOGIES {
        for (cluster, _) in clusters {
            official::remove_definitions(&kubeconfig, cluster);
        }
        // Identities that other tests have made. What an istiod leaves is written again by the next one.
        let foreign =
            clusters.map(|(cluster, _)| fixture.objects(cluster).since(fixture.remembered(example, cluster)));
        let guide = Guide::new(&kubeconfig, &clusters);
        guide.install("shop", "shop.example");
        for ((cluster, _), foreign) in clusters.iter().zip(foreign) {
            let ours = fixture.remembered(example, cluster);
            let found = settled(&list, ours, || fixture.objects(cluster).since(&foreign));
            unexplained.extend(found.into_iter().map(|found| format!("{example}: {cluster}: {found}")));
        }
        guide.remove();
    }
    assert!(unexplained.is_empty(), "not in differences.toml:\n{}", unexplained.join("\n"));
    assert_eq!(list.unused(), Vec::<String>::new(), "differences.toml allows what does not differ");
}

/// What still differs when istiod has written what it writes itself.
fn settled(list: &Differences, ours: &Objects, official: impl Fn() -> Objects) -> Vec<Found> {
    let began = Instant::now();
    loop {
        let found = list.unexplained(&official(), ours);
        if found.is_empty() || began.elapsed() > WRITTEN {
            return found;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}
