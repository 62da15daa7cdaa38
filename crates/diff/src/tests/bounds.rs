//! Each thing that who moves and who leaves rests on, by itself: without it another answer would be given.

use super::*;

/// A policy with changes, and the same with more.
fn pair(both: &[(&str, Value)], after: &[(&str, Value)]) -> [Model; 2] {
    [model(&with(both)), model(&with(&[both, after].concat()))]
}

fn half() -> (&'static str, Value) {
    ("fox/slots", json!([[0, 500_000]]))
}

/// A rule that no request meets, so that requests are asked.
fn rule() -> (&'static str, Value) {
    ("fox/rules", json!([{"when": {"header": {"name": "x-never", "present": true}}, "variant": "canary"}]))
}

fn list_of_staff() -> Value {
    json!({"not": {"unit": {"in": {"list": "staff"}}}})
}

#[test]
fn parts_rest_on_these() {
    let other_holdout = [
        "l, owl -: stable -> owl/canary 0.02475%",
        "l, owl -: stable -> owl/control 0.02475%",
        "l, owl -: owl/canary -> stable 0.02475%",
        "l, owl -: owl/control -> stable 0.02475%",
        "l, owl beta: stable -> owl/canary 0.0297%",
        "l, owl beta: owl/canary -> stable 0.0297%",
    ];
    let afresh = [
        "m: stable -> fox/canary 6.25%",
        "m: stable -> fox/control 12.5%",
        "m: fox/canary -> stable 6.25%",
        "m: fox/control -> stable 12.5%",
    ];
    let gone = ["m: fox/canary -> stable 25%", "m: fox/control -> stable 50%"];
    let all_gone = [
        "l, owl -: owl/canary -> stable 2.475%",
        "l, owl -: owl/control -> stable 2.475%",
        "l, owl beta: owl/canary -> stable 2.97%",
        gone[0],
        gone[1],
    ];
    let cat = json!({"id": "cat", "slots": [[0, 500_000]], "variants": [{"id": "c", "ranges": [[0, 250_000]]}]});
    let person = json!([{"header": "x-user"}]);
    for (both, after, flows) in [
        // A holdout is the same by its id, its epoch and its unit.
        (vec![], vec![("/holdouts/0/epoch", json!(3))], &other_holdout[..]),
        (vec![], vec![("/holdouts/0/unit", json!("device"))], &other_holdout),
        (vec![], vec![("/holdouts/0/id", json!("other"))], &other_holdout),
        // A line is the same by its name, its epoch and its unit, which is the same by its name or by where it is read.
        (vec![half()], vec![("/layers/1/epoch", json!(1))], &afresh),
        (vec![half()], vec![("/layers/1/line", json!("other"))], &afresh),
        (
            vec![half()],
            vec![("/layers/1/unit", json!("device"))],
            &[
                "m: stable -> fox/canary 7.8125%",
                "m: stable -> fox/control 15.625%",
                "m: fox/canary -> stable 7.8125%",
                "m: fox/canary -> fox/control 3.125%",
                "m: fox/control -> stable 15.625%",
                "m: fox/control -> fox/canary 3.125%",
            ],
        ),
        (vec![half()], vec![("/units/person", person), ("/layers/1/unit", json!("person"))], &[]),
        (vec![half()], vec![("/units/user", json!([{"header": "x-id"}]))], &[]),
        // Two experiments have two lines of their own.
        (
            vec![half()],
            vec![("fox/slots", json!([[500_000, 1_000_000]])), ("/layers/1/experiments/1", cat)],
            &[
                "m: stable -> cat/c 3.125%",
                "m: stable -> fox/canary 12.5%",
                "m: stable -> fox/control 25%",
                "m: fox/canary -> stable 9.375%",
                "m: fox/canary -> cat/c 3.125%",
                "m: fox/control -> stable 18.75%",
                "m: fox/control -> cat/c 6.25%",
            ],
        ),
        (vec![], vec![("/layers/1/enabled", json!(false))], &gone),
        (vec![], vec![("/enabled", json!(false))], &all_gone),
    ] {
        let [before, after_model] = pair(&both, &after);
        let found = diff(&before, &after_model, &[]);
        let told = |layer: &LayerMoves<'_>| layer.flows.iter().map(|flow| self::flow(layer, flow)).collect::<Vec<_>>();
        assert_eq!(found.layers.iter().flat_map(told).collect::<Vec<_>>(), flows, "{after:?}");
    }
    // Who goes to another experiment is told once for each of the two, whether a holdout grows or shrinks.
    let cat =
        json!({"id": "cat", "slots": [[500_000, 1_000_000]], "variants": [{"id": "c", "ranges": [[0, 500_000]]}]});
    let both = [half(), ("/layers/1/experiments/1", cat)];
    let held = |layers: Value| ("/holdouts/0/layers", layers);
    let [less, more] = [json!(["l"]), json!(["l", "m"])];
    for (before, after, [from_c, from_canary, from_control], [to_c, to_canary, to_control]) in [
        (&less, &more, ["3.34375%", "3.21875%", "6.4375%"], ["3.09375%", "3.09375%", "6.1875%"]),
        (&more, &less, ["3.09375%", "3.09375%", "6.1875%"], ["3.34375%", "3.21875%", "6.4375%"]),
    ] {
        let old = model(&with(&[&both[..], &[held(before.clone())]].concat()));
        let new = model(&with(&[&both[..], &[held(after.clone()), ("/layers/1/epoch", json!(1))]].concat()));
        let found = diff(&old, &new, &[]);
        let flows: Vec<String> = found.layers[0].flows.iter().map(|flow| self::flow(&found.layers[0], flow)).collect();
        let expected = [
            format!("m: stable -> cat/c {to_c}"),
            format!("m: stable -> fox/canary {to_canary}"),
            format!("m: stable -> fox/control {to_control}"),
            format!("m: cat/c -> stable {from_c}"),
            "m: cat/c -> others 9.28125%".to_owned(),
            format!("m: fox/canary -> stable {from_canary}"),
            "m: fox/canary -> others 3.09375%".to_owned(),
            format!("m: fox/control -> stable {from_control}"),
            "m: fox/control -> others 6.1875%".to_owned(),
            "m: others -> cat/c 9.28125%".to_owned(),
            "m: others -> fox/canary 3.09375%".to_owned(),
            "m: others -> fox/control 6.1875%".to_owned(),
        ];
        assert_eq!(flows, expected, "{after}");
    }
    // A share that grows is no reason to leave, whatever else is.
    let [before, after] =
        pair(&[], &[("fox/variants/0/ranges", json!([[0, 300_000]])), ("/holdouts/0/layers", json!(["l", "m"]))]);
    let left_of_canary: Vec<String> = diff(&before, &after, &[]).leaving.iter().map(left).take(1).collect();
    assert_eq!(left_of_canary, ["fox/canary 0.25%: more are held out of layer m"]);
}

/// Whether parts are of all units.
#[test]
fn parts_are_of_those_whom_nothing_forces_and_nobody_turns_away() {
    let get = json!({"method": {"exact": "GET"}});
    for (both, is_of_dealt) in [
        (vec![], false),
        (vec![("fox/overrides", json!([{"units": ["joe"], "variant": "canary"}]))], true),
        (vec![("/layers/1/overrides", json!([{"units": ["joe"], "variant": "stable"}]))], true),
        (vec![("fox/targeting", get.clone())], true),
        (vec![("/layers/1/targeting", get.clone())], true),
        (vec![("/targeting", get)], true),
        (vec![rule()], true),
    ] {
        let [before, after] = pair(&both, &[("fox/variants/0/ranges", json!([[0, 300_000]]))]);
        assert_eq!(diff(&before, &after, &[]).layers[0].is_of_dealt, is_of_dealt, "{both:?}");
    }
}

#[test]
fn what_only_requests_can_tell_is_named() {
    let get = json!({"method": {"exact": "GET"}});
    let beta = json!({"id": "beta", "when": {"path": {"prefix": "/b"}}, "ranges": {"canary": [[0, 60_000]]}});
    let ruled = |id: &str, from: u32| {
        let (_, rules) = rule();
        json!({"id": id, "slots": [[from, from + 10]], "rules": rules, "variants": [{"id": "canary", "ranges": [[0, 1]]}]})
    };
    let (ant, bee) = (ruled("ant", 0), ruled("bee", 10));
    let by_list = ("/layers/1/targeting", list_of_staff());
    let staff = || ("/lists/staff", json!(["ada", "bob", "eve"]));
    let off = |is_off: bool| ("/layers/1/enabled", json!(!is_off));
    for (both, after, named) in [
        (vec![], vec![("/targeting", get.clone())], &["l: targeting of the policy", "m: targeting of the policy"][..]),
        (vec![], vec![("owl/audiences", json!([beta]))], &["l: audiences of owl"]),
        (vec![], vec![("owl/audiences/0/id", json!("early"))], &["l: audiences of owl"]),
        (vec![by_list.clone()], vec![staff()], &["m: list staff, which a condition names"]),
        (
            vec![("/units/user", json!([{"header": "x-user"}]))],
            vec![("/units/user", json!([{"header": "x-id"}]))],
            &["l: where unit user is read", "m: where unit user is read"],
        ),
        (
            vec![("/holdouts/0/unit", json!("device"))],
            vec![("/units/device", json!([{"cookie": "e"}]))],
            &["l: where unit device is read"],
        ),
        (
            vec![("/layers/1/experiments", json!([ant, bee]))],
            vec![("/layers/1/experiments", json!([bee, ant]))],
            &["m: the order of rules"],
        ),
        // Where nobody was dealt nobody was asked.
        (vec![], vec![off(false), ("/layers/1/targeting", get)], &["m: targeting of layer m"]),
        (vec![off(true), by_list.clone(), ("/layers/0/enabled", json!(false))], vec![staff()], &[]),
    ] {
        let [before, after_model] = pair(&both, &after);
        let found = diff(&before, &after_model, &[]);
        let told =
            found.layers.iter().flat_map(|layer| layer.by_requests.iter().map(|one| format!("{}: {one}", layer.layer)));
        let told: Vec<String> = told.filter(|one| both.is_empty() || !one.starts_with("l: list")).collect();
        assert_eq!(told, named, "{after:?}");
    }
    let [off, on] = [model(&with(&[off(true)])), model(&with(&[by_list]))];
    assert!(diff(&off, &on, &[]).layers.iter().all(|layer| layer.by_requests.is_empty()));
}

/// Of units that are asked, too, who leaves by a shrink is not told to leave.
#[test]
fn units_leave_by_a_shrink_or_astray() {
    let of = |units: &[&str], path: &str| -> Vec<Asked> {
        let ask = |number: u32| {
            let mut asked = Asked::of(units.iter().copied(), format!("u{number}").as_bytes());
            asked.headers.retain(|(name, _)| name != b":path");
            asked.headers.push((b":path".to_vec(), path.as_bytes().to_vec()));
            asked
        };
        (0..1_000).map(ask).collect()
    };
    let beta_rule =
        ("owl/rules/2", json!({"when": {"header": {"name": "x-never", "present": true}}, "variant": "canary"}));
    for (after, path, leaving) in [
        (vec![rule(), ("fox/variants/0/ranges", json!([[0, 100_000]]))], "/", &[][..]),
        (vec![rule(), ("fox/slots", json!([[0, 500_000]]))], "/", &[]),
        (vec![rule(), ("fox/slots", json!([[0, 500_000]])), ("/layers/1/epoch", json!(1))], "/", &[]),
        (vec![rule(), ("fox/variants/0/ranges", json!([[125_000, 375_000]]))], "/", &["fox/canary: no_variant"]),
        (vec![beta_rule, ("owl/audiences/0/ranges/canary", json!([[0, 30_000]]))], "/beta", &[]),
    ] {
        let [before, after_model] = pair(&[], &after);
        let found = diff(&before, &after_model, &of(&["user"], path));
        let counts = found.layers.iter().find_map(|layer| layer.asked.as_ref()).unwrap();
        assert!(!counts.flows.is_empty(), "{after:?}");
        let units = found.leaving.iter().filter(|one| matches!(one.amount, Amount::Units { .. }));
        assert_eq!(units.map(left_units).collect::<Vec<_>>(), leaving, "{after:?}");
    }
    // Without a unit on either side.
    let device = ("/layers/1/unit", json!("device"));
    for (units, both, after) in
        [(["device"], vec![], vec![device.clone(), rule()]), (["user"], vec![], vec![device, rule()])]
    {
        let [before, after] = pair(&both, &after);
        let found = diff(&before, &after, &of(&units, "/"));
        let counts = found.layers.iter().find_map(|layer| layer.asked.as_ref()).unwrap();
        assert_eq!(counts.without_unit, 1_000, "{units:?}");
    }
}

#[test]
fn overrides_are_other_ones_by_what_they_force() {
    let stable = json!([{"units": ["joe"], "variant": "stable"}]);
    for (both, after, flows) in [
        (
            vec![],
            ("/layers/0/overrides", json!([{"list": "staff", "experiment": "owl", "variant": "control"}])),
            &["owl/canary -> owl/control 2"][..],
        ),
        // Where nothing is decided nothing is forced.
        (vec![("/layers/1/overrides", stable)], ("/layers/1/enabled", json!(false)), &[]),
    ] {
        let [before, after_model] = pair(&both, std::slice::from_ref(&after));
        let found = diff(&before, &after_model, &[]);
        let named = found.layers.iter().find_map(|layer| layer.named.as_ref()).unwrap();
        let told = named.flows.iter().map(|((from, to), count)| format!("{} -> {} {count}", place(*from), place(*to)));
        assert_eq!(told.collect::<Vec<_>>(), flows, "{after:?}");
    }
}

/// An override that says stable keeps from the layer's arms also those of an experiment that came from another layer.
#[test]
fn an_override_to_stable_moves_whoever_was_in_an_experiment_that_changes_its_layer() {
    let stable = ("/layers/1/overrides", json!([{"units": ["joe"], "variant": "stable"}]));
    let elsewhere = [("/layers/1/id", json!("n")), ("/layers/1/line", json!("m"))];
    let at_m = |overrides: &[(&str, Value)]| model(&with(overrides));
    let at_n = |overrides: &[(&str, Value)]| model(&with(&[&elsewhere, overrides].concat()));
    let stable = std::slice::from_ref(&stable);
    for (before, after, flow, leaving) in [
        (at_m(&[]), at_n(stable), "fox/control -> stable 1", &["fox/control: override"][..]),
        (at_m(stable), at_n(&[]), "stable -> fox/control 1", &[]),
    ] {
        let found = diff(&before, &after, &[]);
        let named = found.layers.iter().filter_map(|layer| layer.named.as_ref()).flat_map(|named| &named.flows);
        let told: Vec<String> =
            named.map(|((from, to), count)| format!("{} -> {} {count}", place(*from), place(*to))).collect();
        assert_eq!(told, [flow]);
        assert_eq!(found.leaving.iter().map(left_units).collect::<Vec<_>>(), leaving);
    }
}
