//! Work whose answer is a stream: it runs on its own, and sends as fast as the client takes.

use std::future::Future;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// How many events may wait for the client.
const WAITING: usize = 16;

/// The answer to a call.
pub(super) type Events<T> = BoxStream<'static, Result<T, Status>>;

/// Starts `work`, which sends its events. When the client leaves, `cancellation` tells the work to stop; the work itself
/// decides where.
pub(super) fn events<T, F>(cancellation: CancellationToken, work: impl FnOnce(Sender<T>) -> F) -> Events<T>
where
    T: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(work(sender));
    let leaving = cancellation.drop_guard();
    ReceiverStream::new(receiver)
        .map(move |event| {
            let _ = &leaving;
            Ok(event)
        })
        .boxed()
}

/// A stream of one event.
pub(super) fn only<T: Send + 'static>(event: T) -> Events<T> {
    futures::stream::iter([Ok(event)]).boxed()
}
