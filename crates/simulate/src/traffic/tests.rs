//! Counts drawn for a part at once are those of its users, request by request; and a seed is a run.

use rand_chacha::rand_core::Rng;
use weir_stats::sample_ratio::contingency;

use super::*;
use crate::crowd::Rate;
use crate::fault::Harm;

const LOOKS: usize = 4000;
const REQUESTS: f64 = 200.0;
const HARM: Harm = Harm { errors: 2.0, unanswered: 3.0, slow: 1.5, lost: 0.25, ..Harm::NONE };
const CANARY: Range<f64> = 0.0..0.4;

/// 40 users, of whom some ask much and some fail often.
fn traffic() -> Traffic {
    let (errors, unanswered) = (Rate::Beta(0.5, 4.5), Rate::Beta(0.5, 9.5));
    let population = Population { errors, unanswered, ..Population::heavy(40) };
    Traffic::new(&population, 3)
}

/// A look of which each request is somebody's: it picks its user, gets lost or not, fails or not, is slow or not.
fn request_by_request(traffic: &mut Traffic) -> Parts {
    let mut parts = Parts::default();
    let requests = traffic.poisson(REQUESTS) as usize;
    let Traffic { crowd, dice } = traffic;
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
fn a_part_at_once_is_its_users_request_by_request() {
    let (mut at_once, mut one_by_one) = (traffic(), traffic());
    let expected = at_once.expected(&CANARY, HARM);
    let at_once: Vec<Parts> = (0..LOOKS).map(|_| at_once.count(&expected, REQUESTS)).collect();
    let one_by_one: Vec<Parts> = (0..LOOKS).map(|_| request_by_request(&mut one_by_one)).collect();
    let biggest = (0..PARTS).max_by(|one, other| expected[*one].all.total_cmp(&expected[*other].all)).unwrap();
    let numbers: [fn(&Counts) -> f64; 5] = [
        |counts| counts.all,
        |counts| counts.errors,
        |counts| counts.unanswered,
        |counts| counts.over[0],
        |counts| counts.over[2],
    ];
    for (place, number) in numbers.into_iter().enumerate() {
        let of_arm = |parts: &Parts| number(&Counts::sum(parts));
        let of_part = |parts: &Parts| number(&parts[biggest]);
        alike(place, &at_once, &one_by_one, of_arm);
        alike(place, &at_once, &one_by_one, of_part);
    }
}

/// Whether a number has the same distribution in both.
fn alike(place: usize, one: &[Parts], other: &[Parts], number: impl Fn(&Parts) -> f64) {
    let most = one.iter().map(&number).fold(0.0, f64::max);
    let mean = one.iter().map(&number).sum::<f64>() / LOOKS as f64;
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
    let expected = traffic.expected(&(0.0..1.0), Harm::NONE);
    for _ in 0..100 {
        for part in traffic.count(&expected, 5000.0) {
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
    let counted = |seed| {
        let mut traffic = Traffic::new(&Population::heavy(1000), seed);
        let expected = traffic.expected(&(0.0..0.5), Harm::NONE);
        traffic.count(&expected, 1e6)
    };
    assert_eq!(counted(7), counted(7));
    assert_ne!(counted(7), counted(8));
    // On every machine.
    let Counts { all, errors, unanswered, over } = Counts::sum(&counted(7));
    assert_eq!((all, errors, unanswered, over), (522_608.0, 3163.0, 376.0, [9206.0, 2636.0, 634.0, 60.0]));
}
