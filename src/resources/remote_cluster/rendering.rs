//! How the objects of a plan are rendered.

use tfplugin::Diagnostic;

use super::remote_charts::RemoteCharts;
use crate::blocks::Loose;
use crate::desired::{Component, Kept, Manifest, ManifestSet, Placeholder};
use crate::lifecycle::{Objects, Render, Rendered};
use crate::manifests::{ObjectId, secret_field};
use crate::mesh::{ClusterFacts, ClusterName, ValidatedRemote};
use crate::trust::ROOT_CERT;

/// What the plan knows of the credentials by which the primaries read the cluster.
pub struct Access<'a> {
    /// The cluster itself.
    pub own: &'a ClusterName,
    /// They are to be other ones.
    pub is_renewed: bool,
    /// What istiod in the cluster signs with is to be another one of the same root.
    pub renews_authority: bool,
    /// They stay what they are, for their address is not to be had.
    pub is_kept: bool,
    /// What state says.
    pub before: &'a Objects,
}

impl Access<'_> {
    /// Corrects what an object of a primary is planned to hold.
    pub fn correct(&self, rendered: &mut Rendered, id: &ObjectId, manifest: &Manifest) {
        if id.cluster == self.own.as_str() {
            if self.renews_authority {
                let changes = manifest.placeholders.iter().filter(|(_, it)| is_of_intermediate(it));
                rendered.placeholders.extend(changes.map(|(file, _)| (secret_field(file), None)));
            }
            return;
        }
        for field in manifest.placeholders.keys().map(|file| secret_field(file)) {
            if self.is_renewed {
                rendered.placeholders.insert(field, None);
            } else if self.is_kept {
                let prior = self.before.get(id).and_then(|fields| fields.get(&field)).cloned();
                rendered.placeholders.insert(field, prior);
            }
        }
    }
}

/// Whether another intermediate of the same root has another such file.
fn is_of_intermediate(placeholder: &Placeholder) -> bool {
    matches!(placeholder, Placeholder::Intermediate { file, .. } if *file != ROOT_CERT)
}

/// One reading of a configuration in which something is unknown, with the charts of all of them.
pub struct Reading<'a> {
    /// The charts.
    pub source: &'a RemoteCharts,
    /// What was read.
    pub remote: &'a ValidatedRemote,
}

impl Render for Reading<'_> {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.source.render_as(self.remote, cluster, facts, kept)
    }
}

/// Whether nothing can be said of an object before the apply.
pub fn is_unknown(loose: &[Loose], id: &ObjectId, manifest: &Manifest) -> bool {
    let is_loose = match manifest.component {
        Component::Chart(chart) => loose.iter().any(|loose| loose.has(&id.cluster, chart)),
        _ => false,
    };
    is_loose || manifest.sensitive.as_ref().is_some_and(|sensitive| sensitive.is_unknown)
}
