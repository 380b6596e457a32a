//! The schema of `istio_remote_cluster`; its descriptions are the registry's documentation.

use tfplugin::schema::{Attribute, NestedBlock, Schema};
use tfplugin::{Timeouts, Type};

use crate::blocks::ignored_fields::{self, IGNORED_FIELDS};
use crate::blocks::installation::with_installation;
use crate::blocks::reader_token::{self, READER_TOKEN_VERSION};
use crate::blocks::{api_server, chart, image_pull_secret, remote_gateway};

/// The schema, in the order of the table in the module's documentation.
pub fn schema() -> Schema {
    with_installation(inputs())
        .attribute("status", status())
        .block("chart", NestedBlock::map(chart::block("in this cluster")))
        .block("image_pull_secret", NestedBlock::map(image_pull_secret::block()))
        .block("east_west_gateway", NestedBlock::single(remote_gateway::block()))
        .block("api_server", NestedBlock::single(api_server::block()))
        .block("timeouts", Timeouts::block())
}

fn inputs() -> Schema {
    Schema::new(
        "A cluster without its own control plane that joins a mesh: istiod of one or more primaries injects its proxies, configures \
         them and signs their certificates. Its pods reach those of the other clusters directly on a shared network, and through \
         east-west gateways otherwise. An apply ends when istiod serves the cluster and every primary reads it.\n\n\
         Routing and policies are read from the clusters of primaries, never from this one. A Service is found in every cluster of the \
         mesh in which its namespace and the Service itself exist.\n\n\
         A failed create keeps what it has created in state and marks the resource as tainted; `terraform destroy` removes all of it, \
         and `terraform untaint` followed by another apply resumes where it stopped.",
    )
    .attribute("mesh", Attribute::dynamic(
        "The attribute `join` of the `istio_mesh` to join, in the same configuration or, from another workspace, of the data source \
         `istio_mesh`; or its JSON. The provider needs a `cluster` block for every primary in it. A mesh with another identity \
         replaces the resource.",
    ).required())
    .attribute("cluster", Attribute::string(
        "The label of the cluster's block in the provider, and Istio's name of the cluster. A change replaces the resource.",
    ).required().requires_replace())
    .attribute("network", Attribute::string(
        "Network of the cluster's pods. Clusters whose pods reach each other directly share one (Istio's `global.network`). On another \
         network than a primary, the cluster needs an `east_west_gateway`.",
    ).required())
    .attribute("primaries", Attribute::set(Type::String,
        "Primaries whose istiod serves the cluster; they need a `remote_control_plane` block. It can be omitted while exactly one \
         primary has such a block, and keeps the primary that was chosen first. With several, istiod of each signs and configures, \
         so Istio resources should be the same in all of them.",
    ).optional().computed().keep_prior())
    .attribute("injector", Attribute::string(
        "Whose istiod injects the cluster's proxies: that of the primaries that serve it (`primary`, default), or one in the cluster itself \
         (`local`). With `local`, the cluster's API server needs no connection to a primary, and the load balancer in front of istiod may \
         have a host name of its provider; images, pull secrets, `cni` and platform may differ from those of the primaries, by `chart` \
         values, and so may proxy settings (`meshConfig` of chart `istiod`). Configuration and certificates still come from the primaries. \
         istiod in the cluster needs a certificate of the mesh's root in the Secret `cacerts`: the provider issues it where a cluster keeps \
         the root's key, and it must exist otherwise (modes `given` and `existing`, and with `root_certificate`); mode `self_signed` is \
         rejected. Whoever can read that Secret can issue certificates for any workload of the mesh. A change is made in place: while istiod \
         starts or ends, new pods with a proxy may be rejected, and pods that already run must be restarted afterwards.",
    ).optional())
    .attribute("version", Attribute::string(
        "Release of Istio's charts. It is that of the primaries that serve the cluster, and follows them. With `injector = \"primary\"`, it \
         must be equal if set, because they inject its proxies; with `local`, it may be one minor release older.",
    ).optional())
    .attribute("pod_cidrs", Attribute::set(Type::String,
        "Addresses of the cluster's pods, such as `[\"10.8.0.0/16\"]`. Clusters of one network with overlapping ranges are \
         rejected, because each address must identify exactly one pod.",
    ).optional())
    .attribute("service_cidrs", Attribute::set(Type::String,
        "Addresses of the cluster's Services, such as `[\"10.96.0.0/12\"]`. They may be those of another cluster's Services, but \
         a range that contains pods of the same network is rejected.",
    ).optional())
    .attribute("namespace_labels", Attribute::map(Type::String,
        "Labels of the mesh's namespaces in this cluster. A namespace that the provider creates has them from the beginning.",
    ).optional())
    .attribute("namespace_annotations", Attribute::map(Type::String,
        "Annotations of the same namespaces.",
    ).optional())
    .attribute("drain", Attribute::bool(
        "Whether to drain the cluster before removing it, `false` by default. With `true`, primaries that do not serve it no longer \
         read it, so that their pods send it no new calls. Those that serve it still do, because its proxies get their certificates \
         through them: scale its workloads down while others run in another cluster, then destroy the resource.",
    ).optional())
    .attribute(READER_TOKEN_VERSION, reader_token::attribute())
    .attribute("force_destroy", Attribute::bool(
        "Whether the cluster may be removed from the mesh although pods in it still have proxies of the mesh. Without it, the removal \
         is rejected: such proxies keep their last configuration until their certificates expire, a day at most, and then lose every \
         connection. Set it and apply before you destroy.",
    ).optional())
    .attribute(IGNORED_FIELDS, ignored_fields::attribute())
}

fn status() -> Attribute {
    let texts = Type::list(Type::String);
    let status = Type::object([
        ("injection", Type::String),
        ("authority", Type::String),
        ("gateway", Type::String),
        ("gateway_addresses", texts),
        ("links", Type::map(Type::String)),
        ("last_apply", Type::String),
    ]);
    Attribute::new(status,
        "Condition of the cluster when it was last observed. `injection` (`ready`, `no_webhook`: the webhook that injects proxies does not \
         exist, `not_annotated`: the mesh's namespace does not name the primaries, `other_trust_domain`: the ConfigMap `istio` is missing \
         or has another one than the mesh, `token_review_forbidden`: istiod may not have the tokens of proxies reviewed, \
         `reader_forbidden`: istiod has no permission for something else that it does there, `roots_differ`: the primaries that serve the \
         cluster trust different roots, `not_served`: no primary has given the webhook a CA certificate, so nobody serves the cluster, \
         `other_authority`: that certificate is not one of the mesh's roots, `nobody_leads`: no running istiod of these primaries leads \
         the cluster, `not_connected`: no proxy of the cluster's gateway is connected to istiod of a primary; with \
         `injector = \"local\"` also `injector_not_ready`: istiod in the cluster is not ready or has not \
         given the webhook its CA certificate, and `annotated`: the mesh's namespace names primaries, which would write the same \
         certificate), `authority` that istiod in the cluster signs with (as in `istio_mesh`; null with `injector = \"primary\"`), `gateway` of the east-west gateway (as in `istio_mesh`; null without one), \
         `gateway_addresses` that control planes use, `links`: `\"<primary>-><cluster>\"`, whether istiod of a primary reads the \
         cluster, so that calls reach it, and `\"<cluster>-><primary>\"`, whether calls from the cluster reach the primary's (words as in \
         `istio_mesh`; `drained` where one of them has `drain` set), `last_apply` (`complete`, or `unfinished` where the last apply stopped before everything was applied and \
         ready). Plans warn about anything not `ready` and how to fix it, and then plan a change of `status` even if nothing else \
         changes: an apply waits for it until `timeouts` end, or fails at once where waiting does not help.",
    ).computed()
}
