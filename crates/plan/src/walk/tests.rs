//! Walks: what they promise, and that however they are computed they come to the same.

use super::*;

fn gate() -> Gate {
    Gate { margin: 0.2, alpha: 0.01, rate: 0.005, together: 1.0, divided: vec![(1.0, 1.0)] }
}

fn stretch(polls: f64, arm: f64, control: f64) -> Stretch {
    Stretch::new(gate().margin, polls, arm, control)
}

fn end(gate: Gate, stretch: &Stretch, ratio: f64) -> f64 {
    gate.found(std::slice::from_ref(stretch), ratio)[0]
}

/// Ville's inequality, of walks of single events and of blocks.
#[test]
fn what_is_no_worse_than_accepted_is_found_with_at_most_alpha() {
    for polls in [100.0, 1e3, 1e4, 1e5] {
        for (arm, control) in [(20.0, 20.0), (300.0, 300.0), (2e4, 2e4), (950.0, 50.0)] {
            for alpha in [0.001, 0.01, 0.05] {
                let at = |ratio| end(Gate { alpha, ..gate() }, &stretch(polls, arm, control), ratio);
                // A quarter is what it is off at most, of nearly all requests and a small alpha.
                assert!(at(1.2) <= 1.25 * alpha, "{polls} polls of {arm} and {control} at {alpha}: {}", at(1.2));
                assert!(at(1.0) <= at(1.2) + 1e-12);
            }
        }
    }
}

#[test]
fn more_is_found_the_more_there_is_to_find_and_the_longer_it_goes_on() {
    let mut before = vec![0.0; 3];
    for ratio in [1.0, 1.3, 1.5, 2.0, 3.0, 5.0, 50.0, 1e9] {
        let stretches = [stretch(54.0, 250.0, 250.0), stretch(54.0, 2500.0, 2500.0), stretch(54.0, 4750.0, 250.0)];
        let found = gate().found(&stretches, ratio);
        assert!(found.is_sorted(), "x{ratio}: {found:?}");
        assert!(
            found.iter().zip(&before).all(|(now, before)| *now >= before - 1e-4),
            "x{ratio}: {found:?}, {before:?}"
        );
        before = found;
    }
    assert!(before.iter().all(|found| *found > 0.999), "{before:?}");
}

/// However few its steps are, a walk finds what one finds that goes event by event, with bounds that the e-process itself says: of one
/// stretch and of several, with polls that are long and short.
#[test]
fn blocks_of_events_walk_as_events_do() {
    let one = |polls: f64, arm: f64, control: f64| vec![(polls, arm, control)];
    let cases = [
        ("polls of one event", one(3_000.0, 100.0, 100.0), [1.4, 1.5, 1.7]),
        ("long polls", one(60.0, 4_000.0, 4_000.0), [1.4, 1.6, 1.8]),
        ("a few long polls", one(6.0, 20_000.0, 20_000.0), [1.6, 1.8, 2.0]),
        ("nearly all", one(1_000.0, 950.0, 50.0), [1.5, 1.7, 2.0]),
        ("a small arm", one(1_000.0, 50.0, 950.0), [1.5, 2.0, 2.5]),
        (
            "the default plan",
            vec![(54.0, 250.0, 250.0), (54.0, 500.0, 500.0), (54.0, 2_500.0, 2_500.0), (54.0, 4_750.0, 250.0)],
            [1.4, 1.6, 1.9],
        ),
        ("ever more", vec![(54.0, 20.0, 20.0), (180.0, 1_000.0, 1_000.0)], [1.5, 1.7, 2.0]),
    ];
    let mut wrong = Vec::new();
    for (name, stretches, ratios) in cases {
        let stretches: Vec<Stretch> =
            stretches.into_iter().map(|(polls, arm, control)| stretch(polls, arm, control)).collect();
        for divided in [1.0, 3.0] {
            for ratio in ratios.into_iter().chain([1.0, 1.2]) {
                let gate = Gate { divided: vec![(divided, 1.0)], ..gate() };
                let (found, exact) = (gate.found(&stretches, ratio), exactly(&gate, &stretches, ratio));
                // Fewer are walked event by event, and their number is a matter of chance.
                let few = stretches.iter().scan(0.0, |all, one| {
                    *all += gate.phase(one, ratio).events * one.polls;
                    Some(*all < SINGLE)
                });
                let few = few.take_while(|few| *few).count();
                for (step, (found, exact)) in found.iter().zip(exact).enumerate().skip(few) {
                    let near = 0.012_f64.min(0.001 + 0.1 * exact);
                    let said = format!("{name} / {divided}, x{ratio}, stretch {step}: {found:.5}, exactly {exact:.5}");
                    if std::env::var_os("WEIR_PLAN_RUNS").is_some() {
                        println!("{said}");
                    }
                    if (found - exact).abs() > near {
                        wrong.push(said);
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Event by event, with the bound of each number of events by itself.
fn exactly(gate: &Gate, stretches: &[Stretch], ratio: f64) -> Vec<f64> {
    let divided = gate.divided[0].0;
    let (mut places, mut reached, mut bound) = (vec![1.0], 0.0, 0);
    let (mut events, mut expected) = (0.0, 0.0);
    let (mut taken, mut gain) = ([0.0; RATIOS], [0.0; RATIOS]);
    let mut found = Vec::new();
    for stretch in stretches {
        let phase = gate.phase(stretch, ratio);
        let (all, sum) = places
            .iter()
            .enumerate()
            .fold((0.0, 0.0), |(all, sum), (x, chance)| (all + chance, sum + x as f64 * chance));
        for (index, taken) in taken.iter_mut().enumerate() {
            *taken += if all > 0.0 { sum / all * (gain[index] - phase.gain[index]) } else { 0.0 };
        }
        gain = phase.gain;
        expected += phase.events * stretch.polls;
        let mut unseen = 0.0;
        while events + 0.5 < expected {
            events += 1.0;
            unseen += 1.0;
            taken.iter_mut().zip(phase.taken).for_each(|(taken, each)| *taken += each);
            places.push(0.0);
            for x in (0..places.len()).rev() {
                let below = if x > 0 { places[x - 1] } else { 0.0 };
                places[x] = places[x] * (1.0 - phase.chance) + below * phase.chance;
            }
            if unseen + 1e-9 >= phase.events {
                unseen -= phase.events.max(1.0).min(unseen);
                let ln_e = |x: usize| {
                    let each: Vec<f64> = (0..RATIOS).map(|j| (x as f64 * gain[j] + taken[j]) / divided).collect();
                    let most = each.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    most + (each.iter().map(|one| (one - most).exp()).sum::<f64>() / RATIOS as f64).ln()
                };
                while bound > 0 && ln_e(bound - 1) >= -gate.alpha.ln() {
                    bound -= 1;
                }
                while ln_e(bound) < -gate.alpha.ln() {
                    bound += 1;
                }
                if bound < places.len() {
                    reached += places.drain(bound..).sum::<f64>();
                }
            }
        }
        found.push(reached);
    }
    found
}

/// Where there are few events, their number is a matter of chance for the time too.
#[test]
fn a_step_that_takes_as_long_as_is_said_finds_as_much() {
    let before = stretch(54.0, 2.0, 2.0);
    for (arm, control, ratio) in
        [(2e3, 2e3, 2.0), (300.0, 300.0, 1.5), (1e4, 1e4, 1.4), (4e3, 200.0, 1.6), (1.0, 1.0, 10.0)]
    {
        let both = |polls| [before.clone(), stretch(polls, arm, control)];
        for planned in [0.0, 30.0, 1e5] {
            let (_, polls) = gate().found_and_polls(0.8, &both(planned), ratio)[1];
            let found = gate().found(&both(polls.unwrap()), ratio)[1];
            assert!((found - 0.8).abs() < 0.02, "x{ratio} of {arm}: {polls:?} polls, {found}");
        }
    }
    let never = |last: Stretch, ratio: f64| gate().found_and_polls(0.8, &[before.clone(), last], ratio)[1].1;
    assert_eq!(never(before.clone(), 1.2), None, "it is accepted");
    assert_eq!(never(stretch(0.0, 0.0, 0.0), 2.0), None, "nobody asks");
}

/// Requests that go bad together, of which each counts for less, are as independent ones of which there are fewer.
#[test]
fn a_design_effect_is_as_many_times_fewer_requests() {
    let of = |together: f64, divided: f64, requests: f64| {
        end(Gate { together, divided: vec![(divided, 1.0)], ..gate() }, &stretch(300.0, requests, requests), 2.0)
    };
    let (three, one) = (of(3.0, 3.0, 3_000.0), of(1.0, 1.0, 1_000.0));
    assert!((three - one).abs() < 0.02, "{three}, {one}");
    assert!(of(1.0, 3.0, 1_000.0) < of(1.0, 1.0, 1_000.0));
    assert!(of(3.0, 1.0, 1_000.0) > of(3.0, 3.0, 1_000.0), "what is suspected");
}

#[test]
fn nothing_is_found_of_nothing() {
    for (polls, arm, control) in [(0.0, 100.0, 100.0), (100.0, 0.0, 100.0), (100.0, 100.0, 0.0), (100.0, 0.0, 0.0)] {
        assert_eq!(end(gate(), &stretch(polls, arm, control), 9.0), 0.0, "{polls} {arm} {control}");
    }
    assert_eq!(gate().found(&[], 2.0), [0.0; 0]);
}
