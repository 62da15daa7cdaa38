//! Many runs on all processors: each by itself, told in their order.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, scope};

/// What came of so many runs, in their order. No run may depend on another. `tell` hears how many are done, after each.
pub fn many<T: Send>(runs: usize, run: impl Fn(usize) -> T + Sync, tell: impl Fn(usize) + Sync) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let numbers = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < runs));
        let ran = numbers.map(|number| {
            let came = run(number);
            tell(done.fetch_add(1, Ordering::Relaxed) + 1);
            (number, came)
        });
        ran.collect::<Vec<_>>()
    };
    let mut all = scope(|scope| {
        let threads: Vec<_> = (0..available_parallelism().map_or(1, usize::from)).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.collect::<Vec<_>>()
    });
    all.sort_unstable_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, came)| came).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_in_their_order() {
        let told = AtomicUsize::new(0);
        let squares = many(
            100,
            |number| number * number,
            |_| {
                told.fetch_add(1, Ordering::Relaxed);
            },
        );
        assert_eq!(squares, (0..100).map(|number| number * number).collect::<Vec<_>>());
        assert_eq!(told.into_inner(), 100);
        assert!(many(0, |number| number, |_| {}).is_empty());
    }
}
