//! What Weir promises of releases, held by traffic: a short form of what `scripts/calibrate` tries.

use weir_simulate::{
    Control, Counted, Deviation, Fault, Guardrail, Guardrails, Harm, Judge, Kind, Meets, Plan, Population, Step, Tally,
    Traffic,
};

const ALPHA: f64 = 0.01;
const MARGIN: f64 = 0.2;

fn plan(shares: &[f64], looks: usize) -> Plan {
    let steps = shares.iter().map(|share| Step { share: *share, looks }).collect();
    Plan { kind: Kind::Release(Control::Equal), steps, requests: 333.0, warmup: 6, max_hold: 0, faults: Vec::new() }
}

fn hours() -> Plan {
    plan(&[0.05, 0.1, 0.5], 360)
}

fn with(harm: Harm, plan: Plan) -> Plan {
    Plan { faults: vec![Fault::of_canary(harm)], ..plan }
}

fn guardrail(kind: Counted) -> Guardrails {
    Guardrails::new([Guardrail { kind, margin: MARGIN, alpha: ALPHA }])
}

/// What becomes of so many runs under each judge.
fn tallies<J: Judge + Clone>(population: Population, plan: &Plan, judges: &[J], runs: u64) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); judges.len()];
    for seed in 0..runs {
        let mut judges = judges.to_vec();
        let mut judges: Vec<&mut dyn Judge> = judges.iter_mut().map(|judge| judge as _).collect();
        let fates = plan.run_beside(&mut Traffic::new(&population, seed), &mut judges);
        tallies.iter_mut().zip(fates).for_each(|(tally, fate)| tally.add(&fate));
    }
    tallies
}

fn tally<J: Judge + Clone>(population: Population, plan: &Plan, judge: J, runs: u64) -> Tally {
    tallies(population, plan, &[judge], runs).remove(0)
}

/// Whom a release meets whose requests are independent, and which is as bad as is still accepted.
fn no_guardrail_stops_more_than_alpha(harm: Harm) {
    let kinds = [
        Counted::Errors,
        Counted::Unanswered,
        Counted::Slow(0),
        Counted::Slow(1),
        Counted::Slow(2),
        Counted::Slow(3),
        Counted::Counts,
    ];
    let release = with(harm, plan(&[0.05, 0.1, 0.5, 0.95], 250));
    let tallies = tallies(Population::alike(20_000), &release, &kinds.map(guardrail), 150);
    for (kind, tally) in kinds.iter().zip(tallies) {
        assert!(tally.keeps(ALPHA), "{kind:?}: {:.3} stopped", tally.stopped());
        assert!(tally.suspects_at_most(ALPHA), "{kind:?}: {:.3} suspected", tally.halted());
    }
}

#[test]
fn a_release_that_is_as_good_is_rarely_stopped() {
    no_guardrail_stops_more_than_alpha(Harm::NONE);
}

#[test]
fn a_release_at_its_margin_is_rarely_stopped() {
    let r0 = 1.0 + MARGIN;
    no_guardrail_stops_more_than_alpha(Harm { errors: r0, unanswered: r0, slow: r0, ..Harm::NONE });
}

#[test]
fn heavy_users_do_not_stop_a_good_release() {
    let tally = tally(Population::heavy(20_000), &hours(), guardrail(Counted::Errors), 150);
    assert!(tally.keeps(ALPHA), "{:.3} stopped", tally.stopped());
    // What stands for it: taken for independent requests, theirs are suspected of more.
    assert!(tally.halted() > 4.0 * ALPHA, "{:.3} suspected", tally.halted());
}

/// When all fail more often while the canary has a larger share, the sums of all polls blame the canary.
#[test]
fn a_bad_hour_of_all_is_not_the_canarys() {
    let mut release = Plan { kind: Kind::Release(Control::Rest), ..plan(&[0.05, 0.5], 120) };
    let bad = Harm { errors: 5.0, ..Harm::NONE };
    release.faults.push(Fault { meets: Meets::All, looks: release.begins(1)..usize::MAX, harm: bad });
    let tally = tally(Population::alike(20_000), &release, guardrail(Counted::Errors), 150);
    assert!(tally.keeps(ALPHA) && tally.suspects_at_most(ALPHA), "{tally:?}");
}

#[test]
fn good_releases_do_not_deviate_and_lost_requests_show() {
    let default = plan(&[0.05, 0.1, 0.5, 0.95, 1.0], 60);
    let good = tally(Population::heavy(20_000), &default, Deviation::default(), 100);
    assert!(good.keeps(0.005), "{:.3} deviate", good.stopped());
    let lost = with(Harm { lost: 0.3, ..Harm::NONE }, plan(&[0.5], 360));
    let lost = tally(Population::heavy(20_000), &lost, Deviation::default(), 50);
    assert!(lost.stopped() > 0.9, "{:.2} of lost thirds found", lost.stopped());
}

#[test]
fn what_is_bad_is_found() {
    let found = |harm, kind| tally(Population::alike(20_000), &with(harm, hours()), guardrail(kind), 40);
    let twice = found(Harm { errors: 2.0, ..Harm::NONE }, Counted::Errors);
    assert!(twice.stopped() > 0.95 && twice.median_stopped() < Some(6 * 120), "{twice:?}");
    let slow = found(Harm { slow: 2.0, ..Harm::NONE }, Counted::Slow(1));
    assert!(slow.stopped() > 0.95, "{slow:?}");
    let unanswered = found(Harm { unanswered: 10.0, ..Harm::NONE }, Counted::Unanswered);
    assert!(unanswered.stopped() > 0.95, "{unanswered:?}");
    let heavy = with(Harm { errors: 4.0, ..Harm::NONE }, hours());
    let heavy = tally(Population::heavy(20_000), &heavy, guardrail(Counted::Errors), 40);
    assert!(heavy.stopped() > 0.8, "{heavy:?}");
}
