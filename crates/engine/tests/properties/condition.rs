//! Conditions on the few names that generated requests carry, so that they hold about as often as not.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::request::{TEXTS, VALUES};

/// Any condition, up to four deep.
pub fn condition() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(|inner| json!({ "all": inner })),
            several.prop_map(|inner| json!({ "any": inner })),
            inner.prop_map(|inner| json!({ "not": inner })),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    let subject = prop_oneof![
        select(vec!["x-h0", "X-H1", "x-user-id"]).prop_map(|name| ("header", Some(name))),
        select(vec!["c0", "user_id"]).prop_map(|name| ("cookie", Some(name))),
        select(vec!["q0", "uid"]).prop_map(|name| ("query", Some(name))),
        select(vec!["path", "host", "method", "unit"]).prop_map(|subject| (subject, None)),
    ];
    (subject, operator()).prop_map(|((subject, name), (operator, operand, ignore_case))| {
        let mut leaf = json!({ operator: operand });
        if let Some(name) = name {
            leaf["name"] = json!(name);
        }
        if ignore_case {
            leaf["ignore_case"] = json!(true);
        }
        json!({ subject: leaf })
    })
}

fn operator() -> impl Strategy<Value = (&'static str, Value, bool)> {
    let text = || select(TEXTS).prop_map(Value::from);
    let texts = prop::collection::vec(select(VALUES), 0..4).prop_map(|texts| json!(texts));
    let list = select(vec!["staff", "beta", "texts"]).prop_map(|name| json!({ "list": name }));
    let number = prop_oneof![(-3..12_i64).prop_map(Value::from), Just(json!("1.5")), Just(json!("-0.000000001"))];
    let version = select(vec![">=1.2, <2", "=1.3.0-beta", ">1", "<=v10.0.0.1"]).prop_map(Value::from);
    let pattern = select(vec!["[a-z]+", "u[0-9]*", ".*", "(GET|POST)", "a|/.*", "(?i)SHENZHEN"]).prop_map(Value::from);
    prop_oneof![
        (select(vec!["exact", "prefix", "suffix", "contains"]), text(), any::<bool>()),
        (Just("in"), prop_oneof![texts, list], any::<bool>()),
        (Just("present"), any::<bool>().prop_map(Value::from), Just(false)),
        (select(vec!["lt", "le", "gt", "ge"]), number, Just(false)),
        (Just("version"), version, Just(false)),
        (Just("regex"), pattern, Just(false)),
    ]
}
