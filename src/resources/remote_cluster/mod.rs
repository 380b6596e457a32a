//! `istio_remote_cluster`: one cluster without a control plane of its own in a mesh.
//!
//! | attribute | type | | default | a change | known in a plan | refresh reads it from |
//! |---|---|---|---|---|---|---|
//! | `mesh` | dynamic | required | | in place; another mesh replaces | as configured | – |
//! | `cluster` | string | required | | replaces | as configured | – |
//! | `network` | string | required | | in place; pods that run keep the old one | as configured | – |
//! | `primaries` | set(string) | optional, computed | the only one that serves | in place: annotation and remote secrets | as configured, else prior, else where one serves | – |
//! | `injector` | string | optional | `primary` | in place; pods that run keep the istiod that injected them | as configured | – |
//! | `version` | string | optional | that of the primaries | must equal theirs, or be supported by them with `injector = "local"` | as configured | – |
//! | `pod_cidrs`, `service_cidrs` | set(string) | optional | | the record in the primaries; checked | as configured | – |
//! | `namespace_labels`, `namespace_annotations` | map(string) | optional | | in place | as configured | – |
//! | `drain` | bool | optional | `false` | in place: the remote secrets of primaries that do not serve it | as configured | – |
//! | `force_destroy` | bool | optional | `false` | state only | as configured | – |
//! | `ignored_fields` | map(set(string)) | optional | | fields left to others | as configured | – |
//! | `chart "<name>".values` and its sensitive forms | string (YAML) | optional | | in place | as configured | – |
//! | `image_pull_secret "<name>"` | block | those of the mesh | | the Secrets' content, with its version | as configured | – |
//! | `east_west_gateway` | block | optional; needed where a primary is on another network | | in place | as configured | – |
//! | `api_server`, `api_server.from "<primary>"` | block | optional | the connection's | in place: the remote secrets | as configured | – |
//! | `timeouts.create`, `.read`, `.update`, `.delete` | string (duration) | optional | 20m, 5m, 20m, 20m | state only | as configured | – |
//! | `id` | string | computed | | | prior, unknown in the plan of a create | state |
//! | `manifests` | map(map(string)) | computed | | | as in `istio_mesh`, in the cluster and the primaries that read it | the objects and field paths that state names |
//! | `chart_digests`, `cluster_uids`, `kubernetes_versions` | map(string) | computed | | | as in `istio_mesh`; clusters are this one and the primaries that read it | as there |
//! | `status` | object | computed | | | member by member: prior where it is good and this apply does not change what it tells of, else unknown | webhook, gateway's Service, `cacerts`, istiod of the primaries, remote secrets |

mod apply;
mod consequences;
mod declare;
mod local_authority;
mod managed;
mod model;
mod others;
mod place;
mod plan;
mod planned_status;
mod problems;
mod read;
mod remote_charts;
mod remove;
mod rendering;
mod resource;
mod schema;
mod serving;
mod settings;
mod status;
mod waiting;

pub use model::RemoteClusterModel;
pub use resource::RemoteClusterResource;
