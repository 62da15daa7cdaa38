//! Walks: what they promise, and that however they are computed they come to the same.

use super::*;

const GATE: Gate = Gate { margin: 0.2, alpha: 0.01, rate: 0.005, together: 1.0, divided: 1.0 };

fn stretch(polls: f64, arm: f64, control: f64) -> Stretch {
    Stretch::new(GATE.margin, polls, arm, control)
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
                let at = |ratio| end(Gate { alpha, ..GATE }, &stretch(polls, arm, control), ratio);
                assert!(at(1.2) <= alpha, "{polls} polls of {arm} and {control} at {alpha}: {}", at(1.2));
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
        let found = GATE.found(&stretches, ratio);
        assert!(found.is_sorted(), "x{ratio}: {found:?}");
        assert!(
            found.iter().zip(&before).all(|(now, before)| *now >= before - 1e-6),
            "x{ratio}: {found:?}, {before:?}"
        );
        before = found;
    }
    assert!(before.iter().all(|found| *found > 0.999), "{before:?}");
}

/// The same walk in single events and in blocks: what is found does not depend on how it is computed.
#[test]
fn blocks_of_events_walk_as_events_do() {
    let of = stretch(1_000.0, 100.0, 100.0);
    for ratio in [1.4, 1.5, 1.6] {
        let phase = GATE.phase(&of, ratio);
        let run = |blocks_as_of: f64| {
            let mut walk = Walk::new(&GATE, blocks_as_of);
            walk.go_to(phase.events * of.polls, &phase);
            walk.reached
        };
        let (single, blocks) = (run(1_000.0), run(20_000.0));
        assert!(single > 0.05 && single < 0.99 && (single - blocks).abs() < 0.01, "x{ratio}: {single}, {blocks}");
    }
}

/// It takes the number of events for what is expected of it, which is good enough for a time.
#[test]
fn a_step_that_takes_as_long_as_is_said_finds_as_much() {
    let before = [stretch(54.0, 2.0, 2.0)];
    for (arm, control, ratio) in
        [(2e3, 2e3, 2.0), (300.0, 300.0, 1.5), (1e4, 1e4, 1.4), (4e3, 200.0, 1.6), (1.0, 1.0, 10.0)]
    {
        let last = |polls| stretch(polls, arm, control);
        let polls = GATE.polls_until(0.8, &before, &last(0.0), ratio).unwrap();
        let all = [before[0].clone(), last(polls)];
        let found = GATE.found(&all, ratio)[1];
        assert!((found - 0.8).abs() < 0.035, "x{ratio} of {arm}: {polls} polls, {found}");
    }
    assert_eq!(GATE.polls_until(0.8, &before, &before[0], 1.2), None, "it is accepted");
    assert_eq!(GATE.polls_until(0.8, &before, &stretch(0.0, 0.0, 0.0), 2.0), None, "nobody asks");
}

/// Requests that go bad together, of which each counts for less, are as independent ones of which there are fewer.
#[test]
fn a_design_effect_is_as_many_times_fewer_requests() {
    let of = |together: f64, divided: f64, requests: f64| {
        end(Gate { together, divided, ..GATE }, &stretch(300.0, requests, requests), 2.0)
    };
    let (three, one) = (of(3.0, 3.0, 3_000.0), of(1.0, 1.0, 1_000.0));
    assert!((three - one).abs() < 0.02, "{three}, {one}");
    assert!(of(1.0, 3.0, 1_000.0) < of(1.0, 1.0, 1_000.0));
    assert!(of(3.0, 1.0, 1_000.0) > of(3.0, 3.0, 1_000.0), "what is suspected");
}

#[test]
fn nothing_is_found_of_nothing() {
    for (polls, arm, control) in [(0.0, 100.0, 100.0), (100.0, 0.0, 100.0), (100.0, 100.0, 0.0), (100.0, 0.0, 0.0)] {
        assert_eq!(end(GATE, &stretch(polls, arm, control), 9.0), 0.0, "{polls} {arm} {control}");
    }
    assert_eq!(GATE.found(&[], 2.0), [0.0; 0]);
}
