//! Each sentence of what a ledger does, by readings of few nodes.

use weir_policy::evidence::Outcome;

use super::*;
use crate::evidence::testing::{counts, experiments, reading};

mod properties;

/// The requests of `owl`'s `canary` by the mark that they count for; `None`: nothing was known of the node.
fn requests(evidence: &[Evidence]) -> Vec<(Option<&str>, u64)> {
    evidence.iter().map(|one| (one.mark.as_deref(), of_canary(&one.counts))).collect()
}

fn of_canary(counts: &Counts) -> u64 {
    counts.of("owl", "canary").map_or(0, |counts| counts.total(Outcome::All))
}

/// All that a ledger knows of after readings of these nodes, by start and requests; and which of them were resets.
fn counted(readings: &[(&str, &str, u64)]) -> (u64, Vec<bool>) {
    let mut ledger = Ledger::default();
    let is_reset = |(node, start, requests): &(&str, &str, u64)| ledger.count(node, reading(start, *requests), "m");
    let resets: Vec<bool> = readings.iter().map(is_reset).collect();
    assert_eq!(ledger.resets(), resets.iter().filter(|is_reset| **is_reset).count() as u64);
    (ledger.accept().iter().map(|one| of_canary(&one.counts)).sum(), resets)
}

#[test]
fn a_node_without_a_reading_counts_from_0_and_then_by_differences() {
    assert_eq!(counted(&[("a", "1", 100)]), (100, vec![false]));
    assert_eq!(counted(&[("a", "1", 100), ("a", "1", 130), ("a", "1", 130)]).0, 130);
    assert_eq!(counted(&[("a", "1", 100), ("b", "1", 30), ("a", "1", 101)]).0, 131);
}

#[test]
fn a_start_other_than_in_the_last_reading_counts_from_0() {
    assert_eq!(counted(&[("a", "1", 100), ("a", "2", 30)]), (130, vec![false, false]));
    assert_eq!(counted(&[("a", "1", 100), ("a", "2", 130), ("a", "3", 1)]).0, 231);
}

#[test]
fn numbers_that_fall_without_a_new_start_are_a_new_base_and_a_reset() {
    assert_eq!(counted(&[("a", "1", 100), ("a", "1", 30)]), (100, vec![false, true]));
    assert_eq!(counted(&[("a", "1", 100), ("a", "1", 30), ("a", "1", 50)]), (120, vec![false, true, false]));
}

/// Of a reading in which one number fell, the others may have grown since the same reset: nobody can tell by how much.
#[test]
fn one_number_that_fell_is_a_reset_of_all() {
    let mut ledger = Ledger::default();
    let with_errors = |requests, errors| Reading {
        counts: counts(&[(Outcome::All, requests), (Outcome::Error, errors)]),
        ..reading("1", 0)
    };
    assert!(!ledger.count("a", with_errors(100, 10), "m"));
    assert!(ledger.count("a", with_errors(120, 1), "m"));
    assert!(!ledger.count("a", with_errors(125, 1), "m"));
    assert_eq!(requests(&ledger.accept()), [(None, 100), (Some("m"), 5)]);
}

/// Its first numbers are those that its parent counted last, which are in the parent's reading as well.
#[test]
fn a_process_that_took_over_anothers_numbers_is_a_new_base_if_that_was_read() {
    let took_over = |requests| Reading { took_over: true, ..reading("2", requests) };
    let mut ledger = Ledger::default();
    ledger.count("a", reading("1", 100), "m");
    assert!(ledger.count("a", took_over(30), "m"));
    assert!(!ledger.count("a", took_over(35), "m"));
    assert_eq!(requests(&ledger.accept()), [(None, 100), (Some("m"), 5)]);

    let mut unread = Ledger::default();
    assert!(!unread.count("a", took_over(30), "m"));
    assert_eq!(requests(&unread.accept()), [(None, 30)]);
}

/// Else the first release of a new journal would be told that evidence is lost, of every edge.
#[test]
fn where_nothing_was_counted_a_new_base_is_no_reset() {
    let mut ledger = Ledger::behind("2026-12-01T00:00:00Z".parse().unwrap());
    let [old, new] = ["2026-11-30T00:00:00.000Z", "2026-12-02T00:00:00.000Z"];
    assert!(!ledger.count("a", reading(old, 0), "m"));
    assert!(ledger.count("b", reading(old, 7), "m"));
    assert!(!ledger.count("c", reading(new, 7), "m"));
    assert!(!ledger.count("a", reading(old, 3), "m"));
    assert_eq!((requests(&ledger.accept()), ledger.resets()), (vec![(None, 7), (Some("m"), 3)], 1));
}

#[test]
fn two_envoys_of_one_name_are_two() {
    assert_eq!(counted(&[("a", "1", 100), ("a", "2", 30), ("a", "1", 110), ("a", "2", 35), ("a", "1", 110)]).0, 145);
}

#[test]
fn a_node_that_was_away_counts_what_came_meanwhile() {
    let others: Vec<(String, u64)> = (0..100).map(|number| (format!("b{number}"), number)).collect();
    let mut all = vec![("a", "1", 100)];
    all.extend(others.iter().map(|(node, number)| (node.as_str(), "1", *number)));
    all.push(("a", "1", 150));
    assert_eq!(counted(&all).0, 150 + 99 * 100 / 2);
}

#[test]
fn a_difference_counts_for_what_was_in_force_at_the_reading_before() {
    let mut ledger = Ledger::default();
    ledger.count("a", reading("1", 100), "5%");
    ledger.count("b", reading("1", 10), "5%");
    ledger.accept();
    ledger.count("a", reading("1", 120), "10%");
    ledger.count("a", reading("1", 123), "10%");
    // It was not read since, and then started anew.
    ledger.count("b", reading("2", 1), "10%");
    ledger.count("b", reading("2", 8), "50%");
    // Of it nothing is known.
    ledger.count("c", reading("1", 1_000), "50%");
    assert_eq!(requests(&ledger.accept()), [(Some("5%"), 21), (Some("10%"), 10), (None, 1_000)]);
    // The other Envoy of its name was read since, this one was not.
    ledger.count("a", reading("2", 1), "50%");
    ledger.count("a", reading("1", 130), "50%");
    assert_eq!(requests(&ledger.accept()), [(Some("10%"), 8)]);
}

#[test]
fn what_is_counted_waits_for_a_poll_that_is_accepted_and_is_given_out_once() {
    let mut ledger = Ledger::default();
    ledger.count("a", reading("1", 100), "m");
    ledger.count("a", reading("1", 120), "m");
    ledger.count("a", reading("1", 121), "m");
    assert_eq!((requests(ledger.waiting()), of_canary(ledger.totals())), (vec![(None, 100), (Some("m"), 21)], 0));
    assert_eq!(requests(&ledger.accept()), [(None, 100), (Some("m"), 21)]);
    assert_eq!((requests(ledger.waiting()), of_canary(ledger.totals())), (vec![], 121));
    assert_eq!(ledger.accept(), []);
}

#[test]
fn an_experiment_that_is_not_read_for_a_while_goes_on_and_a_variant_that_is_not_kept_begins_anew() {
    let mut ledger = Ledger::default();
    ledger.count("a", reading("1", 100), "m");
    let of_others = Counts::none_of(&experiments(&[("cat", &["x"])]));
    ledger.count("a", Reading { counts: of_others, ..reading("1", 0) }, "m");
    assert!(!ledger.keep(&experiments(&[("cat", &["x"]), ("owl", &["canary"])])));
    ledger.count("a", reading("1", 101), "m");
    ledger.accept();
    assert_eq!(of_canary(ledger.totals()), 101);
    ledger.count("a", reading("1", 102), "m");
    assert!(ledger.knows("owl") && ledger.keep(&experiments(&[("cat", &["x"]), ("owl", &["canary-of-another-name"])])));
    assert!(!ledger.knows("owl"));
    assert_eq!((ledger.waiting(), of_canary(ledger.totals())), (&[][..], 0));
    ledger.count("a", reading("1", 103), "m");
    ledger.accept();
    assert_eq!(of_canary(ledger.totals()), 103);
}

#[test]
fn so_many_marks_wait_and_of_older_ones_nobody_knows_any_more() {
    let mut ledger = Ledger::default();
    let mut count = |mark: usize| ledger.count("a", reading("1", 10 + mark as u64), &mark.to_string());
    // What is counted by a reading is for the mark of the reading before.
    (0..=MARKS_MAX).for_each(|mark| assert!(!count(mark)));
    assert_eq!(requests(ledger.waiting())[..2], [(None, 11), (Some("1"), 1)]);
    assert_eq!(ledger.waiting().len(), MARKS_MAX);
    ledger.count("a", reading("1", 1_000), "new");
    assert_eq!(requests(ledger.waiting())[..2], [(None, 12), (Some("2"), 1)]);
    assert_eq!((ledger.waiting().len(), of_canary(&sum(ledger.waiting()))), (MARKS_MAX, 1_000));
}

fn sum(evidence: &[Evidence]) -> Counts {
    evidence.iter().fold(Counts::default(), |mut sum, one| {
        sum.add(&one.counts);
        sum
    })
}

#[test]
fn a_clock_that_is_ahead_makes_no_new_process_of_other_nodes_an_old_one() {
    let mut ledger = Ledger::default();
    ledger.count("ahead", reading("2099", 1), "m");
    let many = |ledger: &mut Ledger, name: &str| {
        for number in 0..PROCESSES_MAX {
            ledger.count(&format!("{name}{number}"), reading("2026-01", 1), "m");
        }
    };
    many(&mut ledger, "a");
    assert!(!ledger.count("new", reading("2026-02", 1), "m"));
    assert!(ledger.count("ahead", reading("2099", 1), "m"), "counted twice");
    // And where so many nodes were forgotten that not each is known on its own.
    many(&mut ledger, "b");
    many(&mut ledger, "c");
    assert_eq!(ledger.forgotten_of.len(), NODES_FORGOTTEN_MAX);
    assert!(!ledger.count("newer", reading("2026-02", 1), "m"));
    assert!(ledger.count("ahead", reading("2099", 1), "m"), "counted twice");
    assert!(ledger.count("a0", reading("2026-01", 1), "m"), "counted twice");
}

#[test]
fn so_many_processes_are_known_and_one_that_was_forgotten_is_not_counted_again() {
    let mut ledger = Ledger::default();
    let start = |number: usize| format!("{number:06}");
    let take_in = |ledger: &mut Ledger, number, requests| {
        ledger.count(&format!("n{}", number % 700), reading(&start(number), requests), "m")
    };
    for number in 0..PROCESSES_MAX {
        assert!(!take_in(&mut ledger, number, 1));
    }
    // All are known still: a number that fell is seen.
    assert!(take_in(&mut ledger, 0, 0));
    // One more, and it was the second that was read longest ago.
    assert!(!take_in(&mut ledger, PROCESSES_MAX, 1));
    assert!(take_in(&mut ledger, 1, 1), "counted twice");
    assert!(!take_in(&mut ledger, 0, 0));
    assert_eq!(ledger.processes.values().map(Vec::len).sum::<usize>(), PROCESSES_MAX);
}
