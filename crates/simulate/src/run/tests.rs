//! How a release goes: how long its steps are, who is in which arm, what it suffers and when.

use super::*;
use crate::crowd::Population;
use crate::fault::Meets;

/// Says what it is told, look by look, and keeps what was counted of all arms.
#[derive(Clone, Default)]
struct Scripted {
    verdicts: Vec<Verdict>,
    steps: Vec<usize>,
    sums: Vec<Vec<Counts>>,
}

impl Judge for Scripted {
    fn look(&mut self, look: &Look) -> Verdict {
        assert_eq!(look.number, self.steps.len());
        self.steps.push(look.step);
        self.sums.push(look.counted.iter().map(Counts::sum).collect());
        self.verdicts.get(look.number).copied().unwrap_or(Verdict::Go)
    }
}

const RELEASE: Kind = Kind::Release(Control::Equal);

fn plan(kind: Kind, shares: &[f64], looks: usize) -> Plan {
    let steps = shares.iter().map(|share| Step { share: *share, looks }).collect();
    Plan { kind, steps, requests: 1e6, warmup: 1, max_hold: 2, faults: Vec::new() }
}

fn run(plan: &Plan, verdicts: &[Verdict]) -> (Fate, Scripted) {
    let mut judge = Scripted { verdicts: verdicts.to_vec(), ..Scripted::default() };
    let fate = plan.run(&mut Traffic::new(&Population::alike(2000), 1), &mut judge);
    (fate, judge)
}

#[test]
fn a_step_waits_for_a_judge_that_halts() {
    use Verdict::{Go, Halt, Stop};
    let plan = plan(RELEASE, &[0.1, 0.5], 2);
    let steps = |verdicts: &[Verdict]| run(&plan, verdicts).1.steps;
    assert_eq!(steps(&[]), [0, 0, 1, 1]);
    assert_eq!(steps(&[Halt, Go]), [0, 0, 1, 1], "halts while it is not over");
    assert_eq!(steps(&[Go, Halt]), [0, 0, 0, 1, 1]);
    assert_eq!(steps(&[Go, Halt, Halt]), [0, 0, 0, 0, 1, 1]);
    assert_eq!(steps(&[Go, Halt, Stop]), [0, 0, 0]);
    let (fate, judge) = run(&plan, &[Go, Halt, Halt, Halt]);
    assert_eq!(judge.steps, [0, 0, 0, 0], "it is not waited for longer");
    assert!(fate.inconclusive && fate.stopped.is_none());
    let (fate, _) = run(&plan, &[Halt, Halt, Stop]);
    assert_eq!((fate.halted, fate.held, fate.stopped), (Some(1), Some(2), Some(3)));
}

#[test]
fn judges_beside_each_other_see_what_each_alone_would() {
    let mut plan = plan(RELEASE, &[0.1, 0.5], 3);
    plan.max_hold = 0;
    let (alone, seen) = run(&plan, &[]);
    let mut first = Scripted { verdicts: vec![Verdict::Halt, Verdict::Stop], ..Scripted::default() };
    let mut second = Scripted::default();
    let mut traffic = Traffic::new(&Population::alike(2000), 1);
    let fates = plan.run_beside(&mut traffic, &mut [&mut first, &mut second]);
    assert_eq!((first.steps.len(), fates[0].stopped), (2, Some(2)));
    assert_eq!((second.sums, fates[1]), (seen.sums, alone));
    assert!(fates[0].exposed < fates[1].exposed);
}

#[test]
fn faults_meet_whom_and_when_they_say() {
    let mut plan = plan(Kind::Test(2), &[0.3], 4);
    let harm = Harm { errors: 10.0, unanswered: 10.0, slow: 10.0, lost: 0.5, ..Harm::NONE };
    plan.faults = vec![
        Fault { meets: Meets::Arm(1), looks: 1..3, harm },
        Fault { meets: Meets::All, looks: 2..4, harm: Harm { errors: 2.0, ..Harm::NONE } },
    ];
    let (_, judge) = run(&plan, &[]);
    let times = |look: usize, arm: usize, of: fn(&Counts) -> f64, usual: f64| {
        let counts = &judge.sums[look][arm];
        (of(counts) / counts.all / usual).round()
    };
    let errors = |look: usize| [0, 1, 2].map(|arm| times(look, arm, |counts| counts.errors, 0.005));
    assert_eq!([0, 1, 2, 3].map(errors), [[1.0; 3], [1.0, 10.0, 1.0], [2.0, 20.0, 2.0], [2.0; 3]]);
    let slow = |look| times(look, 1, |counts| counts.over[1], 0.00545);
    let unanswered = |look| times(look, 1, |counts| counts.unanswered, 0.001);
    assert_eq!(([0, 1, 3].map(slow), [0, 1, 3].map(unanswered)), ([1.0, 10.0, 1.0], [1.0, 10.0, 1.0]));
    let kept = [0, 1, 2].map(|arm| (judge.sums[1][arm].all / judge.sums[0][arm].all * 10.0).round());
    assert_eq!(kept, [10.0, 5.0, 10.0]);
}

#[test]
fn exposed_are_all_arms_but_control() {
    let (fate, judge) = run(&plan(Kind::Test(2), &[0.3, 0.6], 2), &[]);
    let arms: f64 = judge.sums.iter().flat_map(|sums| &sums[..2]).map(|sum| sum.all).sum();
    assert_eq!(fate.exposed, arms);
}
