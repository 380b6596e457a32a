//! What a mesh takes from a cluster that it leaves, and who is in the way.

use tfplugin::{Diagnostic, Diagnostics};
use tokio_util::sync::CancellationToken;

use super::dependents;
use super::place::primary;
use super::recorded::Leave;
use crate::clusters::{self, Cluster};
use crate::diagnostics;
use crate::lifecycle::{
    Departure, Leaves, Recorded, Refusal, definitions, definitions_in_use, prepare_leaving,
};
use crate::mesh::{MemberKind, MemberRecord};
use crate::observe;
use crate::provider_data::ProviderData;
use crate::rollout::{Engines, Removal, Target};

/// Looks at the clusters with these labels before anything is written anywhere.
///
/// # Errors
/// Something depends on a control plane that would go.
pub async fn prepare(
    recorded: &Recorded,
    leave: &Leave,
    labels: &[String],
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<Vec<Departure>, Diagnostics> {
    let leaving = Leaving { recorded, leave, engines: &data.engines, cancel };
    prepare_leaving(recorded, labels, data, primary, &leaving).await
}

/// A mesh that leaves clusters.
struct Leaving<'a> {
    recorded: &'a Recorded,
    leave: &'a Leave,
    engines: &'a Engines,
    cancel: &'a CancellationToken,
}

impl Leaves for Leaving<'_> {
    async fn removal(&self, cluster: &Cluster, uid: &str) -> Result<(Removal, Diagnostics), Refusal> {
        let Self { recorded, leave, engines, cancel } = self;
        let label = cluster.name();
        let target = engines.target(cluster, uid, &recorded.owner(), &recorded.namespace);
        let known = recorded.known(label, &target);
        let (keep, keep_unfinished) = if leave.deletes_crds {
            (Vec::new(), Vec::new())
        } else {
            let record = target.record(cancel).await.ok().flatten();
            let entries = record.iter().flat_map(|record| record.entries().keys());
            (vec![definitions()], definitions_in_use(cluster, known.keys().chain(entries)).await?)
        };
        let release = leave.releases.get(label).or(leave.releases.values().next());
        let release = release.cloned().unwrap_or_default();
        let warnings = check_dependents(&target, recorded, leave).await.map_err(Refusal::InUse)?;
        Ok((Removal { target, known, first: Vec::new(), keep, keep_unfinished, release }, warnings))
    }
}

/// Whether somebody still needs the cluster's control plane: then it must stay. What cannot be seen is a warning.
async fn check_dependents(
    target: &Target,
    recorded: &Recorded,
    leave: &Leave,
) -> Result<Diagnostics, Diagnostics> {
    let (cluster, namespace) = (&target.cluster, &target.inventory.namespace);
    let (mut refusals, mut warnings) = (Diagnostics::new(), Diagnostics::new());
    match observe::members(cluster, namespace).await {
        Ok(mut members) => {
            members.retain(|member| needs(member, cluster.name()));
            if !members.is_empty() {
                refusals.push(has_members(cluster.name(), &members));
            }
        }
        Err(error) => warnings.push(unseen(
            cluster.name(),
            &error,
            "resources that depend on the mesh are recorded there",
        )),
    }
    match dependents::check(cluster, recorded, leave).await {
        Ok(unseen) => warnings.extend(unseen),
        Err(refusal) => refusals.push(refusal),
    }
    refusals.into_result().map(|()| warnings)
}

/// Whether a dependent needs this very primary: a cluster without a control plane is on record in all of them, and goes on without those
/// that only read it.
fn needs(member: &Result<MemberRecord, String>, label: &str) -> bool {
    let is_only_read =
        |record: &MemberRecord| record.kind == MemberKind::RemoteCluster && !record.primaries.contains(label);
    !member.as_ref().is_ok_and(is_only_read)
}

fn unseen(label: &str, error: &clusters::Error, what: &str) -> Diagnostic {
    diagnostics::cluster_skipped(error, Some(primary(label)), &format!("Could not check whether {what}."))
}

fn has_members(label: &str, members: &[Result<MemberRecord, String>]) -> Diagnostic {
    let lines = members.iter().map(|member| match member {
        Ok(record) => format!("  {} {:?}", record.kind.resource(), record.name),
        Err(config_map) => format!("  the unreadable record in ConfigMap {config_map}"),
    });
    let lines: Vec<String> = lines.collect();
    let detail = format!(
        "{}\n\n\
         They are served by this control plane or exchange services with it. Destroy them, or move them to other primaries, in \
         an earlier apply; in the same configuration, Terraform does so by itself when their blocks are removed together with \
         the mesh's. Nothing was changed in any cluster.",
        diagnostics::lines(lines.iter().map(String::as_str))
    );
    let count = members.len();
    let noun = if count == 1 { "resource depends" } else { "resources depend" };
    Diagnostic::error(format!("Cluster {label:?}: {count} {noun} on its control plane"), detail)
        .at(primary(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primary_is_needed_by_those_that_it_serves_and_not_by_those_that_it_reads() {
        let remote = |primaries: &[&str]| MemberRecord {
            primaries: primaries.iter().map(|label| (*label).to_owned()).collect(),
            ..MemberRecord::new(MemberKind::RemoteCluster, "edge")
        };
        assert!(needs(&Ok(remote(&["east", "west"])), "west"));
        assert!(!needs(&Ok(remote(&["east"])), "west"));
        assert!(needs(&Ok(MemberRecord::new(MemberKind::Federation, "partners")), "west"));
        assert!(
            needs(&Err("terraform-provider-istio-member-new".to_owned()), "west"),
            "nobody knows what it needs"
        );
    }
}
