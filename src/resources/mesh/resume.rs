//! Whether a create may go on with what is recorded in the clusters, and under which identity.
//!
//! A run that is killed leaves records with an identity that no state knows. The next create of the very same mesh takes it over;
//! whatever else is recorded belongs to somebody.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::Diagnostic;

use super::book::{Character, Remembered, import_command};

/// What a cluster's record says.
#[derive(Clone, Debug)]
pub struct Found {
    /// Whose it is.
    pub identity: String,
    /// Whether a run was killed before the mesh was complete for the first time, and its claim has expired.
    pub is_abandoned: bool,
    /// The run that works there now, and until when it has the record to itself.
    pub holder: Option<(String, String)>,
    /// What it remembers of its mesh.
    pub remembered: Remembered,
}

impl Found {
    /// What this record says.
    pub fn of(record: &ssa::Inventory) -> Self {
        let holder = record.holder().filter(|holder| holder.is_at_work());
        Self {
            identity: record.identity().to_owned(),
            is_abandoned: record.is_abandoned(),
            holder: holder.map(|holder| (holder.name.clone(), holder.expires.to_string())),
            remembered: Remembered::read(record.settings()),
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
) -> Result<Option<String>, Box<Diagnostic>> {
    if let Some((cluster, found)) = records.iter().find(|(_, found)| !found.is_abandoned) {
        return Err(Box::new(is_somebodys(cluster, found, records, planned)));
    }
    let other = records.iter().find(|(_, found)| found.remembered.character != *planned);
    if let Some((cluster, found)) = other {
        return Err(Box::new(is_another_mesh(cluster, found, planned)));
    }
    let identities: BTreeSet<&String> = records.values().map(|found| &found.identity).collect();
    match identities.len() {
        0 | 1 => Ok(identities.into_iter().next().cloned()),
        _ => Err(Box::new(are_several(records))),
    }
}

/// Whether a mesh that state knows may go on: nothing else is recorded in any of its clusters, also in one that it shall have from
/// now on.
///
/// # Errors
/// A record belongs to somebody else.
pub fn is_known(
    identity: &str,
    records: &BTreeMap<String, Found>,
    planned: &Character,
) -> Result<(), Box<Diagnostic>> {
    match records.iter().find(|(_, found)| found.identity != identity) {
        Some((cluster, found)) => Err(Box::new(is_somebodys(cluster, found, records, planned))),
        None => Ok(()),
    }
}

fn is_somebodys(
    cluster: &str,
    found: &Found,
    records: &BTreeMap<String, Found>,
    planned: &Character,
) -> Diagnostic {
    match &found.holder {
        Some((holder, expires)) => is_at_work(cluster, holder, expires),
        None => is_installed(cluster, found, records, planned),
    }
}

fn is_at_work(cluster: &str, holder: &str, expires: &str) -> Diagnostic {
    let detail = format!(
        "The run {holder} is creating a mesh there and holds a claim on the record until {expires}, which it renews while it \
         runs. Nothing was written to any cluster.\n\n\
         Wait until it ends. If it was killed, its claim expires then, and the next apply of the same configuration resumes it."
    );
    Diagnostic::error(format!("Cluster {cluster:?}: another run is working on a mesh"), detail)
}

fn is_installed(
    cluster: &str,
    found: &Found,
    records: &BTreeMap<String, Found>,
    planned: &Character,
) -> Diagnostic {
    let Character { mesh_id, .. } = &found.remembered.character;
    let labels = records.iter().filter(|(_, other)| other.identity == found.identity);
    let labels: BTreeSet<String> = labels.map(|(label, _)| label.clone()).collect();
    let is_same = found.remembered.character == *planned;
    let cause = if is_same {
        "\n\n\
         If this apply was meant to replace the mesh, a resource that depends on it probably has create_before_destroy = true, \
         which Terraform passes on to the mesh: a mesh cannot be created before the one that it replaces is destroyed. Remove \
         that setting, or destroy the mesh first with -target."
    } else {
        ""
    };
    let detail = format!(
        "The inventory there belongs to the mesh {mesh_id:?} with the identity {}, which is not in this state. Two states must \
         not manage one mesh, so nothing was written to any cluster.\n\n\
         Use the state that has it, or choose another namespace or cluster. If that state is lost, import the mesh:\n\n  {}{cause}",
        found.identity,
        import_command(mesh_id, &labels),
    );
    Diagnostic::error(format!("Cluster {cluster:?}: a mesh is already installed there"), detail)
}

fn is_another_mesh(cluster: &str, found: &Found, planned: &Character) -> Diagnostic {
    let Character { mesh_id, trust_domain, clusters, .. } = &found.remembered.character;
    let differs = [
        (mesh_id != &planned.mesh_id).then(|| format!("its mesh_id is {mesh_id:?}")),
        (trust_domain != &planned.trust_domain).then(|| format!("its trust_domain is {trust_domain:?}")),
        (found.remembered.character.root != planned.root)
            .then(|| "it has another root certificate".to_owned()),
        (clusters != &planned.clusters)
            .then(|| format!("it spans {} clusters with other UIDs", clusters.len())),
    ];
    let differs: Vec<String> = differs.into_iter().flatten().collect();
    let labels = BTreeSet::from([cluster.to_owned()]);
    let detail = format!(
        "An unfinished run has started to create another mesh there: {}. Only the same configuration can resume it. Nothing was \
         written to any cluster.\n\n\
         Apply the configuration of that run, or import what exists of its mesh and destroy it:\n\n  {}",
        differs.join(", "),
        import_command(mesh_id, &labels),
    );
    Diagnostic::error(format!("Cluster {cluster:?}: an unfinished mesh of another configuration"), detail)
}

fn are_several(records: &BTreeMap<String, Found>) -> Diagnostic {
    let lines: Vec<String> = records
        .iter()
        .map(|(cluster, found)| {
            let labels = BTreeSet::from([cluster.clone()]);
            let command = import_command(&found.remembered.character.mesh_id, &labels);
            format!("  {cluster}: {}, {command}", found.identity)
        })
        .collect();
    let detail = format!(
        "Several unfinished runs have started to create this mesh, each with a different identity. Nothing was written to any \
         cluster.\n\n\
         {}\n\n\
         Import all but one of them, each under its own name, destroy those, and apply again.",
        lines.join("\n")
    );
    Diagnostic::error("The clusters have objects of several unfinished runs", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn character() -> Character {
        Character {
            mesh_id: "shop".to_owned(),
            trust_domain: "shop.example".to_owned(),
            root: String::new(),
            clusters: BTreeSet::from(["u1".to_owned(), "u2".to_owned()]),
        }
    }

    fn found(identity: &str, is_abandoned: bool) -> Found {
        let mut remembered = Remembered::read(&BTreeMap::new());
        remembered.character = character();
        Found { identity: identity.to_owned(), is_abandoned, holder: None, remembered }
    }

    fn records(found: impl IntoIterator<Item = (&'static str, Found)>) -> BTreeMap<String, Found> {
        found.into_iter().map(|(label, found)| (label.to_owned(), found)).collect()
    }

    fn refusal(records: &BTreeMap<String, Found>) -> String {
        let refusal = identity(records, &character()).unwrap_err();
        format!("{}: {}", refusal.summary, refusal.detail)
    }

    #[test]
    fn clusters_without_records_get_a_new_identity() {
        assert_eq!(identity(&BTreeMap::new(), &character()).unwrap(), None);
    }

    #[test]
    fn a_killed_create_of_the_same_mesh_goes_on_under_its_identity() {
        let records = records([("east", found("one", true))]);
        assert_eq!(identity(&records, &character()).unwrap().as_deref(), Some("one"));
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
        assert!(is_known("one", &BTreeMap::new(), &character()).is_ok());
        let refusal = is_known("one", &records, &character()).unwrap_err();
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
            |character: &mut Character| character.mesh_id = "bank".to_owned(),
            |character: &mut Character| character.trust_domain = "bank.example".to_owned(),
            |character: &mut Character| character.root = "AB:CD".to_owned(),
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
