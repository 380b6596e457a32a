//! Which root the mesh has from now on: asks every cluster of it, before and after, what it holds, and lets
//! [`trust`](crate::trust::Question) decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use tfplugin::{Diagnostic, Diagnostics, Field};

use super::model::MeshModel;
use super::place::primary;
use super::root_messages::{self, Change};
use crate::clusters::{self, Cluster, OnUnreachable};
use crate::diagnostics;
use crate::lifecycle::{self, Manifests, Recorded, Secrets};
use crate::manifests::{ObjectId, flatten, secret_field};
use crate::mesh::well_known::{INTERMEDIATE_SECRET, ROOT_CERTIFICATE, ROOT_SECRET};
use crate::mesh::{Authority, AuthorityMode, ClusterName, RootKeeper, ValidatedMesh};
use crate::observe::{self, CertificateFiles, HeldCertificates};
use crate::provider_data::ProviderData;
use crate::rollout::{self, Owner, OwnerKind, RootSource};
use crate::trust::{
    CA_CERT, Certificate, Decision, Found, Holding, Mode, Question, ROOT_CERT, Refusal, Root, Seen, Signer,
    Signing,
};

/// What there is to know about a mesh before its clusters are asked.
pub struct Inquiry<'a> {
    /// What shall be.
    pub mesh: &'a ValidatedMesh,
    /// The state before; `None` for a create.
    pub prior: Option<&'a MeshModel>,
    /// What it says.
    pub recorded: &'a Recorded,
    /// What the resource remembers of secrets.
    pub secrets: &'a Secrets,
    /// The provider.
    pub data: &'a ProviderData,
}

/// Everything that decides, as the clusters tell it.
struct Answers {
    wanted: Signing,
    before: Option<Mode>,
    clusters: BTreeMap<String, Holding>,
}

/// One cluster as it was asked.
struct Answer {
    uid: String,
    held: HeldCertificates,
}

/// Why one said nothing.
struct Unanswered {
    error: clusters::Error,
    /// Whether the cluster has said which one it is.
    is_met: bool,
}

impl Answers {
    fn decide(&self) -> Result<Decision, Refusal> {
        Question { wanted: &self.wanted, before: self.before, clusters: &self.clusters }.decide()
    }
}

impl Inquiry<'_> {
    /// Where the root comes from that signs from now on, `None` if the provider signs nothing; with what the user should know.
    /// `given` is the root that the configuration gives, with its key. Before the first write.
    ///
    /// # Errors
    /// What would take workloads' trust, or throw a key away; and what cannot be read.
    pub async fn settle(
        &self,
        given: Option<Arc<Root>>,
    ) -> Result<(Option<RootSource>, Diagnostics), Diagnostics> {
        let Some(wanted) = wanted(self.mesh) else {
            return Ok((given.map(RootSource::Given), Diagnostics::new()));
        };
        let mut clusters = BTreeMap::new();
        for (label, is_planned, answer) in self.ask().await {
            let answer = match answer {
                Err(Unanswered { error, .. }) if is_planned => {
                    return Err(diagnostics::cluster(&error, Some(primary(&label))).into());
                }
                answer => answer.ok(),
            };
            clusters.insert(label.clone(), self.holding(&label, is_planned, answer));
        }
        let answers = Answers { wanted, before: self.prior.map(before), clusters };
        let change = self.change(&answers);
        let decision = answers.decide().map_err(|refusal| change.refused(&refusal))?;
        let messages = change.notices(&decision);
        let source = match decision {
            Decision::Keep(root) => Some(self.kept(&change.key_cluster, &root).await?),
            Decision::Carry { root, from } => Some(self.kept(&from, &root).await?),
            Decision::Generate => Some(RootSource::New),
            Decision::NotKept { .. } => given.map(RootSource::Given),
        };
        Ok((source, messages))
    }

    /// What an apply would say of it, as far as a plan can see. `planned` is what is planned of the mesh's objects. Only of a mesh
    /// that is there can a plan know that the apply would refuse: another one may be destroyed first.
    ///
    /// # Errors
    /// What an apply would refuse.
    pub async fn foresee(&self, planned: &Field<Manifests>) -> Result<Diagnostics, Diagnostics> {
        if !self.is_at_stake(planned) {
            return Ok(Diagnostics::new());
        }
        let Some(wanted) = wanted(self.mesh) else { return Ok(Diagnostics::new()) };
        let answers = self.ask().await.into_iter().map(|(label, is_planned, answer)| {
            let holding = self.holding(&label, is_planned, answer.ok());
            (label, holding)
        });
        let clusters = answers.collect();
        let answers = Answers { wanted, before: self.prior.map(before), clusters };
        let change = self.change(&answers);
        match answers.decide() {
            Ok(decision) => Ok(change.notices(&decision)),
            // Where nobody may look yet, the apply decides.
            Err(Refusal::Unread { .. }) => Ok(Diagnostics::new()),
            Err(refusal) if self.prior.is_some() && self.runs_everywhere() => {
                Err(change.refused(&refusal).into())
            }
            Err(refusal) => Ok([change.foreseen(&refusal)].into_iter().collect()),
        }
    }

    /// Whether the plan can change who signs: the mode is another one, or the apply fills what keeps a root or signs.
    fn is_at_stake(&self, planned: &Field<Manifests>) -> bool {
        let Some(prior) = self.prior else { return true };
        let is_of_authority = |id: &String| {
            let id = id.parse::<ObjectId>();
            id.is_ok_and(|id| {
                id.kind == "Secret" && [ROOT_SECRET, INTERMEDIATE_SECRET].contains(&id.name.as_str())
            })
        };
        let is_open = |fields: &Field<BTreeMap<String, Field<String>>>| {
            fields.as_known().is_none_or(|fields| fields.values().any(Field::is_unknown))
        };
        let mode = wanted(self.mesh).map(|wanted| wanted.mode());
        let planned = planned.as_known().into_iter().flatten();
        let mut planned = planned.filter(|(id, _)| is_of_authority(id));
        mode != Some(before(prior)) || planned.any(|(_, fields)| is_open(fields))
    }

    /// Whether a control plane of the mesh is in each of its clusters. Where one is missing, a destroy that did not come to its end may
    /// have deleted it and the root after it: Terraform plans before it destroys the rest, and only an apply may refuse.
    fn runs_everywhere(&self) -> bool {
        let runs = |label: &String| {
            self.recorded.objects.keys().any(|id| id.cluster == *label && id.kind == "Deployment")
        };
        self.recorded.cluster_uids.keys().all(runs)
    }

    fn change<'a>(&'a self, answers: &Answers) -> Change<'a> {
        let key_cluster = match &answers.wanted {
            Signing::Kept { key_cluster } => key_cluster.clone(),
            _ => String::new(),
        };
        let (namespace, wanted) = (self.mesh.namespace().as_str(), answers.wanted.mode());
        Change { namespace, before: answers.before, wanted, key_cluster }
    }

    /// Asks all clusters at once: those that are planned, and those that the mesh leaves.
    async fn ask(&self) -> Vec<(String, bool, Result<Answer, Unanswered>)> {
        let planned: BTreeSet<String> = self.mesh.primaries().keys().map(ClusterName::to_string).collect();
        let leaving = self.recorded.cluster_uids.keys().filter(|label| !planned.contains(*label));
        let labels = planned.iter().map(|label| (label, true)).chain(leaving.map(|label| (label, false)));
        let answers = labels
            .map(|(label, is_planned)| async move { (label.clone(), is_planned, self.answer(label).await) });
        let answers = join_all(answers).await;
        let here: BTreeSet<String> = answers
            .iter()
            .filter(|(_, is_planned, _)| *is_planned)
            .filter_map(|(_, _, answer)| Some(answer.as_ref().ok()?.uid.clone()))
            .collect();
        // One that is planned under another label is no other cluster, and one that was replaced or given up is gone.
        let is_of_the_mesh = |label: &String, is_planned: bool, answer: &Result<Answer, _>| match answer {
            _ if is_planned => true,
            Ok(Answer { uid, .. }) => {
                !here.contains(uid) && self.recorded.cluster_uids.get(label) == Some(uid)
            }
            Err(unanswered) => !self.is_given_up(label, unanswered),
        };
        answers
            .into_iter()
            .filter(|(label, planned, answer)| is_of_the_mesh(label, *planned, answer))
            .collect()
    }

    async fn answer(&self, label: &str) -> Result<Answer, Unanswered> {
        let unmet = |error| Unanswered { error, is_met: false };
        let cluster = self.data.clusters.get(label).await.map_err(unmet)?;
        let uid = observe::known_facts(&cluster).await.map_err(unmet)?.uid;
        let namespace = self.mesh.namespace().as_str();
        let target = self.data.engines.target(&cluster, &uid, &Owner::mesh(""), namespace);
        let scope = observe::certificates_scope(namespace, ROOT_SECRET);
        let snapshot = lifecycle::snapshot(&target, &scope).await;
        let held = observe::certificates(&snapshot, namespace, ROOT_SECRET).await;
        held.map(|held| Answer { uid, held }).map_err(|error| Unanswered { error, is_met: true })
    }

    /// Whether a cluster that does not answer is gone for good, by the word of its block.
    fn is_given_up(&self, label: &str, unanswered: &Unanswered) -> bool {
        let block = self.data.clusters.block(label);
        let is_abandoned = block.is_some_and(|block| block.on_unreachable == OnUnreachable::Abandon);
        is_abandoned && !unanswered.is_met && unanswered.error.is_no_answer()
    }

    fn holding(&self, label: &str, is_planned: bool, answer: Option<Answer>) -> Holding {
        // State may know the cluster by another label.
        let mut known = self.recorded.cluster_uids.iter();
        let known = match &answer {
            Some(answer) => known.find(|(_, uid)| **uid == answer.uid).map(|(label, _)| label.clone()),
            None => known.find(|(known, _)| *known == label).map(|(label, _)| label.clone()),
        };
        let has_run = |known: &String| {
            self.recorded.objects.keys().any(|id| id.cluster == *known && id.kind == "Deployment")
        };
        let seen = answer.map(|answer| {
            let is_as_written = known.iter().any(|known| self.is_as_written(known, &answer.held));
            seen(&answer.held, is_as_written, known.as_ref().is_some_and(has_run))
        });
        let configured = known.as_ref().and_then(|known| configured(self.prior?, known));
        Holding { is_planned, is_known: known.is_some(), configured, seen }
    }

    /// Whether the Secret that keeps the root has the certificate that the last apply wrote.
    fn is_as_written(&self, label: &str, held: &HeldCertificates) -> bool {
        let secret = |data: serde_json::Value| {
            let namespace = self.mesh.namespace();
            let metadata = serde_json::json!({"name": ROOT_SECRET, "namespace": namespace});
            serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
        };
        let certificate = held.root.as_ref().and_then(|files| files.get(ROOT_CERTIFICATE));
        let (Some(certificate), Ok(label)) = (certificate, label.parse::<ClusterName>()) else {
            return false;
        };
        let object = secret(serde_json::json!({ROOT_CERTIFICATE: STANDARD.encode(certificate)}));
        let (id, field) = (ObjectId::of(&label, &object), secret_field(ROOT_CERTIFICATE));
        let fields = flatten(&object, &self.secrets.key);
        fields.get(&field).is_some_and(|print| self.secrets.fingerprints.is_written(&id, &field, print))
    }

    /// The root with its key, read where it is kept.
    async fn kept(&self, label: &str, root: &Certificate) -> Result<RootSource, Diagnostic> {
        let unusable = |error| diagnostics::cluster(&error, Some(primary(label)));
        let cluster: Cluster = self.data.clusters.get(label).await.map_err(unusable)?;
        let kept = rollout::kept_root(&cluster, self.mesh.namespace().as_str()).await;
        let kept = kept
            .map_err(|error| diagnostics::rollout(label, &error, &OwnerKind::Mesh, Some(primary(label))))?;
        let kept = kept.filter(|kept| kept.certificate() == root);
        kept.map(|kept| RootSource::Kept(Arc::new(kept))).ok_or_else(|| root_messages::has_changed(label))
    }
}

/// Who shall sign; `None` if that cannot be read, which is said where the configuration is checked.
fn wanted(mesh: &ValidatedMesh) -> Option<Signing> {
    Some(match mesh.authority() {
        Authority::Generated { root: RootKeeper::Cluster(cluster), .. } => {
            Signing::Kept { key_cluster: cluster.to_string() }
        }
        Authority::Generated { root: RootKeeper::User { certificate, .. }, .. } => {
            Signing::User(Box::new(only_certificate(certificate)?))
        }
        Authority::Given(given) => {
            let signers = given.iter().map(|(label, given)| {
                let chain = &given.certificate_chain;
                let signer = Signer::of(&given.certificate, chain, &given.root_certificates).ok()?;
                Some((label.to_string(), signer))
            });
            Signing::Given(signers.collect::<Option<_>>()?)
        }
        Authority::Existing => Signing::Existing,
        Authority::SelfSigned => Signing::SelfSigned,
    })
}

/// Who has signed so far.
fn before(prior: &MeshModel) -> Mode {
    let authority = prior.certificate_authority.as_known();
    let has_root = authority.is_some_and(|authority| authority.root_certificate.as_known().is_some());
    match prior.authority_mode() {
        AuthorityMode::Given => Mode::Given,
        AuthorityMode::Existing => Mode::Existing,
        AuthorityMode::SelfSigned => Mode::SelfSigned,
        AuthorityMode::Generated if has_root => Mode::User,
        AuthorityMode::Generated => Mode::Kept,
    }
}

/// What the configuration of before gave a cluster to sign with.
fn configured(prior: &MeshModel, label: &str) -> Option<Signer> {
    let authority = prior.certificate_authority.as_known()?;
    match before(prior) {
        Mode::Given => {
            let given = authority.given.as_known()?.get(label)?;
            let chain = given.certificate_chain.as_str()?;
            Signer::of(given.certificate.as_str()?, chain, given.root_certificates.as_str()?).ok()
        }
        Mode::User => only_certificate(authority.root_certificate.as_str()?).map(Signer::root),
        Mode::Kept | Mode::Existing | Mode::SelfSigned => None,
    }
}

fn only_certificate(text: &str) -> Option<Certificate> {
    Certificate::parse_all(ROOT_CERT, text.as_bytes()).ok()?.into_iter().next()
}

/// What proxies are told counts where the mesh's istiod has told them: another one may write the same `ConfigMap`.
fn seen(held: &HeldCertificates, is_as_written: bool, istiod_has_run: bool) -> Seen {
    let roots = held.roots.as_deref().filter(|_| istiod_has_run).unwrap_or_default();
    let authority =
        found(held.authority.as_ref(), |files| Signer::parse(files).map_err(|error| error.to_string()));
    let own = found(held.own.as_ref(), |files| certificate(files, CA_CERT));
    let (authority, own) = match authority {
        // istiod has made it, only in the other place.
        Found::Holds(signer) if signer.is_istiods_own() => {
            (Found::Absent, Found::Holds(signer.leads_to().clone()))
        }
        authority => (authority, own),
    };
    Seen {
        root: found(held.root.as_ref(), |files| certificate(files, ROOT_CERTIFICATE)),
        is_as_written,
        authority,
        own,
        trusted: Certificate::parse_all(ROOT_CERT, roots.as_bytes()).unwrap_or_default(),
    }
}

fn found<T>(
    files: Option<&CertificateFiles>,
    read: impl FnOnce(&CertificateFiles) -> Result<T, String>,
) -> Found<T> {
    match files.map(read) {
        None => Found::Absent,
        Some(Ok(held)) => Found::Holds(held),
        Some(Err(reason)) => Found::Unusable(reason),
    }
}

fn certificate(files: &CertificateFiles, name: &str) -> Result<Certificate, String> {
    let content = files.get(name).map(Vec::as_slice).unwrap_or_default();
    let mut certificates =
        Certificate::parse_all(name, content).map_err(|error| error.to_string())?.into_iter();
    certificates.next().ok_or_else(|| format!("{name} is empty"))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use time::{Duration, OffsetDateTime};

    use super::*;
    use crate::mesh::KeyType;
    use crate::trust::{IntermediateRequest, RootRequest};

    const KEY_TYPE: KeyType = KeyType::EcdsaP256;

    /// What is issued is valid from somewhat earlier on, and certificates know no time before 1970 (`UTCTime`).
    fn made() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(946_684_800).unwrap()
    }

    fn root() -> Root {
        let (organization, common_name) = ("Shop", "Root");
        let (now, lifetime) = (made(), Duration::days(2));
        Root::generate(&RootRequest { organization, common_name, key_type: KEY_TYPE, now, lifetime }).unwrap()
    }

    /// The files of an intermediate.
    fn files(root: &Root) -> CertificateFiles {
        let request = IntermediateRequest {
            cluster: "east",
            namespace: "istio-system",
            key_type: KEY_TYPE,
            now: made(),
            lifetime: Duration::days(1),
        };
        let files = root.issue(&request).unwrap().files().into_iter();
        files.map(|(name, text)| (name.to_owned(), text.expose_secret().as_bytes().to_vec())).collect()
    }

    fn of(name: &str, root: &Root) -> CertificateFiles {
        [(name.to_owned(), root.certificate().pem().into_bytes())].into()
    }

    #[test]
    fn what_a_cluster_holds_is_read_from_its_secrets() {
        let (root, own) = (root(), self::root());
        let held = HeldCertificates {
            root: Some(of(ROOT_CERTIFICATE, &root)),
            authority: Some(files(&root)),
            own: Some(of(CA_CERT, &own)),
            roots: Some(root.certificate().pem()),
        };
        let seen = self::seen(&held, true, true);
        assert_eq!(seen.root.held(), Some(root.certificate()));
        assert_eq!(seen.authority.held().map(Signer::leads_to), Some(root.certificate()));
        assert_eq!(seen.own.held(), Some(own.certificate()));
        assert_eq!(seen.trusted, std::slice::from_ref(root.certificate()));
        assert!(seen.is_as_written);
        // Where our istiod never ran, another one may have told it.
        assert_eq!(self::seen(&held, false, false).trusted, []);
    }

    #[test]
    fn nothing_and_nonsense_are_told_apart() {
        let nothing = seen(&HeldCertificates::default(), false, true);
        assert_eq!((nothing.root, nothing.own), (Found::Absent, Found::Absent));
        assert!(matches!(nothing.authority, Found::Absent));
        let nonsense = || Some([("tls.crt".to_owned(), b"no".to_vec())].into());
        let held = HeldCertificates { root: nonsense(), authority: nonsense(), own: nonsense(), roots: None };
        let broken = seen(&held, false, true);
        assert!(matches!(broken.root, Found::Unusable(_)), "{broken:?}");
        assert!(matches!(broken.authority, Found::Unusable(_)), "{broken:?}");
        assert!(matches!(broken.own, Found::Unusable(_)), "{broken:?}");
    }

    #[test]
    fn what_istiod_made_for_itself_counts_as_that_in_either_secret() {
        let own = root();
        let mut made = of(CA_CERT, &own);
        made.insert("istio-generated".to_owned(), Vec::new());
        let seen =
            seen(&HeldCertificates { authority: Some(made), ..HeldCertificates::default() }, false, true);
        assert!(matches!(seen.authority, Found::Absent), "{seen:?}");
        assert_eq!(seen.own.held(), Some(own.certificate()));
    }
}
