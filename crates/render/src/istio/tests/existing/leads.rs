//! Where existing routes lead: to stable pods, for which copies are added; to variants, where they are left alone or refused.

use super::{BY_GATEWAY, SERVICES, existing, mesh, places, rendered, routes_of};

fn one(route: &str) -> String {
    existing(&format!("{BY_GATEWAY}  http:\n  - {{name: a, {route}}}\n"))
}

/// Names of the routes, or the place of each problem.
fn found(text: &str) -> String {
    match mesh(SERVICES, &[text]) {
        Ok(files) => routes_of(&files, "route").into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" "),
        Err(problems) => places(&problems).join(" "),
    }
}

#[test]
fn a_route_to_a_variant_alone_gets_no_copies_and_may_not_be_for_everybody() {
    let (stable, v21) = ("{destination: {host: owl, subset: v20}", "{destination: {host: owl, subset: v21}");
    let copied = r#""a/tag/one.1" "a/tag/two" "a""#;
    for (route, expected) in [
        (format!("route: [{v21}}}]"), "conflict 1:8 spec.http[0].route"),
        (format!("match: [{{uri: {{prefix: /}}}}], route: [{v21}}}]"), "conflict 1:8 spec.http[0].route"),
        (
            format!("match: [{{uri: {{prefix: /b}}}}, {{headers: }}], route: [{v21}}}]"),
            "conflict 1:8 spec.http[0].route",
        ),
        (format!("match: [{{headers: {{x-beta: {{}}}}}}], route: [{v21}}}]"), "\"a\""),
        (format!("match: [{{uri: {{prefix: /b}}}}], route: [{v21}}}]"), "\"a\""),
        // What Argo Rollouts writes at rest, and at a header of its own.
        (format!("route: [{stable}, weight: 100}}, {v21}, weight: 0}}]"), copied),
        (
            format!("match: [{{headers: {{x-beta: {{}}}}}}], route: [{stable}, weight: 0}}, {v21}, weight: 100}}]"),
            "\"a\"",
        ),
        (format!("route: [{stable}, weight: 90}}, {v21}, weight: 10}}]"), copied),
        (format!("route: [{stable}, weight: 0}}, {v21}, weight: 100}}]"), "conflict 1:8 spec.http[0].route"),
    ] {
        assert_eq!(found(&one(&route)), expected, "{route}");
    }
}

#[test]
fn what_is_sent_nothing_counts_as_absent() {
    let route =
        "route: [{destination: {host: owl, subset: v20}, weight: 100}, {destination: {host: tiger}, weight: 0}]";
    assert_eq!(found(&one(route)), r#""a/tag/one.1" "a/tag/two" "a""#);
    // Istio makes weighted clusters of it, though of one.
    let sticky = "role: mesh, wasm: {file: /weir.wasm}, sticky: [{id: owls, unit: user, header: x-w}],";
    let text = existing(&format!("  hosts: [owl]\n  http:\n  - {{name: a, {route}}}\n"));
    assert!(rendered(sticky, &format!("{SERVICES}, weights: {{owls: [a]}}"), &[&text]).is_ok());
}

#[test]
fn a_variant_is_called_at_the_port_of_the_route() {
    let route = |first: &str, second: &str| {
        let to =
            |subset: &str, port: &str| format!("{{destination: {{host: owl, subset: {subset}{port}}}, weight: 50}}");
        one(&format!("route: [{}, {}]", to("v20", first), to(second, ", port: {number: 82}")))
    };
    let led = |text: &str| routes_of(&mesh(SERVICES, &[text]).unwrap(), "route")[0].1.clone();
    let at = |port: u16| format!(r#"[{{"destination":{{"host":"owl","port":{{"number":{port}}},"subset":"v21"}}}}]"#);
    assert_eq!(led(&route(", port: {number: 82}", "green")), at(82));
    assert_eq!(led(&route(", port: {number: 81}", "v21")), at(82), "its own where it has one");
    for port in ["", ", port: {number: 81}"] {
        assert_eq!(found(&route(port, "green")), "conflict 1:8 spec.http[0].route", "{port}");
    }
}

#[test]
fn a_subset_is_one_of_the_service_whatever_its_stable_pods_are_called() {
    let services = "services: {owl.shop.svc.cluster.local: {stable: {version: v20}, stable_hosts: [owl-primary.shop.svc.cluster.local]}}";
    let files = mesh(services, &[&one("route: [{destination: {host: owl-primary}}]")]).unwrap();
    let led = r#"[{"destination":{"host":"owl.shop.svc.cluster.local","subset":"v21"}}]"#;
    assert_eq!(routes_of(&files, "route")[0].1, led);
}

#[test]
fn copies_stand_before_whatever_begins_a_route() {
    let owl = "route: [{destination: {host: owl, subset: v20}}]";
    for (routes, before) in [
        (format!("  -\n    name: a\n    {owl}\n"), "  -\n    name: a\n"),
        (format!("  - # one - two\n\n    # - three\n    name: a\n    {owl}\n"), "  - # one - two\n\n"),
        (
            format!("    # first\n    # - second\n    -   name: a\n        {owl}"),
            "    # first\n    # - second\n    -   name: a\n",
        ),
    ] {
        for end in ["\n", "\r\n", "\r"] {
            let text = existing(&format!("{BY_GATEWAY}  http:\n{routes}")).replace('\n', end);
            let files = mesh(SERVICES, &[&text]).unwrap_or_else(|problems| panic!("{text:?}\n{problems:?}"));
            let merged = &files.iter().find(|file| file.name == "25-0.yaml").unwrap().text;
            let (head, rest) = text.split_once(&format!("http:{end}")).unwrap();
            let added = merged.strip_prefix(&format!("{head}http:{end}")).unwrap().strip_suffix(rest).unwrap();
            assert!(rest.starts_with(&before.replace('\n', end)), "{rest:?}");
            assert!(added.ends_with(end) && added.matches(end).count() > 2, "{added:?}");
            assert_eq!(added.replace(end, "").find(['\r', '\n']), None, "{added:?}");
        }
    }
}
