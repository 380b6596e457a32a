//! What an apply writes into a cluster, with the secrets that stay there.

use tfplugin::Diagnostic;

use super::apply::Applying;
use super::change::Change;
use super::kept_secrets;
use super::managed::Managed;
use crate::desired::ManifestSet;
use crate::manifests::ObjectId;
use crate::mesh::{ClusterFacts, ClusterName};
use crate::rollout::Target;

impl<R: Managed> Change<'_, R> {
    /// What a cluster shall hold, with what it has already of write-only documents whose version is the same.
    pub(super) async fn with_kept_values(
        &self,
        target: &Target,
        name: &ClusterName,
        facts: &ClusterFacts,
        applying: &impl Applying,
    ) -> Result<ManifestSet, Diagnostic> {
        let record = &self.secrets.fingerprints.write_only;
        let key = &self.secrets.key;
        let keeping = record.render(applying, name, facts, || self.recorded.objects_of(&facts.uid), key)?;
        let texts = kept_secrets::whole(target, &keeping.asked(), R::KIND.place, self.session.cancel).await?;
        record.filled(keeping, &texts, (applying, facts), key)
    }

    /// The set with what is in the cluster already where the plan says that it stays.
    pub(super) async fn with_kept_secrets(
        &self,
        target: &Target,
        set: ManifestSet,
    ) -> Result<ManifestSet, Diagnostic> {
        let name = set.cluster().clone();
        let planned = R::manifests(self.planned).as_known();
        let fields = |id: &ObjectId| planned.and_then(|planned| planned.get(&id.to_string())?.as_known());
        let wanted = set.manifests().iter().filter(|manifest| !manifest.placeholders.is_empty());
        let wanted = wanted.map(|manifest| ObjectId::of(&name, &manifest.object));
        let promised = wanted.filter(|id| fields(id).is_some());
        let live = kept_secrets::read(target, promised, R::KIND.place, self.session.cancel).await?;
        set.try_map(|manifest| {
            if manifest.placeholders.is_empty() {
                return Ok(manifest);
            }
            let id = ObjectId::of(&name, &manifest.object);
            kept_secrets::fill(manifest, &id, fields(&id), live.get(&id), &self.secrets.key)
        })
    }
}
