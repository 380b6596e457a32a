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
    /// The objects do not make a set.
    #[error(transparent)]
    Set(#[from] SetError),
}
