//! The provider with one resource of the tests, which shows what `lifecycle` does for every resource.

mod objects;

use std::process::ExitCode;

use istio_provider::lifecycle::ManagedResource;
use istio_provider::provider::{IstioProvider, ProviderModel};
use istio_provider::provider_data::ProviderData;
use tfplugin::{Outcome, Provider, Registry, Schema, Setup};

struct TestProvider;

impl Provider for TestProvider {
    type Model = ProviderModel;
    type Data = ProviderData;

    const ADDRESS: &'static str = IstioProvider::ADDRESS;
    const LOG_TARGETS: &'static [&'static str] = IstioProvider::LOG_TARGETS;

    fn schema(&self) -> Schema {
        IstioProvider.schema()
    }

    fn register(&self, registry: &mut Registry<Self>) {
        registry.resource(ManagedResource(objects::TestObjects));
    }

    async fn configure(&self, config: ProviderModel, setup: &Setup) -> Outcome<ProviderData> {
        IstioProvider.configure(config, setup).await
    }
}

fn main() -> ExitCode {
    // Only a second installation fails, and this is the first.
    drop(rustls::crypto::ring::default_provider().install_default());
    tfplugin::serve(TestProvider)
}
