//! Nobody goes from arm to arm, whatever audience they are in and however the shares of audiences grow.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_engine::{Plan, Reason};
use weir_policy::Attachment;

use crate::attachment::plan;
use crate::fresh;
use crate::headers::Lines;
use crate::policy::{Made, percentage, policy};
use crate::request::request;

const ALL: u32 = 1_000_000;

proptest! {
    #![proptest_config(fresh())]

    /// Of any policy: what other headers a unit comes with decides whether it has an arm, and never which.
    #[test]
    fn who_changes_audience_goes_to_or_from_stable(
        (made, requests) in policy().prop_flat_map(|made| {
            let requests = prop::collection::vec(request(made.tags.clone()), 1..8);
            (Just(made), requests)
        }),
        unit in "u[0-9]{1,2}",
    ) {
        let plan = plan(&made, &Attachment::default());
        let mut seen: Vec<(String, String)> = Vec::new();
        for lines in &requests {
            for (experiment, variant) in dealt(&plan, &with_unit(lines, &unit)) {
                let known = seen.iter().find(|(known, _)| *known == experiment);
                prop_assert!(known.is_none_or(|(_, known)| *known == variant), "{} has {:?} and {}", experiment, known, variant);
                seen.push((experiment, variant));
            }
        }
    }

    /// An audience that grows takes from stable only, and gives nobody up; the arms of a unit in any audience before and in any
    /// audience after are the same one.
    #[test]
    fn growth_moves_nobody_out_of_an_arm(grown: [[u32; 4]; 4], border in 0..=ALL, seed: u32) {
        let [before, after] = [shares(&grown, border, false), shares(&grown, border, true)].map(|shares| release(&shares));
        for number in 0..100 {
            let unit = format!("user-{}", seed.wrapping_add(number));
            let arms = |plan| AUDIENCES.map(|audience| arm(plan, &unit, audience));
            let (before, after) = (arms(&before), arms(&after));
            for (before, after) in before.iter().zip(&after) {
                prop_assert!(before == after || before.is_none(), "{} went from {:?} to {:?}", unit, before, after);
            }
            let mut all: Vec<&String> = before.iter().chain(&after).flatten().collect();
            all.dedup();
            prop_assert!(all.len() < 2, "{} is in {:?}", unit, all);
        }
    }
}

/// The audiences of the release, and the variants' own ranges.
const AUDIENCES: [&str; 4] = ["cn", "de", "us", "-"];

/// Canary and control of each audience, before and after they have grown: canary up to a border, control down to it.
fn shares(parts: &[[u32; 4]; 4], border: u32, grown: bool) -> Vec<[u32; 2]> {
    let share = |[canary, more_canary, control, more_control]: &[u32; 4]| {
        let most = [more_canary % (border + 1), more_control % (ALL - border + 1)];
        if grown { most } else { [canary % (most[0] + 1), control % (most[1] + 1)] }
    };
    parts.iter().map(share).collect()
}

/// A release with these shares of canary and control in each audience.
fn release(shares: &[[u32; 2]]) -> Plan {
    let [audiences @ .., own] = shares else { panic!("no shares") };
    let audiences: Vec<Value> = audiences
        .iter()
        .zip(AUDIENCES)
        .map(|([canary, control], id)| {
            let when = json!({ "header": { "name": "x-country", "exact": id } });
            json!({ "id": id, "when": when, "shares": { "canary": percentage(*canary), "control": percentage(*control) } })
        })
        .collect();
    let variant = |id: &str, share: u32| json!({ "id": id, "share": percentage(share) });
    let policy = json!({
        "version": 1,
        "units": { "user": [{ "header": "x-user-id" }] },
        "layers": [{ "id": "one", "unit": "user", "experiments": [{
            "id": "e", "slots": "all", "audiences": audiences,
            "variants": [variant("canary", own[0]), variant("control", own[1])],
        }]}],
    });
    plan(&Made { policy, tags: Vec::new() }, &Attachment::default())
}

/// The arm of a user who comes from a country, and that it is the audience's.
fn arm(plan: &Plan, unit: &str, country: &str) -> Option<String> {
    let lines = [(":path", "/"), ("x-user-id", unit), ("x-country", country)];
    let lines = Lines(lines.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).into());
    let exchange = lines.decided(plan);
    let outcome = exchange.decision().layers().next().expect("there is one layer");
    assert_eq!(outcome.audience, Some(country));
    outcome.variant.map(str::to_owned)
}

/// Experiments and variants that the unit was dealt.
fn dealt(plan: &Plan, lines: &Lines) -> Vec<(String, String)> {
    let exchange = lines.decided(plan);
    let dealt = exchange.decision().layers().filter(|outcome| outcome.reason == Reason::Assigned);
    dealt.filter_map(|outcome| Some((outcome.experiment?.to_owned(), outcome.variant?.to_owned()))).collect()
}

/// The request as every unit of the policies is this one.
fn with_unit(lines: &Lines, unit: &str) -> Lines {
    let mut lines = lines.without(b"x-user-id").without(b"x-device").without(b":path");
    for (name, value) in [("x-user-id", unit), ("x-device", unit), (":path", &format!("/?uid={unit}"))] {
        lines.0.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
    }
    lines
}
