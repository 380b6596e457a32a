//! `istio_mesh_federation`: one side of a federation, in which independent meshes use named Services of each other.
//!
//! | attribute | type | | default | a change | known in a plan | refresh reads it from |
//! |---|---|---|---|---|---|---|
//! | `name` | string | required | | replaces | as configured | – |
//! | `mesh` | dynamic | required | | in place; another mesh replaces | as configured | – |
//! | `peer "<name>".document` | dynamic | optional | null: the peer is awaited | in place: trust, imports | as configured | – |
//! | `peer "<name>".root_sha256` | set(string) | optional | the roots of the first apply | names the roots of a changed document | as configured | – |
//! | `peer "<name>".trust_binding` | string | optional | `name_constraints` | in place; each proxy gets a new certificate | as configured | – |
//! | `peer "<name>".tls` | string | optional | `end_to_end` | – | as configured | – |
//! | `export "<name>".to`, `.identities`, `.allow` | set(string) | required | | in place | as configured | – |
//! | `export "<name>".namespace`, `.service` | string | required | | in place | as configured | – |
//! | `export "<name>".selector` | map(string) | required | | in place | as configured | – |
//! | `export "<name>".port "<name>".number`, `.protocol` | number, string | required | | in place | as configured | – |
//! | `import "<name>".from`, `.namespace`, `.service`, `.hostname`, `.into` | string | required | | in place | as configured | – |
//! | `import "<name>".identities` | set(string) | optional | those of the peer's export | in place | as configured | – |
//! | `import "<name>".visible_to`, `.addresses` | set(string) | optional | its namespace; an address that follows from `hostname` | in place | as configured | – |
//! | `import "<name>".dns` | string | optional | `capture` | in place | as configured | – |
//! | `import "<name>".port "<name>".number`, `.protocol` | number, string | optional | those of the peer's export | in place | as configured | – |
//! | `import "<name>".connection` | block | optional | | in place | as configured | – |
//! | `timeouts.create`, `.read`, `.update`, `.delete` | string (duration) | optional | 20m, 5m, 20m, 20m | state only | as configured | – |
//! | `id` | string | computed | | | prior, unknown in the plan of a create | state |
//! | `document` | object | computed | | | as far as mesh and exports are known; `serial` once all of it is | – |
//! | `trusted` | map(object) | computed | | | once the documents of the peers are known | – |
//! | `manifests` | map(map(string)) | computed | | | once mesh and documents are known | the objects and field paths that state names |
//! | `cluster_uids`, `kubernetes_versions` | map(string) | computed | | | as in `istio_mesh`; the clusters are all primaries | as there |
//! | `status` | object | computed | | | member by member: prior where it is good and this apply does not change what it tells of, else unknown | istiod, Services, gateways |

mod apply;
mod bound_roots;
mod declare;
mod document;
mod foreign_gateways;
mod managed;
mod model;
mod others;
mod place;
mod plan;
mod problems;
mod read;
mod resource;
mod schema;
mod shares_schema;
mod status;
#[cfg(test)]
mod tests;
mod trusted;
mod waiting;

pub use model::FederationModel;
pub use resource::FederationResource;
