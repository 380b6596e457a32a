//! The plugin process that Terraform starts.

use std::process::ExitCode;

use istio_provider::provider::IstioProvider;

fn main() -> ExitCode {
    // One TLS stack with one set of primitives: the Kubernetes clients, the chart downloads and the plugin itself.
    // Only a second installation fails, and this is the first.
    drop(rustls::crypto::ring::default_provider().install_default());
    tfplugin::serve(IstioProvider)
}
