//! The services of go-plugin beside the provider itself.

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::generated::plugin::{
    ConnInfo, Empty, StdioData, grpc_broker_server::GrpcBroker, grpc_controller_server::GrpcController,
    grpc_stdio_server::GrpcStdio,
};

/// Ends the process on request, and keeps open what a client expects to stay open until then.
#[derive(Clone, Debug)]
pub(super) struct PluginServices {
    /// Cancelled when the process is to end.
    pub(super) shutdown: CancellationToken,
    /// Whether the client may end the process: not in debug mode, where the next run needs it.
    pub(super) obeys_shutdown: bool,
}

impl PluginServices {
    /// A stream on which nothing comes until the process ends.
    fn silent<T: Send + 'static>(&self) -> BoxStream<'static, Result<T, Status>> {
        stream::pending().take_until(self.shutdown.clone().cancelled_owned()).boxed()
    }
}

#[tonic::async_trait]
impl GrpcController for PluginServices {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        if self.obeys_shutdown {
            self.shutdown.cancel();
        }
        Ok(Response::new(Empty {}))
    }
}

#[tonic::async_trait]
impl GrpcStdio for PluginServices {
    type StreamStdioStream = BoxStream<'static, Result<StdioData, Status>>;

    /// We write nothing to stdout after the handshake, and logs go to stderr itself.
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(self.silent()))
    }
}

#[tonic::async_trait]
impl GrpcBroker for PluginServices {
    type StartStreamStream = BoxStream<'static, Result<ConnInfo, Status>>;

    /// Terraform opens no further connections, and neither do we.
    async fn start_stream(
        &self,
        _: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        Ok(Response::new(self.silent()))
    }
}
