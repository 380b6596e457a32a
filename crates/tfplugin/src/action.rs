//! Actions: something to do that leaves no state (Terraform 1.14 and later).

use std::future::Future;

use tokio::sync::mpsc::Sender;

use crate::schema::Schema;
use crate::{Context, Diagnostics, Outcome, TerraformValue};

/// The context of an action's operations.
pub type ActionContext<A> = Context<<A as Action>::Data>;

/// Something to do on request: by `terraform apply -invoke`, or when a resource's `action_trigger` says so.
pub trait Action: Send + Sync + 'static {
    /// What operations are given: [`Provider::Data`](crate::Provider::Data) of the provider that offers it.
    type Data: Send + Sync + 'static;
    /// What stands in the `config` block of an `action` block.
    type Model: TerraformValue + Send + Sync;

    /// The type name, such as `aws_lambda_invoke`.
    const TYPE: &'static str;

    /// What may stand in the `config` block: attributes that the user sets, without defaults.
    fn schema(&self) -> Schema;

    /// Checks the configuration beyond what the schema says: pure, offline, with values that may be unknown.
    fn validate(&self, config: &Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Looks at what is to be done without doing it; values may be unknown. An error refuses the plan.
    fn plan(
        &self,
        config: Self::Model,
        context: &ActionContext<Self>,
    ) -> impl Future<Output = Outcome<()>> + Send {
        let _ = (config, context);
        async { Outcome::new(()) }
    }

    /// Does it. `config` is wholly known; `progress` tells the user how far it is.
    fn invoke(
        &self,
        config: Self::Model,
        progress: &Progress,
        context: &ActionContext<Self>,
    ) -> impl Future<Output = Diagnostics> + Send;
}

/// How far an action is: Terraform shows each message while the action runs.
#[derive(Clone, Debug)]
pub struct Progress(pub(crate) Sender<String>);

impl Progress {
    /// Tells the user something, in one short line.
    pub async fn report(&self, message: impl Into<String>) {
        // Without a receiver the client has gone away, and with it whoever would read this.
        let _ = self.0.send(message.into()).await;
    }
}
