//! What Weir promises of releases, held by traffic: a short form of what `scripts/calibrate` tries.

use std::time::Duration;

use weir_policy::Source;
use weir_release::evidence::TICK;
use weir_release::{Release, read_alone};
use weir_simulate::{Fate, Harm, Life, Population, Since, Tally, Traffic, Trouble, Weir, many};

const ALPHA: f64 = 0.01;
const MARGIN: f64 = 0.2;
const KINDS: [&str; 7] = [
    "errors: {margin: 20%}",
    "unanswered: {margin: 20%}",
    "slow: {over_ms: 250, margin: 20%}",
    "slow: {over_ms: 500, margin: 20%}",
    "slow: {over_ms: 1000, margin: 20%}",
    "slow: {over_ms: 2500, margin: 20%}",
    "counts: {bad: 'sum(b{v=\"$variant\"})', all: 'sum(a{v=\"$variant\"})', margin: 20%}",
];

/// A release with these shares, so many looks at each, and these guardrails.
fn release(shares: &[u8], looks: u64, guardrails: &[&str]) -> Release {
    let of = |(name, measure): (char, &&str)| format!("{{name: {name}, alpha: 1%, {measure}}}");
    let guardrails: Vec<String> = ('a'..).zip(guardrails).map(of).collect();
    let guardrails =
        if guardrails.is_empty() { String::new() } else { format!("guardrails: [{}]\n", guardrails.join(", ")) };
    let step = |share: &u8| format!("- {{share: {share}%, hold: {}s}}\n", looks * TICK.as_secs());
    let steps: String = shares.iter().filter(|share| **share < 100).chain([&100]).map(step).collect();
    let text = format!("release: 1\nid: owl\nunit: user\nservices: {{owl.shop: v2}}\n{guardrails}steps:\n{steps}");
    let mut release = read_alone(Source::yaml("release.yaml", text)).unwrap_or_else(|problems| panic!("{problems:#?}"));
    release.steps.truncate(shares.len());
    release
}

fn hours(guardrails: &[&str]) -> Release {
    release(&[5, 10, 50], 360, guardrails)
}

fn life(release: &Release, harm: Harm) -> Life {
    Life::new(release, TICK, 333.0, vec![Trouble::of("canary", harm)])
}

/// What becomes of so many lives.
fn lived(population: Population, life: &Life, runs: usize) -> Tally {
    let run = |seed| Fate::from(&life.run(&mut Traffic::new(&population, seed as u64)));
    let mut tally = Tally::default();
    many(runs, run, |_| {}).iter().for_each(|fate| tally.add(fate));
    tally
}

/// Whom a release meets whose requests are independent, and which is as bad as is still accepted.
fn no_guardrail_stops_more_than_alpha(harm: Harm) {
    let release = release(&[5, 10, 50, 95], 250, &KINDS);
    let life = life(&release, harm);
    let run = |seed| {
        life.run_by_each(&mut Traffic::new(&Population::alike(20_000), seed as u64), &mut Weir::new(&release, TICK))
    };
    let mut tallies = vec![Tally::default(); KINDS.len()];
    for fates in many(150, run, |_| {}) {
        tallies.iter_mut().zip(&fates).for_each(|(tally, fate)| tally.add(fate));
    }
    for (kind, tally) in KINDS.iter().zip(tallies) {
        assert!(tally.keeps(tally.stopped(), ALPHA), "{kind}: {:.3} stopped", tally.stopped());
        assert!(tally.keeps(tally.halted(), ALPHA), "{kind}: {:.3} suspected", tally.halted());
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
    let tally = lived(Population::heavy(20_000), &life(&hours(&KINDS[..1]), Harm::NONE), 150);
    assert!(tally.keeps(tally.stopped(), ALPHA), "{:.3} stopped", tally.stopped());
    // What stands for it: taken for independent requests, theirs are suspected of more.
    assert!(tally.halted() > 4.0 * ALPHA, "{:.3} suspected", tally.halted());
}

/// When all fail more often while the canary has a larger share, the sums of all polls would blame the canary.
#[test]
fn a_bad_hour_of_all_is_not_the_canarys() {
    let bad = Trouble {
        arm: None,
        since: Since::Time(Duration::from_secs(1_200)),
        ..Trouble::of("", Harm { errors: 5.0, ..Harm::NONE })
    };
    // Above a half control is what is left, and shrinks.
    let release = release(&[50, 90], 120, &KINDS[..1]);
    let life = Life::new(&release, TICK, 333.0, vec![bad]);
    let tally = lived(Population::alike(20_000), &life, 150);
    assert!(tally.keeps(tally.stopped(), ALPHA) && tally.keeps(tally.halted(), ALPHA), "{tally:?}");
}

#[test]
fn good_releases_do_not_deviate_and_lost_requests_show() {
    let default = release(&[5, 10, 50, 95, 100], 60, &[]);
    let good = lived(Population::heavy(20_000), &life(&default, Harm::NONE), 100);
    assert!(good.keeps(good.deviated(), 0.005), "{:.3} deviate", good.deviated());
    let lost = life(&release(&[50], 360, &[]), Harm { lost: 0.3, ..Harm::NONE });
    let lost = lived(Population::heavy(20_000), &lost, 50);
    assert!(lost.deviated() > 0.9, "{:.2} of lost thirds found", lost.deviated());
}

#[test]
fn what_is_bad_is_found() {
    let found = |harm, kind| lived(Population::alike(20_000), &life(&hours(&[kind]), harm), 40);
    let twice = found(Harm { errors: 2.0, ..Harm::NONE }, KINDS[0]);
    assert!(twice.stopped() > 0.95 && twice.median_stopped() < Some(Duration::from_secs(7_200)), "{twice:?}");
    let slow = found(Harm { slow: 2.0, ..Harm::NONE }, KINDS[3]);
    assert!(slow.stopped() > 0.95, "{slow:?}");
    let unanswered = found(Harm { unanswered: 10.0, ..Harm::NONE }, KINDS[1]);
    assert!(unanswered.stopped() > 0.95, "{unanswered:?}");
    // Of heavy users more have to wait for a person, and all are noticed.
    let heavy = life(&hours(&KINDS[..1]), Harm { errors: 4.0, ..Harm::NONE });
    let heavy = lived(Population::heavy(20_000), &heavy, 40);
    assert!(heavy.noticed() == 1.0 && heavy.stopped() > 0.2, "{heavy:?}");
}
