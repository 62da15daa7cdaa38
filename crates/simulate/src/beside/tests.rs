//! How a release goes under others than its own judge: how long its steps are, and what becomes of it.

use weir_policy::Source;
use weir_release::{Release, read_alone};

use super::*;
use crate::crowd::Population;
use crate::harm::Harm;
use crate::life::{Since, Trouble};

const TICK: Duration = Duration::from_secs(10);

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

fn scripted(verdicts: &[Verdict]) -> Scripted {
    Scripted { verdicts: verdicts.to_vec(), ..Scripted::default() }
}

/// A canary at 10% and 50%, for so many looks each, or two ideas at 30%; two looks are waited for at most.
fn life(is_test: bool, looks: u64, troubles: &[Trouble]) -> Life {
    let hold = format!("hold: {}s", looks * 10);
    let what = match is_test {
        true => format!("kind: test\narms: {{a: {{}}, b: {{}}}}\ntraffic: 100%\nsteps: [{{share: 30%, {hold}}}]"),
        false => {
            format!(
                "services: {{owl.shop: v2}}\nsteps: [{{share: 10%, {hold}}}, {{share: 50%, {hold}}}, {{share: 100%}}]"
            )
        }
    };
    let text = format!("release: 1\nid: owl\nunit: user\nmax_hold: 20s\n{what}\n");
    let read = read_alone(Source::yaml("release.yaml", text));
    let mut release: Release = read.unwrap_or_else(|problems| panic!("{problems:#?}"));
    release.steps.retain(|step| step.share < 1_000_000);
    Life::new(&release, TICK, 1e6, troubles.to_vec())
}

fn traffic() -> Traffic {
    Traffic::new(&Population::alike(2000), 1)
}

fn under(life: &Life, verdicts: &[Verdict]) -> (Fate, Scripted) {
    let mut judge = scripted(verdicts);
    (life.run_under(&mut traffic(), &mut judge), judge)
}

fn looks(looks: u32) -> Option<Duration> {
    Some(TICK * looks)
}

#[test]
fn a_step_waits_for_a_judge_that_halts() {
    use Verdict::{Go, Halt, Stop};
    let life = life(false, 2, &[]);
    for (verdicts, steps) in [
        (&[][..], &[0, 0, 1, 1][..]),
        // It halts while the step is not over.
        (&[Halt, Go], &[0, 0, 1, 1]),
        (&[Go, Halt], &[0, 0, 0, 1, 1]),
        (&[Go, Halt, Halt], &[0, 0, 0, 0, 1, 1]),
        (&[Go, Halt, Stop], &[0, 0, 0]),
        // It is not waited for longer.
        (&[Go, Halt, Halt, Halt], &[0, 0, 0, 0]),
    ] {
        assert_eq!(under(&life, verdicts).1.steps, steps, "{verdicts:?}");
    }
    let (fate, _) = under(&life, &[Halt, Halt, Stop]);
    assert_eq!((fate.halted, fate.held, fate.stopped), (looks(1), looks(2), looks(3)));
}

#[test]
fn judges_beside_each_other_see_what_each_alone_would() {
    let life = life(false, 3, &[]);
    let (alone, seen) = under(&life, &[]);
    let (mut first, mut second) = (scripted(&[Verdict::Halt, Verdict::Stop]), scripted(&[]));
    let mut halts = scripted(&[Verdict::Halt; 6]);
    let fates = life.run_beside(&mut traffic(), &mut [&mut first, &mut second, &mut halts]);
    assert_eq!((first.steps.len(), fates[0].stopped), (2, looks(2)));
    assert_eq!((&second.sums, fates[1]), (&seen.sums, alone));
    assert!(fates[0].exposed < fates[1].exposed);
    // Nobody waits for one that halts.
    assert_eq!((halts.steps.as_slice(), fates[2].halted, fates[2].held), (&[0, 0, 0, 1, 1, 1][..], looks(1), looks(3)));
}

#[test]
fn troubles_meet_whom_and_when_they_say() {
    let harm = Harm { errors: 10.0, unanswered: 10.0, slow: 10.0, lost: 0.5, ..Harm::NONE };
    let at = |look: u32| TICK * look;
    let of_b = Trouble { since: Since::Time(at(1)), until: Some(at(3)), ..Trouble::of("b", harm) };
    let of_all =
        Trouble { arm: None, since: Since::Time(at(2)), ..Trouble::of("", Harm { errors: 2.0, ..Harm::NONE }) };
    let (_, judge) = under(&life(true, 4, &[of_b, of_all]), &[]);
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
    let (fate, judge) = under(&life(true, 2, &[]), &[]);
    assert_eq!(judge.sums[0].len(), 3);
    let arms: f64 = judge.sums.iter().flat_map(|sums| &sums[..2]).map(|sum| sum.all).sum();
    assert_eq!(fate.exposed, arms);
}
