//! Work on several clusters that needs nothing but the processor.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{panic, thread};

/// What `work` makes of each item, in their order, with a thread for each processor.
pub(super) fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(items.len())));
    let work_on = || {
        while let Some((position, item)) = take(items, &next) {
            let result = work(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((position, result));
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work_on)).collect();
        work_on();
        for other in others {
            if let Err(cause) = other.join() {
                panic::resume_unwind(cause);
            }
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(position, _)| *position);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The next item that nobody has taken.
fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let position = next.fetch_add(1, Ordering::Relaxed);
    Some((position, items.get(position)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..100).collect();
        let squares = side_by_side(&items, |item| {
            // The first ones take longest.
            thread::sleep(std::time::Duration::from_micros(500 / (item + 1)));
            item * item
        });
        assert_eq!(squares, items.iter().map(|item| item * item).collect::<Vec<_>>());
        assert_eq!(side_by_side(&[0; 0], |item| *item), [0; 0]);
    }

    #[test]
    fn a_panic_is_that_of_the_caller() {
        let caught =
            panic::catch_unwind(|| side_by_side(&[1, 2, 3, 4], |item| assert_ne!(*item, 3, "the third")));
        let cause = caught.unwrap_err();
        assert!(cause.downcast_ref::<String>().is_some_and(|text| text.contains("the third")));
    }
}
