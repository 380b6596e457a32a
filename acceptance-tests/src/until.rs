use std::time::{Duration, Instant};

/// Waits until `done` says so; panics after a minute.
#[track_caller]
pub fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(200));
    }
}
