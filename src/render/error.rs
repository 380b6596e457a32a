use thiserror::Error;

use crate::desired::SetError;
use crate::mesh::{ChartName, ClusterName};

/// Why the objects of a cluster could not be rendered.
#[derive(Debug, Error)]
pub enum RenderError {
    /// Helm's engine refuses the chart with these values; the source names template, line and reason.
    #[error("cluster {cluster:?}: chart {chart} does not render with its values", cluster = .cluster.as_str())]
    Chart {
        /// The cluster.
        cluster: ClusterName,
        /// The chart.
        chart: ChartName,
        /// What the engine says.
        #[source]
        source: helm_template::Error,
    },
    /// A template's output is no YAML.
    #[error("cluster {cluster:?}: {template} of chart {chart} does not render to YAML", cluster = .cluster.as_str())]
    Yaml {
        /// The cluster.
        cluster: ClusterName,
        /// The chart.
        chart: ChartName,
        /// The template.
        template: String,
        /// Where it is wrong.
        #[source]
        source: helm_template::yaml::Error,
    },
    /// A template's output is YAML, but no object.
    #[error(
        "cluster {cluster:?}: {template} of chart {chart} renders a document without {field}",
        cluster = .cluster.as_str()
    )]
    NotAnObject {
        /// The cluster.
        cluster: ClusterName,
        /// The chart.
        chart: ChartName,
        /// The template.
        template: String,
        /// What every object has.
        field: &'static str,
    },
    /// A template renders a Helm hook, which only Helm runs.
    #[error(
        "cluster {cluster:?}: {template} of chart {chart} is a Helm hook ({events}), and hooks are not run; use a chart \
         without them",
        cluster = .cluster.as_str()
    )]
    Hook {
        /// The cluster.
        cluster: ClusterName,
        /// The chart.
        chart: ChartName,
        /// The template.
        template: String,
        /// When Helm would run it.
        events: String,
    },
    /// The chart does not render with stand-ins; the source names these and no secret.
    #[error(
        "cluster {cluster:?}: chart {chart} does not render with other values of the same type in place of those of {}",
        .documents.join(" and "), cluster = .cluster.as_str()
    )]
    StandIn {
        /// The cluster.
        cluster: ClusterName,
        /// The chart.
        chart: ChartName,
        /// The documents with secrets.
        documents: Vec<String>,
        /// Why not.
        #[source]
        source: Box<RenderError>,
    },
    /// The chart renders with stand-ins, but not with what the documents say. What the engine says may quote it.
    #[error(
        "cluster {cluster:?}: chart {chart} does not render with a value of {}; the reason is not shown because it may quote the \
         value",
        .documents.join(" or "), cluster = .cluster.as_str()
    )]
    Secret {
        /// The cluster.
        cluster: ClusterName,
        /// The chart.
        chart: ChartName,
        /// The documents with secrets.
        documents: Vec<String>,
    },
    /// A secret decides which objects there are, which every plan shows.
    #[error(
        "cluster {cluster:?}: a value of {} decides which objects chart {chart} renders{}",
        .documents.join(" or "), such_as(.objects), cluster = .cluster.as_str()
    )]
    SecretDecides {
        /// The cluster.
        cluster: ClusterName,
        /// The chart.
        chart: ChartName,
        /// The documents with secrets.
        documents: Vec<String>,
        /// Objects that there are with some values only.
        objects: Vec<String>,
    },
    /// What is to be trusted instead of a root has not been made.
    #[error("cluster {cluster:?}: the root {root} of a peer has not been bound to its trust domain", cluster = .cluster.as_str())]
    Unbound {
        /// The cluster.
        cluster: ClusterName,
        /// Fingerprint of the root.
        root: String,
    },
    /// The objects do not make a set.
    #[error(transparent)]
    Set(#[from] SetError),
}

fn such_as(objects: &[String]) -> String {
    if objects.is_empty() { String::new() } else { format!(", such as {}", objects.join(", ")) }
}
