//! What holds of all verdicts.

use proptest::prelude::*;

use super::super::testing::{Had, evidence};
use super::*;
use crate::evidence::Evidence;

/// One tick: time, whether there was a poll, what the arms had, its mark, and whether people paused it.
type Seen = (Option<u64>, bool, (u64, u64), (u64, u64), Option<u64>, bool);

fn seen() -> impl Strategy<Value = Seen> {
    let had = || (0..3000_u64).prop_flat_map(|all| (Just(all), 0..=all / 4 + 3));
    let since = prop_oneof![8 => Just(Some(10_000)), 1 => (0..60_000_u64).prop_map(Some), 1 => Just(None)];
    (since, prop::bool::weighted(0.9), had(), had(), prop::option::weighted(0.9, 0..4_u64), prop::bool::weighted(0.1))
}

fn live(bench: &mut Bench, seen: &Seen) -> Verdict {
    let (since, is_polled, canary, control, mark, paused) = *seen;
    let mark = mark.map(|back| bench.stand.push.saturating_sub(back).to_string());
    let of = [("canary", had(canary.0, canary.1)), ("control", had(control.0, control.1))];
    let poll = is_polled.then(|| vec![evidence("owl-v21", mark.as_deref(), &of)]);
    bench.stand.paused = paused;
    bench.tick(Tick { since: since.map(Duration::from_millis), poll, ..bench.on_time() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_release_advances_with_harm_and_none_past_its_minimum(
        life in prop::collection::vec(seen(), 1..80), hold in 0..100_u64, deviation in any::<bool>(),
    ) {
        let mut bench = Bench::new();
        bench.release.steps.iter_mut().for_each(|step| step.hold = Duration::from_secs(hold));
        bench.release.warmup = Duration::from_secs(20);
        bench.release.on.deviation = if deviation { Stop::Rollback } else { Stop::Hold };
        bench.begin(0);
        for seen in &life {
            let verdict = live(&mut bench, seen);
            bench.stand.inconclusive = verdict.inconclusive;
            let is_harm = verdict.shows_harm();
            prop_assert_eq!(is_harm && verdict.decision != Decision::Rollback, false);
            if verdict.decision == Decision::Advance {
                let is_fine = verdict.minimum && !is_harm && seen.1 && !seen.5 && verdict.reasons.is_empty();
                prop_assert!(is_fine && verdict.inconclusive.is_none(), "{:?}", verdict);
                prop_assert!(verdict.numbers.step.held_ms.unwrap() >= hold * 1000);
            }
            // Written down and read again, everything is as it was, and so is what follows of it.
            let Bench { stand, running, now, .. } = bench.clone();
            let inputs = Inputs { revision: "1".to_owned(), stand, running, now };
            let again: Inputs = serde_json::from_str(&serde_json::to_string(&inputs).unwrap()).unwrap();
            prop_assert_eq!(&again, &inputs);
            let text = serde_json::to_string(&verdict).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Verdict>(&text).unwrap(), &verdict);
            let replayed = Verdict { waits: verdict.waits, ..again.judge(&bench.release) };
            prop_assert_eq!(verdict.differences(&replayed), vec![]);
            match (verdict.decision, verdict.to) {
                (Decision::Advance, Some(step)) => bench.begin(step),
                (Decision::Hold, _) => {}
                _ => break,
            }
        }
    }

    #[test]
    fn a_poll_says_the_same_in_whatever_order_its_evidence_comes(
        of in prop::collection::vec((0..500_u64, 0..40_u64, 0..500_u64, 0..40_u64, 0..3_u64), 1..6), turn in 0..6_usize,
    ) {
        let life = |of: &[(u64, u64, u64, u64, u64)]| {
            let mut bench = Bench::in_step(1, 9);
            bench.stand.push += 2;
            bench.running.observe(&bench.release, Some(1), bench.stand.push, &Tick { poll: Some(vec![]), ..bench.on_time() });
            let one = |(all, bad, others, bad_others, back): &(u64, u64, u64, u64, u64)| {
                let mark = (bench.stand.push - back).to_string();
                evidence("owl-v21", Some(&mark), &[("canary", had(*all, *bad)), ("control", had(*others, *bad_others))])
            };
            let poll: Vec<Evidence> = of.iter().map(one).collect();
            let verdict = bench.tick(Tick { poll: Some(poll), ..bench.on_time() });
            (reasons(&verdict), verdict.numbers.guardrails[0].ln_e.unwrap(), verdict.numbers.step)
        };
        let mut turned = of.clone();
        let by = turn % of.len();
        turned.rotate_left(by);
        let (here, there) = (life(&of), life(&turned));
        prop_assert_eq!((&here.0, &here.2), (&there.0, &there.2));
        prop_assert!((here.1 - there.1).abs() < 1e-9);
    }

    #[test]
    fn a_reading_that_is_cut_into_two_polls_of_one_exposure_is_worth_the_same(
        (all, bad) in (1..400_u64).prop_flat_map(|all| (Just(all), 0..=all)), (others, bad_others) in (1..400_u64).prop_flat_map(|all| (Just(all), 0..=all)),
    ) {
        // Two halves, and the whole.
        let of = |times: u64| [(all, bad), (others, bad_others)].map(|(all, bad)| had(32 * all * times, 32 * bad * times));
        let mut halves = Bench::in_step(1, 9);
        let mut whole = halves.clone();
        let [canary, control] = of(1);
        halves.poll(canary, control);
        halves.poll(canary, control);
        let [canary, control] = of(2);
        whole.poll(canary, control);
        let numbers = |bench: &Bench| bench.judge().numbers.guardrails[0].clone();
        let (one, two) = (numbers(&whole), numbers(&halves));
        prop_assert_eq!((one.bad, one.all, one.design_effect), (two.bad, two.all, two.design_effect));
        prop_assert!((one.ln_e.unwrap() - two.ln_e.unwrap()).abs() < 1e-6 * one.ln_e.unwrap().abs().max(1.0));
    }
}

#[test]
fn a_verdict_that_is_made_again_otherwise_is_told_where() {
    let verdict = over().judge();
    let mut again = verdict.clone();
    assert_eq!(verdict.differences(&again), []);
    again.numbers.guardrails[0].ln_e = again.numbers.guardrails[0].ln_e.map(|ln_e| ln_e * (1.0 + 1e-12));
    assert_eq!(verdict.differences(&again), [], "the last bits of another machine");
    again.numbers.guardrails[0].ln_e = Some(1.5);
    again.phase = Phase::Paused;
    let told: Vec<String> = verdict.differences(&again).iter().map(|one| one.at.clone()).collect();
    assert_eq!(told, ["verdict.numbers.guardrails[0].ln_e", "verdict.phase"]);
    assert!(!verdict.says_as(&again));
}

#[test]
fn nothing_is_too_large_or_missing_for_the_judge() {
    let most = Had { all: 1 << 53, bad: 1 << 53, parts: 16 };
    let mut bench = Bench::new();
    for step in [0, 1, 2, 7, usize::MAX] {
        bench.begin(step);
        for _ in 0..9 {
            let verdict = bench.poll(most, had(1, 0));
            assert!(serde_json::from_str::<Verdict>(&serde_json::to_string(&verdict).unwrap()).is_ok());
            let tick = Tick { since: Some(Duration::MAX), ..bench.on_time() };
            bench.running.observe(&bench.release, bench.stand.step, bench.stand.push, &tick);
        }
    }
    bench.release.steps.clear();
    bench.release.arms.clear();
    bench.begin(0);
    bench.poll(most, most);
}
