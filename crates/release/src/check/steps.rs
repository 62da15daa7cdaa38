//! Steps: shares that ascend, and what each asks for.

use std::time::Duration;

use weir_policy::written::Kind;
use weir_policy::{At, Problems, SLOTS, parse_share};

use super::values::{self, at_most};
use crate::release::Step;
use crate::shares::share_max;
use crate::{codes, limits, written};

/// The steps of a document, or those of one that names none.
pub fn steps(
    written: &written::Release,
    arms: usize,
    has_control: bool,
    at: &At<'_>,
    problems: &mut Problems,
) -> Vec<Step> {
    let hold = if written.kind == Kind::Release { HOLD } else { HOLD_OF_TEST };
    let share_max = share_max(written.kind, arms, has_control);
    let Some(steps) = &written.steps else {
        let shares = if written.kind == Kind::Release { &SHARES[..] } else { &[share_max] };
        return shares.iter().map(|share| Step { share: *share, hold, requests: 0, approve: false }).collect();
    };
    let at = at.key("steps");
    if steps.is_empty() && !written.unreadable {
        problems.add(codes::STEPS_ORDER, &at, "no steps; leave `steps` out for the default ones, or put some in");
    }
    at_most(steps.len(), limits::STEPS_MAX, "steps", &at, problems);
    let (mut read, mut before) = (Vec::with_capacity(steps.len()), None);
    for (i, step) in steps.iter().enumerate() {
        let at = at.index(i);
        let share_at = at.key("share");
        let share = step.share.as_ref().and_then(|share| parse_share(share, &share_at, problems));
        if let (Some(share), Some(before)) = (share, before)
            && share <= before
        {
            let message = "no more than a step before; shares of steps ascend";
            problems.add(codes::STEPS_ORDER, &share_at, message);
        }
        before = share.max(before);
        if let (Some(share), Kind::Test, 1..) = (share, written.kind, arms)
            && share > share_max
        {
            let message =
                format!("control would have less than each arm; at most {} is left for this", percent(share_max));
            problems.add(codes::BEYOND_PART, &share_at, message);
        }
        let requests = step.requests.unwrap_or(0);
        let requests_at = at.key("requests");
        if share == Some(0) && requests > 0 {
            let message =
                "nobody is dealt at 0%, so that these requests would never come; time and approval may be asked for";
            problems.add(codes::NO_EFFECT, &requests_at, message);
        }
        let hold_at = at.key("hold");
        let hold = step
            .hold
            .as_ref()
            .map_or(Some(hold), |hold| values::duration(hold, limits::HOLD_SECONDS_MAX, &hold_at, problems));
        let (Some(share), Some(hold)) = (share, hold) else { continue };
        read.push(Step { share, hold, requests, approve: step.approve });
    }
    let last = steps.last().and_then(|step| step.share.as_ref()).and(before);
    if written.kind == Kind::Release && !written.unreadable && last.is_some_and(|share| share < SLOTS) {
        let message = "the last step of a release is 100%; a comparison that ends before is a `kind: test`";
        problems.add(codes::LAST_STEP, &at.index(steps.len().saturating_sub(1)).key("share"), message);
    }
    read
}

/// The shares of a release that names none.
const SHARES: [u32; 5] = [50_000, 100_000, 500_000, 950_000, SLOTS];
const HOLD: Duration = Duration::from_secs(600);
const HOLD_OF_TEST: Duration = Duration::from_secs(7 * 86_400);

/// A share as it is written.
fn percent(share: u32) -> String {
    let (whole, decimals) = (share.checked_div(10_000).unwrap_or(0), share.checked_rem(10_000).unwrap_or(0));
    let decimals = format!("{decimals:04}");
    match decimals.trim_end_matches('0') {
        "" => format!("{whole}%"),
        decimals => format!("{whole}.{decimals}%"),
    }
}
