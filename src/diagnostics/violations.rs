//! Rules of the mesh that a declaration breaks, as Terraform has them: where the field is, and what to write instead.

use tfplugin::{AttributePath, Diagnostic};

use super::chain::capitalised;
use super::federation::{of_peer, of_share};
use crate::mesh::{
    ApiServerRule, AuthorityMode, AuthorityRule, CallerRule, EntranceRule, FieldPath, GatewayRole,
    GatewayRule, ImageRule, MeshRule, OtherRole, RemoteControlPlane, RemoteRule, Rule, Severity, Step,
    TopologyRule, ValueRule, Violation,
};

/// How a resource declares a member of its mesh.
#[derive(Clone, Copy, Debug)]
pub struct MemberSyntax {
    /// Where the member of this name is.
    pub place: fn(&str) -> AttributePath,
    /// What its settings are in, as in "set version in its primary block".
    pub block: &'static str,
}

/// Where a field of the declaration is in the resource.
pub fn field_path(field: &FieldPath, syntax: &MemberSyntax) -> AttributePath {
    field.steps().iter().fold(AttributePath::root(), |path, step| match step {
        Step::Member(name) => (syntax.place)(name),
        Step::Attribute(name) => path.attribute(*name),
        Step::Key(label) => path.key(label),
    })
}

/// A rule that the declared mesh breaks.
pub fn violation(violation: &Violation, syntax: &MemberSyntax) -> Diagnostic {
    let path = field_path(&violation.field, syntax);
    let cause = match &violation.rule {
        Rule::NotAMapping => format!("{path} is not a mapping."),
        rule => rule.to_string(),
    };
    let summary = match &violation.member {
        Some(name) => format!("Cluster {name:?}: {cause}"),
        None => capitalised(&cause),
    };
    let remedy = remedy(&violation.rule, syntax);
    let diagnostic = match violation.severity() {
        Severity::Error => Diagnostic::error(summary, remedy),
        Severity::Warning => Diagnostic::warning(summary, remedy),
    };
    diagnostic.at(path)
}

fn remedy(rule: &Rule, syntax: &MemberSyntax) -> String {
    match rule {
        Rule::Name(invalid) => format!("Use {}.", invalid.rule),
        Rule::NotAMapping => "Use keys and values, for example with yamlencode({ … }).".to_owned(),
        Rule::Mesh(rule) => of_mesh(rule).to_owned(),
        Rule::Image(rule) => of_images(rule).to_owned(),
        Rule::Authority(rule) => of_authority(rule),
        Rule::Value(rule) => of_values(rule, syntax),
        Rule::Gateway(rule) => of_gateway(rule),
        Rule::Caller(rule) => of_caller(rule).to_owned(),
        Rule::Entrance(rule) => of_entrance(rule),
        Rule::ApiServer(rule) => of_api_server(rule).to_owned(),
        Rule::Topology(rule) => of_topology(rule).to_owned(),
        Rule::Remote(rule) => of_remote(rule),
        Rule::Peer(rule) => of_peer(rule).to_owned(),
        Rule::Share(rule) => of_share(rule).to_owned(),
    }
}

fn of_mesh(rule: &MeshRule) -> &'static str {
    match rule {
        MeshRule::SharedTrustDomain => {
            "Choose your own name now, such as \"shop.example\"; changing it later gives every workload a new identity."
        }
        MeshRule::ReservedNamespace(_) => "Use your own name, such as \"istio-system\".",
        MeshRule::MetadataKey(_) => {
            "Use a name of at most 63 letters, digits, \"-\", \"_\" and \".\", if need be after a DNS name and a \"/\", such as \
             \"example.com/team\"; terraform-provider-istio/ is reserved."
        }
        MeshRule::LabelValue { .. } => {
            "Use at most 63 letters, digits, \"-\", \"_\" and \".\", or an empty value."
        }
        MeshRule::ReservedLabel { .. } | MeshRule::InjectionLabel(_) => "Remove the label.",
        MeshRule::NoChartSource => "Set an HTTP chart repository, or a directory of charts or .tgz files.",
        MeshRule::Crds(_) => "Use \"managed\" or \"external\".",
        MeshRule::ReaderTokenVersion(_) => "Use 1, or the next number for another token.",
        MeshRule::CaCertificates { .. } => "Use caCertificates = [{ pem = \"…\", trustDomains = [\"…\"] }].",
    }
}

fn of_images(rule: &ImageRule) -> &'static str {
    match rule {
        ImageRule::Hub(_) => {
            "Use a registry and path without a scheme or a trailing \"/\", such as \"registry.example/mirror/istio\"."
        }
        ImageRule::Variant(_) => "Use \"distroless\" or \"debug\", for instance.",
        ImageRule::SecretName(_) => "Use lower-case letters, digits, \"-\" and \".\".",
        ImageRule::IstiodsSecret(_) => "Choose another name.",
    }
}

fn of_authority(rule: &AuthorityRule) -> String {
    match rule {
        AuthorityRule::Mode(_) => "Use \"generated\", \"given\", \"existing\" or \"self_signed\".",
        AuthorityRule::SeveralRoots => {
            "Omit mode, so that the provider creates one root and an intermediate per cluster. For an installed mesh this replaces \
             its root: plan a maintenance window."
        }
        AuthorityRule::OtherMode { mode: AuthorityMode::Generated, .. } => {
            "Set mode = \"given\", or remove the given blocks."
        }
        AuthorityRule::OtherMode { .. } => "Remove it, or choose the mode that it belongs to.",
        AuthorityRule::NothingGiven(name) => {
            return format!("Add a block given {name:?} with its certificate, key, chain and root.");
        }
        AuthorityRule::NoPrimary { choices, .. } if choices.is_empty() => {
            "Remove the block or correct its label."
        }
        AuthorityRule::NoPrimary { choices, .. } => return format!("Use one of {}.", choices.join(", ")),
        AuthorityRule::KeyType(_) => "Use \"ecdsa-p256\" or \"ecdsa-p384\".",
        AuthorityRule::Lifetime => "Use a number of days in this range.",
        AuthorityRule::OfMadeRoot(_) => "Remove one of the two.",
        AuthorityRule::KeyWithoutRoot(_) => {
            "Add the certificate that this key belongs to, or remove the key."
        }
        AuthorityRule::NoKeyCluster { choices } => {
            return format!("Set key_cluster to one of {}.", choices.join(", "));
        }
    }
    .to_owned()
}

fn of_values(rule: &ValueRule, syntax: &MemberSyntax) -> String {
    match rule {
        ValueRule::Contradicts { path, origin, .. } => format!("Remove {path}; it follows from {origin}."),
        ValueRule::ReplacesTrust { .. } => {
            "Set it in mesh_config of the mesh, whose list is merged with those of the federations."
                .to_owned()
        }
        ValueRule::OtherRole { path, why: OtherRole::NoControlPlane, .. } => {
            format!("Remove {path}: a primary runs istiod itself.")
        }
        ValueRule::OtherRole { path, why: OtherRole::Revision, .. } => format!(
            "Remove {path}. Revisions cannot be set by chart values; to try a release in one cluster first, set version in {}.",
            syntax.block
        ),
        ValueRule::OtherRole {
            path,
            why: OtherRole::NoInjection | OtherRole::Unreadable | OtherRole::NoGateway,
            ..
        } => format!("Remove {path}, or set it to the chart's default."),
        ValueRule::Decisive { path } => {
            format!("Write {path} in values or mesh_config, which are shown, and leave it out here.")
        }
        ValueRule::OtherRole { path, why: OtherRole::OtherAuthority, .. } => format!(
            "Remove {path}. To sign with your own authority, give istiod an intermediate of it: certificate_authority with the \
             mode \"given\" or \"existing\"."
        ),
        ValueRule::OtherRole {
            path,
            why:
                OtherRole::OtherRoots
                | OtherRole::NoConfiguration
                | OtherRole::OwnControlPlane
                | OtherRole::ConfigCluster,
            ..
        } => format!("Remove {path}."),
        ValueRule::OtherRole { path, why: OtherRole::Unobservable, .. } => format!(
            "Remove {path}. istiod answers its debug interface on port 8080 only to its own pod and to callers with a valid token; to close \
             the port to other pods, use a NetworkPolicy."
        ),
        ValueRule::OtherDomain { path, .. } => format!(
            "Set {path} to the same domain in all clusters, in the chart \"istiod\" block of the mesh, or remove it."
        ),
        ValueRule::Domain { .. } => {
            "Use the domain that the clusters' DNS serves Services in, such as \"k8s.example\".".to_owned()
        }
        ValueRule::IgnoresHostNames { path } => {
            format!("Remove {path}, or set addresses of the gateways to IP addresses.")
        }
    }
}

fn of_gateway(rule: &GatewayRule) -> String {
    match rule {
        GatewayRule::ServiceType(_) => "Use one of LoadBalancer, NodePort, ClusterIP.",
        GatewayRule::Misplaced { attribute, .. } => {
            return format!("Remove {attribute}, or change the type of the Service.");
        }
        GatewayRule::Port => "Use a number in this range.",
        GatewayRule::PortTaken(_) => "Choose another port.",
        GatewayRule::PortWithoutAddresses => "Set addresses, or omit address_port.",
        GatewayRule::Address { .. } => {
            "Use IP addresses or host names that the other clusters' pods can reach."
        }
        GatewayRule::NodeSelector(_) => {
            "Use jsonencode({ \"<label>\" = \"<value>\" }), or jsonencode({}) for all nodes."
        }
        GatewayRule::NotTold { path, origin: origin @ ("port" | "network"), .. } => {
            return format!("Remove {path}; it follows from {origin}.");
        }
        GatewayRule::NotTold { path, .. } => return format!("Remove {path}."),
        GatewayRule::NotFound { kind, .. } if kind == "ClusterIP" => {
            "Set addresses to those at which callers reach the gateway, such as those of your own load balancer, or \
             service.externalIPs in its values, or omit service_type."
        }
        GatewayRule::NotFound { role: GatewayRole::EastWest, .. } => {
            "Set addresses to those of nodes that the pods of other networks reach, or let istiod find the external addresses of \
             nodes with service_annotations = { \"traffic.istio.io/nodeSelector\" = jsonencode({ … }) }, or omit service_type."
        }
        GatewayRule::NotFound { role: GatewayRole::Federation, .. } => {
            "Set addresses to those of nodes that other meshes reach, and set node_port, or omit service_type."
        }
        GatewayRule::SamePlace { .. } => "Set different addresses or ports for the gateways.",
        GatewayRule::NoReplica => "Set 1 or more, or omit it.",
        GatewayRule::LoadBalancerClass(_) => {
            "Use the class that the load balancer's controller documents, such as \"service.k8s.aws/nlb\"."
        }
        GatewayRule::AnnotationKey(_) => {
            "Use a name of at most 63 letters, digits, \"-\", \"_\" and \".\", after an optional DNS name and \"/\"."
        }
    }
    .to_owned()
}

fn of_caller(rule: &CallerRule) -> &'static str {
    match rule {
        CallerRule::Itself | CallerRule::SameNetwork { .. } => "Remove the block.",
        CallerRule::Nobody(_) => {
            "Use the label of a primary of the mesh that is on another network, or remove the block."
        }
        CallerRule::NoAddresses => {
            "Set addresses to those at which this cluster's pods reach the gateway, or remove the block."
        }
        CallerRule::Address { .. } => {
            "Use IP addresses or host names that the pods of this caller's cluster can reach."
        }
        CallerRule::Port => "Use a number in this range.",
        CallerRule::NotForAll(_) => {
            "Set addresses in the east_west_gateway block, which all other callers use, or add a from block for each."
        }
    }
}

fn of_entrance(rule: &EntranceRule) -> String {
    match rule {
        EntranceRule::FederationNotApart(_) => {
            "Choose a namespace that contains nothing else, or omit it."
        }
        EntranceRule::NoTrustDomain => {
            "Set trust_domain to your own name, such as \"shop.example\", or remove the block."
        }
        EntranceRule::HostName(_) => {
            "Use a name in lower-case letters without a port or scheme, such as \"istiod.east.example\"."
        }
        EntranceRule::HostNameElsewhere { .. } => {
            "Set the name or address at which the other clusters reach istiod of this one."
        }
        EntranceRule::NoLoadBalancer(_) => "Move it to the east_west_gateway block, or remove it.",
        EntranceRule::NoAddress => {
            return format!(
                "Set hostname to the name or address of your own load balancer that forwards to ports {} and {} of the gateway.",
                RemoteControlPlane::XDS_PORT,
                RemoteControlPlane::WEBHOOK_PORT
            );
        }
    }
    .to_owned()
}

fn of_api_server(rule: &ApiServerRule) -> &'static str {
    match rule {
        ApiServerRule::Url { .. } => {
            "Set the URL at which the other clusters' control planes reach this API server."
        }
        ApiServerRule::ForItself | ApiServerRule::ForNobody(_) => {
            "Use the label of another primary of the mesh, or remove the block."
        }
    }
}

fn of_topology(rule: &TopologyRule) -> &'static str {
    match rule {
        TopologyRule::NoPrimary => "Add a block primary \"<cluster>\".",
        TopologyRule::AllDrained => "Remove drain from one of them; to remove the whole mesh, destroy it.",
        TopologyRule::NoGateway { .. } => {
            "Add a block east_west_gateway {} to a cluster of this network, or set the same network for clusters whose pods reach \
             each other."
        }
        TopologyRule::Overlap { .. } => {
            "Use different ranges for the clusters, or different networks, each with an east-west gateway."
        }
        TopologyRule::Skew { .. } => "Upgrade the clusters together, one minor release at a time.",
    }
}

fn of_remote(rule: &RemoteRule) -> String {
    match rule {
        RemoteRule::IsPrimary | RemoteRule::IsSameAsPrimary(_) => {
            "A cluster is either a primary or a remote cluster. To change that, first remove it from the mesh and apply, then add \
             it in its new role."
        }
        RemoteRule::IsInMesh(_) | RemoteRule::NameTaken => {
            "Use the configuration and state that have it, or remove it there first. If this is the only resource for it, its record \
             may be left over from a lost state: import it."
        }
        RemoteRule::NobodyServes => {
            "Add a block remote_control_plane {} to a primary of the mesh whose istiod this cluster can reach."
        }
        RemoteRule::SeveralServe(choices) => {
            return format!("Set primaries to one or more of them, such as [{:?}].", choices.first().cloned().unwrap_or_default());
        }
        RemoteRule::NoPrimary { .. } => "Use the label of a primary.",
        RemoteRule::DoesNotServe(primary) => {
            return format!("Add a block remote_control_plane {{}} to primary[{primary:?}] of the mesh, or choose another one.");
        }
        RemoteRule::Drained(_) => "Choose another primary.",
        RemoteRule::OtherRelease { .. } => {
            "Omit version, so that the cluster follows the primaries that serve it. Several of them must have one release."
        }
        RemoteRule::UnsupportedRelease { .. } => {
            "istiod supports proxies of its own minor release and of the one before. Set version to one of these, or omit it to follow \
             the primaries."
        }
        RemoteRule::Annotation => "Remove it from namespace_annotations.",
        RemoteRule::Injector(_) => "Use \"primary\" or \"local\".",
        RemoteRule::NoAuthority => {
            "Choose another mode of certificate_authority for the mesh, such as \"generated\", or set injector = \"primary\"."
        }
        RemoteRule::NoAddress => {
            "The mesh's status shows why the load balancer in front of istiod has no address. Apply again once it has one, or set \
             hostname in the remote_control_plane block of the primary."
        }
        RemoteRule::HostNameOfBalancer(_) => {
            "Create a DNS record of your own that points to the load balancer, and set it as hostname in the remote_control_plane \
             block of the primary: istiod's certificate is then valid for it, and API servers call istiod by URL. Or set \
             injector = \"local\", so that an istiod in this cluster injects its proxies and only they need the host name. Or set a \
             static IP address of the load balancer as hostname."
        }
        RemoteRule::SeveralNames(_) => {
            "Set the same hostname, which leads to all of them, in the remote_control_plane block of each, or choose one primary."
        }
        RemoteRule::OtherPullSecrets { .. } => "Add a block image_pull_secret for each Secret of the mesh, and no others.",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{ChartSource, DeclaredMember, Mesh, Primary};

    const SYNTAX: MemberSyntax =
        MemberSyntax { place: |name| AttributePath::new("primary").key(name), block: "its primary block" };

    /// What is said of a mesh of one cluster with this change.
    fn said(change: impl FnOnce(&mut Mesh)) -> Diagnostic {
        let member = DeclaredMember { network: "net".to_owned(), ..DeclaredMember::default() };
        let primary = Primary { member, ..Primary::default() };
        let mut mesh = Mesh {
            mesh_id: "shop".to_owned(),
            trust_domain: "shop.example".to_owned(),
            version: "1.31.1".to_owned(),
            namespace: "istio-system".to_owned(),
            chart_source: ChartSource { repository: "charts".to_owned() },
            primaries: [("east".to_owned(), primary)].into(),
            ..Mesh::default()
        };
        change(&mut mesh);
        let violations = match mesh.validate() {
            Ok(valid) => valid.warnings().to_vec(),
            Err(violations) => violations,
        };
        let [found] = violations.as_slice() else { panic!("{violations:?}") };
        violation(found, &SYNTAX)
    }

    type Change = Box<dyn FnOnce(&mut Mesh)>;

    fn east(mesh: &mut Mesh) -> &mut DeclaredMember {
        &mut mesh.primaries.get_mut("east").unwrap().member
    }

    fn add_west(mesh: &mut Mesh) {
        let east = mesh.primaries["east"].clone();
        mesh.primaries.insert("west".to_owned(), east);
    }

    #[test]
    fn a_message_has_cluster_cause_remedy_and_the_path_in_the_resource() {
        let said = said(|mesh| east(mesh).network = "Net".to_owned());
        assert!(said.is_error());
        assert_eq!(said.summary, "Cluster \"east\": \"Net\" is not a network name.");
        assert_eq!(said.path.unwrap().to_string(), "primary[\"east\"].network");
        assert!(said.detail.starts_with("Use 1 to 63 lower-case letters"), "{}", said.detail);
    }

    #[test]
    fn a_warning_is_none_that_stops_a_plan() {
        let said = said(|mesh| mesh.trust_domain = "cluster.local".to_owned());
        assert!(!said.is_error());
        assert_eq!(said.path.unwrap().to_string(), "trust_domain");
    }

    #[test]
    fn a_document_that_is_no_mapping_is_named_as_it_is_written() {
        let said = said(|mesh| {
            let values = serde_json::json!(["a"]);
            east(mesh).chart = [("istiod".to_owned(), values)].into();
        });
        let path = "primary[\"east\"].chart[\"istiod\"].values";
        assert_eq!(said.summary, format!("Cluster \"east\": {path} is not a mapping."));
        assert_eq!(said.path.unwrap().to_string(), path);
    }

    #[test]
    fn the_remedy_says_what_to_write() {
        let values = |key: &str, value: &str| {
            let values = serde_json::json!({"global": {key: value}, "revision": value});
            [("istiod".to_owned(), values)].into()
        };
        let cases: [(&str, Change); 7] = [
            (
                "Use \"base\", \"istiod\", \"cni\" or \"gateway\".",
                Box::new(|mesh| mesh.chart = [("istio".to_owned(), serde_json::json!({}))].into()),
            ),
            (
                "Remove revision. Revisions cannot be set by chart values; to try a release in one cluster first, set version in its \
                 primary block.",
                Box::new(move |mesh| mesh.chart = values("hub", "other")),
            ),
            ("Remove global.meshID; it follows from mesh_id.", {
                let values = serde_json::json!({"global": {"meshID": "other"}});
                Box::new(move |mesh| mesh.chart = [("istiod".to_owned(), values)].into())
            }),
            ("Set key_cluster to one of east, west.", Box::new(add_west)),
            (
                "Omit mode, so that the provider creates one root and an intermediate per cluster. For an installed mesh this \
                 replaces its root: plan a maintenance window.",
                Box::new(|mesh| {
                    add_west(mesh);
                    mesh.certificate_authority.mode = Some("self_signed".to_owned());
                }),
            ),
            (
                "Remove drain from one of them; to remove the whole mesh, destroy it.",
                Box::new(|mesh| east(mesh).drain = true),
            ),
            ("Add a block primary \"<cluster>\".", Box::new(|mesh| mesh.primaries.clear())),
        ];
        for (remedy, change) in cases {
            assert_eq!(said(change).detail, remedy);
        }
    }
}
