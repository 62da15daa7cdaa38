//! Times of the week at which steps may begin.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// From a time of these days to another, by the clocks of a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The days, each once, Monday first.
    pub days: Vec<Weekday>,
    /// Steps may begin from this time on.
    pub from: Time,
    /// They may not from this time on.
    pub to: Time,
    /// Whose clocks.
    pub zone: TimeZone,
}

/// How far ahead the next opening is looked for. A window of one day a week that a change of clocks leaves out opens again within it.
const AHEAD: SignedDuration = SignedDuration::from_hours(15 * 24);

impl Window {
    /// Whether steps may begin now: where the clock shows a time of the window, on one of its days. One that ends at an earlier time of
    /// day than it begins goes on past midnight, and is of the day on which it began; one that ends when it begins lasts a day.
    ///
    /// Where clocks are set back it opens again with the hour that comes twice, and where they are set forward an hour that
    /// never comes opens nothing.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let local = self.zone.to_datetime(now);
        let (day, time) = (local.weekday(), local.time());
        let has = |day: Weekday| self.days.contains(&day);
        match self.from < self.to {
            true => has(day) && (self.from..self.to).contains(&time),
            false => has(day) && time >= self.from || has(day.previous()) && time < self.to,
        }
    }

    /// When steps may begin next: now, if they may now. None if they never may.
    pub fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        let end = now.saturating_add(AHEAD).ok()?;
        let days = self.zone.to_datetime(now).date().series(Span::new().days(1));
        let days = days
            .map(|day| day.to_datetime(self.from))
            .take_while(|start| self.zone.to_ambiguous_timestamp(*start).earlier().is_ok_and(|start| start <= end));
        // An hour that comes twice, or never, has two ends.
        let starts = days.flat_map(|start| {
            let start = self.zone.to_ambiguous_timestamp(start);
            [start.earlier(), start.later()].into_iter().flatten()
        });
        let changes = self.zone.following(now).map(|change| change.timestamp()).take_while(|change| *change <= end);
        let candidates = std::iter::once(now).chain(starts).chain(changes);
        candidates.filter(|start| *start >= now && self.is_open(*start)).min()
    }
}

#[cfg(test)]
mod tests;
