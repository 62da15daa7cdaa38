//! What is promised of releases is tried with the short judges here. This holds the one that judges releases against them, look by look
//! at the same traffic: what is found of theirs is found of it.

use std::time::Duration;

use weir_policy::Source;
use weir_release::evidence::{Counts, Evidence, TICK, VariantCounts};
use weir_release::judge::{Code, Stand};
use weir_release::{Release, Running, Tick, read_alone};
use weir_simulate::{
    Control, Deviation, Fault, Guardrails, Harm, Judge, Kind, Look, Parts, Plan, Population, Step, Tally, Traffic,
    Verdict,
};

const SHARES: [f64; 3] = [0.05, 0.1, 0.5];

/// The short judges and the one of releases, side by side.
struct Both {
    guardrails: Guardrails,
    deviation: Deviation,
    release: Release,
    stand: Stand,
    running: Running,
}

impl Both {
    fn new() -> Both {
        let text = r#"{"release": 1, "id": "owl", "kind": "release", "unit": "user", "services": {"owl.shop": "v2"}, "warmup": "60s",
            "steps": [{"share": "5%"}, {"share": "10%"}, {"share": "50%"}, {"share": "100%"}]}"#;
        let release = read_alone(Source::json("release.json", text)).unwrap_or_else(|problems| panic!("{problems:#?}"));
        Both {
            guardrails: Guardrails::default_of_release(),
            deviation: Deviation::default(),
            release,
            stand: Stand::default(),
            running: Running::default(),
        }
    }
}

impl Judge for Both {
    fn look(&mut self, look: &Look) -> Verdict {
        if self.stand.step != Some(look.step) {
            self.stand = Stand { step: Some(look.step), push: self.stand.push + 1, ..Stand::default() };
        }
        let mark = Some(self.stand.push.to_string());
        let poll = Some(vec![Evidence { mark, counts: counts(look.counted) }]);
        let tick = Tick { since: Some(TICK), answered: self.stand.push, poll, ..Tick::default() };
        self.running.observe(&self.release, self.stand.step, self.stand.push, &tick);
        let verdict = weir_release::judge(&self.release, &self.stand, &self.running, tick.now);
        self.running.judged(&verdict);

        let (by_guardrails, by_deviation) = (self.guardrails.look(look), self.deviation.look(look));
        assert_eq!(verdict.shows_harm(), by_guardrails == Verdict::Stop, "look {}: {verdict:#?}", look.number);
        assert_eq!(verdict.numbers.deviations.iter().any(|off| off.deviates), by_deviation == Verdict::Stop);
        if by_guardrails != Verdict::Stop {
            let suspects = verdict.reasons.iter().any(|reason| reason.code == Code::Suspected);
            assert_eq!(suspects, by_guardrails == Verdict::Halt, "look {}: {verdict:#?}", look.number);
        }
        match by_deviation {
            Verdict::Stop => Verdict::Stop,
            _ => by_guardrails,
        }
    }
}

/// The counts of a look as evidence has them.
fn counts(counted: &[Parts]) -> Counts {
    let variants = ["canary", "control"].into_iter().zip(counted).map(|(variant, parts)| {
        (variant.to_owned(), VariantCounts::new(|outcome, part| parts[part].of(outcome) as u64))
    });
    Counts::of_experiment("owl", variants)
}

/// Releases whose steps have so many looks each.
fn tally(population: Population, harm: Harm, looks: usize, runs: u64) -> Tally {
    let steps = SHARES.map(|share| Step { share, looks }).to_vec();
    let faults = if harm == Harm::NONE { vec![] } else { vec![Fault::of_canary(harm)] };
    let plan = Plan { kind: Kind::Release(Control::Equal), steps, requests: 333.0, warmup: 6, max_hold: 0, faults };
    let mut tally = Tally::default();
    for seed in 0..runs {
        tally.add(&plan.run(&mut Traffic::new(&population, seed), &mut Both::new()));
    }
    tally
}

#[test]
fn good_releases_are_judged_alike_and_rarely_stopped() {
    for population in [Population::alike(20_000), Population::heavy(20_000)] {
        let tally = tally(population, Harm::NONE, 120, 20);
        // One per cent of harm, and a half of deviation.
        assert!(tally.keeps(0.015), "{:.3} of {population:?}", tally.stopped());
    }
}

#[test]
fn bad_releases_are_judged_alike_and_found() {
    let errors = |errors| Harm { errors, ..Harm::NONE };
    let four_times = tally(Population::alike(20_000), errors(4.0), 120, 8);
    assert!(four_times.noticed() == 1.0 && four_times.stopped() > 0.7, "{four_times:?}");
    let doubled = tally(Population::alike(20_000), errors(2.0), 120, 8);
    assert!(doubled.noticed() > 0.5, "{doubled:?}");
    let of_heavy_users = tally(Population::heavy(2_000), errors(4.0), 120, 8);
    assert!(of_heavy_users.noticed() > 0.8, "{of_heavy_users:?}");
    let lost = tally(Population::heavy(20_000), Harm { lost: 0.5, ..Harm::NONE }, 360, 4);
    assert!(lost.stopped() > 0.8, "{lost:?}");
    assert_eq!(TICK, Duration::from_secs(10));
}
