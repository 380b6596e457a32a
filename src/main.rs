//! The plugin process that Terraform starts.

use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;
use istio_provider::provider::IstioProvider;

/// One place for the memory of all threads: with one for each, as the C library has it, what a thread has freed is lost to the others.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    // One TLS stack with one set of primitives: the Kubernetes clients, the chart downloads and the plugin itself.
    // Only a second installation fails, and this is the first.
    drop(rustls::crypto::ring::default_provider().install_default());
    tfplugin::serve(IstioProvider)
}
