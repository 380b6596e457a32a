//! A panic in an operation becomes a message for the user, with its place.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether a panic on this thread is caught, so that the hook stays silent.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
    /// What the hook saw last on this thread.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics on threads that do not catch them readable for Terraform, which shows the user whatever follows
/// `panic: ` on stderr. Never a backtrace, whatever `RUST_BACKTRACE` says.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(report)));
}

fn report(info: &PanicHookInfo<'_>) {
    let place =
        info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    let message = format!("{}{place}", message_of(info.payload()));
    if CAUGHT.get() {
        LAST.set(Some(message));
    } else {
        eprintln!("panic: {message}");
    }
}

fn message_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// Runs `operation`; a panic in it gives its message and place.
pub(crate) async fn catch<T>(operation: impl Future<Output = T> + Send) -> Result<T, String> {
    let mut operation = Box::pin(operation);
    poll_fn(move |context| {
        let before = CAUGHT.replace(true);
        let polled = catch_unwind(AssertUnwindSafe(|| operation.as_mut().poll(context)));
        CAUGHT.set(before);
        match polled {
            Ok(poll) => poll.map(Ok),
            Err(payload) => {
                let seen = LAST.take();
                std::task::Poll::Ready(Err(seen.unwrap_or_else(|| message_of(&*payload).to_owned())))
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_reported_with_its_place() {
        install_hook();
        let caught = catch(async {
            tokio::task::yield_now().await;
            assert_ne!(1 + 1, 2, "sums");
        });
        let message = caught.await.unwrap_err();
        assert!(
            message.contains("sums") && message.contains(" at ") && message.contains("panics.rs:"),
            "{message}"
        );
        assert_eq!(catch(async { 1 }).await, Ok(1));
    }
}
