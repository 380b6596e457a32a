//! Addresses of gateways that istiod keeps although their Service has lost them: it forgets them only when it starts again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tfplugin::{Diagnostic, Diagnostics, Field};

use super::entrances::Entrance;
use super::model::{MeshModel, StatusModel};
use super::place::primary;
use crate::diagnostics;
use crate::health::LinkState;
use crate::lifecycle::ClusterPlan;
use crate::mesh::{EastWestGateway, GatewayRole};
use crate::rollout::{self, OwnerKind};

/// How long istiod may take to see what was written: what it still knows after that, it will not forget.
const SETTLES: Duration = Duration::from_secs(5);

/// The single fields of a Service, in a plan or a state.
type Fields = BTreeMap<String, Field<String>>;

/// The clusters whose gateway loses the last address that its Service has, each with the control planes on other networks.
pub fn losing(prior: &MeshModel, planned: &MeshModel) -> BTreeMap<String, BTreeSet<String>> {
    let primaries = planned.primary.as_known().into_iter().flatten();
    let losing = primaries.clone().filter(|(label, _)| loses(prior, planned, label));
    let readers = |network: &Field<String>| {
        let others = primaries.clone().filter(|(_, other)| other.network != *network);
        others.map(|(label, _)| label.clone()).collect::<BTreeSet<_>>()
    };
    let losing = losing.map(|(label, primary)| (label.clone(), readers(&primary.network)));
    losing.filter(|(_, readers)| !readers.is_empty()).collect()
}

fn loses(prior: &MeshModel, planned: &MeshModel, label: &str) -> bool {
    let entrance = Entrance::Gateway(GatewayRole::EastWest);
    let service = |mesh: &MeshModel| -> Option<Fields> {
        let id = entrance.service(mesh, label);
        mesh.manifests.as_known()?.get(&id)?.as_known().cloned()
    };
    let (Some(before), Some(after)) = (service(prior), service(planned)) else { return false };
    let label = format!("metadata.labels[{:?}]", EastWestGateway::NETWORK_LABEL);
    before.contains_key(&label) && has_addresses(&before) && !has_addresses(&after)
}

/// Whether a Service with these fields has addresses that istiod finds.
fn has_addresses(service: &Fields) -> bool {
    let kind = service.get("spec.type").and_then(Field::as_str);
    let selector = format!("metadata.annotations[{:?}]", EastWestGateway::NODE_SELECTOR);
    kind == Some("LoadBalancer")
        || (kind == Some("NodePort") && service.contains_key(&selector))
        || service.keys().any(|field| field.starts_with("spec.externalIPs"))
}

/// What a plan says of them.
pub fn warnings(prior: &MeshModel, planned: &MeshModel) -> Diagnostics {
    let warning = |(cluster, readers): (String, BTreeSet<String>)| {
        let quoted: Vec<String> = readers.iter().map(|reader| format!("{reader:?}")).collect();
        let detail = format!(
            "istiod keeps the addresses of a gateway whose Service has lost its last one until it restarts, and sends calls there. \
             The apply asks the control planes of {}, and restarts the Deployment istiod where that is so. Workloads keep running.",
            diagnostics::lines(quoted.iter().map(String::as_str)).replace('\n', ", ")
        );
        let summary = format!(
            "Cluster {cluster:?}: istiod of other clusters may be restarted, because the Service of its east-west gateway loses its \
             addresses"
        );
        Diagnostic::warning(summary, detail).at(primary(&cluster).attribute(GatewayRole::EastWest.field()))
    };
    losing(prior, planned).into_iter().map(warning).collect()
}

/// What an apply restarts, each control plane once.
#[derive(Debug, Default)]
pub struct Restarts {
    /// The control planes that may keep former addresses by what was planned.
    suspects: BTreeSet<String>,
    done: BTreeSet<String>,
}

impl Restarts {
    /// Of an apply of this plan.
    pub fn of(prior: Option<&MeshModel>, planned: &MeshModel) -> Self {
        let losing = prior.map(|prior| losing(prior, planned)).unwrap_or_default();
        Self { suspects: losing.into_values().flatten().collect(), done: BTreeSet::new() }
    }

    /// Restarts istiod where `status` says that it keeps former addresses, or where that may be so and it cannot be asked. What was
    /// applied `since` then may not have been seen yet.
    pub async fn make(
        &mut self,
        status: &StatusModel,
        unasked: &BTreeSet<String>,
        since: Duration,
        cluster_plans: &[ClusterPlan],
    ) -> Diagnostics {
        let due: Vec<&ClusterPlan> = cluster_plans
            .iter()
            .filter(|plan| self.is_due(&plan.target.name, status, unasked, since))
            .collect();
        let mut said = Diagnostics::new();
        for plan in due {
            let name = &plan.target.name;
            self.done.insert(name.clone());
            match rollout::restart_istiod(&plan.target, &plan.set).await {
                Ok(true) => said.push(was_restarted(name)),
                Ok(false) => {}
                Err(error) => {
                    said.push(diagnostics::rollout(name, &error, &OwnerKind::Mesh, Some(primary(name))));
                }
            }
        }
        said
    }

    fn is_due(&self, label: &str, status: &StatusModel, unasked: &BTreeSet<String>, since: Duration) -> bool {
        if self.done.contains(label) {
            return false;
        }
        let mut links = status.link_states().into_iter();
        let is_stale =
            links.any(|(link, state)| link.reader.as_str() == label && state == LinkState::StaleGateway);
        (is_stale && since >= SETTLES) || (self.suspects.contains(label) && unasked.contains(label))
    }
}

fn was_restarted(label: &str) -> Diagnostic {
    let detail = "It kept former addresses of a gateway on another network, which istiod forgets only when it starts. Workloads keep \
                  running.";
    Diagnostic::warning(format!("Cluster {label:?}: the Deployment istiod was restarted"), detail)
        .at(primary(label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::mesh::model::PrimaryModel;

    const LABEL: &str = "metadata.labels[\"topology.istio.io/network\"]";
    const SELECTOR: &str = "metadata.annotations[\"traffic.istio.io/nodeSelector\"]";

    /// A mesh of two networks whose gateway in `west` has a Service with these fields.
    fn mesh(fields: &[(&str, &str)]) -> MeshModel {
        let primaries = ["east", "west"].map(|label| {
            let network = format!("net-{label}").as_str().into();
            (label.to_owned(), PrimaryModel { network, ..PrimaryModel::default() })
        });
        let fields: Fields = fields.iter().map(|(path, text)| ((*path).to_owned(), (*text).into())).collect();
        let service = "west//Service/istio-system/istio-eastwestgateway".to_owned();
        MeshModel {
            namespace: "istio-system".into(),
            primary: Field::Known(primaries.into()),
            manifests: Field::Known([(service, Field::Known(fields))].into()),
            ..MeshModel::default()
        }
    }

    fn is_losing(before: &[(&str, &str)], after: &[(&str, &str)]) -> bool {
        !losing(&mesh(before), &mesh(after)).is_empty()
    }

    #[test]
    fn a_gateway_whose_service_loses_its_last_address_is_kept_by_istiod() {
        let balanced = [(LABEL, "net-west"), ("spec.type", "LoadBalancer")];
        let none = [("spec.type", "NodePort")];
        assert!(is_losing(&balanced, &none));
        assert!(is_losing(&balanced, &[("spec.type", "ClusterIP")]));
        let external =
            [(LABEL, "net-west"), ("spec.type", "ClusterIP"), ("spec.externalIPs[0]", "192.0.2.7")];
        assert!(is_losing(&external, &none));
        let at_nodes = [(LABEL, "net-west"), ("spec.type", "NodePort"), (SELECTOR, "{}")];
        assert!(is_losing(&at_nodes, &none));
        for after in [&balanced[..], &external, &at_nodes, &balanced[1..]] {
            assert!(!is_losing(&balanced, after), "istiod takes over what there is: {after:?}");
        }
        assert!(!is_losing(&balanced[1..], &none), "istiod has never taken what has no label");
    }

    #[test]
    fn a_plan_says_whose_istiod_may_be_restarted() {
        let balanced = mesh(&[(LABEL, "net-west"), ("spec.type", "LoadBalancer")]);
        let said = warnings(&balanced, &mesh(&[("spec.type", "NodePort")]));
        let said: Vec<&Diagnostic> = said.iter().collect();
        let [warning] = said.as_slice() else { panic!("{said:?}") };
        assert!(!warning.is_error());
        assert!(warning.summary.starts_with("Cluster \"west\": istiod of other clusters may be restarted"));
        assert!(warning.detail.contains("the control planes of \"east\""), "{}", warning.detail);
    }

    #[test]
    fn istiod_is_restarted_once_and_only_for_what_it_does_not_forget_by_itself() {
        let links = |state: &str| StatusModel {
            clusters: Field::Null,
            links: Field::Known([("east->west".to_owned(), state.into())].into()),
        };
        let nobody = BTreeSet::new();
        let mut restarts = Restarts::default();
        let stale = links("stale_gateway");
        assert!(restarts.is_due("east", &stale, &nobody, SETTLES));
        assert!(!restarts.is_due("west", &stale, &nobody, SETTLES));
        assert!(!restarts.is_due("east", &stale, &nobody, Duration::ZERO));
        assert!(!restarts.is_due("east", &links("gateway_not_found"), &nobody, SETTLES));
        let unasked = BTreeSet::from(["east".to_owned()]);
        assert!(!restarts.is_due("east", &links("ready"), &unasked, Duration::ZERO));
        restarts.suspects.insert("east".to_owned());
        assert!(restarts.is_due("east", &links("ready"), &unasked, Duration::ZERO));
        restarts.done.insert("east".to_owned());
        assert!(!restarts.is_due("east", &stale, &unasked, SETTLES));
    }
}
