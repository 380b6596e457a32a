use tfplugin::AttributePath;

/// Where the configuration of a resource names the cluster with this label: `primary["east"]` of a mesh.
pub type Place = fn(&str) -> AttributePath;
