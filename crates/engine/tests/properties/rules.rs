//! Rules are filed by what they need of a request; the outcome must be that of trying them all in order.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_engine::{Plan, Reason};
use weir_policy::Attachment;

use crate::attachment::plan;
use crate::condition::condition;
use crate::fresh;
use crate::headers::Lines;
use crate::policy::Made;
use crate::request::request;

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn the_first_rule_that_holds_forces(
        conditions in prop::collection::vec(condition(), 1..8),
        requests in prop::collection::vec(request(Vec::new()), 1..8),
    ) {
        let numbered: Vec<(usize, &Value)> = conditions.iter().enumerate().collect();
        let together = rules(&numbered);
        // One of several needs nothing in particular, so these rules are not filed.
        let alone: Vec<Plan> = numbered.iter().map(|(i, when)| rules(&[(*i, &json!({ "any": [when] }))])).collect();
        for lines in requests {
            let first = alone.iter().find_map(|plan| forced(plan, &lines));
            prop_assert_eq!(forced(&together, &lines), first);
        }
    }
}

/// A layer whose one experiment has these rules, each forcing the variant of its number.
fn rules(rules: &[(usize, &Value)]) -> Plan {
    let variants: Vec<Value> = (0..8).map(|v| json!({ "id": format!("v{v}") })).collect();
    let rules: Vec<Value> =
        rules.iter().map(|(number, when)| json!({ "when": when, "variant": format!("v{number}") })).collect();
    let policy = json!({
        "version": 1,
        "units": { "user": [{ "header": "x-user-id" }] },
        "lists": { "staff": ["u0", "u1", "u2"], "beta": ["u3", "u4"], "texts": ["shenzhen", "u5", "a"] },
        "layers": [{ "id": "one", "unit": "user", "experiments": [
            { "id": "e", "slots": "all", "variants": variants, "rules": rules },
        ]}],
    });
    plan(&Made { policy, tags: Vec::new() }, &Attachment::default())
}

fn forced(plan: &Plan, lines: &Lines) -> Option<String> {
    let exchange = lines.decided(plan);
    let outcome = exchange.decision().layers().next().expect("there is one layer");
    (outcome.reason == Reason::Rule).then(|| outcome.variant.expect("no rule says stable").to_owned())
}
