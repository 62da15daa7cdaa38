//! Counts drawn for a part at once are those of its users, request by request; and a seed is a run.

use rand_chacha::rand_core::Rng;
use rand_distr::{Distribution, Poisson};
use weir_stats::sample_ratio::contingency;

use super::*;
use crate::crowd::PARTS;
use crate::crowd::Rate;
use crate::harm::Harm;

/// Few enough to be drawn one after the other, and too many for that.
const REQUESTS: [f64; 2] = [200.0, 6_000.0];
const HARM: Harm = Harm { errors: 2.0, unanswered: 3.0, slow: 1.5, lost: 0.25, ..Harm::NONE };
const CANARY: Range<f64> = 0.0..0.4;

/// 40 users, of whom some ask much and some fail often.
fn traffic() -> Traffic {
    let (errors, unanswered) = (Rate::Beta(0.5, 4.5), Rate::Beta(0.5, 9.5));
    let population = Population { errors, unanswered, ..Population::heavy(40) };
    Traffic::new(&population, 3)
}

/// A look of which each request is somebody's: it picks its user, gets lost or not, fails or not, is slow or not.
fn request_by_request(traffic: &mut Traffic, requests: f64) -> Parts {
    let mut parts = Parts::default();
    let Traffic { crowd, dice } = traffic;
    let requests = Poisson::new(requests).unwrap().sample(dice) as usize;
    let mut chance = || (dice.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    for _ in 0..requests {
        let mut left = chance();
        let user = crowd.users.iter().find(|user| {
            left -= user.volume;
            left < 0.0
        });
        let user = user.unwrap_or(&crowd.users[0]);
        if !CANARY.contains(&user.place) || chance() < HARM.lost {
            continue;
        }
        let (end, time) = (chance(), chance());
        let errors = (user.errors * HARM.errors).min(1.0);
        let unanswered = (user.unanswered * HARM.unanswered).min(1.0 - errors);
        let one = |is: bool| f64::from(u8::from(is));
        parts[user.part] = parts[user.part].and(&Counts {
            all: 1.0,
            errors: one(end < errors),
            unanswered: one(end >= errors && end < errors + unanswered),
            over: user.over.map(|rate| one(time < (rate * HARM.slow).min(1.0))),
        });
    }
    parts
}

#[test]
fn what_is_drawn_is_what_users_do_request_by_request() {
    for (requests, looks) in REQUESTS.into_iter().zip([4_000, 1_000]) {
        let (mut drawn, mut one_by_one) = (traffic(), traffic());
        let of_one = drawn.expected(&CANARY, HARM);
        let expected = Expected::new(&of_one, requests);
        assert_eq!(expected.is_few(), requests < 1_000.0);
        let drawn: Vec<Parts> = (0..looks).map(|_| drawn.count(&expected)).collect();
        let one_by_one: Vec<Parts> = (0..looks).map(|_| request_by_request(&mut one_by_one, requests)).collect();
        let biggest = (0..PARTS).max_by(|one, other| of_one[*one].all.total_cmp(&of_one[*other].all)).unwrap();
        let numbers: [fn(&Counts) -> f64; 7] = [
            |counts| counts.all,
            |counts| counts.errors,
            |counts| counts.unanswered,
            |counts| counts.over[0],
            |counts| counts.over[1] - counts.over[2],
            |counts| counts.over[2],
            |counts| counts.all - counts.errors - counts.over[0],
        ];
        for (place, number) in numbers.into_iter().enumerate() {
            let of_arm = |parts: &Parts| number(&Counts::sum(parts));
            let of_part = |parts: &Parts| number(&parts[biggest]);
            alike(place, &drawn, &one_by_one, of_arm);
            alike(place, &drawn, &one_by_one, of_part);
        }
    }
}

/// Whether a number has the same distribution in both.
fn alike(place: usize, one: &[Parts], other: &[Parts], number: impl Fn(&Parts) -> f64) {
    let most = one.iter().map(&number).fold(0.0, f64::max);
    let mean = one.iter().map(&number).sum::<f64>() / one.len() as f64;
    assert!(most >= 2.0, "number {place}: nothing to compare");
    // Bins half a standard deviation wide around the mean, the tails in one each.
    let width = (mean.sqrt() / 2.0).max(1.0);
    let row = |all: &[Parts]| {
        let mut row = vec![0.0; 9];
        all.iter().for_each(|parts| row[((number(parts) - mean) / width + 4.5).clamp(0.0, 8.0) as usize] += 1.0);
        row
    };
    let p = contingency(&[row(one), row(other)]).p();
    assert!(p > 1e-3, "number {place}: p = {p}, {:?} against {:?}", row(one), row(other));
}

#[test]
fn what_is_over_a_bound_is_over_those_below() {
    let mut traffic = traffic();
    let of_one = traffic.expected(&(0.0..1.0), Harm::NONE);
    for requests in [500.0, 5_000.0].into_iter().flat_map(|requests| [requests; 100]) {
        for part in traffic.count(&Expected::new(&of_one, requests)) {
            let mut before = part.all;
            for over in part.over {
                assert!(over <= before && over.fract() == 0.0, "{part:?}");
                before = over;
            }
            assert!(part.errors + part.unanswered <= part.all, "{part:?}");
        }
    }
}

#[test]
fn a_seed_is_a_run() {
    let counted = |seed, requests| {
        let mut traffic = Traffic::new(&Population::heavy(1000), seed);
        let expected = Expected::new(&traffic.expected(&(0.0..0.5), Harm::NONE), requests);
        traffic.count(&expected)
    };
    for requests in [1e3, 1e6] {
        assert_eq!(counted(7, requests), counted(7, requests));
        assert_ne!(counted(7, requests), counted(8, requests));
    }
    // On every machine.
    let Counts { all, errors, unanswered, over } = Counts::sum(&counted(7, 1e3));
    assert_eq!((all, errors, unanswered, over), (510.0, 3.0, 0.0, [11.0, 2.0, 1.0, 0.0]));
    let Counts { all, errors, unanswered, over } = Counts::sum(&counted(7, 1e6));
    assert_eq!((all, errors, unanswered, over), (522_608.0, 3163.0, 376.0, [9206.0, 2636.0, 634.0, 60.0]));
}
