//! Plans and applies of a mesh whose chart values hold secrets, with Istio's charts and clusters that are maps.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tfplugin::Field;

use super::*;
use crate::blocks::ChartModel;
use crate::lifecycle::{KnownFacts, RecordedFingerprints};
use crate::manifests::{Fields, FingerprintKey, read_back, show, whole_texts};
use crate::resources::mesh::model::MeshModel;
use crate::resources::mesh::readings::readings;
use crate::resources::mesh::readings::tests::config;

const DEPLOYMENT: &str = "apps/Deployment/istio-system/istiod";
const LICENSE: &str = "spec.template.spec.containers[name=discovery].env[name=LICENSE].value";

/// The configuration with this chart block for istiod in all clusters.
fn with(chart: ChartModel) -> MeshModel {
    MeshModel { chart: Field::Known([("istiod".to_owned(), chart)].into()), ..config() }
}

fn license(text: &str) -> Field<String> {
    format!("env: {{LICENSE: {text}}}").as_str().into()
}

fn sensitive(text: &str) -> MeshModel {
    with(ChartModel { sensitive_values: license(text), ..ChartModel::default() })
}

fn write_only(text: &str, version: i64) -> MeshModel {
    with(ChartModel {
        sensitive_values_wo: license(text),
        sensitive_values_wo_version: Field::Known(version),
        ..ChartModel::default()
    })
}

/// Clusters as they are, and what a state knows of them.
struct World {
    live: BTreeMap<ObjectId, Value>,
    secrets: Secrets,
    labels: Vec<&'static str>,
}

impl World {
    fn new(labels: &[&'static str]) -> Self {
        let secrets =
            Secrets { key: FingerprintKey::new([7; 32]), fingerprints: RecordedFingerprints::default() };
        Self { live: BTreeMap::new(), secrets, labels: labels.to_vec() }
    }

    fn facts(&self) -> Facts {
        let facts = self.labels.iter().map(|label| {
            let uid = format!("uid-{label}");
            let facts = ClusterFacts { uid, kubernetes_version: "v1.36.3".to_owned() };
            (label.parse().unwrap(), KnownFacts::Known(facts))
        });
        facts.collect()
    }

    fn charts(config: &MeshModel) -> MeshCharts {
        MeshCharts::of_istio(readings(config).unwrap().0.meshes[0].clone())
    }

    /// State, brought up to date.
    fn prior(&self, wanted: &Objects) -> Objects {
        let key = &self.secrets.key;
        let read = wanted
            .iter()
            .filter_map(|(id, fields)| Some((id.clone(), read_back(self.live.get(id)?, fields, key))));
        read.collect()
    }

    fn plan(&self, config: &MeshModel, state: &Objects) -> Common {
        let readings = readings(config).unwrap().0;
        let charts = Self::charts(config);
        let rendering = Rendering {
            charts: &charts,
            loose: &readings.loose,
            prior: &self.prior(state),
            secrets: &self.secrets,
            api_servers: &ApiServers::new(),
            refused: &BTreeSet::new(),
            due: &BTreeSet::new(),
            out_of_reach: &BTreeSet::new(),
            ignored: &IgnoredFields::default(),
        };
        rendering.objects(&readings.meshes, &self.facts()).unwrap()
    }

    /// Makes the clusters what the configuration says, and returns what state has of them then.
    fn apply(&mut self, config: &MeshModel, state: &Objects) -> Objects {
        let (charts, prior, key) = (Self::charts(config), self.prior(state), self.secrets.key.clone());
        let texts: BTreeMap<ObjectId, Fields> =
            self.live.iter().map(|(id, object)| (id.clone(), whole_texts(object))).collect();
        let mut after = Objects::new();
        for (name, facts) in self.facts() {
            let facts = facts.get().unwrap();
            let there: Objects =
                prior.clone().into_iter().filter(|(id, _)| id.cluster == name.as_str()).collect();
            let record = &mut self.secrets.fingerprints.write_only;
            let keeping = record.render(&charts, &name, facts, || there.clone(), &key).unwrap();
            let set = record.filled(keeping, &texts, (&charts, facts), &key).unwrap();
            let mut objects = Objects::new();
            for manifest in set.manifests() {
                let id = ObjectId::of(&name, manifest.shown());
                self.live.insert(id.clone(), Value::clone(&manifest.object));
                objects.insert(id, show(manifest, &key).all());
            }
            let applied: Vec<_> = objects.keys().map(ObjectId::without_cluster).collect();
            record.note(&facts.uid, &set, &objects, &applied.iter().collect(), &key);
            after.extend(objects);
        }
        after
    }

    /// Somebody changes every copy of a text in these objects.
    fn edit(&mut self, text: &str, other: &str, is_meant: impl Fn(&ObjectId) -> bool) {
        for (_, object) in self.live.iter_mut().filter(|(id, _)| is_meant(id)) {
            *object = serde_json::from_str(&object.to_string().replace(text, other)).unwrap();
        }
    }

    /// How often a text is in the cluster.
    fn count(&self, label: &str, text: &str) -> usize {
        let there = self.live.iter().filter(|(id, _)| id.cluster == label);
        there.map(|(_, object)| object.to_string().matches(text).count()).sum()
    }
}

fn id(label: &str) -> ObjectId {
    format!("{label}/{DEPLOYMENT}").parse().unwrap()
}

/// The licence in a plan: `None` if it is known only after the apply.
fn planned(drawn: &Common, label: &str) -> Option<String> {
    let rendered = drawn.objects[&id(label)].as_ref().expect("the object's fields are known");
    assert!(!rendered.fields.contains_key(LICENSE));
    rendered.placeholders[LICENSE].clone()
}

/// The fields that a plan changes.
fn changes(drawn: &Common, state: &Objects) -> Vec<String> {
    let mut changes = Vec::new();
    for (id, rendered) in &drawn.objects {
        let Some(rendered) = rendered else {
            changes.push(id.to_string());
            continue;
        };
        let mut fields: BTreeMap<String, Option<String>> =
            rendered.fields.iter().map(|(path, text)| (path.clone(), Some(text.clone()))).collect();
        // What is in Secrets of the mesh's own is not of interest here.
        let own = |path: &String| id.kind == "Secret" && path.starts_with("data");
        fields.extend(rendered.placeholders.clone().into_iter().filter(|(path, _)| !own(path)));
        for (path, text) in fields {
            if text.as_ref() != state.get(id).and_then(|fields| fields.get(&path)) {
                changes.push(format!("{id}: {path}"));
            }
        }
    }
    changes
}

#[test]
fn a_sensitive_value_is_a_fingerprint_wherever_it_ends_up() {
    let mut world = World::new(&["east"]);
    let plan = world.plan(&sensitive("planted"), &Objects::new());
    assert!(!format!("{plan:?}").contains("planted"));
    let fingerprint = planned(&plan, "east").unwrap();
    let state = world.apply(&sensitive("planted"), &Objects::new());
    assert!(world.count("east", "planted") >= 3, "the cluster has it");
    assert!(!format!("{state:?}").contains("planted"));
    assert_eq!(state[&id("east")][LICENSE], fingerprint);
    assert_eq!(changes(&world.plan(&sensitive("planted"), &state), &state), [""; 0]);
    let rotated = changes(&world.plan(&sensitive("rotated"), &state), &state);
    assert!(rotated.iter().any(|field| field.ends_with(LICENSE)), "{rotated:?}");
    assert!(
        rotated.iter().all(|field| field.contains("LICENSE")),
        "only what depends on it changes: {rotated:?}"
    );
}

#[test]
fn an_unknown_sensitive_value_leaves_all_names_and_the_other_charts_known() {
    let world = World::new(&["east", "west"]);
    let known = world.plan(&sensitive("planted"), &Objects::new());
    let unknown = with(ChartModel { sensitive_values: Field::Unknown, ..ChartModel::default() });
    let plan = world.plan(&unknown, &Objects::new());
    assert!(!plan.is_open, "it decides of no object");
    assert!(plan.objects.keys().eq(known.objects.keys()));
    let unknown: Vec<&ObjectId> =
        plan.objects.iter().filter(|(_, object)| object.is_none()).map(|(id, _)| id).collect();
    assert!(unknown.contains(&&id("east")) && unknown.contains(&&id("west")));
    assert!(
        unknown.iter().all(|id| !id.name.contains("eastwestgateway") && id.kind != "Secret"),
        "{unknown:?}"
    );
}

#[test]
fn a_write_only_value_that_is_another_one_each_time_plans_no_change_and_is_not_written() {
    let mut world = World::new(&["east"]);
    let first = world.plan(&write_only("planted-first", 1), &Objects::new());
    assert_eq!(planned(&first, "east"), None);
    let state = world.apply(&write_only("planted-first", 1), &Objects::new());
    let copies = world.count("east", "planted-first");
    assert!(copies >= 3);
    for text in ["planted-second", "planted-third"] {
        let plan = world.plan(&write_only(text, 1), &state);
        assert_eq!(changes(&plan, &state), [""; 0]);
        assert_eq!(world.apply(&write_only(text, 1), &state), state);
    }
    assert_eq!((world.count("east", "planted-first"), world.count("east", "planted-third")), (copies, 0));
    // Nor is it needed: it may be known only when it is applied.
    let unknown = with(ChartModel {
        sensitive_values_wo: Field::Unknown,
        sensitive_values_wo_version: Field::Known(1),
        ..ChartModel::default()
    });
    assert_eq!(changes(&world.plan(&unknown, &state), &state), [""; 0]);
}

#[test]
fn another_version_writes_what_is_given_then() {
    let mut world = World::new(&["east"]);
    let state = world.apply(&write_only("planted-first", 1), &Objects::new());
    let plan = world.plan(&write_only("planted-second", 2), &state);
    assert_eq!(planned(&plan, "east"), None);
    assert!(changes(&plan, &state).iter().all(|field| field.contains("LICENSE")));
    let after = world.apply(&write_only("planted-second", 2), &state);
    assert_eq!((world.count("east", "planted-first"), world.count("east", "planted-second") >= 3), (0, true));
    assert_ne!(after[&id("east")][LICENSE], state[&id("east")][LICENSE]);
    assert_eq!(changes(&world.plan(&write_only("planted-third", 2), &after), &after), [""; 0]);
}

#[test]
fn a_version_that_is_not_set_is_version_0() {
    let unset = |text| with(ChartModel { sensitive_values_wo: license(text), ..ChartModel::default() });
    let mut world = World::new(&["east"]);
    let state = world.apply(&unset("planted-first"), &Objects::new());
    assert_eq!(changes(&world.plan(&write_only("planted-second", 0), &state), &state), [""; 0]);
}

#[test]
fn a_copy_that_somebody_has_edited_gets_back_what_the_others_have() {
    let mut world = World::new(&["east"]);
    let state = world.apply(&write_only("planted-first", 1), &Objects::new());
    let copies = world.count("east", "planted-first");
    world.edit("planted-first", "planted-edited", |id| id.kind == "Deployment");
    let plan = world.plan(&write_only("planted-second", 1), &state);
    assert_eq!(planned(&plan, "east").as_ref(), Some(&state[&id("east")][LICENSE]));
    world.apply(&write_only("planted-second", 1), &state);
    assert_eq!((world.count("east", "planted-first"), world.count("east", "planted-edited")), (copies, 0));
}

#[test]
fn where_every_copy_was_edited_what_is_given_is_written() {
    let mut world = World::new(&["east"]);
    let state = world.apply(&write_only("planted-first", 1), &Objects::new());
    world.edit("planted-first", "planted-edited", |_| true);
    let plan = world.plan(&write_only("planted-second", 1), &state);
    assert_eq!(planned(&plan, "east"), None);
    let after = world.apply(&write_only("planted-second", 1), &state);
    assert_eq!(
        (world.count("east", "planted-edited"), world.count("east", "planted-second") >= 3),
        (0, true)
    );
    assert_eq!(changes(&world.plan(&write_only("planted-third", 1), &after), &after), [""; 0]);
}

#[test]
fn a_new_cluster_gets_what_is_given_and_the_others_keep_theirs() {
    let mut world = World::new(&["east"]);
    let state = world.apply(&write_only("planted-first", 1), &Objects::new());
    world.labels.push("west");
    let plan = world.plan(&write_only("planted-second", 1), &state);
    assert_eq!(planned(&plan, "east").as_ref(), Some(&state[&id("east")][LICENSE]));
    assert_eq!(planned(&plan, "west"), None);
    world.apply(&write_only("planted-second", 1), &state);
    assert_eq!((world.count("east", "planted-second"), world.count("west", "planted-first")), (0, 0));
    assert!(world.count("west", "planted-second") >= 3);
}

#[test]
fn a_setting_beside_it_changes_without_another_value() {
    let mut world = World::new(&["east"]);
    let state = world.apply(&write_only("planted-first", 1), &Objects::new());
    let mut other = write_only("planted-second", 1);
    other.mesh_config = "accessLogFile: /dev/stdout".into();
    let plan = world.plan(&other, &state);
    assert_eq!(planned(&plan, "east").as_ref(), Some(&state[&id("east")][LICENSE]));
    world.apply(&other, &state);
    assert_eq!(world.count("east", "planted-second"), 0);
    assert!(world.count("east", "accessLogFile") > 0);
}

#[test]
fn what_the_record_of_a_cluster_remembers_brings_a_lost_state_back() {
    let mut world = World::new(&["east"]);
    let state = world.apply(&write_only("planted-first", 1), &Objects::new());
    let remembered = world.secrets.fingerprints.write_only.of_cluster("uid-east").unwrap();
    assert!(!remembered.contains("planted-first") && !remembered.contains("hmac-sha256"), "{remembered}");
    world.secrets.fingerprints = RecordedFingerprints::default();
    world.secrets.fingerprints.write_only.take_back("uid-east", &remembered, &state);
    assert_eq!(changes(&world.plan(&write_only("planted-second", 1), &state), &state), [""; 0]);
}
