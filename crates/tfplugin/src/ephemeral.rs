//! Ephemeral resources: values that are there while Terraform runs and are never saved (Terraform 1.10 and later).

use std::future::Future;
use std::time::SystemTime;

use crate::schema::Schema;
use crate::{Context, Diagnostics, Outcome, TerraformValue};

/// The context of an ephemeral resource's operations: its private state goes from one to the next.
pub type EphemeralContext<E> = Context<<E as EphemeralResource>::Data>;

/// A value that is opened, renewed while it is needed, and closed.
pub trait EphemeralResource: Send + Sync + 'static {
    /// What operations are given: [`Provider::Data`](crate::Provider::Data) of the provider that offers it.
    type Data: Send + Sync + 'static;
    /// Configuration and result.
    type Model: TerraformValue + Send + Sync;

    /// The type name, such as `aws_secretsmanager_secret_version`.
    const TYPE: &'static str;

    /// What may stand in the block, and what comes out.
    fn schema(&self) -> Schema;

    /// Checks the configuration beyond what the schema says: pure, offline, with values that may be unknown.
    fn validate(&self, config: &Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Opens. `config` has the schema's defaults; the result has the same values there, and computed ones besides.
    fn open(
        &self,
        config: Self::Model,
        context: &EphemeralContext<Self>,
    ) -> impl Future<Output = Outcome<Opened<Self::Model>>> + Send;

    /// Keeps it open for longer; the value is when to renew again. Only what `open` put into the private state is known.
    fn renew(
        &self,
        context: &EphemeralContext<Self>,
    ) -> impl Future<Output = Outcome<Option<SystemTime>>> + Send {
        let _ = context;
        async { Outcome::new(None) }
    }

    /// Closes it; closing twice is no error. Only what `open` put into the private state is known.
    fn close(&self, context: &EphemeralContext<Self>) -> impl Future<Output = Diagnostics> + Send {
        let _ = context;
        async { Diagnostics::new() }
    }
}

/// What [`EphemeralResource::open`] gives.
#[derive(Clone, Debug)]
pub struct Opened<M> {
    /// The result.
    pub result: M,
    /// When Terraform is to ask for a renewal, if it is needed.
    pub renew_at: Option<SystemTime>,
}

impl<M> From<M> for Opened<M> {
    fn from(result: M) -> Self {
        Self { result, renew_at: None }
    }
}
