//! What an example has made, alongside what the commands of Istio's guides make in the same clusters.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use acceptance_tests::Fixture;
use acceptance_tests::comparison::{Differences, Found, Objects};
use acceptance_tests::official::{Guide, remove_definitions};

/// How long istiod may take, once it is ready, to write what it writes itself.
const WRITTEN: Duration = Duration::from_secs(30);

/// Two clusters with their networks.
pub struct Comparison<'a> {
    fixture: &'a Fixture<'a>,
    clusters: [(&'a str, &'a str); 2],
    /// Cluster → what was there before.
    before: BTreeMap<&'a str, Objects>,
    /// Cluster → what the example has made.
    ours: BTreeMap<&'a str, Objects>,
}

impl<'a> Comparison<'a> {
    /// Looks at what there is before the example is applied; without definitions, which are among what is compared.
    pub fn begin(fixture: &'a Fixture, clusters: [(&'a str, &'a str); 2]) -> Self {
        for (cluster, _) in clusters {
            remove_definitions(&fixture.lab.kubeconfig(), cluster);
        }
        let read = |(cluster, _)| (cluster, Objects::read(&fixture.lab.kubeconfig(), cluster));
        Self { fixture, clusters, before: clusters.map(read).into(), ours: BTreeMap::new() }
    }

    /// Keeps what the example has made.
    pub fn remember_ours(&mut self) {
        self.ours = self.clusters.map(|(cluster, _)| (cluster, self.made(cluster))).into();
    }

    /// Types what the guides say, where the example has been destroyed: what differs is in `differences.toml`, with a reason.
    #[track_caller]
    pub fn assert_official_commands_make_the_same(&self) {
        let list = Differences::parse(include_str!("differences.toml"), self.on_several_networks());
        let list = list.unwrap_or_else(|error| panic!("differences.toml: {error}"));
        let kubeconfig = self.fixture.lab.kubeconfig();
        for (cluster, _) in self.clusters {
            remove_definitions(&kubeconfig, cluster);
        }
        let guide = Guide::new(&kubeconfig, &self.clusters);
        guide.install("shop", "shop.example");
        let mut unexplained = Vec::new();
        for (cluster, ours) in &self.ours {
            let found = settled(&list, ours, || self.made(cluster));
            unexplained.extend(found.into_iter().map(|found| format!("{cluster}: {found}")));
        }
        guide.remove();
        assert!(unexplained.is_empty(), "not in differences.toml:\n{}", unexplained.join("\n"));
        assert_eq!(list.unused(), Vec::<String>::new(), "differences.toml allows what does not differ");
    }

    fn on_several_networks(&self) -> bool {
        let [(_, one), (_, other)] = self.clusters;
        one != other
    }

    /// Everything in a cluster that was not there before.
    fn made(&self, cluster: &str) -> Objects {
        Objects::read(&self.fixture.lab.kubeconfig(), cluster).since(&self.before[cluster])
    }
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
