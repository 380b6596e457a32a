//! Data sources.

use std::future::Future;

use crate::schema::Schema;
use crate::{Context, Diagnostics, Outcome, Provider, TerraformValue};

/// Something to read. Terraform reads it when its configuration is wholly known.
pub trait DataSource: Send + Sync + 'static {
    /// The provider that offers it.
    type Provider: Provider;
    /// Configuration and result.
    type Model: TerraformValue + Send + Sync;

    /// The type name, such as `aws_ami`.
    const TYPE: &'static str;

    /// What may stand in the block, and what comes out.
    fn schema(&self) -> Schema;

    /// Checks the configuration beyond what the schema says: pure, offline, with values that may be unknown.
    fn validate(&self, config: &Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Reads. `config` has the schema's defaults; the result has the same values there, and computed ones besides.
    fn read(
        &self,
        config: Self::Model,
        context: &Context<<Self::Provider as Provider>::Data>,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;
}
