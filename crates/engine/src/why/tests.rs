//! Steps of single requests: what properties meet too seldom, and what they do not look at.

use crate::plan::Plan;

/// The last steps of the only layer of a policy, as text.
fn told(policy: &str, headers: &[(&str, &str)]) -> String {
    let envelope = format!(r#"{{"weir": 1, "policy": {{"version": 1, {policy}}}}}"#);
    let opened = weir_policy::open(envelope.as_bytes()).unwrap();
    let plan = Plan::compile(&opened.model, &opened.attachment, Some(opened.revision));
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let exchange = plan.exchange(headers.clone(), || Some([7; 16]), |_| None, || None);
    let why = exchange.why(&opened.model, headers);
    let reason = exchange.decision().layers().next().unwrap().reason.name();
    format!("{reason} {:?}", why.first().unwrap().steps)
}

#[test]
fn targeting_of_a_layer_is_told_of_the_request_as_it_came() {
    let policy = r#""units": {"device": [{"cookie": "id", "issue": {"max_age_seconds": 60}}]},
        "layers": [{"id": "l", "unit": "device", "targeting": {"cookie": {"name": "id", "present": false}},
            "experiments": [{"id": "e", "slots": "all",
                "rules": [{"when": {"cookie": {"name": "id", "present": false}}, "variant": "v"}],
                "variants": [{"id": "v", "share": "100%"}]}]}]"#;
    let told = told(policy, &[(":path", "/")]);
    assert!(told.starts_with("assigned [Targeting"), "{told}");
    assert!(told.contains("holds: true, because"), "the targeting saw no cookie: {told}");
    assert!(told.contains("holds: false, because"), "the rule saw the one that was made: {told}");
    assert!(told.contains("is_made: true"), "{told}");
}

#[test]
fn an_override_of_an_experiment_that_is_off_is_passed_over() {
    for (enabled, expected) in [(true, "override "), (false, "experiment_disabled ")] {
        for (layer, experiment) in [
            (r#""overrides": [{"units": ["ada"], "experiment": "e", "variant": "v"}],"#, ""),
            ("", r#""overrides": [{"units": ["ada"], "variant": "v"}],"#),
        ] {
            let policy = format!(
                r#""units": {{"user": [{{"header": "x-user"}}]}},
                "layers": [{{"id": "l", "unit": "user", {layer} "experiments": [{{"id": "e", "slots": "all", {experiment}
                    "enabled": {enabled}, "variants": [{{"id": "v", "share": "100%"}}]}}]}}]"#
            );
            let told = told(&policy, &[("x-user", "ada")]);
            assert!(told.starts_with(expected), "{told}");
            assert_eq!(told.contains("Override {"), enabled, "{told}");
        }
    }
}

#[test]
fn overrides_that_name_others_are_counted_and_those_that_nobody_asks_are_not_told() {
    let policy = |layer: &str, experiment: &str, enabled: bool| {
        format!(
            r#""units": {{"user": [{{"header": "x-user"}}]}}, "lists": {{"staff": ["bob"], "testers": ["eve"]}},
            "layers": [{{"id": "l", "unit": "user", "overrides": [{layer}], "experiments": [{{"id": "e", "slots": "all",
                "overrides": [{experiment}], "enabled": {enabled}, "variants": [{{"id": "v", "share": "100%"}}]}}]}}]"#
        )
    };
    let (staff, stable) = (
        r#"{"list": "staff", "experiment": "e", "variant": "v"}"#,
        r#"{"units": ["dan", "kim"], "variant": "stable"}"#,
    );
    let (testers, units) = (r#"{"list": "testers", "variant": "v"}"#, r#"{"units": ["joe"], "variant": "v"}"#);
    let (ada, both) = (&[("x-user", "ada")][..], format!("{testers}, {units}"));
    for (layer, experiment, enabled, headers, expected) in [
        (staff, both.as_str(), true, ada, Some(r#"{ overrides: 3, lists: ["staff", "testers"], units: 1 }"#)),
        (stable, both.as_str(), false, ada, Some("{ overrides: 1, lists: [], units: 2 }")),
        (staff, both.as_str(), false, ada, None),
        ("", "", true, ada, None),
        (staff, "", true, &[("x-user", "bob")], None),
        (staff, "", true, &[], None),
    ] {
        let told = told(&policy(layer, experiment, enabled), headers);
        let found = told.split("NoOverride ").nth(1).and_then(|rest| rest.split_inclusive('}').next());
        assert_eq!(found, expected, "{told}");
    }
}

#[test]
fn the_source_of_a_unit_is_told_with_those_that_had_nothing() {
    let long = "u".repeat(257);
    for (headers, expected) in [
        (&[("x-user", "ada")][..], r#"source: Some(Header("x-user")), passed: [], is_made: false, is_too_long: false"#),
        (&[("x-user", ""), (":path", "/?u=1")], r#"source: Some(Query("u")), passed: [Header("x-user")]"#),
        (
            &[("x-user", &long), (":path", "/?u=1")],
            r#"value: None, source: Some(Header("x-user")), passed: [], is_made: false, is_too_long: true"#,
        ),
        (&[], r#"value: None, source: None, passed: [Header("x-user"), Query("u")]"#),
    ] {
        let policy = r#""units": {"user": [{"header": "x-user"}, {"query": "u"}]},
            "layers": [{"id": "l", "unit": "user", "experiments": [{"id": "e", "slots": "none", "variants": [{"id": "v"}]}]}]"#;
        let told = told(policy, headers);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn of_any_and_all_the_leaves_that_settled_it_are_told() {
    for (condition, holds, expected) in [
        (
            r#"{"all": [{"path": {"exact": "/a"}}, {"path": {"exact": "/b"}}, {"path": {"exact": "/c"}}]}"#,
            false,
            &["/b"][..],
        ),
        (r#"{"all": [{"path": {"exact": "/a"}}, {"path": {"prefix": "/"}}]}"#, true, &["/a", "/"]),
        (
            r#"{"any": [{"path": {"exact": "/c"}}, {"path": {"exact": "/a"}}, {"path": {"prefix": "/"}}]}"#,
            true,
            &["/a"],
        ),
        (r#"{"any": [{"path": {"exact": "/c"}}, {"path": {"exact": "/b"}}]}"#, false, &["/c", "/b"]),
        (r#"{"not": {"any": [{"path": {"exact": "/c"}}, {"path": {"exact": "/a"}}]}}"#, false, &["/a"]),
        (r#"{"not": {"all": [{"path": {"exact": "/a"}}, {"path": {"exact": "/b"}}]}}"#, true, &["/b"]),
    ] {
        // The condition stands twice, so that it is a shared one.
        let policy = format!(
            r#""units": {{"user": [{{"header": "x-user"}}]}}, "layers": [{{"id": "l", "unit": "user", "experiments": [
                {{"id": "e", "slots": "none", "variants": [{{"id": "v"}}],
                  "rules": [{{"when": {condition}, "variant": "v"}}, {{"when": {condition}, "variant": "stable"}}]}}]}}]"#
        );
        let told = told(&policy, &[(":path", "/a")]);
        let rule = told.split("Rule {").nth(1).unwrap();
        let leaves: Vec<&str> = rule.split("operator: ").skip(1).map(|rest| rest.split('"').nth(1).unwrap()).collect();
        assert_eq!(leaves, expected, "{condition}");
        assert!(rule.contains(&format!("Verdict {{ holds: {holds}")), "{rule}");
    }
}
