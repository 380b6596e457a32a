use tfplugin::AttributePath;

/// Where the resource names a cluster.
pub fn primary(label: &str) -> AttributePath {
    AttributePath::new("primary").key(label)
}
