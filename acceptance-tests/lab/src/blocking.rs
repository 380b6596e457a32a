//! Asynchronous work from synchronous code, also from inside somebody else's runtime.

use std::io;

/// Runs `work` to its end on a thread and a runtime of its own.
pub fn run<T, F>(work: F) -> io::Result<T>
where
    T: Send,
    F: Future<Output = T> + Send,
{
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(runtime.block_on(work))
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
