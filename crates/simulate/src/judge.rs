//! Who judges a release, poll by poll, and what becomes of it.

use std::time::Duration;

use crate::counts::Parts;

/// What a judge sees at a look, which is a poll.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Its number in the release, from 0.
    pub number: usize,
    /// The number of its step, from 0.
    pub step: usize,
    /// The arms, control the last.
    pub arms: &'a [String],
    /// What was counted of each since the look before.
    pub counted: &'a [Parts],
}

/// What a judge says to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on.
    Go,
    /// It is not to take its next step now.
    Halt,
    /// It goes back.
    Stop,
}

/// Whoever judges a release.
pub trait Judge {
    /// What it says after one more look.
    fn look(&mut self, look: &Look) -> Verdict;
}

/// What became of a release under a judge, each by how long after its first step began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fate {
    /// When it was stopped.
    pub stopped: Option<Duration>,
    /// When it was told to halt, at whatever time.
    pub halted: Option<Duration>,
    /// When it was told so as a step was over, so that it had to wait.
    pub held: Option<Duration>,
    /// When an arm deviated, by a judge who looks at that.
    pub deviated: Option<Duration>,
    /// Requests that the arms without control had until it was stopped or was through.
    pub exposed: f64,
}
