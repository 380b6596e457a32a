//! Data sources.

use std::future::Future;

use crate::schema::Schema;
use crate::{Context, Diagnostics, Outcome, TerraformValue};

/// Something to read. Terraform reads it when its configuration is wholly known.
pub trait DataSource: Send + Sync + 'static {
    /// What operations are given: [`Provider::Data`](crate::Provider::Data) of the provider that offers it.
    type Data: Send + Sync + 'static;
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
        context: &Context<Self::Data>,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;
}
