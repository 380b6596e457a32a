//! What is said about the root of a mesh: why it must not change, what becomes of it, and what to do.

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Severity};

use super::place::primary;
use crate::mesh::well_known::{INTERMEDIATE_SECRET, ROOT_SECRET};
use crate::rollout::GivenUp;
use crate::trust::{Decision, Material, Mode, Refusal};

/// What every refusal ends with.
const NOTHING: &str = "Nothing was written.";

/// What is asked for, in the words of the configuration.
pub struct Change<'a> {
    /// The mesh's namespace.
    pub namespace: &'a str,
    /// Who has signed so far.
    pub before: Option<Mode>,
    /// Who shall sign.
    pub wanted: Mode,
    /// The cluster that shall keep the root; empty if none shall.
    pub key_cluster: String,
}

impl Change<'_> {
    /// What may be done, and the user should know.
    pub fn notices(&self, decision: &Decision) -> Diagnostics {
        let Decision::NotKept { left, adopted } = decision else { return Diagnostics::new() };
        let left = left.iter().map(|(cluster, root)| {
            let detail = format!(
                "{} does not need the key of the root {}. The Secret {}/{ROOT_SECRET} may be its only copy, so it stays. Back it up or \
                 delete it when nothing needs it any more; with mode = \"generated\" it would be used again.",
                mode(self.wanted),
                root.fingerprint(),
                self.namespace
            );
            let summary = format!("Cluster {cluster:?} keeps the key of the mesh's root");
            Diagnostic::warning(summary, detail).at(path("mode"))
        });
        let adopted = adopted.iter().map(|(cluster, root)| {
            let detail = format!(
                "The Secret {}/istio-ca-secret contains the root certificate {} and its key, which an earlier istiod created \
                 there for itself. istiod signs with it for this mesh, and a destroy leaves it if it is older than the mesh. If \
                 it must not be trusted any more, delete the Secret before you apply.",
                self.namespace,
                root.fingerprint()
            );
            let summary = format!("Cluster {cluster:?}: istiod continues with an existing root");
            Diagnostic::warning(summary, detail).at(primary(cluster))
        });
        left.chain(adopted).collect()
    }

    /// Why nothing is written.
    pub fn refused(&self, refusal: &Refusal) -> Diagnostic {
        let Told { summary, cause, way_out, path } = self.told(refusal);
        Diagnostic::error(summary, format!("{cause} {NOTHING}\n\n{way_out}")).at(path)
    }

    /// The same before anybody knows that it will still be so.
    pub fn foreseen(&self, refusal: &Refusal) -> Diagnostic {
        let Told { summary, cause, way_out, path } = self.told(refusal);
        let detail = format!(
            "{cause} Until this is resolved, the apply is rejected before it writes anything.\n\n\
             {way_out}"
        );
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(summary, detail).at(path) }
    }

    fn told(&self, refusal: &Refusal) -> Told {
        match refusal {
            Refusal::Unread { cluster } => Told {
                summary: format!("Cluster {cluster:?}: could not check whether it keeps the root of the mesh"),
                cause: "No other cluster keeps it, and a new root must not be created while this cluster may keep one.".to_owned(),
                way_out: "Make the cluster reachable, and grant the identity of its cluster block get on Secrets and ConfigMaps \
                          in the mesh's namespace. If it is permanently gone, set on_unreachable = \"abandon\" in its cluster \
                          block."
                    .to_owned(),
                path: primary(cluster),
            },
            Refusal::Damaged { cluster, reason } => Told {
                summary: format!("Cluster {cluster:?}: the Secret that keeps the root of the mesh is damaged"),
                cause: format!("{} cannot be used: {reason}.", self.root_secret()),
                way_out: self.restore(),
                path: path("key_cluster"),
            },
            Refusal::Gone { present } => self.gone(present),
            Refusal::Ambiguous { kept, present } => self.ambiguous(kept, present),
            Refusal::Replaced { cluster, present, next } => self.replaced(cluster, present, next.as_deref()),
            Refusal::Dropped { cluster, of, present } => Told {
                summary: format!("Cluster {cluster:?} would no longer trust the root of cluster {of:?}"),
                cause: format!(
                    "The certificates of the workloads in {of:?} lead to the root {present}, which is not among the roots that \
                     {cluster:?} would trust from now on: their connections would break."
                ),
                way_out: format!("{KEEP_TRUSTING} Remove {present} in a later apply, when no workload has a certificate of it \
                                  any more."),
                path: path("given"),
            },
            Refusal::Foreign { cluster, material, root } => self.foreign(cluster, *material, root),
            Refusal::NotSelfSigned { cluster, root } => Told {
                summary: format!("Cluster {cluster:?}: istiod would not create its own root"),
                cause: format!(
                    "The Secret {}/{INTERMEDIATE_SECRET} is there, and istiod signs with it (root: {root}).",
                    self.namespace
                ),
                way_out: "Set mode = \"existing\" to use it as it is. If it is a leftover that no workload trusts, delete it."
                    .to_owned(),
                path: path("mode"),
            },
        }
    }

    fn gone(&self, present: &[(String, String)]) -> Told {
        Told {
            summary: format!("No cluster keeps the root of the mesh: {} is gone", self.root_secret()),
            cause: format!(
                "The mesh was created with another root, to which the certificates of the clusters still lead: {}. A new root \
                 would break every connection, so none is created.",
                listed(present)
            ),
            way_out: self.restore(),
            path: path("key_cluster"),
        }
    }

    fn ambiguous(&self, kept: &[(String, String)], present: &[(String, String)]) -> Told {
        let present = if present.is_empty() { "nothing".to_owned() } else { listed(present) };
        let (summary, roots) = match kept {
            [(cluster, root)] => (
                format!("Cluster {cluster:?} keeps another root than the mesh has"),
                format!("It keeps {root}"),
            ),
            kept => ("Clusters keep different roots of the mesh".to_owned(), listed(kept)),
        };
        Told {
            summary,
            cause: format!("{roots}; the CA certificates of the clusters lead to: {present}."),
            way_out: format!(
                "Keep only the Secret {} to whose root the clusters lead, and delete the others after a backup. {}",
                self.root_secret(),
                self.restore()
            ),
            path: path("key_cluster"),
        }
    }

    fn replaced(&self, cluster: &str, present: &[String], next: Option<&str>) -> Told {
        let before = self.before.map_or_else(|| "what was there before".to_owned(), mode);
        let next = next.map_or_else(|| "a new root".to_owned(), |next| format!("the root {next}"));
        let way_out = match self.wanted {
            Mode::Kept => {
                "To keep the current root, keep the mode; or, if you have its key, set root_certificate and root_key_wo."
            }
            Mode::User => "Use the certificate and the key of the current root.",
            Mode::Given => {
                "Use certificates that the current root has signed. To change the root, first add the new one to \
                 root_certificates of every cluster and apply, and sign with it in a later apply."
            }
            Mode::Existing => {
                "Have the Secret cacerts of every cluster written with certificates of the current root."
            }
            Mode::SelfSigned => "istiod cannot adopt an existing root: keep the mode.",
        };
        Told {
            summary: format!("Cluster {cluster:?}: the root of a mesh that is in use would change"),
            cause: format!(
                "Its workloads trust {} (from {before}). With {} they would get certificates of {next}, and every connection \
                 would break until all proxies trust it.",
                present.join(", "),
                mode(self.wanted)
            ),
            way_out: format!(
                "{way_out} A mesh with another root is another mesh: create a second one and move the workloads, or destroy this one \
                 first."
            ),
            path: path("mode"),
        }
    }

    fn foreign(&self, cluster: &str, material: Material, root: &str) -> Told {
        let namespace = self.namespace;
        let (what, way_out) = match material {
            Material::Own => (
                format!(
                    "The Secret {namespace}/istio-ca-secret contains a root certificate ({root}) and its key, which an istiod \
                     created there for itself. Workloads may still trust it, and would reject those of this mesh"
                ),
                format!(
                    "{REMOVE_OTHERS} When nothing needs the root any more, delete it: kubectl --namespace {namespace} delete secret istio-ca-secret. A mesh of \
                     one primary can continue with it: mode = \"self_signed\"."
                ),
            ),
            Material::Authority => (
                format!(
                    "The Secret {namespace}/{INTERMEDIATE_SECRET} already exists, and leads to another root than the mesh's \
                     ({root})"
                ),
                format!(
                    "To use it as it is, set mode = \"existing\". {REMOVE_OTHERS} When nothing needs the Secret any more, delete it."
                ),
            ),
            Material::Root => (
                format!(
                    "The Secret {namespace}/{ROOT_SECRET} keeps the root {root}, of another mesh, or of one that was never completed \
                     with another key_cluster"
                ),
                format!(
                    "Set key_cluster = {cluster:?} to continue with that root, or choose another namespace. If no mesh has it any more, \
                     delete the Secret after a backup."
                ),
            ),
        };
        Told {
            summary: format!("Cluster {cluster:?} has a certificate authority that is not this mesh's"),
            cause: format!("{what}. The provider does not delete a key that it did not write."),
            way_out,
            path: primary(cluster),
        }
    }

    fn root_secret(&self) -> String {
        format!("Secret {}/{ROOT_SECRET}", self.namespace)
    }

    /// The ways back to a root that is lost.
    fn restore(&self) -> String {
        let place = match self.key_cluster.as_str() {
            "" => "the cluster that kept it".to_owned(),
            cluster => format!("cluster {cluster:?}"),
        };
        format!(
            "Restore {} in {place} from a backup, its labels included, and plan again: it is accepted when the clusters lead to \
             its root. If you have the root's key elsewhere, set both root_certificate and root_key_wo instead of key_cluster. \
             Without the key the mesh continues until its intermediates expire, but no cluster can join: create a new mesh and \
             move the workloads. To resume an interrupted destroy, run terraform destroy.",
            self.root_secret()
        )
    }
}

/// An installation of somebody else may still use what it has made.
const REMOVE_OTHERS: &str = "If Istio is still installed in this namespace, for instance by Helm or istioctl, remove it or \
                             choose another namespace for the mesh.";

/// How a root stays trusted while another one takes over.
const KEEP_TRUSTING: &str = "Keep it in root_certificates of every cluster.";

/// The parts of a message.
struct Told {
    summary: String,
    cause: String,
    way_out: String,
    path: AttributePath,
}

/// An istiod that had to start anew, or that had a root of its own.
pub fn given_up(cluster: &str, given_up: &GivenUp) -> Diagnostic {
    let GivenUp { own, was_restarted } = given_up;
    let own = own.as_ref().map(|own| {
        format!(
            "istiod started there while the Secret {INTERMEDIATE_SECRET} was missing, and created the root {own} for itself. Its key \
             (Secret istio-ca-secret) is deleted."
        )
    });
    let restarted = was_restarted.then(|| {
        format!(
            "The Deployment istiod was restarted, because its workloads were configured to trust another root than the Secret \
             {INTERMEDIATE_SECRET} leads to. Proxies fetch certificates of the mesh's root by themselves; restart those \
             workloads that were injected without PROXY_CONFIG_XDS_AGENT."
        )
    });
    let detail = [own, restarted].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let summary = format!("Cluster {cluster:?}: istiod signed with another root than the mesh's");
    Diagnostic::warning(summary, detail).at(primary(cluster))
}

/// The Secret changed between two looks.
pub fn has_changed(cluster: &str) -> Diagnostic {
    let summary = format!("Cluster {cluster:?}: the Secret that keeps the root of the mesh has just changed");
    let detail = format!("Something else writes it. {NOTHING} Run the same command again.");
    Diagnostic::error(summary, detail).at(primary(cluster))
}

fn mode(mode: Mode) -> String {
    match mode {
        Mode::Kept => "mode = \"generated\"",
        Mode::User => "mode = \"generated\" with root_certificate",
        Mode::Given => "mode = \"given\"",
        Mode::Existing => "mode = \"existing\"",
        Mode::SelfSigned => "mode = \"self_signed\"",
    }
    .to_owned()
}

fn listed(roots: &[(String, String)]) -> String {
    let each = roots.iter().map(|(cluster, root)| format!("{cluster:?} has {root}"));
    each.collect::<Vec<_>>().join("; ")
}

fn path(attribute: &str) -> AttributePath {
    AttributePath::new("certificate_authority").attribute(attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: Mode, wanted: Mode) -> Change<'static> {
        let key_cluster = if wanted == Mode::Kept { "east".to_owned() } else { String::new() };
        Change { namespace: "istio-system", before: Some(before), wanted, key_cluster }
    }

    #[track_caller]
    fn assert_says(diagnostic: &Diagnostic, texts: &[&str]) {
        let said = format!("{}\n{}", diagnostic.summary, diagnostic.detail);
        for text in texts {
            assert!(said.contains(text), "{text}: {said}");
        }
    }

    #[test]
    fn a_refusal_names_modes_fingerprints_cluster_and_way_out() {
        let replaced = Refusal::Replaced {
            cluster: "east".to_owned(),
            present: vec!["sha256:aa".to_owned()],
            next: Some("sha256:bb".to_owned()),
        };
        let refused = change(Mode::Given, Mode::User).refused(&replaced);
        assert_says(
            &refused,
            &[
                "Cluster \"east\": the root of a mesh that is in use would change",
                "sha256:aa (from mode = \"given\")",
                "With mode = \"generated\" with root_certificate they would get certificates of the root sha256:bb",
                "Nothing was written.",
                "Use the certificate and the key of the current root",
            ],
        );
        let replaced = Refusal::Replaced { cluster: "east".to_owned(), present: Vec::new(), next: None };
        let refused = change(Mode::SelfSigned, Mode::Kept).refused(&replaced);
        assert_says(&refused, &["certificates of a new root", "root_certificate and root_key_wo"]);
    }

    #[test]
    fn a_root_that_is_gone_has_every_way_back() {
        let gone = Refusal::Gone { present: vec![("west".to_owned(), "sha256:aa".to_owned())] };
        let told = change(Mode::Kept, Mode::Kept).refused(&gone);
        assert_says(
            &told,
            &[
                "Secret istio-system/terraform-provider-istio-root is gone",
                "\"west\" has sha256:aa",
                "in cluster \"east\" from a backup, its labels included, and plan again",
                "root_certificate and root_key_wo",
                "terraform destroy",
            ],
        );
        let foreseen = change(Mode::Kept, Mode::Kept).foreseen(&gone);
        assert_eq!(foreseen.severity, Severity::Warning);
        assert_says(&foreseen, &["the apply is rejected before it writes anything"]);
    }

    #[test]
    fn what_an_earlier_istiod_left_is_named() {
        let foreign = |material| Refusal::Foreign {
            cluster: "east".to_owned(),
            material,
            root: "sha256:aa".to_owned(),
        };
        let told = |material| change(Mode::Kept, Mode::Kept).refused(&foreign(material));
        assert_says(
            &told(Material::Own),
            &[
                "istio-ca-secret",
                "created there for itself",
                "by Helm or istioctl",
                "delete secret istio-ca-secret",
            ],
        );
        assert_says(&told(Material::Authority), &["istio-system/cacerts", "mode = \"existing\""]);
        assert_says(&told(Material::Root), &["terraform-provider-istio-root", "key_cluster = \"east\""]);
    }

    #[test]
    fn an_istiod_that_was_restarted_is_told_of() {
        let both = GivenUp { own: Some("sha256:aa".to_owned()), was_restarted: true };
        assert_says(&given_up("west", &both), &["created the root sha256:aa for itself", "was restarted"]);
        let restarted = given_up("west", &GivenUp { own: None, was_restarted: true });
        assert!(!restarted.detail.contains("istio-ca-secret"), "{restarted:?}");
    }
}
