use serde_json::json;

use crate::fixture::{Fixture, links};

const CLUSTERS: [&str; 2] = ["east", "middle"];

pub fn clusters_answer_each_other_directly(fixture: &Fixture) {
    let workspace = fixture.example("multi-primary-flat");
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    assert_eq!(links(&workspace), json!({"east->middle": "ready", "middle->east": "ready"}));

    fixture.start_sample(&CLUSTERS);
    for cluster in CLUSTERS {
        fixture.settle(cluster, &CLUSTERS);
        fixture.assert_both_answer(cluster, CLUSTERS);
        let endpoints = fixture.endpoints(cluster);
        assert!(endpoints.iter().all(|it| it.starts_with("10.1") && it.ends_with(":8080")), "{endpoints:?}");
        assert_eq!(endpoints.len(), 2);
    }
    workspace.assert_no_changes();
    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        assert!(fixture.remains(cluster).is_empty(), "{cluster}: {:?}", fixture.remains(cluster));
    }
}
