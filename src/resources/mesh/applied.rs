//! What an apply returns: what is there now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::apply::{Apply, Prepared};
use super::documents;
use super::field_maps::{self, Objects, texts};
use super::model::MeshModel;
use super::problems;
use super::read::read_objects;
use super::recorded::Recorded;
use super::seals::Seals;
use super::site::Site;
use super::status::{self, Observed};
use crate::clusters::Cluster;
use crate::manifests::ObjectId;

impl Apply<'_> {
    /// What is there now. Planned values stand as they were planned; where the cluster differs, a warning says so.
    pub(super) async fn state(
        &self,
        prepared: &Prepared,
        removed: &BTreeSet<String>,
        diagnostics: &mut Diagnostics,
    ) -> (MeshModel, Seals) {
        let Prepared { sites, digests, api_servers, .. } = prepared;
        let mut objects = self.objects_elsewhere(sites, removed);
        let mut seals = self.secrets.seals.clone();
        for (site, live) in sites.iter().zip(join_all(sites.iter().map(|site| self.live(site))).await) {
            match live {
                Ok(live) => {
                    site.seal(&mut seals, &live, api_servers);
                    objects.extend(self.as_planned(live, diagnostics));
                }
                Err(warning) => {
                    diagnostics.push(warning);
                    objects.extend(site.rendered(&self.secrets.key));
                }
            }
        }
        seals.retain(&objects);
        let elsewhere = |map: &BTreeMap<String, String>| {
            let here = map.iter().filter(|(label, _)| objects.keys().any(|id| id.cluster == **label));
            here.map(|(label, value)| (label.clone(), value.clone())).collect::<BTreeMap<_, _>>()
        };
        let mut uids = elsewhere(&self.recorded.cluster_uids);
        let mut versions = elsewhere(&self.recorded.kubernetes_versions);
        for site in sites {
            uids.insert(site.cluster.name().to_owned(), site.facts.uid.clone());
            versions.insert(site.cluster.name().to_owned(), site.facts.kubernetes_version.clone());
        }
        let state = MeshModel {
            id: Field::Known(self.id.clone()),
            manifests: field_maps::state(objects),
            chart_digests: texts(digests.clone()),
            cluster_uids: texts(uids),
            kubernetes_versions: texts(versions),
            ..self.planned.clone()
        };
        (state, seals)
    }

    /// Observes what was made. After an apply that has gone well so far, what is not as it should be gets the time that is left,
    /// unless no time helps.
    pub(super) async fn with_status(
        &self,
        state: MeshModel,
        sites: &[Site],
        diagnostics: &mut Diagnostics,
    ) -> MeshModel {
        let clusters: Vec<Cluster> = sites.iter().map(|site| site.cluster.clone()).collect();
        let began = Instant::now();
        let before = self.prior.map_or(&Field::Null, |prior| &prior.status);
        loop {
            let Observed { status, roots, awaits_roots, warnings } =
                status::observe(&state, before, &clusters).await;
            let problems = status.problems();
            let left = self.deadline.saturating_duration_since(Instant::now());
            let waits = problems::is_waited_for(&problems, awaits_roots, began.elapsed(), left);
            if waits && !diagnostics.has_errors() && !self.cancel.is_cancelled() {
                tokio::select! {
                    () = self.cancel.cancelled() => {}
                    () = tokio::time::sleep(problems::pause(began.elapsed())) => {}
                }
                continue;
            }
            diagnostics.extend(warnings);
            if !diagnostics.has_errors() {
                diagnostics.extend(problems::in_the_end(problems, self.prior.is_none()));
            }
            let planned = self.planned.status.as_known().cloned();
            let observed = documents::observed(&state, &status, &roots);
            let (join, peer) = documents::applied(self.planned, observed);
            return MeshModel { status: Field::Known(planned.unwrap_or(status)), join, peer, ..state };
        }
    }

    /// The objects in clusters that the mesh leaves and that could not be emptied.
    fn objects_elsewhere(&self, sites: &[Site], removed: &BTreeSet<String>) -> Objects {
        let Recorded { mut objects, cluster_uids, .. } = self.recorded.clone();
        let is_here = |id: &ObjectId| {
            let uid = cluster_uids.get(&id.cluster);
            sites.iter().any(|site| site.cluster.name() == id.cluster || Some(&site.facts.uid) == uid)
        };
        objects.retain(|id, _| !is_here(id) && !removed.contains(&id.cluster));
        objects
    }

    /// The live fields of what was rendered for a cluster, and of what is left there from before.
    async fn live(&self, site: &Site) -> Result<Objects, Diagnostic> {
        let wanted = site.wanted(&self.secrets.key);
        // Reading goes on after Ctrl-C: what was made must be in state.
        read_objects(&site.cluster, &self.namespace(), &wanted, &self.secrets.key, &CancellationToken::new())
            .await
    }

    fn as_planned(&self, live: Objects, diagnostics: &mut Diagnostics) -> Objects {
        let planned = Recorded::of(self.planned).objects;
        let failed = diagnostics.has_errors();
        let objects = live.into_iter().map(|(id, mut fields)| {
            let Some(planned) = planned.get(&id).filter(|_| !failed) else { return (id, fields) };
            let is_promised = |path: &String| planned.contains_key(path) || !self.is_open(&id, path);
            let promised = fields.iter().filter(|(path, _)| is_promised(path));
            if !promised.eq(planned.iter()) {
                diagnostics.push(differs(&id));
            }
            fields.retain(|path, _| self.is_open(&id, path));
            fields.extend(planned.clone());
            (id, fields)
        });
        objects.collect()
    }

    /// Whether the plan says of a field only that it will have a value.
    fn is_open(&self, id: &ObjectId, path: &str) -> bool {
        let planned = self.planned.manifests.as_known();
        let fields = planned.and_then(|planned| planned.get(&id.to_string())?.as_known());
        fields.and_then(|fields| fields.get(path)).is_some_and(Field::is_unknown)
    }
}

fn differs(id: &ObjectId) -> Diagnostic {
    let detail = "Something in the cluster, such as an admission webhook, changed the object while or after it was written. The \
                  next plan shows the fields.";
    Diagnostic::warning(format!("{id} is not as it was planned"), detail)
        .at(AttributePath::new("manifests").key(id.to_string()))
}
