//! `istio_mesh`: the control planes of one mesh.
//!
//! | attribute | type | | default | a change | known in a plan | refresh reads it from |
//! |---|---|---|---|---|---|---|
//! | `mesh_id` | string | required | | in place | as configured | – |
//! | `trust_domain` | string | optional | `cluster.local` (Istio's) | in place | as configured | – |
//! | `version` | string | required | | in place | as configured | – |
//! | `namespace` | string | optional, computed | `istio-system` | replaces | as configured | – |
//! | `mesh_config` | string (YAML) | optional | | in place; `caCertificates` in the record of the shared mesh configuration | as configured | – |
//! | `hub`, `image_variant`, `platform` | string | optional | the charts' | in place | as configured | – |
//! | `image_pull_secret "<name>".docker_config_json_wo` | string, write-only | required | | only with the version | never | – |
//! | `image_pull_secret "<name>".docker_config_json_wo_version` | number | optional | 0 | the Secrets' content | as configured | – |
//! | `cni` | block | optional | | installed or removed | as configured | – |
//! | `delete_crds`, `force_destroy` | bool | optional | `false` | state only | as configured | – |
//! | `chart_source.repository` | string | optional | Istio's own | in place | as configured | – |
//! | `chart "<name>".values` | string (YAML) | optional | | in place | as configured | – |
//! | `primary "<cluster>"` | block | one or more | | installed or removed | as configured | – |
//! | `primary.network` | string | optional | | in place | as configured | – |
//! | `primary.version` | string | optional | the mesh's | in place | as configured | – |
//! | `primary.chart "<name>".values` | string (YAML) | optional | | in place | as configured | – |
//! | `primary.crds` | string | optional | `managed` | the definitions are forgotten, or made | as configured | – |
//! | `primary.drain` | bool | optional | `false` | in place: the Secrets for it in the other clusters | as configured | – |
//! | `primary.pod_cidrs`, `.service_cidrs` | set(string) | optional | | checked only | as configured | – |
//! | `primary.east_west_gateway` | block | optional; needed where networks differ | | in place | as configured | – |
//! | `….namespace` | string | optional | the mesh's | the gateway is made anew there | as configured | – |
//! | `….service_type`, `.service_annotations`, `.load_balancer_class`, `.load_balancer_source_ranges`, `.replicas`, `.port`, `.node_port`, `.addresses`, `.address_port`, `.resources` | | optional | the chart's | in place | as configured | – |
//! | `….from "<cluster>"` `.addresses`, `.address_port` | set(string), number | optional | those of the block | in place: `meshNetworks` of that control plane | as configured | – |
//! | `….values` | string (YAML) | optional | | in place | as configured | – |
//! | `primary.federation_gateway` | block | optional; needs a `trust_domain` of one's own | | in place | as configured | – |
//! | `….namespace` | string | optional | `<mesh's>-federation` | the gateway is recreated there | as configured | – |
//! | `….service_type` and the other attributes of `east_west_gateway`, without `from` | | optional | the chart's | in place | as configured | – |
//! | `primary.remote_control_plane` | block | optional | | in place; istiod restarts | as configured | – |
//! | `….hostname` | string | optional | the addresses of the load balancer | in place; istiod restarts | as configured | – |
//! | `….service_annotations`, `.load_balancer_class`, `.load_balancer_source_ranges` | | optional, without `east_west_gateway` | | in place | as configured | – |
//! | `primary.api_server.url`, `.cluster_ca_certificate`, `.tls_server_name` | string | optional | the connection's | in place: the Secrets that hold them | as configured | – |
//! | `primary.api_server.from "<cluster>"` `.url`, `.cluster_ca_certificate`, `.tls_server_name` | string | optional | those of `api_server` | in place: the Secret in that cluster | as configured | – |
//! | `certificate_authority.mode` | string | optional | `generated` | in place | as configured | – |
//! | `certificate_authority.key_cluster` | string | needed with several primaries | the only primary | the root moves | as configured | – |
//! | `certificate_authority.root_lifetime_days`, `.intermediate_lifetime_days`, `.key_type` | | optional | 3650, 730, `ecdsa-p256` | new certificates only | as configured | – |
//! | `certificate_authority.intermediate_version` | number | optional | 0 | new intermediates of the same root | as configured | – |
//! | `certificate_authority.root_certificate`, `.root_key_wo_version` | | optional | | refused while the mesh is in use | as configured | – |
//! | `certificate_authority.root_key_wo` | string, write-only | with `root_certificate` | | – | never | – |
//! | `certificate_authority.given "<cluster>"` `.certificate`, `.certificate_chain`, `.root_certificates` | string (PEM) | with mode `given` | | in place | as configured | – |
//! | `….private_key_wo` | string, write-only | required | | only with the version or the certificate | never | – |
//! | `….private_key_wo_version` | number | optional | 0 | the key in `cacerts` | as configured | – |
//! | `timeouts.create`, `.read`, `.update`, `.delete` | string (duration) | optional | 20m, 5m, 20m, 20m | state only | as configured | – |
//! | `id` | string | computed | | | prior, unknown in the plan of a create | state |
//! | `manifests` | map(map(string)) | computed | | | fields of objects that exist, but for objects that depend on an unknown value; objects to be created unknown unless `plan_detail = "full"`; unknown as a whole while a value that decides which objects there are is | the objects and field paths that state names, one LIST a kind |
//! | `chart_digests` | map(string) | computed | | | prior where source and version are as before, else unknown | state |
//! | `cluster_uids` | map(string) | computed | | | prior, else unknown; unknown where another cluster may be found by now | UID of `kube-system` |
//! | `status` | object | computed | | | member by member: prior where it is good and this apply does not change what it tells of, else unknown | istiod's pods and debug interface, Service of the gateway, `istio-ca-root-cert` |
//! | `join`, `peer` | object | computed | | | member by member, as what each is made from: `id` unknown at a create, UIDs as `cluster_uids`; addresses and roots prior where nothing that they depend on changes, else unknown; a list unknown while an element is | as `status` |
//! | `kubernetes_versions` | map(string) | computed | | | as `cluster_uids` | `/version` of each cluster |
//!
//! `manifests` is keyed `"<cluster>/<group>/<Kind>/<namespace>/<name>"`, then by field path; `chart_digests` by
//! `"<chart>-<version>"`; the others by cluster. Charts are rendered for the Kubernetes version in state, so that two
//! plans from one state agree; refresh brings it up to date.

mod ambient;
mod api_servers;
mod apply;
mod authorities;
mod authority_block;
mod consequences;
mod declare;
mod dependents;
mod discovery;
mod documents;
mod doors;
mod entrances;
mod expiry;
mod immutable;
mod join;
mod links;
mod managed;
mod mesh_charts;
mod model;
mod newer_release;
mod numbers;
mod observed_schema;
mod place;
mod plan;
mod planned_status;
mod problems;
mod read;
mod readings;
mod recorded;
mod remove;
mod rendering;
mod renewal;
mod resource;
mod root_messages;
mod roots;
mod running_config;
mod schema;
mod scope;
mod settings;
mod stale_gateways;
mod status;
mod trust_list;
mod unchanged;
mod waiting;

pub use model::{MeshModel, PrimaryModel};
pub use resource::MeshResource;
