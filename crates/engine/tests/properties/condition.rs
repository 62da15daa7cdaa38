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

/// Names of conditions.
const NAMES: [&str; 3] = ["short", "long", "both"];

/// What the names stand for; `both` names the others. With one of them in it a condition of [`condition`] keeps its limits.
pub fn named() -> impl Strategy<Value = Value> {
    let two = prop::collection::vec(leaf(), 1..3);
    (leaf(), two).prop_map(|(short, two)| {
        let both = json!({ "any": [{ "condition": "long" }, { "condition": "short" }] });
        json!({ "short": short, "long": { "not": { "all": two } }, "both": both, "unused": { "condition": "both" } })
    })
}

/// Any condition, which may name one.
pub fn condition_with_names() -> impl Strategy<Value = Value> {
    let name = || select(&NAMES[..]).prop_map(|name| json!({ "condition": name }));
    prop_oneof![
        4 => condition(),
        1 => name(),
        1 => name().prop_map(|name| json!({ "not": name })),
        2 => (condition(), name()).prop_map(|(one, name)| json!({ "all": [one, name] })),
        2 => (name(), condition()).prop_map(|(name, one)| json!({ "any": [name, one] })),
    ]
}

/// Whether a condition has a leaf on the unit, or names one that may.
pub fn reads_unit(condition: &Value) -> bool {
    let (key, inner) = condition.as_object().unwrap().iter().next().unwrap();
    match key.as_str() {
        "all" | "any" => inner.as_array().unwrap().iter().any(reads_unit),
        "not" => reads_unit(inner),
        "condition" | "unit" => true,
        _ => false,
    }
}

/// A policy with every name written out, and without names.
pub fn written_out(policy: &Value) -> Value {
    let mut policy = policy.clone();
    let named = policy.as_object_mut().unwrap().remove("conditions").unwrap();
    write_out(&mut policy, &named);
    policy
}

fn write_out(value: &mut Value, named: &Value) {
    match value {
        Value::Object(object) => {
            if let Some(name) = object.get("condition").and_then(Value::as_str) {
                *value = named[name].clone();
                return write_out(value, named);
            }
            object.values_mut().for_each(|one| write_out(one, named));
        }
        Value::Array(items) => items.iter_mut().for_each(|one| write_out(one, named)),
        _ => {}
    }
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
