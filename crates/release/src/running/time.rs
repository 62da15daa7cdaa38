//! The times of a running release: in its step, in force, without a poll. They are added up from tick to tick by a clock that only
//! goes forward, never read from one that may be set.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::tick::Tick;

/// Times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Times {
    /// The step, none before the first begins.
    pub step: Option<usize>,
    /// The push that it began with.
    pub push: u64,
    /// The last tick, by the wall clock.
    now: Option<Timestamp>,
    /// A clock of this release's own. Between two runs of the server only the wall clock tells how long it was away.
    pub clock: u64,
    /// Since the push of the step, as far as it was seen.
    in_step: u64,
    /// What counts as `hold`; none until nine of ten edges have answered the step.
    held: Option<u64>,
    /// Time beyond `hold` that counts for `max_hold`.
    waited: u64,
    /// Whether time counts so until the next tick.
    pub waits: bool,
    /// Whether the last tick was the first of a run of the server.
    is_first: bool,
    /// Whether a poll was accepted in the last tick.
    pub is_polled: bool,
    /// Since the last poll that was accepted.
    unpolled: u64,
    /// Three ticks.
    gap_max: u64,
    polled: Option<Polled>,
}

/// The last poll that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Polled {
    /// The push of the step that the release was in.
    push: u64,
    in_warmup: bool,
}

/// What the evidence of a poll is worth, by what was in force when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Worth {
    /// Of the step that the release is in.
    pub own: Of,
    /// Of a step before, or of nobody knows which.
    pub earlier: Of,
}

/// Of what evidence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The step that the release is in, after its warm-up.
    Step,
    /// That step's warm-up: for suspicion only.
    Warmup,
    /// A step before, after its warm-up.
    Earlier,
    /// The warm-up of that, or of a time before the first step.
    EarlierWarmup,
}

impl Of {
    /// Whether it counts for suspicion only.
    pub fn is_warmup(self) -> bool {
        matches!(self, Of::Warmup | Of::EarlierWarmup)
    }
}

impl Times {
    /// Time goes on to a tick. Whether another step has begun.
    pub fn tick(&mut self, step: Option<usize>, push: u64, tick: &Tick) -> bool {
        let begins = (self.step, self.push) != (step, push);
        let since = tick.since.map(milliseconds);
        self.gap_max = milliseconds(tick.gap_max());
        self.clock = self.clock.saturating_add(since.unwrap_or_else(|| self.away(tick.now)));
        self.now = Some(tick.now);
        (self.is_first, self.is_polled) = (since.is_none(), tick.poll.is_some());
        let looked = since.filter(|since| *since <= self.gap_max).unwrap_or(0);
        let since = since.unwrap_or(0);
        self.unpolled = if self.is_polled { 0 } else { self.unpolled.saturating_add(since) };
        if begins {
            // It was pushed right after the tick before.
            (self.step, self.push, self.in_step, self.held, self.waited) = (step, push, since, None, 0);
            self.waits = false;
        } else {
            self.in_step = self.in_step.saturating_add(since);
            self.held = self.held.map(|held| held.saturating_add(looked));
            self.waited = self.waited.saturating_add(if self.waits { looked } else { 0 });
        }
        begins
    }

    /// What the evidence of this tick's poll is worth. It is asked before [`Times::polled`].
    pub(super) fn worth(&self, warmup: Duration) -> Worth {
        let (own, earlier) = match self.polled {
            Some(before) if before.push == self.push => {
                // Before the first step there is none whose plan it could be of.
                (before.in_warmup, before.in_warmup && self.step == Some(0))
            }
            Some(before) => (!warmup.is_zero(), before.in_warmup),
            None => (true, true),
        };
        Worth {
            own: if own { Of::Warmup } else { Of::Step },
            earlier: if earlier { Of::EarlierWarmup } else { Of::Earlier },
        }
    }

    /// This tick's poll was accepted.
    pub fn polled(&mut self, warmup: Duration, answered: u64) {
        self.polled = Some(Polled { push: self.push, in_warmup: self.is_warming(warmup) });
        if self.is_answered(answered) {
            self.held.get_or_insert(0);
        }
    }

    /// Whether the step is in its warm-up. Before the first step everything is.
    pub fn is_warming(&self, warmup: Duration) -> bool {
        self.step.is_none() || self.in_step < milliseconds(warmup)
    }

    /// Whether nine of ten edges have answered the step, or do so in a tick with this answer.
    pub fn is_answered(&self, answered: u64) -> bool {
        self.held.is_some() || answered >= self.push
    }

    /// What counts as `hold`, from the first poll at which nine of ten edges had answered the step.
    pub fn held(&self) -> Option<u64> {
        self.held
    }

    /// Whether a poll was accepted that has what came of the step: the first one after that with which `hold` began.
    pub fn is_seen(&self) -> bool {
        self.held.is_some_and(|held| self.unpolled < held)
    }

    /// Time beyond `hold` that counts for `max_hold`.
    pub fn waited(&self) -> u64 {
        self.waited
    }

    /// Whether no poll was accepted for three ticks, which are not on time to the millisecond.
    pub fn is_blind(&self) -> bool {
        self.unpolled.saturating_mul(6) >= self.gap_max.saturating_mul(5)
    }

    /// Since the last poll that was accepted.
    pub fn unpolled(&self) -> u64 {
        self.unpolled
    }

    /// Three ticks.
    pub fn gap_max(&self) -> u64 {
        self.gap_max
    }

    /// The gap over which a run goes on: none between two runs of the server.
    pub fn run_gap_max(&self) -> u64 {
        if self.is_first { 0 } else { self.gap_max }
    }

    /// For how long nobody looked, at the first tick of a run.
    fn away(&self, now: Timestamp) -> u64 {
        let away = self.now.map_or(0, |before| now.as_millisecond().saturating_sub(before.as_millisecond()));
        u64::try_from(away).unwrap_or(0)
    }
}

/// Whole milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
