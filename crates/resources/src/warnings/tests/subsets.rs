//! Routes that lead to another subset than the policy does, and many that may well be meant.

use super::{POLICY, STABLE, TAG, routes, warned};

/// A route that asks this of one header.
fn asking(header: &str, asks: &str, cluster: &str) -> String {
    format!(
        "{{match: {{prefix: /, headers: [{{name: {header}, string_match: {{{asks}}}}}]}}, route: {{cluster: {cluster}}}}}"
    )
}

const LISTED: &str = "safe_regex: {regex: '(.*,)?owl\\.v21(,.*)?'}";

#[test]
fn a_route_for_a_variant_leads_where_the_policy_does() {
    let by_tag = |cluster: &str| asking("x-env-tag", LISTED, cluster);
    let by_subset = |value: &str, cluster: &str| asking("x-weir-subset", &format!("exact: {value}"), cluster);
    let both = "{weir: 1, steer: subset}";
    let right = by_tag("outbound|80|v21|owl.shop");
    let table: [(&str, String, &str); 15] = [
        ("right", right.clone(), ""),
        ("by another port", by_tag("outbound|8080|v21|owl.shop"), ""),
        ("another subset", by_tag("outbound|80|v22|owl.shop"), "outbound|80|v22|owl.shop"),
        ("stable", by_tag("outbound|80||owl.shop"), "outbound|80||owl.shop"),
        ("exactly", asking("X-Env-Tag", "exact: owl.v21", "outbound|80||owl.shop"), "outbound|80||owl.shop"),
        ("another service", by_tag("outbound|80||elk.shop"), ""),
        ("a cluster of another name", by_tag("canary"), ""),
        ("of five parts", by_tag("outbound|80||owl.shop|x"), ""),
        ("of another direction", by_tag("inbound|80||owl.shop"), ""),
        ("another tag", asking("x-env-tag", "exact: owl.v22", "outbound|80||owl.shop"), ""),
        ("a pattern", asking("x-env-tag", "contains: owl.v21", "outbound|80||owl.shop"), ""),
        ("its path only", by_tag("outbound|80||owl.shop").replace("prefix: /", "prefix: /static"), ""),
        (
            "something else too",
            by_tag("outbound|80||owl.shop").replace("headers: [", "headers: [{name: x-debug}, "),
            "",
        ),
        (
            "what the tag is not",
            by_tag("outbound|80||owl.shop").replace("string_match", "invert_match: true, string_match"),
            "",
        ),
        (
            "weights",
            by_tag("X").replace(
                "cluster: X",
                "weighted_clusters: {clusters: [{name: outbound|80|v21|owl.shop, weight: 9}, {name: outbound|80||owl.shop, weight: 1}]}",
            ),
            "",
        ),
    ];
    let told = |attachments: &[&str], routes_: &[&str]| {
        let (found, messages) = warned(POLICY, attachments, &[&routes("owl.shop", routes_)]);
        let count = found.iter().filter(|one| **one == "r0:1 wrong_subset").count();
        let messages: Vec<&str> = messages.lines().filter(|line| line.contains(" leads to outbound")).collect();
        (count, messages.join(""))
    };
    for (what, route, wrong) in table {
        let (count, message) = told(&[TAG], &[&route, STABLE]);
        let (tag, expected) =
            ("it matches owl.v21 in x-env-tag and leads to ", "where the policy leads to outbound|80|v21|owl.shop");
        let expected = if wrong.is_empty() { String::new() } else { format!("{tag}{wrong}, {expected}") };
        assert_eq!((count, message), (usize::from(!wrong.is_empty()), expected), "{what}");
    }
    let wrong = by_tag("outbound|80||owl.shop");
    let table: [(&[&str], String, bool); 9] = [
        (&[], wrong.clone(), true),
        (&[TAG, both], wrong.clone(), true),
        // Where nobody steers by tag, a route by tag is for something else.
        (&[both], wrong.clone(), false),
        (&["{weir: 1, role: inbound}"], wrong, false),
        (&[both], by_subset("v21", "outbound|80|v21|owl.shop"), false),
        (&[both], by_subset("v21", "outbound|80||owl.shop"), true),
        (&[], by_subset("v21", "outbound|80|v22|owl.shop"), true),
        (&[both], by_subset("v22", "outbound|80||owl.shop"), false),
        (&[TAG], by_subset("v21", "outbound|80||owl.shop"), false),
    ];
    for (attachments, route, wrong) in table {
        assert_eq!(told(attachments, &[&route, STABLE]).0, usize::from(wrong), "{attachments:?} {route}");
    }
    // What is switched off leads nowhere.
    let off = POLICY.replace("    slots: all", "    slots: all\n    enabled: false");
    let text = routes("owl.shop", &[&by_tag("outbound|80||owl.shop"), STABLE]);
    assert_eq!(warned(&off, &[TAG], &[&text]).0, Vec::<String>::new());
}

#[test]
fn a_service_in_the_place_of_a_subset_is_led_to() {
    let policy = |rest: &str| POLICY.replace("owl.shop: v21", &format!("owl.shop: {{service: lynx.shop}}{rest}"));
    let count = |policy: &str, cluster: &str| {
        let text = routes("owl.shop", &[&asking("x-env-tag", LISTED, cluster), STABLE]);
        let (found, messages) = warned(policy, &[TAG], &[&text]);
        (found.iter().filter(|one| **one == "r0:1 wrong_subset").count(), messages)
    };
    assert_eq!(count(&policy(""), "outbound|80||lynx.shop").0, 0);
    let (found, messages) = count(&policy(""), "outbound|80||owl.shop");
    assert!(
        found == 1
            && messages.contains("leads to outbound|80||owl.shop, where the policy leads to outbound|80||lynx.shop")
    );
    assert_eq!(count(&policy(""), "outbound|80|v21|owl.shop").0, 1);
    // And that one by a subset of its own: this may be a route of either.
    assert_eq!(count(&policy(", lynx.shop: v2"), "outbound|80||lynx.shop").0, 0);
    assert_eq!(count(&policy(", lynx.shop: v2"), "outbound|80|v3|lynx.shop").0, 1);
}

#[test]
fn everybody_else_is_led_to_stable() {
    let right = asking("x-env-tag", LISTED, "outbound|80|v21|owl.shop");
    let to = |cluster: &str| format!("{{match: {{prefix: /}}, route: {{cluster: {cluster}}}}}");
    let control = POLICY.replace("{id: control, share: 5%}", "{id: control, share: 5%, routes: {owl.shop: v20}}");
    let wrong = "outbound|80|v21|owl.shop";
    let steered: &[&str] = &[&right];
    let table: [(&str, &str, &[&str], String, bool); 8] = [
        ("stable", POLICY, steered, to("outbound|80||owl.shop"), false),
        ("a variant's", POLICY, steered, to(wrong), true),
        ("a subset of nobody", POLICY, steered, to("outbound|80|v20|owl.shop"), false),
        ("another service's", POLICY, steered, to("outbound|80|v21|elk.shop"), false),
        ("for a path", POLICY, steered, to(wrong).replace("prefix: /", "prefix: /beta"), false),
        ("for a header", POLICY, steered, asking("x-beta", "exact: a", wrong), false),
        ("of a host for the variant", POLICY, &[], to(wrong), false),
        // One of them may be what stable is.
        ("of one of two", &control, steered, to("outbound|80|v20|owl.shop"), false),
    ];
    for (what, policy, before, last, wrong) in table {
        let text = routes("owl.shop", &[before, &[&last]].concat());
        let (found, messages) = warned(policy, &[TAG], &[&text]);
        let count = found.iter().filter(|one| **one == "r0:1 wrong_subset").count();
        assert_eq!(count, usize::from(wrong), "{what}: {messages}");
        assert!(!wrong || messages.contains("; stable would be outbound|80||owl.shop"), "{messages}");
    }
}
