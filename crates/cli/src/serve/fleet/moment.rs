//! A moment, by two clocks.

use std::time::SystemTime;

use humantime::format_rfc3339_seconds;
use tokio::time::Instant;

/// A moment by the clock on the wall, which may jump, and by one that does not.
#[derive(Clone, Copy)]
pub struct Moment {
    /// The time for people.
    pub wall: SystemTime,
    /// The time for deadlines.
    pub steady: Instant,
}

impl Moment {
    /// The present moment.
    pub fn now() -> Moment {
        Moment { wall: SystemTime::now(), steady: Instant::now() }
    }

    /// The time for people, as text: RFC 3339, in UTC.
    pub fn text(self) -> String {
        format_rfc3339_seconds(self.wall).to_string()
    }
}
