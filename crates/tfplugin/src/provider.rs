//! The provider itself.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::schema::Schema;
use crate::{Diagnostics, Outcome, Registry, TerraformValue};

/// A provider: its block in the configuration, and what it offers.
pub trait Provider: Send + Sync + Sized + 'static {
    /// The provider block.
    type Model: TerraformValue + Send;
    /// What [`Provider::configure`] makes of the block: shared by all operations.
    type Data: Send + Sync + 'static;

    /// Where the provider is found, such as `registry.terraform.io/hashicorp/aws`. The last part is its name.
    const ADDRESS: &'static str;
    /// The crates (first parts of `tracing` targets) whose events below INFO may be logged. Those of others may repeat
    /// requests and answers, secrets included, and are dropped.
    const LOG_TARGETS: &'static [&'static str];

    /// What may stand in the provider block.
    fn schema(&self) -> Schema;

    /// Adds the resources, data sources and so on.
    fn register(&self, registry: &mut Registry<Self>);

    /// Checks the provider block beyond what its schema says. Runs early and often: pure, offline, and with values
    /// that may be unknown.
    fn validate(&self, config: &Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Makes the shared data. Values may be unknown during a plan: keep that, and report it when an operation needs
    /// the value. Do not connect here.
    ///
    /// A client that allows it ([`Setup::deferral_allowed`]) may be answered with [`Outcome::deferred`]: then the
    /// framework puts off every plan, read, import and opening of this run without asking further.
    fn configure(
        &self,
        config: Self::Model,
        setup: &Setup,
    ) -> impl Future<Output = Outcome<Self::Data>> + Send;

    /// The provider's name: the last part of its address.
    fn name() -> &'static str {
        Self::ADDRESS.rsplit('/').next().unwrap_or(Self::ADDRESS)
    }
}

/// What [`Provider::configure`] knows besides the provider block.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The version of Terraform or OpenTofu, such as `1.11.4`.
    pub terraform_version: String,
    /// Whether the client understands [`Outcome::deferred`].
    pub deferral_allowed: bool,
    /// Cancelled when the user presses Ctrl-C; may be kept.
    pub cancellation: CancellationToken,
}
