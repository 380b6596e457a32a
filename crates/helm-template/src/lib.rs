//! Renders a Helm chart in the process, as helm template does.
