//! A unit stands in one override of a layer; the check's short cuts must find what comparing every unit finds.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_policy::{Role, Source, Sources, read_policy};

use crate::fresh;

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn units_that_stand_twice_are_found(
        lists in prop::collection::vec(prop::collection::vec(0..8_u8, 0..4), 1..6),
        overrides in prop::collection::vec(who(), 0..8),
        in_experiments in 0..8_usize,
    ) {
        // A list twice in one layer is wrong even if it is empty: whoever fills it would stand twice.
        let mut told: BTreeSet<String> = BTreeSet::new();
        let mut expected = Vec::new();
        let in_layer = overrides.len() - in_experiments.min(overrides.len());
        for (i, who) in overrides.iter().enumerate() {
            let names: BTreeSet<String> = match who {
                Who::List(list) => {
                    let list = list % lists.len();
                    lists[list].iter().map(|unit| format!("u{unit}")).chain([format!("list {list}")]).collect()
                }
                Who::Units(units) => units.iter().map(|unit| format!("u{unit}")).collect(),
            };
            if names.iter().any(|name| told.contains(name)) {
                expected.push(match i.checked_sub(in_layer) {
                    None => format!("layers[0].overrides[{i}]"),
                    Some(i) => format!("layers[0].experiments[0].overrides[{i}]"),
                });
            }
            told.extend(names);
        }
        let problems = read_policy(&Sources::of([Source::json("policy", policy(&lists, &overrides, in_layer))]), Role::Edge);
        let problems = problems.map_or_else(|problems| problems, |_| Vec::new());
        let found: Vec<String> = problems.iter().map(|problem| problem.path.to_string()).collect();
        prop_assert!(problems.iter().all(|problem| problem.code.name() == "duplicate_unit"), "{:?}", problems);
        // Problems are told in the order of their places in the text, where `experiments` may come before `overrides`.
        let (mut found, mut expected) = (found, expected);
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}

#[derive(Clone, Debug)]
enum Who {
    List(usize),
    Units(Vec<u8>),
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![any::<usize>().prop_map(Who::List), prop::collection::vec(0..10_u8, 1..3).prop_map(Who::Units),]
}

fn policy(lists: &[Vec<u8>], overrides: &[Who], in_layer: usize) -> String {
    let units = |units: &[u8]| units.iter().map(|unit| json!(format!("u{unit}"))).collect::<Value>();
    let named: serde_json::Map<String, Value> =
        lists.iter().enumerate().map(|(i, list)| (format!("list{i}"), units(list))).collect();
    let overrides: Vec<Value> = overrides
        .iter()
        .map(|who| match who {
            Who::List(list) => json!({ "list": format!("list{}", list % lists.len()), "variant": "stable" }),
            Who::Units(written) => json!({ "units": units(written), "variant": "stable" }),
        })
        .collect();
    let (layer, experiment) = overrides.split_at(in_layer);
    json!({
        "version": 1,
        "units": { "user": [{ "header": "x-user-id" }] },
        "lists": named,
        "layers": [{ "id": "one", "unit": "user", "overrides": layer, "experiments": [
            { "id": "e", "slots": "all", "overrides": experiment, "variants": [{ "id": "canary" }] },
        ]}],
    })
    .to_string()
}
