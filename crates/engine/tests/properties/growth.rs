//! Nobody moves: what grows takes from stable, and from nobody else.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_engine::Plan;
use weir_policy::Attachment;

use crate::attachment::plan;
use crate::fresh;
use crate::headers::{Lines, Outcomes, hop, variants};
use crate::policy::{Made, percentage, policy};

const ALL: u32 = 1_000_000;

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn a_grown_share_takes_from_stable_only(made in policy(), parts: [u32; 4], seed: u32) {
        let [p, q, c, d] = shares(parts);
        let (before, after) = (with_shares(&made, p, c), with_shares(&made, q, d));
        for (before, after) in decided(&before, &after, seed) {
            for ((layer, was), (_, is)) in variants(&before).into_iter().zip(variants(&after)) {
                let grown = layer == GROWN && was.is_none();
                prop_assert!(was == is || grown, "{} went from {:?} to {:?}", layer, was, is);
            }
        }
    }

    #[test]
    fn the_last_step_takes_from_control_and_stable_only(made in policy(), p in 0..=ALL, seed: u32) {
        let before = with_shares(&made, p, ALL - p);
        let after = with_shares(&made, ALL, 0);
        for (before, after) in decided(&before, &after, seed) {
            for ((layer, was), (_, is)) in variants(&before).into_iter().zip(variants(&after)) {
                let canary = Some("grown-release/canary");
                let moved = layer == GROWN && was.as_deref() != canary && is.as_deref() == canary;
                prop_assert!(was == is || moved, "{} went from {:?} to {:?}", layer, was, is);
            }
        }
    }

    #[test]
    fn slots_that_grow_move_nobody(made in policy(), a in 1..=ALL, b in 1..=ALL, seed: u32) {
        let (a, b) = (a.min(b), a.max(b));
        let before = with(&made, json!([[0, a]]), ALL / 2, ALL / 2);
        let after = with(&made, json!([[0, b]]), ALL / 2, ALL / 2);
        for (before, after) in decided(&before, &after, seed) {
            for ((layer, was), (_, is)) in variants(&before).into_iter().zip(variants(&after)) {
                prop_assert!(was == is || (layer == GROWN && was.is_none()), "{} went from {:?} to {:?}", layer, was, is);
            }
        }
    }
}

const GROWN: &str = "grown";

/// p <= q and c <= d, with room for q and d.
fn shares([a, b, c, e]: [u32; 4]) -> [u32; 4] {
    let q = a % (ALL + 1);
    let d = b % (ALL - q + 1);
    [c % (q + 1), q, e % (d + 1), d]
}

fn with_shares(made: &Made, canary: u32, control: u32) -> Plan {
    with(made, json!("all"), canary, control)
}

/// The policy with one more layer, whose one release has these slots and shares.
fn with(made: &Made, slots: Value, canary: u32, control: u32) -> Plan {
    let mut made = made.clone();
    let layers = made.policy["layers"].as_array_mut().unwrap();
    layers.push(json!({ "id": GROWN, "unit": "user", "experiments": [{
        "id": "grown-release",
        "slots": slots,
        "variants": [
            { "id": "canary", "share": percentage(canary), "routes": { "grown.shop": "v2" } },
            { "id": "control", "share": percentage(control) },
        ],
    }]}));
    plan(&made, &Attachment::default())
}

/// What both plans decide at the edge, on a hundred users.
fn decided(before: &Plan, after: &Plan, seed: u32) -> Vec<(Outcomes, Outcomes)> {
    let decide = |number: u32| {
        let user = format!("user-{}", seed.wrapping_add(number));
        let lines = Lines(vec![(b":path".to_vec(), b"/a".to_vec()), (b"x-user-id".to_vec(), user.into_bytes())]);
        (hop(before, &lines, None).0, hop(after, &lines, None).0)
    };
    (0..100).map(decide).collect()
}
