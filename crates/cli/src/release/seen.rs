//! What there is to see is made of: the fold of a journal, what its lines tell beyond that, and what was judged last.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use weir_policy::written::Kind;
use weir_release::Release;
use weir_release::judge::Verdict;
use weir_release::state::{Entry, Lifecycle, Over, State};

use super::told::Told;
use super::view::{DetailView, OverView, ReleaseView, ReleasesView, StepView};

/// What both views are made of.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The fold of the journal.
    pub state: &'a State,
    /// What its lines tell beyond that.
    pub told: &'a Told,
    /// What was judged last, by release. Of one that is missing the journal's last verdict counts.
    pub verdicts: &'a BTreeMap<String, Verdict>,
    /// When that was.
    pub judged: Option<Timestamp>,
    /// The time, for windows.
    pub now: Timestamp,
}

impl Seen<'_> {
    /// All releases.
    pub fn releases(&self) -> ReleasesView {
        let state = self.state;
        let entries = state.entries().iter().map(|(id, entry)| self.entry(id, entry));
        let mut over: Vec<ReleaseView> = state.over().iter().map(|(id, over)| self.over(id, over)).collect();
        over.sort_by_key(|view| std::cmp::Reverse(view.since));
        ReleasesView {
            journal: state.number(),
            judged: self.judged,
            frozen: state.frozen().cloned(),
            bad: state.bad().clone(),
            releases: entries.chain(over).collect(),
        }
    }

    /// One of them; none if nobody knows its id.
    pub fn release(&self, id: &str) -> Option<DetailView> {
        let state = self.state;
        let running = state.entries().get(id).map(|entry| self.entry(id, entry));
        let release = running.or_else(|| state.over().get(id).map(|over| self.over(id, over)))?;
        Some(DetailView {
            journal: state.number(),
            judged: self.judged,
            frozen: state.frozen().cloned(),
            release,
            left_out: self.told.left_out(id),
            events: self.told.events(id),
        })
    }

    fn entry(&self, id: &str, entry: &Entry) -> ReleaseView {
        let release = &entry.document.release;
        let ramp = entry.ramp.as_ref();
        let step = ramp.and_then(|ramp| ramp.step);
        let verdict = ramp.and_then(|_| self.verdict(id));
        let (now, windows) = (self.now, &release.windows);
        let is_shut = !windows.is_empty() && !windows.iter().any(|window| window.is_open(now));
        let opens = windows.iter().filter(|_| is_shut).filter_map(|window| window.next_opening(now)).min();
        ReleaseView {
            id: id.to_owned(),
            state: self.state.lifecycle(id).unwrap_or(Lifecycle::Queued),
            phase: verdict.map(|verdict| verdict.phase),
            step,
            share: step.and_then(|step| release.steps.get(step)).map_or(0, |step| step.share),
            since: ramp.map(|ramp| ramp.begun).or_else(|| self.told.since(id)),
            kind: Some(kind(release)),
            file: entry.file.clone(),
            steps: self.steps(id, release, &entry.approved, step),
            waits: entry.waits.clone(),
            paused: entry.paused.clone(),
            opens,
            verdict: verdict.cloned(),
            over: None,
        }
    }

    fn over(&self, id: &str, over: &Over) -> ReleaseView {
        let release = over.off.as_ref().map(|off| &off.document.release).or_else(|| self.told.release(id));
        let step = self.told.step(id);
        ReleaseView {
            id: id.to_owned(),
            state: self.state.lifecycle(id).unwrap_or(Lifecycle::Finished),
            phase: None,
            step,
            share: 0,
            since: Some(over.at),
            kind: release.map(kind),
            file: None,
            steps: release.map_or_else(Vec::new, |release| self.steps(id, release, &BTreeSet::new(), step)),
            waits: Vec::new(),
            paused: None,
            opens: None,
            verdict: self.verdict(id).cloned(),
            over: Some(OverView {
                kept_off: over.off.is_some(),
                unacknowledged: over.off.as_ref().is_some_and(|off| !off.acknowledged),
                reached: over.push.is_none(),
                unreached: over.unreached.clone(),
            }),
        }
    }

    fn steps(&self, id: &str, release: &Release, approved: &BTreeSet<usize>, at: Option<usize>) -> Vec<StepView> {
        let begun = |index: usize| at.filter(|at| index <= *at).and_then(|_| self.told.begun(id, index));
        let steps = release.steps.iter().enumerate();
        let view = steps.map(|(index, step)| StepView {
            share: step.share,
            hold_ms: u64::try_from(step.hold.as_millis()).unwrap_or(u64::MAX),
            requests: step.requests,
            approve: step.approve,
            approved: approved.contains(&index),
            begun: begun(index),
        });
        view.collect()
    }

    fn verdict(&self, id: &str) -> Option<&Verdict> {
        let of_state = || self.state.entries().get(id)?.ramp.as_ref()?.verdict.as_ref();
        self.verdicts.get(id).or_else(of_state).or_else(|| self.told.verdict(id))
    }
}

fn kind(release: &Release) -> String {
    if release.kind == Kind::Test { "test" } else { "release" }.to_owned()
}
