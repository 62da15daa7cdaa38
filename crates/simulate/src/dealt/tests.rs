//! Units through the engine, held against what policies plan.

use serde_json::{Value, json};
use weir_policy::{Attachment, Source, Sources};

use super::*;

fn dealt(policy: Value, headers: &Headers, units: usize) -> Dealt {
    let mut sources = Sources::default();
    let file = sources.add(Source::json("policy.json", policy.to_string()));
    let attachment = Attachment::default();
    let documents = weir_policy::read(&sources, &[file]).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let model =
        weir_policy::check(&documents.policies, attachment.role).unwrap_or_else(|problems| panic!("{problems:#?}"));
    Dealt::of(&Plan::compile(&model, &attachment, None), &model, headers, units, 7)
}

fn layer(id: &str, line: Option<&str>) -> Value {
    json!({"id": id, "unit": "user", "line": line.unwrap_or(id), "experiments": [{"id": format!("{id}-x"), "slots": [[0, 500_000]],
        "variants": [{"id": "a", "ranges": [[0, 200_000]]}, {"id": "b", "ranges": [[300_000, 800_000]]}]}]})
}

fn policy(units: Value, layers: &[Value]) -> Value {
    json!({"version": 1, "units": {"user": units}, "layers": layers})
}

#[test]
fn shares_are_dealt_as_planned_wherever_units_come_from() {
    for source in [
        json!([{"header": "x-user-id"}]),
        json!([{"cookie": "user"}]),
        json!([{"query": "user"}]),
        json!([{"cookie": "s", "json": "user"}]),
        json!([{"cookie": "s", "decode": "percent", "json": "user"}]),
    ] {
        let dealt = dealt(policy(source.clone(), &[layer("one", None)]), &vec![], 30_000);
        let [one] = &dealt.layers[..] else { panic!("{dealt:?}") };
        assert!(one.others.is_empty(), "{source}: {one:?}");
        let planned: Vec<f64> = one.shares.iter().map(|share| share.planned).collect();
        assert!((planned[0] - 0.1).abs() < 1e-9 && (planned[1] - 0.25).abs() < 1e-9, "{planned:?}");
        assert!(one.shares.iter().all(|share| (share.dealt - share.planned).abs() < 4.5 * share.spread), "{one:?}");
        assert!(one.p > 1e-5, "{one:?}");
        assert_eq!((dealt.pairs.len(), dealt.least_p()), (0, None));
    }
}

#[test]
fn layers_of_two_lines_are_independent_and_those_of_one_are_not_asked() {
    let layers = [layer("one", None), layer("two", None), layer("three", None)];
    let apart = dealt(policy(json!([{"header": "x-user-id"}]), &layers), &vec![], 50_000);
    let of_one_line = [layer("one", Some("s")), layer("two", Some("s"))];
    assert_eq!(dealt(policy(json!([{"header": "x-user-id"}]), &of_one_line), &vec![], 100).pairs, []);
    assert_eq!(apart.pairs.len(), 3);
    assert!(apart.least_p() > Some(1e-4), "{apart:?}");
}

#[test]
fn who_is_not_decided_by_a_slot_is_told_by_the_reason() {
    let mut targeted = layer("one", None);
    targeted["targeting"] = json!({"header": {"name": "x-country", "exact": "ch"}});
    let policy = policy(json!([{"header": "x-user-id"}]), &[targeted]);
    let none = dealt(policy.clone(), &vec![], 1_000);
    assert_eq!(none.layers[0].others, BTreeMap::from([("not_targeted", 1_000)]));
    assert_eq!(none.layers[0].p, 1.0);
    let all = dealt(policy, &vec![(b"x-country".to_vec(), b"ch".to_vec())], 1_000);
    assert!(all.layers[0].others.is_empty());
}
