use std::sync::Arc;

use helm_template::Chart;
use serde_json::Value;

use super::chart_objects::Installation;
use super::error::RenderError;
use super::renderer::Renderer;
use super::sensitive::Variants;
use super::{gateway, values};
use crate::desired::{Component, Kept, ManifestSet, Placeholders, scope};
use crate::mesh::{ChartRelease, ClusterFacts, DerivedValue, Layer, Member, MeshIdentity};

/// One chart as it is installed in one cluster.
pub(super) struct OfChart<'a> {
    pub(super) renderer: &'a Renderer,
    pub(super) identity: &'a MeshIdentity,
    pub(super) member: &'a Member,
    pub(super) release: ChartRelease,
    pub(super) chart: &'a Chart,
    pub(super) derived: &'a [DerivedValue],
    pub(super) facts: &'a ClusterFacts,
    pub(super) kept: &'a Kept,
}

impl OfChart<'_> {
    /// Adds its objects to the set of the cluster.
    pub(super) fn push_into(&self, set: &mut ManifestSet) -> Result<(), RenderError> {
        let component = Component::Chart(self.release.chart());
        let Some(variants) = Variants::of(self)? else {
            for object in self.objects(&[])? {
                set.push(component, object, Placeholders::new())?;
            }
            return Ok(());
        };
        for (name, document) in variants.write_only {
            set.note_write_only(name, document);
        }
        for (object, sensitive) in variants.objects {
            set.push_sensitive(component, object, Placeholders::new(), sensitive)?;
        }
        Ok(())
    }

    /// Its objects with these documents laid over those that are shown.
    pub(super) fn objects(&self, sensitive: &[(Layer, Value)]) -> Result<Vec<Arc<Value>>, RenderError> {
        let Self { renderer, identity, member, release, chart, derived, facts, .. } = *self;
        let gateway = values::gateway(member, release);
        let installation = Installation {
            cluster: member.name(),
            release,
            chart,
            values: values::compose(identity, member, release, derived, sensitive),
            namespace: gateway.map_or(identity.namespace(), |gateway| &gateway.namespace),
            facts,
        };
        let is_ours = |object: &Arc<Value>| member.manages_crds() || !scope::is_definition(object);
        let objects = renderer.objects(&installation)?.into_iter().filter(is_ours).map(|mut object| {
            if let (Some(gateway), ChartRelease::Gateway(role)) = (gateway, release) {
                let object = Arc::make_mut(&mut object);
                gateway::choose_node_port(object, &gateway.settings);
                gateway::hide_addresses(role, object, &gateway.settings);
            }
            object
        });
        Ok(objects.collect())
    }
}
