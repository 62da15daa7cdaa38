//! A release's guardrails over evidence that was recorded before, be it of the same release or of another one: what they would have said.

use std::time::Duration;

use jiff::Timestamp;

use crate::evidence::{Counts, Evidence};
use crate::judge::{Code, GuardrailNumbers, GuardrailState, Stand, Verdict, judge};
use crate::release::{Measure, Release};
use crate::running::Running;
use crate::tick::Tick;

/// A poll as it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// When it was made.
    pub at: Timestamp,
    /// The step that the release was in, the first being 0.
    pub step: usize,
    /// What came since the poll before, of the release's own arms.
    pub counts: Counts,
}

/// What guardrails say after a poll.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// When the poll was made.
    pub at: Timestamp,
    /// Since the first one.
    pub after: Duration,
    /// The step.
    pub step: usize,
    /// The numbers of each guardrail and arm.
    pub guardrails: Vec<GuardrailNumbers>,
    /// Guardrails that would have rolled it back with this poll, each with its arm.
    pub rolls_back: Vec<(String, Option<String>)>,
    /// Whether one of them suspects it, or shows harm.
    pub is_suspected: bool,
}

/// A release's guardrails, which look at one poll after the other, in the order of time and to the end, whatever they say on the way.
///
/// Steps, windows and people are as recorded: nothing is judged but guardrails of the evidence. A step's warm-up begins with its first
/// poll.
pub struct Backtest {
    release: Release,
    stand: Stand,
    running: Running,
    first: Duration,
    before: Option<Timestamp>,
    after: Duration,
}

impl Backtest {
    /// Those of this release. The first poll tells of the `first` time before it, each other one of the time since the one before.
    pub fn new(release: &Release, first: Duration) -> Backtest {
        let mut release = release.clone();
        release.guardrails.retain(is_of_evidence);
        let (stand, running) = (Stand::default(), Running::default());
        Backtest { release, stand, running, first, before: None, after: Duration::ZERO }
    }

    /// Looks at the next poll.
    pub fn look(&mut self, poll: &Recorded) -> Looked {
        let since = self.before.map_or(self.first, |before| since(before, poll.at));
        if self.before.is_some() {
            self.after = self.after.saturating_add(since);
        }
        self.before = Some(poll.at);
        if self.stand.step != Some(poll.step) {
            let push = self.stand.push.saturating_add(1);
            self.stand = Stand { step: Some(poll.step), push, ..Stand::default() };
        }
        let push = self.stand.push;
        let evidence = vec![Evidence { mark: Some(push.to_string()), counts: poll.counts.clone() }];
        // However long ago the poll before was, it was the one before.
        let every = since.max(Duration::from_secs(1));
        let (since, poll_of) = (Some(since), Some(evidence));
        let tick = Tick { every, now: poll.at, since, answered: push, poll: poll_of, ..Tick::default() };
        self.running.observe(&self.release, self.stand.step, push, &tick);
        let verdict = judge(&self.release, &self.stand, &self.running, poll.at);
        self.running.judged(&verdict);
        Looked::of(poll, self.after, verdict)
    }
}

/// Whether a guardrail needs nothing but the evidence of edges.
pub fn is_of_evidence(guardrail: &crate::Guardrail) -> bool {
    matches!(guardrail.measure, Measure::Outcome { .. })
}

impl Looked {
    fn of(poll: &Recorded, after: Duration, verdict: Verdict) -> Looked {
        let suspects = |one: &GuardrailNumbers| matches!(one.state, GuardrailState::Suspected | GuardrailState::Harm);
        let is_suspected = verdict.numbers.guardrails.iter().any(suspects);
        let stops = verdict.reasons.iter().filter(|reason| matches!(reason.code, Code::Harm | Code::Above));
        let rolls_back = if verdict.shows_harm() {
            stops.filter_map(|reason| Some((reason.guardrail.clone()?, reason.arm.clone()))).collect()
        } else {
            Vec::new()
        };
        let guardrails = verdict.numbers.guardrails;
        Looked { at: poll.at, after, step: poll.step, guardrails, rolls_back, is_suspected }
    }
}

fn since(before: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(before)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use weir_policy::evidence::Outcome;
    use weir_policy::written::Kind;

    use super::*;
    use crate::decide::testing::{World, document};
    use crate::evidence::VariantCounts;
    use crate::journal::Event;
    use crate::judge::testing::errors;
    use crate::testing;

    const TICK: Duration = Duration::from_secs(10);

    fn backtest(release: &Release, polls: &[Recorded]) -> Vec<Looked> {
        let mut backtest = Backtest::new(release, TICK);
        polls.iter().map(|poll| backtest.look(poll)).collect()
    }

    /// Polls each ten seconds of a step of 5% and then one of half, of the id of the release: 1,600 requests of each arm, of which so
    /// many of canary fail from the second step on, and 16 of control.
    fn polls(of_each: usize, bad: u64) -> Vec<Recorded> {
        let start: Timestamp = "2026-12-01T01:00:00Z".parse().unwrap();
        let counts = |bad: u64| {
            VariantCounts::new(|outcome, _| match outcome {
                Outcome::All => 100,
                Outcome::Error => bad,
                _ => 0,
            })
        };
        let poll = |number: usize| {
            let step = number / of_each;
            let canary = counts(if step == 0 { 1 } else { bad });
            let variants = [("canary".to_owned(), canary), ("control".to_owned(), counts(1))];
            Recorded {
                at: start + TICK * u32::try_from(number).unwrap(),
                step,
                counts: Counts::of_experiment("owl", variants),
            }
        };
        (0..of_each * 2).map(poll).collect()
    }

    fn release() -> Release {
        let mut release = testing::release(Kind::Release, 1, true);
        release.id = "owl".to_owned();
        release.guardrails = vec![errors()];
        release
    }

    #[test]
    fn guardrails_say_when_they_would_have_stopped_what_was_recorded() {
        let good = backtest(&release(), &polls(30, 1));
        assert_eq!(good.len(), 60);
        assert!(good.iter().all(|look| look.rolls_back.is_empty() && !look.is_suspected));
        let bad = backtest(&release(), &polls(30, 4));
        let stop = bad.iter().position(|look| !look.rolls_back.is_empty()).unwrap();
        assert!((36..50).contains(&stop), "after the warm-up of the second step: {stop}");
        assert_eq!(bad[stop].rolls_back, [("errors".to_owned(), Some("canary".to_owned()))]);
        assert_eq!((bad[stop].step, bad[stop].after), (1, TICK * u32::try_from(stop).unwrap()));
        let suspected = bad.iter().position(|look| look.is_suspected).unwrap();
        assert!((30..=stop).contains(&suspected), "a warm-up counts for suspicion: {suspected}");
        assert!(!bad[59].rolls_back.is_empty(), "it looks on to the end");
    }

    #[test]
    fn a_gap_between_polls_is_no_lack_of_evidence() {
        let mut polls = polls(30, 4);
        for (number, poll) in polls.iter_mut().enumerate() {
            poll.at += TICK * 30 * u32::try_from(number).unwrap();
        }
        let looked = backtest(&release(), &polls);
        assert!(looked.iter().any(|look| !look.rolls_back.is_empty()));
    }

    /// What the server decides in its ticks, with queue, pushes and steps, and the same polls by themselves: the same numbers to the last
    /// bit at each change of a verdict, and the same end.
    #[test]
    fn it_says_what_the_server_said_tick_by_tick() {
        let steps = r#", "warmup": "30s", "steps":
            [{"share": "5%", "hold": "1m"}, {"share": "50%", "hold": "10m"}, {"share": "100%", "hold": "1m"}]"#;
        for (bad_from, bad) in [(0, 3), (12, 2), (25, 4), (usize::MAX, 1)] {
            let mut world = World::new().with("ant", "ant.shop", steps);
            let (mut polls, mut begun, mut said, mut end) = (Vec::new(), Vec::new(), Vec::new(), None);
            for tick in 0..100 {
                world.bad.insert("ant".to_owned(), if tick >= bad_from { bad } else { 1 });
                let next = world.next_tick();
                polls.extend(next.poll.into_iter().flatten().map(|one| (next.now, one.counts)));
                world.tick();
                for line in &world.last {
                    match &line.event {
                        Event::Begun { step, .. } => begun.push((line.at, *step)),
                        Event::RolledBack { .. } => end = Some(line.at),
                        Event::Verdict { verdict, .. } => said.push((line.at, verdict.numbers.guardrails.clone())),
                        _ => {}
                    }
                }
            }
            let step = |at: Timestamp| begun.iter().rev().find(|(begun, _)| *begun < at).map(|(_, step)| *step);
            let polls: Vec<Recorded> = polls
                .into_iter()
                .filter_map(|(at, counts)| Some(Recorded { at, step: step(at)?, counts }))
                .take_while(|poll| end.is_none_or(|end| poll.at <= end))
                .collect();
            let looked = backtest(&document("ant", "ant.shop", steps).release, &polls);
            let stop = looked.iter().find(|look| !look.rolls_back.is_empty());
            assert_eq!(stop.map(|look| look.at), end, "{bad_from} {bad}");
            assert_eq!(end.is_some(), bad > 1, "{bad_from} {bad}: a world in which nothing happens shows nothing");
            let same = said
                .iter()
                .filter(|(at, numbers)| looked.iter().any(|look| look.at == *at && look.guardrails == *numbers));
            let with_polls = said.iter().filter(|(at, _)| polls.iter().any(|poll| poll.at == *at));
            assert_eq!(same.count(), with_polls.count(), "{bad_from} {bad}");
        }
    }
}
