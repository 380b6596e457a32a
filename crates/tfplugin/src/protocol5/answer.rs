//! Answers carry messages for the user; a gRPC status is for faults of the protocol only.

use std::future::Future;

use tonic::{Response, Status};

use super::convert;
use crate::generated::tfplugin5 as wire;
use crate::{Diagnostic, Diagnostics, panics};

/// An answer with a place for messages.
pub(super) trait Answer: Default + Send {
    fn diagnostics(&mut self) -> &mut Vec<wire::Diagnostic>;
}

macro_rules! answers {
    ($($module:ident),* $(,)?) => {$(
        impl Answer for wire::$module::Response {
            fn diagnostics(&mut self) -> &mut Vec<wire::Diagnostic> {
                &mut self.diagnostics
            }
        }
    )*};
}
answers!(
    get_provider_schema,
    prepare_provider_config,
    configure,
    validate_resource_type_config,
    upgrade_resource_state,
    upgrade_resource_identity,
    generate_resource_config,
    validate_list_resource_config,
    validate_action_config,
    plan_action,
    read_resource,
    plan_resource_change,
    apply_resource_change,
    import_resource_state,
    move_resource_state,
    validate_data_source_config,
    read_data_source,
    validate_ephemeral_resource_config,
    open_ephemeral_resource,
    renew_ephemeral_resource,
    close_ephemeral_resource,
);

/// Runs `work`. When it fails or panics, the answer is empty but for the messages.
pub(super) async fn answer<T: Answer>(
    work: impl Future<Output = Result<T, Diagnostics>> + Send,
) -> Result<Response<T>, Status> {
    answer_or(T::default(), work).await
}

/// Runs `work`. When it fails or panics, the answer is `fallback` with the messages: what Terraform then keeps.
pub(super) async fn answer_or<T: Answer>(
    fallback: T,
    work: impl Future<Output = Result<T, Diagnostics>> + Send,
) -> Result<Response<T>, Status> {
    let (mut answer, diagnostics) = match panics::catch(work).await {
        Ok(Ok(answer)) => (answer, Diagnostics::new()),
        Ok(Err(diagnostics)) => (fallback, diagnostics),
        Err(panic) => (fallback, crash(&panic).into()),
    };
    answer.diagnostics().extend(diagnostics.into_iter().map(convert::diagnostic));
    Ok(Response::new(answer))
}

pub(super) fn crash(panic: &str) -> Diagnostic {
    tracing::error!(panic, "the provider has crashed");
    let detail = format!(
        "{panic}\n\n\
                          This is a bug in the provider; please report it with these lines."
    );
    Diagnostic::error("The provider has crashed", detail)
}
