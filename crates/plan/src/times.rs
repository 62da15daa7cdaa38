//! When the steps of a release begin at the earliest.

use std::time::Duration;

use jiff::Timestamp;
use weir_release::{Release, Step};

/// Every so often a server looks at its releases.
pub const TICK: Duration = Duration::from_secs(10);

/// The steps that are to come, and the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// When each step begins; none for what is over, and for what never begins as no window opens.
    pub begin: Vec<Option<Timestamp>>,
    /// When the last step has all that it asks for; none if that is never.
    pub end: Option<Timestamp>,
}

/// The times of a release that starts at a moment: its tags and routes are told, in the next tick all have answered, and in the one
/// after that its first step begins. `takes` says how long a step takes.
pub fn starting(release: &Release, start: Timestamp, takes: &dyn Fn(&Step) -> Duration) -> Times {
    going_on(release, None, after(start, TICK.saturating_mul(2)), start, takes)
}

/// The times of one that is in this step since a moment, none before its first.
pub fn running(
    release: &Release,
    step: Option<usize>,
    begun: Timestamp,
    now: Timestamp,
    takes: &dyn Fn(&Step) -> Duration,
) -> Times {
    let least = match step.and_then(|step| release.steps.get(step)) {
        Some(step) => after(begun, takes(step)),
        None => after(begun, TICK.saturating_mul(2)),
    };
    going_on(release, step, least, now, takes)
}

/// How long a step takes at least: a tick until all have answered it and its hold, or its warm-up and until each arm has the requests that it
/// asks for, where it is known how many come in a second.
pub fn least(release: &Release, step: &Step, requests_per_second: Option<f64>) -> Duration {
    let hold = step.hold.saturating_add(TICK);
    let requests = match requests_per_second {
        Some(each) if step.requests > 0 && each > 0.0 => Duration::try_from_secs_f64(step.requests as f64 / each),
        Some(_) if step.requests > 0 => Ok(Duration::MAX),
        _ => Ok(Duration::ZERO),
    };
    let requests = requests.unwrap_or(Duration::MAX);
    hold.max(release.warmup.saturating_add(requests))
}

fn going_on(
    release: &Release,
    step: Option<usize>,
    least: Option<Timestamp>,
    now: Timestamp,
    takes: &dyn Fn(&Step) -> Duration,
) -> Times {
    let next = step.map_or(0, |step| step.saturating_add(1));
    let mut begin = vec![None; next.min(release.steps.len())];
    let mut at = least.map(|least| least.max(now));
    for step in release.steps.iter().skip(next) {
        let begins = at.and_then(|at| opening(release, at));
        begin.push(begins);
        at = begins.and_then(|begins| after(begins, takes(step)));
    }
    Times { begin, end: at }
}

/// When a step may begin from a moment on.
fn opening(release: &Release, at: Timestamp) -> Option<Timestamp> {
    if release.windows.is_empty() {
        return Some(at);
    }
    release.windows.iter().filter_map(|window| window.next_opening(at)).min()
}

fn after(at: Timestamp, time: Duration) -> Option<Timestamp> {
    at.checked_add(time).ok()
}
