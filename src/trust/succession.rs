//! Which root a mesh has from now on, by what its clusters hold: kept, carried to another cluster, made, or refused.
//!
//! A root is made only where nothing leads to another one: what workloads trust must not change under them, and a key that exists
//! is never passed over. Pure: what is there has been read before.

use std::collections::BTreeMap;

use super::certificate::Certificate;
use super::decision::{Decision, Material, Refusal};
use super::holding::{Found, Holding, Mode, Signing};
use super::signer::Signer;

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who shall sign.
    pub wanted: &'a Signing,
    /// Who has signed so far; `None` if there was no mesh.
    pub before: Option<Mode>,
    /// Every cluster of the mesh, before and after.
    pub clusters: &'a BTreeMap<String, Holding>,
}

/// What workloads of a cluster trust, and which root their certificates lead to, if that is known.
struct Present {
    root: Option<Certificate>,
    trusted: Vec<Certificate>,
}

impl Question<'_> {
    /// What is to be done.
    ///
    /// # Errors
    /// What must not be done, and what nobody can know.
    pub fn decide(&self) -> Result<Decision, Refusal> {
        match self.wanted {
            Signing::Kept { key_cluster } => self.kept(key_cluster),
            Signing::User(root) => {
                let next = Signer::root(root.as_ref().clone());
                self.given(|_| Some(&next))
            }
            Signing::Given(given) => self.given(|cluster| given.get(cluster)),
            Signing::Existing => self.existing(),
            Signing::SelfSigned => self.self_signed(),
        }
    }

    fn kept(&self, key_cluster: &str) -> Result<Decision, Refusal> {
        let root = self.kept_root(Some(key_cluster))?;
        if self.before != Some(Mode::Kept) {
            let next = root.as_ref().map(|root| Signer::root(root.clone()));
            self.trust_stays(|_| next.as_ref())?;
        }
        let Some(root) = root else {
            return self.nothing_is_there().map(|()| Decision::Generate);
        };
        self.nothing_is_foreign(std::slice::from_ref(&root))?;
        let keeps =
            |holding: &Holding| holding.seen.as_ref().is_some_and(|seen| seen.root.held() == Some(&root));
        if self.clusters.get(key_cluster).is_some_and(keeps) {
            return Ok(Decision::Keep(root));
        }
        let mut keepers = self.clusters.iter().filter(|(_, holding)| keeps(holding));
        match keepers.next().map(|(cluster, _)| cluster.clone()) {
            Some(from) => Ok(Decision::Carry { root, from }),
            None => Ok(Decision::Generate),
        }
    }

    /// The root of the mesh among those that clusters keep; `None` if none is kept and nothing leads to one.
    fn kept_root(&self, key_cluster: Option<&str>) -> Result<Option<Certificate>, Refusal> {
        let leads = self.leads();
        let trusted: Vec<&Certificate> = self
            .known()
            .filter_map(|(_, holding)| holding.seen.as_ref())
            .flat_map(|seen| &seen.trusted)
            .collect();
        let counts = |cluster: &str, holding: &Holding, root: &Certificate| {
            holding.is_known || leads.contains(&root) || (self.is_new() && Some(cluster) == key_cluster)
        };
        let mut kept: Vec<(&String, &Certificate)> = Vec::new();
        let mut as_written: Vec<&Certificate> = Vec::new();
        for (cluster, holding) in self.clusters {
            let Some(seen) = &holding.seen else { continue };
            match &seen.root {
                Found::Unusable(reason) if holding.is_known || Some(cluster.as_str()) == key_cluster => {
                    return Err(Refusal::Damaged { cluster: cluster.clone(), reason: reason.clone() });
                }
                Found::Holds(root) if counts(cluster, holding, root) => {
                    kept.push((cluster, root));
                    as_written.extend(seen.is_as_written.then_some(root));
                }
                _ => {}
            }
        }
        let mut roots: Vec<&Certificate> = Vec::new();
        for (_, root) in &kept {
            if !roots.contains(root) {
                roots.push(root);
            }
        }
        let is_led_to = |root: &&&Certificate| leads.contains(*root);
        let chosen = match roots.as_slice() {
            [] => return Ok(None),
            [root] => {
                let is_of_the_mesh = as_written.contains(root)
                    || leads.contains(root)
                    || trusted.contains(root)
                    || (leads.is_empty() && trusted.is_empty());
                is_of_the_mesh.then_some(*root)
            }
            roots => match roots.iter().filter(is_led_to).collect::<Vec<_>>().as_slice() {
                [root] => Some(**root),
                [] if leads.is_empty() && as_written.len() == 1 => Some(as_written[0]),
                _ => None,
            },
        };
        chosen.cloned().map(Some).ok_or_else(|| Refusal::Ambiguous {
            kept: kept.into_iter().map(|(cluster, root)| (cluster.clone(), root.fingerprint())).collect(),
            present: self.present_roots(),
        })
    }

    /// Nothing in any cluster leads to a root, so that one may be made.
    fn nothing_is_there(&self) -> Result<(), Refusal> {
        let mut unread = self.clusters.iter().filter(|(_, holding)| holding.seen.is_none());
        if let Some((cluster, _)) = unread.next() {
            return Err(Refusal::Unread { cluster: cluster.clone() });
        }
        let present = self.present_roots();
        if !present.is_empty() {
            return Err(Refusal::Gone { present });
        }
        self.nothing_is_foreign(&[])
    }

    /// Certificates of the user's sign from now on.
    fn given<'s>(&self, next: impl Fn(&str) -> Option<&'s Signer>) -> Result<Decision, Refusal> {
        self.trust_stays(&next)?;
        let next = self.planned().filter_map(|(cluster, _)| next(cluster));
        self.nothing_is_foreign(&next.flat_map(Signer::roots).cloned().collect::<Vec<_>>())?;
        Ok(Decision::NotKept { left: self.left(), adopted: None })
    }

    fn existing(&self) -> Result<Decision, Refusal> {
        if self.before != Some(Mode::Existing) {
            let found = |cluster: &str| self.clusters.get(cluster)?.seen.as_ref()?.authority.held();
            // One that is not there yet has been asked for before.
            let is_there = |cluster: &str| found(cluster).is_some();
            self.trust_stays_where(is_there, found)?;
        }
        Ok(Decision::NotKept { left: self.left(), adopted: None })
    }

    fn self_signed(&self) -> Result<Decision, Refusal> {
        let mut adopted = None;
        for (cluster, holding) in self.planned() {
            let seen = holding.seen.as_ref().ok_or_else(|| Refusal::Unread { cluster: cluster.clone() })?;
            if let Some(root) = seen.authority.told(Signer::leads_to) {
                return Err(Refusal::NotSelfSigned { cluster: cluster.clone(), root });
            }
            let own = seen.own.held();
            if !holding.is_known {
                adopted = own.map(|own| (cluster.clone(), own.clone()));
            } else if self.before != Some(Mode::SelfSigned) {
                self.is_trusted(cluster, holding, own.cloned().map(Signer::root).as_ref())?;
            }
        }
        Ok(Decision::NotKept { left: self.left(), adopted })
    }

    /// That the workloads of every cluster accept what signs there `next`, and are accepted by all clusters as they are.
    fn trust_stays<'s>(&self, next: impl Fn(&str) -> Option<&'s Signer>) -> Result<(), Refusal> {
        self.trust_stays_where(|_| true, next)
    }

    fn trust_stays_where<'s>(
        &self,
        is_asked: impl Fn(&str) -> bool,
        next: impl Fn(&str) -> Option<&'s Signer>,
    ) -> Result<(), Refusal> {
        let asked = self.known().filter(|(cluster, holding)| holding.is_planned && is_asked(cluster));
        for (cluster, holding) in asked {
            let Some(present) = self.is_trusted(cluster, holding, next(cluster))? else { continue };
            let drops = |other: &str| next(other).is_some_and(|next| !next.roots().contains(&present));
            if let Some((other, _)) = self.planned().find(|(other, _)| drops(other)) {
                let (cluster, of) = (other.clone(), cluster.clone());
                return Err(Refusal::Dropped { cluster, of, present: present.fingerprint() });
            }
        }
        Ok(())
    }

    /// That the workloads of a cluster, if there are any, accept what `next` signs (`None`: a root that is yet to be made). Returns
    /// the root that their certificates lead to.
    fn is_trusted(
        &self,
        cluster: &str,
        holding: &Holding,
        next: Option<&Signer>,
    ) -> Result<Option<Certificate>, Refusal> {
        let Some(Present { root, trusted }) = self.present(cluster, holding)? else { return Ok(None) };
        if next.is_some_and(|next| trusted.contains(next.leads_to())) {
            return Ok(root);
        }
        Err(Refusal::Replaced {
            cluster: cluster.to_owned(),
            present: trusted.iter().map(Certificate::fingerprint).collect(),
            next: next.map(|next| next.leads_to().fingerprint()),
        })
    }

    /// What the mesh was made with in a cluster: by the configuration, which somebody's edit does not change, by the root that is
    /// kept, or by what proxies have been told.
    fn present(&self, cluster: &str, holding: &Holding) -> Result<Option<Present>, Refusal> {
        let of = |signer: &Signer| Present {
            root: Some(signer.leads_to().clone()),
            trusted: signer.roots().to_vec(),
        };
        if let Some(configured) = &holding.configured {
            return Ok(Some(of(configured)));
        }
        let seen = holding.seen.as_ref().ok_or_else(|| Refusal::Unread { cluster: cluster.to_owned() })?;
        if self.before == Some(Mode::Kept)
            && let Some(root) = self.kept_root(None)?
        {
            return Ok(Some(of(&Signer::root(root))));
        }
        let (authority, own) = (seen.authority.held(), seen.own.held());
        if seen.trusted.is_empty() {
            let own = own.cloned().map(Signer::root);
            return Ok(authority.or(own.as_ref()).map(of));
        }
        let roots = [authority.map(Signer::leads_to), own];
        let root = roots.into_iter().flatten().find(|root| seen.trusted.contains(root));
        Ok(Some(Present { root: root.cloned(), trusted: seen.trusted.clone() }))
    }

    /// What clusters hold that the mesh has not been in leads to one of `roots`.
    fn nothing_is_foreign(&self, roots: &[Certificate]) -> Result<(), Refusal> {
        let strange = |root: Option<&Certificate>| root.is_none_or(|root| !roots.contains(root));
        let new = self.planned().filter(|(_, holding)| !holding.is_known);
        for (cluster, seen) in new.filter_map(|(cluster, holding)| Some((cluster, holding.seen.as_ref()?))) {
            let authority = seen.authority.held().map(Signer::leads_to);
            let found = [
                (Material::Root, seen.root.held(), seen.root.told(|root| root)),
                (Material::Authority, authority, seen.authority.told(Signer::leads_to)),
                (Material::Own, seen.own.held(), seen.own.told(|own| own)),
            ];
            for (material, root, told) in found {
                if let Some(told) = told.filter(|_| strange(root)) {
                    return Err(Refusal::Foreign { cluster: cluster.clone(), material, root: told });
                }
            }
        }
        Ok(())
    }

    /// The clusters that keep a root of the mesh which nothing keeps for it any more. A root that the user gives is kept by the user.
    fn left(&self) -> Vec<(String, Certificate)> {
        if self.before != Some(Mode::Kept) || self.wanted.mode() == Mode::User {
            return Vec::new();
        }
        let keeper = |(cluster, holding): (&String, &Holding)| {
            Some((cluster.clone(), holding.seen.as_ref()?.root.held()?.clone()))
        };
        self.planned().filter(|(_, holding)| holding.is_known).filter_map(keeper).collect()
    }

    /// The roots that the authorities of clusters lead to that the mesh is in, or of all for a mesh that is nowhere yet.
    fn leads(&self) -> Vec<&Certificate> {
        let is_new = self.is_new();
        let counted = self.clusters.values().filter(|holding| holding.is_known || is_new);
        counted.filter_map(|holding| Some(holding.seen.as_ref()?.authority.held()?.leads_to())).collect()
    }

    /// Whatever in the clusters that the mesh is in leads to a root, once a cluster.
    fn present_roots(&self) -> Vec<(String, String)> {
        let told = |(cluster, holding): (&String, &Holding)| {
            let seen = holding.seen.as_ref()?;
            let trusted = || seen.trusted.first().map(Certificate::fingerprint);
            let root = seen.authority.told(Signer::leads_to);
            let root = root.or_else(|| seen.own.told(|own| own)).or_else(trusted)?;
            Some((cluster.clone(), root))
        };
        self.known().filter_map(told).collect()
    }

    fn known(&self) -> impl Iterator<Item = (&String, &Holding)> {
        self.clusters.iter().filter(|(_, holding)| holding.is_known)
    }

    fn planned(&self) -> impl Iterator<Item = (&String, &Holding)> {
        self.clusters.iter().filter(|(_, holding)| holding.is_planned)
    }

    /// Whether the mesh has not been anywhere yet.
    fn is_new(&self) -> bool {
        self.known().next().is_none()
    }
}
