//! Waiting for a condition by asking again, with a deadline; the only place of the bench that sleeps until something comes.

use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(10);

/// Asks until the answer is `Ok` and returns it; panics with `what` and the last `Err` once `deadline` has passed.
pub async fn eventually<T>(deadline: Duration, what: &str, ask: impl AsyncFnMut() -> Result<T, String>) -> T {
    let answer = within(deadline, ask).await;
    answer.unwrap_or_else(|reason| panic!("not within {deadline:?}: {what}; last seen: {reason}"))
}

/// Asks until the answer is `Ok`, or else returns the last `Err` once `deadline` has passed.
pub async fn within<T, E>(deadline: Duration, mut ask: impl AsyncFnMut() -> Result<T, E>) -> Result<T, E> {
    let begin = Instant::now();
    loop {
        match ask().await {
            Err(_) if begin.elapsed() <= deadline => tokio::time::sleep(INTERVAL).await,
            answer => return answer,
        }
    }
}

/// As [`eventually`] for a place that cannot await, such as `drop`; false when the deadline has passed.
pub fn becomes_true(deadline: Duration, mut ask: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while !ask() {
        if begin.elapsed() > deadline {
            return false;
        }
        std::thread::sleep(INTERVAL);
    }
    true
}
