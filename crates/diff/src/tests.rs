//! Two policies in, words and moves out.

use serde_json::{Value, json};
use weir_policy::{Role, Source, Sources, read_policy};

use super::*;

mod bounds;

/// A policy of two layers: an experiment with all that one may have, and a plain one.
fn policy() -> Value {
    let rule = |header: &str| json!({"when": {"header": {"name": header, "present": true}}, "variant": "canary"});
    let beta = json!({"id": "beta", "when": {"path": {"prefix": "/beta"}}, "ranges": {"canary": [[0, 60_000]]}});
    json!({
        "version": 1, "units": {"user": [{"header": "x-user"}], "device": [{"cookie": "d"}]},
        "lists": {"staff": ["ada", "bob"]},
        "holdouts": [{"id": "year", "unit": "user", "share": "1%", "layers": ["l"]}],
        "layers": [
            {"id": "l", "unit": "user", "overrides": [{"list": "staff", "experiment": "owl", "variant": "canary"}], "experiments": [{
                "id": "owl", "slots": [[0, 500_000]], "rules": [rule("x-a"), rule("x-b")], "audiences": [beta],
                "variants": [
                    {"id": "canary", "ranges": [[0, 50_000]], "routes": {"owl.shop": "v21"}},
                    {"id": "control", "ranges": [[950_000, 1_000_000]]},
                ],
            }]},
            plain(json!([[0, 250_000]]), json!([[500_000, 1_000_000]])),
        ],
    })
}

/// A layer of one experiment on all slots, without anything that asks for requests.
fn plain(canary: Value, control: Value) -> Value {
    json!({"id": "m", "unit": "user", "experiments": [{"id": "fox", "slots": "all", "variants": [
        {"id": "canary", "ranges": canary}, {"id": "control", "ranges": control},
    ]}]})
}

fn model(policy: &Value) -> Model {
    let sources = Sources::of([Source::json("policy.json", policy.to_string())]);
    read_policy(&sources, Role::Edge).unwrap_or_else(|problems| panic!("{policy}: {problems:?}"))
}

/// The policy with something else at a place, or without it.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut policy = policy();
    for (path, value) in changes {
        let path = path.replace("owl/", "/layers/0/experiments/0/").replace("fox/", "/layers/1/experiments/0/");
        let (parent, key) = path.rsplit_once('/').unwrap();
        let parent = policy.pointer_mut(parent).unwrap_or_else(|| panic!("{path}"));
        match (parent, value) {
            (Value::Object(fields), Value::Null) => drop(fields.remove(key)),
            (Value::Object(fields), value) => drop(fields.insert(key.to_owned(), value.clone())),
            (Value::Array(items), Value::Null) => drop(items.remove(key.parse().unwrap())),
            (Value::Array(items), value) => items.insert(key.parse().unwrap(), value.clone()),
            _ => panic!("{path}"),
        }
    }
    policy
}

#[test]
fn what_changes_has_words() {
    let other = json!({"id": "cat", "slots": [[600_000, 700_000]], "variants": [{"id": "c", "ranges": [[0, 1]]}]});
    let get = json!({"method": {"exact": "GET"}});
    for (path, value, expected) in [
        ("/enabled", json!(false), &["policy: switched off"][..]),
        ("/targeting", get.clone(), &[r#"policy: targeting none -> (method exact "GET")"#]),
        (
            "/env_tag",
            json!({"header": "x-tags", "baggage": "b"}),
            &["policy: tag header x-env-tag -> x-tags", "policy: tag baggage none -> b"],
        ),
        (
            "/units/user",
            json!([{"header": "x-user"}, {"query": "u"}]),
            &[r#"unit user: read from {"header":"x-user"} -> {"header":"x-user"}, {"query":"u"}"#],
        ),
        ("/units/device", Value::Null, &["unit device: removed"]),
        (
            "/lists/staff",
            json!(["ada", "eve", "joe"]),
            &["list staff: 2 values more: eve, joe", "list staff: 1 value fewer: bob"],
        ),
        ("/holdouts/0/share", json!("2%"), &["holdout year: share 1% -> 2%"]),
        ("/holdouts/0/epoch", json!(3), &["holdout year: epoch 0 -> 3"]),
        ("/holdouts/0/layers", json!(["l", "m"]), &["holdout year: layers l -> l, m"]),
        ("/holdouts/0", Value::Null, &["holdout year: removed, 1% of layers l"]),
        ("/layers/0/enabled", json!(false), &["layer l: switched off"]),
        ("/layers/1/unit", json!("device"), &["layer m: unit user -> device"]),
        ("/layers/1/line", json!("pool.user"), &["layer m: line m -> pool.user"]),
        ("/layers/1/epoch", json!(1), &["layer m: epoch 0 -> 1"]),
        (
            "/layers/0/overrides",
            json!([{"units": ["ada"], "variant": "stable"}]),
            &[
                "layer l: override of 1 unit to stable added",
                "layer l: override of list staff to canary of owl removed",
            ],
        ),
        ("/layers/0/experiments/0", other, &["layer l: added"][..0]),
        ("/layers/1", Value::Null, &["layer m: removed, 1 experiment", "experiment fox: removed from layer m"]),
        ("owl/enabled", json!(false), &["experiment owl: switched off"]),
        ("owl/kind", json!("test"), &["experiment owl: kind release -> test"]),
        ("owl/epoch", json!(2), &["experiment owl: epoch 0 -> 2"]),
        ("owl/slots", json!([[0, 600_000]]), &["experiment owl: slots 50% -> 60%"]),
        ("owl/slots", json!([[100_000, 600_000]]), &["experiment owl: slots 50% elsewhere"]),
        ("owl/services", json!(["cat.shop", "owl.shop"]), &["experiment owl: services owl.shop -> cat.shop, owl.shop"]),
        (
            "owl/targeting",
            json!({"not": {"any": [get, {"path": {"prefix": "/a"}}]}}),
            &[r#"experiment owl: targeting none -> (not (method exact "GET" or path prefix "/a"))"#],
        ),
        ("owl/rules/0", Value::Null, &["experiment owl: rule (header x-a present true) to canary removed"]),
        (
            "owl/overrides",
            json!([{"units": ["eve"], "variant": "control"}]),
            &["experiment owl: override of 1 unit to control added"],
        ),
        ("owl/audiences/0/ranges/canary", json!([[0, 70_000]]), &["experiment owl: canary in audience beta 6% -> 7%"]),
        ("owl/audiences", Value::Null, &["experiment owl: audience beta removed"]),
        ("owl/variants/0/ranges", json!([[0, 55_000]]), &["experiment owl: canary 5% -> 5.5%"]),
        ("owl/variants/0/env_tag", json!("t"), &["experiment owl: tag of canary owl.canary -> t"]),
        (
            "owl/variants/0/routes",
            json!({"owl.shop": {"service": "owl2.shop"}}),
            &["experiment owl: route of canary for owl.shop v21 -> service owl2.shop"],
        ),
        (
            "owl/variants/0/routes",
            json!({}),
            &["experiment owl: route of canary for owl.shop v21 -> none", "experiment owl: services owl.shop -> none"],
        ),
        ("owl/variants/1", Value::Null, &["experiment owl: variant control 5% removed"]),
        (
            "owl/variants/2",
            json!({"id": "b", "ranges": [[500_000, 600_000]], "routes": {"owl.shop": "v3"}}),
            &["experiment owl: variant b 10% added, tag owl.b, owl.shop to v3"],
        ),
    ] {
        let (before, after) = (model(&policy()), model(&with(&[(path, value.clone())])));
        let told: Vec<String> = diff(&before, &after, &[]).changes.iter().map(line).collect();
        match expected {
            [] => assert_eq!(told, ["experiment cat: added to layer l: slots 10%, c 0.0001%"]),
            _ => assert_eq!(told, expected, "{path} {value}"),
        }
    }
}

#[test]
fn an_order_is_told_where_nothing_else_is() {
    let mut other = policy();
    other["layers"][0]["experiments"][0]["rules"].as_array_mut().unwrap().reverse();
    let (before, after) = (model(&policy()), model(&other));
    let found = diff(&before, &after, &[]);
    assert_eq!(found.changes.iter().map(line).collect::<Vec<_>>(), ["experiment owl: order of rules changed"]);
    assert_eq!(found.layers[0].by_requests, ["rules of owl"]);
}

fn line(change: &Change) -> String {
    let Change { of, id, text } = change;
    format!("{}: {text}", [of.name(), id].join(" ").trim())
}

/// Who moves by slots and ranges, and who leaves an arm without its shrink.
#[test]
fn who_moves_by_slots_and_ranges_is_known_exactly() {
    for (changes, flows, leaving) in [
        // Control gives away what canary takes.
        (
            vec![
                ("fox/variants/0/ranges", json!([[0, 750_000]])),
                ("fox/variants/1/ranges", json!([[750_000, 1_000_000]])),
            ],
            &["m: stable -> fox/canary 25%", "m: fox/control -> fox/canary 25%"][..],
            &[][..],
        ),
        // Half of it goes and other units come.
        (
            vec![("fox/variants/0/ranges", json!([[125_000, 375_000]]))],
            &["m: stable -> fox/canary 12.5%", "m: fox/canary -> stable 12.5%"],
            &["fox/canary 12.5%: its ranges are elsewhere"],
        ),
        // Dealt afresh: of canary's quarter one in four stays, half goes to control.
        (
            vec![("fox/epoch", json!(1))],
            &[
                "m: stable -> fox/canary 6.25%",
                "m: stable -> fox/control 12.5%",
                "m: fox/canary -> stable 6.25%",
                "m: fox/canary -> fox/control 12.5%",
                "m: fox/control -> stable 12.5%",
                "m: fox/control -> fox/canary 12.5%",
            ],
            &["fox/canary 18.75%: epoch 0 -> 1 deals fox afresh", "fox/control 25%: epoch 0 -> 1 deals fox afresh"],
        ),
        // The line says nothing where one owns all of it.
        (vec![("/layers/1/epoch", json!(1))], &[], &[]),
        (vec![("/layers/1/line", json!("other"))], &[], &[]),
        // Another unit has another slot on every line.
        (
            vec![("/layers/1/unit", json!("device")), ("fox/variants/1/ranges", json!([]))],
            &[
                "m: stable -> fox/canary 6.25%",
                "m: fox/canary -> stable 18.75%",
                "m: fox/control -> stable 37.5%",
                "m: fox/control -> fox/canary 12.5%",
            ],
            &["fox/canary 18.75%: layer m deals another unit"],
        ),
        // Half the line is another half; in the audience 6% are canaries instead of 5%.
        (
            vec![("owl/slots", json!([[250_000, 750_000]]))],
            &[
                "l, owl -: stable -> owl/canary 1.2375%",
                "l, owl -: stable -> owl/control 1.2375%",
                "l, owl -: owl/canary -> stable 1.2375%",
                "l, owl -: owl/control -> stable 1.2375%",
                "l, owl beta: stable -> owl/canary 1.485%",
                "l, owl beta: owl/canary -> stable 1.485%",
            ],
            &[
                "owl/canary 1.2375%: slots of owl are elsewhere",
                "owl/control 1.2375%: slots of owl are elsewhere",
                "owl/canary in beta 1.485%: slots of owl are elsewhere",
            ],
        ),
        (
            vec![("/holdouts/0/layers", json!(["m"]))],
            &[
                "l, owl -: stable -> owl/canary 0.025%",
                "l, owl -: stable -> owl/control 0.025%",
                "l, owl beta: stable -> owl/canary 0.03%",
                "m: fox/canary -> stable 0.25%",
                "m: fox/control -> stable 0.5%",
            ],
            &["fox/canary 0.25%: more are held out of layer m", "fox/control 0.5%: more are held out of layer m"],
        ),
        // Everything of these is gone, and that is the shrink.
        (vec![("fox/enabled", json!(false))], &["m: fox/canary -> stable 25%", "m: fox/control -> stable 50%"], &[]),
        (vec![("/layers/1", Value::Null)], &["m: fox/canary -> stable 25%", "m: fox/control -> stable 50%"], &[]),
        (vec![("fox/slots", json!([]))], &["m: fox/canary -> stable 25%", "m: fox/control -> stable 50%"], &[]),
        // The arm has another name, and is another arm.
        (vec![("fox/variants/0/id", json!("v2"))], &["m: fox/canary -> fox/v2 25%"], &[]),
        (vec![("fox/variants/0/env_tag", json!("t"))], &[], &[]),
    ] {
        let (before, after) = (model(&policy()), model(&with(&changes)));
        let found = diff(&before, &after, &[]);
        let told = |layer: &LayerMoves<'_>| layer.flows.iter().map(|flow| self::flow(layer, flow)).collect::<Vec<_>>();
        assert_eq!(found.layers.iter().flat_map(told).collect::<Vec<_>>(), flows, "{changes:?}");
        assert_eq!(found.leaving.iter().map(left).collect::<Vec<_>>(), leaving, "{changes:?}");
        let is_afresh = changes.iter().any(|(path, _)| path.ends_with("epoch") || path.ends_with("unit"));
        let is_expected = found.layers.iter().any(|layer| layer.is_expected);
        assert_eq!(is_expected, is_afresh && !flows.is_empty(), "{changes:?}");
    }
}

/// What is only known of units, and which of these leave an arm.
#[test]
fn what_depends_on_requests_is_told_by_requests_alone() {
    let asked: Vec<Asked> = (0..1_000).map(|number| Asked::of(["user"], format!("u{number}").as_bytes())).collect();
    let present = |header: &str| json!({"header": {"name": header, "present": true}});
    for (changes, causes, flows, leaving) in [
        (
            vec![("fox/targeting", present("x-c"))],
            "targeting of fox",
            &["fox/canary -> stable", "fox/control -> stable"][..],
            &["fox/canary: not_targeted", "fox/control: not_targeted"][..],
        ),
        (
            vec![("/layers/1/targeting", present("x-c"))],
            "targeting of layer m",
            &["fox/canary -> stable", "fox/control -> stable"],
            &["fox/canary: not_targeted", "fox/control: not_targeted"],
        ),
        (
            vec![("fox/rules", json!([{"when": {"unit": {"exact": "u7"}}, "variant": "canary"}]))],
            "rules of fox",
            &["fox/control -> fox/canary"],
            &["fox/control: rule"],
        ),
        (
            vec![("fox/rules", json!([{"when": {"method": {"exact": "GET"}}, "variant": "canary"}]))],
            "rules of fox",
            &["stable -> fox/canary", "fox/control -> fox/canary"],
            &["fox/control: rule"],
        ),
        (
            vec![
                ("fox/rules", json!([{"when": {"method": {"exact": "GET"}}, "variant": "canary"}])),
                ("fox/variants/1", Value::Null),
            ],
            "rules of fox",
            &["stable -> fox/canary", "fox/control -> fox/canary"],
            &[],
        ),
    ] {
        let (before, after) = (model(&policy()), model(&with(&changes)));
        let without = diff(&before, &after, &[]);
        assert_eq!((without.layers.len(), without.leaving.len()), (1, 0), "{changes:?}");
        assert_eq!(without.layers[0].by_requests, [causes]);
        let found = diff(&before, &after, &asked);
        let counts = found.layers[0].asked.as_ref().unwrap();
        assert_eq!(counts.asked, 1_000);
        let told = counts.flows.keys().map(|(from, to)| format!("{} -> {}", place(*from), place(*to)));
        assert_eq!(told.collect::<Vec<_>>(), flows, "{changes:?}");
        let left: Vec<String> = found.leaving.iter().map(left_units).collect();
        assert_eq!(left, leaving, "{changes:?}");
    }
}

/// Units that overrides name are known by name.
#[test]
fn overrides_tell_whom_they_move() {
    for (changes, named, leaving) in [
        (vec![("/lists/staff", json!(["ada"]))], Some(&["owl/canary -> stable 1"][..]), &["owl/canary: not_owned"][..]),
        (vec![("/lists/staff", json!(["ada", "bob", "eve"]))], Some(&["stable -> owl/canary 1"]), &[]),
        (vec![("owl/enabled", json!(false))], Some(&["owl/canary -> stable 2"]), &[]),
        (
            vec![("fox/overrides", json!([{"units": ["joe"], "variant": "stable"}]))],
            Some(&["fox/control -> stable 1"]),
            &["fox/control: override"],
        ),
        (vec![("/holdouts/0/share", json!("2%"))], None, &[]),
    ] {
        let (before, after) = (model(&policy()), model(&with(&changes)));
        let found = diff(&before, &after, &[]);
        let told = found.layers[0].named.as_ref().map(|named| {
            let told =
                named.flows.iter().map(|((from, to), count)| format!("{} -> {} {count}", place(*from), place(*to)));
            told.collect::<Vec<_>>()
        });
        assert_eq!(
            told.as_deref(),
            named.map(|named| named.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()).as_deref(),
            "{changes:?}"
        );
        let units = found.leaving.iter().filter(|one| matches!(one.amount, Amount::Units { .. }));
        assert_eq!(units.map(left_units).collect::<Vec<_>>(), leaving, "{changes:?}");
    }
}

/// An experiment is the same one wherever it is.
#[test]
fn an_experiment_may_change_its_layer() {
    let mut other = policy();
    let layer = &mut other["layers"][1];
    layer["id"] = json!("n");
    let (before, after) = (model(&policy()), model(&other));
    // It owns its line whole, so that another line changes nothing.
    let found = diff(&before, &after, &[]);
    assert!(found.layers.is_empty() && found.leaving.is_empty(), "{found:?}");
    for (line, leaving) in
        [(Some("m"), &[][..]), (None, &["fox/canary 6.25%: line m -> n", "fox/control 12.5%: line m -> n"])]
    {
        let [mut was, mut is] = [policy(), other.clone()];
        for policy in [&mut was, &mut is] {
            policy["layers"][1]["experiments"][0]["slots"] = json!([[0, 500_000]]);
        }
        is["layers"][1]["line"] = json!(line);
        if line.is_none() {
            is["layers"][1].as_object_mut().unwrap().remove("line");
        }
        let (before, after) = (model(&was), model(&is));
        let found = diff(&before, &after, &[]);
        assert_eq!(found.leaving.iter().map(left).collect::<Vec<_>>(), leaving, "{line:?}");
        assert_eq!(found.layers.first().and_then(|layer| layer.was), line.is_none().then_some("m"));
    }
}

fn flow(layer: &LayerMoves<'_>, Flow { audience, from, to, part }: &Flow<'_>) -> String {
    let audience = audience.map(|(experiment, id)| format!(", {experiment} {id}")).unwrap_or_default();
    format!("{}{audience}: {} -> {} {}", layer.layer, place(*from), place(*to), percent(*part))
}

fn left(leaving: &Leaving<'_>) -> String {
    let Leaving { arm: Arm { experiment, variant }, audience, amount, why, .. } = leaving;
    let audience = audience.map(|id| format!(" in {id}")).unwrap_or_default();
    let Amount::Part(part) = amount else { panic!("{leaving:?}") };
    format!("{experiment}/{variant}{audience} {}: {}", percent(*part), why.join(", "))
}

/// The arm and the reasons, without how many.
fn left_units(leaving: &Leaving<'_>) -> String {
    let Leaving { arm: Arm { experiment, variant }, why, .. } = leaving;
    let reasons: Vec<&str> = why.iter().filter_map(|why| why.split_once(" now ")).map(|(_, reason)| reason).collect();
    format!("{experiment}/{variant}: {}", reasons.join(", "))
}

fn place(place: Place<'_>) -> String {
    match place {
        Place::Stable => "stable".to_owned(),
        Place::Arm(Arm { experiment, variant }) => format!("{experiment}/{variant}"),
        Place::Others => "others".to_owned(),
    }
}

fn percent(part: f64) -> String {
    format!("{}%", (part * 1e8).round() / 1e6)
}
