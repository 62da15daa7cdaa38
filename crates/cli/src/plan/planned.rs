//! A release with all that is planned of it.

use std::time::Duration;

use weir_plan::schedule::Scheduled;
use weir_plan::sight::Sight;
use weir_release::Release;

/// A release with all that is planned of it.
pub struct Planned<'a> {
    /// What its document means.
    pub release: &'a Release,
    /// What its guardrails see.
    pub sight: &'a Sight,
    /// Where and when.
    pub scheduled: Option<&'a Scheduled>,
}

/// A time in whole milliseconds.
pub fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
