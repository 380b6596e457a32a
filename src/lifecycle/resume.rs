//! Whether a create may go on with what is recorded in the clusters, and under which identity.
//!
//! A run that is killed leaves records with an identity that no state knows. The next create of the very same resource takes it over;
//! whatever else is recorded belongs to somebody.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::Diagnostic;

use super::book::{Character, Remembered, import_command};
use super::managed::Kind;

/// What a cluster's record says.
#[derive(Clone, Debug)]
pub struct Found {
    /// Whose it is.
    pub identity: String,
    /// Whether a run was killed before the resource was complete for the first time, and its claim has expired.
    pub is_abandoned: bool,
    /// The run that works there now, and until when it has the record to itself.
    pub holder: Option<(String, String)>,
    /// What it remembers of its resource.
    pub remembered: Remembered,
}

impl Found {
    /// What this record says.
    pub fn of(record: &ssa::Inventory, kind: Kind) -> Self {
        let holder = record.holder().filter(|holder| holder.is_at_work());
        Self {
            identity: record.identity().to_owned(),
            is_abandoned: record.is_abandoned(),
            holder: holder.map(|holder| (holder.name.clone(), holder.expires.to_string())),
            remembered: Remembered::read(record.settings(), kind),
        }
    }
}

/// The identity to go on with; `None` if nothing is recorded anywhere.
///
/// # Errors
/// A record belongs to somebody, or to several runs that were killed.
pub fn identity(
    records: &BTreeMap<String, Found>,
    planned: &Character,
    kind: Kind,
) -> Result<Option<String>, Box<Diagnostic>> {
    if let Some((cluster, found)) = records.iter().find(|(_, found)| !found.is_abandoned) {
        return Err(Box::new(is_somebodys(cluster, found, records, planned, kind)));
    }
    let other = records.iter().find(|(_, found)| found.remembered.character != *planned);
    if let Some((cluster, found)) = other {
        return Err(Box::new(is_another(cluster, found, planned, kind)));
    }
    let identities: BTreeSet<&String> = records.values().map(|found| &found.identity).collect();
    match identities.len() {
        0 | 1 => Ok(identities.into_iter().next().cloned()),
        _ => Err(Box::new(are_several(records, kind))),
    }
}

/// Whether a resource that state knows may go on: nothing else is recorded in any of its clusters, also in one that it shall have from
/// now on.
///
/// # Errors
/// A record belongs to somebody else.
pub fn is_known(
    identity: &str,
    records: &BTreeMap<String, Found>,
    planned: &Character,
    kind: Kind,
) -> Result<(), Box<Diagnostic>> {
    match records.iter().find(|(_, found)| found.identity != identity) {
        Some((cluster, found)) => Err(Box::new(is_somebodys(cluster, found, records, planned, kind))),
        None => Ok(()),
    }
}

fn is_somebodys(
    cluster: &str,
    found: &Found,
    records: &BTreeMap<String, Found>,
    planned: &Character,
    kind: Kind,
) -> Diagnostic {
    match &found.holder {
        Some((holder, expires)) => is_at_work(cluster, holder, expires, kind),
        None => is_installed(cluster, found, records, planned, kind),
    }
}

fn is_at_work(cluster: &str, holder: &str, expires: &str, kind: Kind) -> Diagnostic {
    let noun = kind.noun;
    let detail = format!(
        "The run {holder} is creating a {noun} there and holds a claim on the record until {expires}, which it renews while it \
         runs. Nothing was written to any cluster.\n\n\
         Wait until it ends. If it was killed, its claim expires then, and the next apply of the same configuration resumes it."
    );
    Diagnostic::error(format!("Cluster {cluster:?}: another run is working on a {noun}"), detail)
}

fn is_installed(
    cluster: &str,
    found: &Found,
    records: &BTreeMap<String, Found>,
    planned: &Character,
    kind: Kind,
) -> Diagnostic {
    let noun = kind.noun;
    let name = found.remembered.character.name(kind);
    let labels = records.iter().filter(|(_, other)| other.identity == found.identity);
    let labels: BTreeSet<String> = labels.map(|(label, _)| label.clone()).collect();
    let is_same = found.remembered.character == *planned;
    let cause = if is_same {
        format!(
            "\n\n\
             If this apply was meant to replace the {noun}, a resource that depends on it probably has create_before_destroy = true, \
             which Terraform passes on to the {noun}: a {noun} cannot be created before the one that it replaces is destroyed. \
             Remove that setting, or destroy the {noun} first with -target."
        )
    } else {
        String::new()
    };
    let detail = format!(
        "The inventory there belongs to the {noun} {name:?} with the identity {}, which is not in this state. Two states must \
         not manage one {noun}, so nothing was written to any cluster.\n\n\
         Use the state that has it, or choose another namespace or cluster. If that state is lost, import the {noun}:\n\n  \
         {}{cause}",
        found.identity,
        import_command(kind, name, &labels),
    );
    Diagnostic::error(format!("Cluster {cluster:?}: a {noun} is already installed there"), detail)
}

fn is_another(cluster: &str, found: &Found, planned: &Character, kind: Kind) -> Diagnostic {
    let noun = kind.noun;
    let Character { traits, clusters } = &found.remembered.character;
    let other = traits.iter().filter(|(key, value)| planned.traits.get(*key) != Some(*value));
    let mut differs: Vec<String> =
        other
            .map(|(key, value)| {
                if value.is_empty() { format!("it has no {key}") } else { format!("its {key} is {value:?}") }
            })
            .collect();
    if *clusters != planned.clusters {
        differs.push(format!("it spans {} clusters with other UIDs", clusters.len()));
    }
    let labels = BTreeSet::from([cluster.to_owned()]);
    let detail = format!(
        "An unfinished run has started to create another {noun} there: {}. Only the same configuration can resume it. Nothing was \
         written to any cluster.\n\n\
         Apply the configuration of that run, or import what exists of its {noun} and destroy it:\n\n  {}",
        differs.join(", "),
        import_command(kind, found.remembered.character.name(kind), &labels),
    );
    Diagnostic::error(format!("Cluster {cluster:?}: an unfinished {noun} of another configuration"), detail)
}

fn are_several(records: &BTreeMap<String, Found>, kind: Kind) -> Diagnostic {
    let lines: Vec<String> = records
        .iter()
        .map(|(cluster, found)| {
            let labels = BTreeSet::from([cluster.clone()]);
            let command = import_command(kind, found.remembered.character.name(kind), &labels);
            format!("  {cluster}: {}, {command}", found.identity)
        })
        .collect();
    let detail = format!(
        "Several unfinished runs have started to create this {}, each with a different identity. Nothing was written to any \
         cluster.\n\n\
         {}\n\n\
         Import all but one of them, each under its own name, destroy those, and apply again.",
        kind.noun,
        lines.join("\n")
    );
    Diagnostic::error("The clusters have objects of several unfinished runs", detail)
}

#[cfg(test)]
mod tests {
    use tfplugin::AttributePath;

    use super::*;

    const KIND: Kind = Kind {
        resource_type: "istio_mesh",
        noun: "mesh",
        traits: &["mesh_id", "trust_domain", "root"],
        example: "shop",
        place: |_| AttributePath::root(),
    };

    fn character() -> Character {
        let traits = [("mesh_id", "shop"), ("trust_domain", "shop.example"), ("root", "")];
        Character {
            traits: traits.map(|(key, value)| (key, value.to_owned())).into(),
            clusters: BTreeSet::from(["u1".to_owned(), "u2".to_owned()]),
        }
    }

    fn found(identity: &str, is_abandoned: bool) -> Found {
        let mut remembered = Remembered::read(&BTreeMap::new(), KIND);
        remembered.character = character();
        Found { identity: identity.to_owned(), is_abandoned, holder: None, remembered }
    }

    fn records(found: impl IntoIterator<Item = (&'static str, Found)>) -> BTreeMap<String, Found> {
        found.into_iter().map(|(label, found)| (label.to_owned(), found)).collect()
    }

    fn refusal(records: &BTreeMap<String, Found>) -> String {
        let refusal = identity(records, &character(), KIND).unwrap_err();
        format!("{}: {}", refusal.summary, refusal.detail)
    }

    #[test]
    fn clusters_without_records_get_a_new_identity() {
        assert_eq!(identity(&BTreeMap::new(), &character(), KIND).unwrap(), None);
    }

    #[test]
    fn a_killed_create_of_the_same_mesh_goes_on_under_its_identity() {
        let records = records([("east", found("one", true))]);
        assert_eq!(identity(&records, &character(), KIND).unwrap().as_deref(), Some("one"));
    }

    #[test]
    fn a_mesh_that_somebody_has_is_refused_with_the_command_to_import_it() {
        let records = records([("east", found("one", false)), ("west", found("one", false))]);
        let refusal = refusal(&records);
        assert!(refusal.contains("terraform import istio_mesh.NAME 'shop@east,west'"), "{refusal}");
        assert!(refusal.contains("create_before_destroy"), "{refusal}");
    }

    #[test]
    fn a_mesh_that_state_knows_goes_on_only_where_nobody_else_is() {
        let records = records([("east", found("one", false)), ("west", found("two", true))]);
        assert!(is_known("one", &BTreeMap::new(), &character(), KIND).is_ok());
        let refusal = is_known("one", &records, &character(), KIND).unwrap_err();
        assert!(refusal.summary.contains("west"), "{}", refusal.summary);
        assert!(
            refusal.detail.contains("two") && refusal.detail.contains("'shop@west'"),
            "{}",
            refusal.detail
        );
    }

    #[test]
    fn a_run_that_is_at_work_is_waited_for() {
        let holder = Some(("run-1".to_owned(), "2026-01-01T00:00:00Z".to_owned()));
        let records = records([("east", Found { holder, ..found("one", false) })]);
        let refusal = refusal(&records);
        assert!(refusal.contains("run-1") && refusal.contains("2026-01-01T00:00:00Z"), "{refusal}");
    }

    #[test]
    fn an_unfinished_mesh_of_another_configuration_is_not_taken_over() {
        for change in [
            |character: &mut Character| drop(character.traits.insert("mesh_id", "bank".to_owned())),
            |character: &mut Character| {
                character.traits.insert("trust_domain", "bank.example".to_owned());
            },
            |character: &mut Character| drop(character.traits.insert("root", "AB:CD".to_owned())),
            |character: &mut Character| drop(character.clusters.pop_first()),
        ] {
            let mut other = found("one", true);
            change(&mut other.remembered.character);
            let refusal = refusal(&records([("east", other)]));
            assert!(refusal.contains("another configuration"), "{refusal}");
        }
    }

    #[test]
    fn what_several_killed_runs_have_left_is_listed_by_cluster() {
        let refusal = refusal(&records([("east", found("one", true)), ("west", found("two", true))]));
        assert!(refusal.contains("east: one") && refusal.contains("west: two"), "{refusal}");
    }
}
