//! What is counted of a release's arms, poll by poll, whoever decides when a step begins.

use std::time::Duration;

use weir_release::Release;

use super::arm::ArmNow;
use super::met::{self, Met, Stretch};
use super::trouble::Trouble;
use crate::counts::Parts;
use crate::traffic::Traffic;

/// A release and its users.
pub struct Scene<'a> {
    release: &'a Release,
    /// In a poll, of the whole crowd.
    requests: f64,
    troubles: &'a [Trouble],
    traffic: &'a mut Traffic,
    names: Vec<String>,
    /// As they are since anything changed.
    arms: Vec<ArmNow>,
    step: Option<usize>,
    /// Which troubles there are.
    on: Vec<bool>,
    stretches: Vec<Stretch>,
}

impl<'a> Scene<'a> {
    /// Before the first poll.
    pub fn new(release: &'a Release, requests: f64, troubles: &'a [Trouble], traffic: &'a mut Traffic) -> Scene<'a> {
        let names = release.shares(0).into_iter().map(|(id, _)| id.to_owned()).collect();
        let (arms, on, stretches) = (Vec::new(), Vec::new(), Vec::new());
        Scene { release, requests, troubles, traffic, names, arms, step: None, on, stretches }
    }

    /// The arms, control the last.
    pub fn arms(&self) -> &[String] {
        &self.names
    }

    /// What is counted of each in the next poll, which is of this step and begins so long after the first one did.
    pub fn count(&mut self, step: usize, after: Duration) -> Vec<Parts> {
        let share = self.release.steps.get(step).map_or(0, |step| step.share);
        let on = self.troubles.iter().map(|trouble| trouble.is_on(share, after));
        if self.step != Some(step) || !on.clone().eq(self.on.iter().copied()) {
            (self.step, self.on) = (Some(step), on.collect());
            self.change(share);
        }
        if let Some(stretch) = self.stretches.last_mut() {
            stretch.requests += self.requests;
        }
        self.arms.iter().map(|arm| self.traffic.count(&arm.expected)).collect()
    }

    /// Whether anything was wrong in the last poll.
    pub fn is_troubled(&self) -> bool {
        self.on.contains(&true)
    }

    /// Who met an arm so far, and who met trouble.
    pub fn met(&self) -> (Met, Met) {
        met::all(&self.stretches, self.traffic)
    }

    fn change(&mut self, share: u32) {
        let troubles = || self.troubles.iter().zip(&self.on).filter(|(_, on)| **on).map(|(trouble, _)| trouble);
        let arms = self.release.shares(share).into_iter();
        let now = arms.map(|(id, owned)| ArmNow::new(id, &owned, troubles(), self.requests, self.traffic));
        self.arms = now.collect();
        self.stretches.push(Stretch::new(&self.arms));
    }
}
