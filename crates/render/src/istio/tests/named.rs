//! Names of routes for weights and limits: those that Istio makes, at the proxies that have them.

use super::{SERVICES, places, rendered};

const STICKY: &str = "wasm: {file: /w}, sticky: [{id: a, unit: user, header: x-a}, {id: b, unit: user, header: x-b}],";

/// An existing VirtualService of this name, with this in its spec.
fn theirs(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}}}\n"
    )
}

#[track_caller]
fn check(role: &str, asked: &str, into: &[&str], expected: &str) {
    let found = rendered(&format!("role: {role}, {STICKY}"), &format!("{SERVICES}, {asked}"), into);
    let found = found.map_or_else(|problems| places(&problems).join(" "), |_| String::new());
    assert_eq!(found.replace("0:2 istio.", ""), expected, "{role} {asked}\n{into:?}");
}

const SPLIT: &str =
    "route: [{destination: {host: x, subset: one}, weight: 1}, {destination: {host: x, subset: two}, weight: 1}]";

#[test]
fn a_route_is_called_as_istio_calls_it() {
    let text = theirs(
        "theirs",
        &format!(
            "hosts: [x], http: [{{name: a, match: [{{name: m, uri: {{prefix: /a}}}}, {{uri: {{prefix: /b}}}}], {SPLIT}}}, {{match: [{{name: n, uri: {{prefix: /c}}}}], {SPLIT}}}, {{{SPLIT}}}]"
        ),
    );
    for (asked, expected) in [
        ("weights: {a: [a, a.m, .n]}, limits: {a.m: 1}", ""),
        ("limits: {http-2: 1}", "bad_value limits.http-2"),
        ("limits: {m: 1}", "bad_value limits.m"),
        ("limits: {x/stable: 1}", "bad_value limits.x/stable"),
        ("weights: {a: [a], b: [a]}", "conflict weights.b[0]"),
        ("weights: {a: [a, a]}", "conflict weights.a[1]"),
    ] {
        check("mesh", asked, &[&text], expected);
    }
}

#[test]
fn a_route_is_one_of_these_proxies() {
    let of = |more: &str| theirs("theirs", &format!("hosts: [x.example], {more}, http: [{{name: a, {SPLIT}}}]"));
    let by_match = theirs(
        "theirs",
        &format!(
            "hosts: [x.example], gateways: [mesh, public], http: [{{name: a, match: [{{gateways: [public], uri: {{prefix: /}}}}], {SPLIT}}}]"
        ),
    );
    let limits = "limits: {a: 1}, weights: {a: [a]}";
    let both = "conflict weights.a[0] conflict limits.a";
    for (text, in_mesh, at_gateway) in [
        (of("gateways: [mesh]"), "", both),
        (of("gateways: []"), "", both),
        (of("gateways: [public]"), both, ""),
        (of("gateways: [mesh, public]"), "", ""),
        (of("exportTo: ['.']"), "", both),
        (of("exportTo: [barn]"), both, both),
        (of("exportTo: [barn, '*']"), "", both),
        (by_match, both, ""),
    ] {
        check("mesh", limits, &[&text], in_mesh);
        check("edge", limits, &[&text], at_gateway);
    }
    let inbound = "conflict limits.a";
    check("inbound", "limits: {a: 1}", &[&of("gateways: [mesh]")], inbound);
}

#[test]
fn ours_are_where_they_are_rendered() {
    let limits = "limits: {owl.shop.svc.cluster.local/stable: 1, owl.shop.svc.cluster.local/tag/two: 1}";
    let none = "bad_value limits.owl.shop.svc.cluster.local/stable bad_value limits.owl.shop.svc.cluster.local/tag/two";
    check("mesh", limits, &[], "");
    let owl = theirs("theirs", "hosts: [owl], http: [{name: a, route: [{destination: {host: owl, subset: stable}}]}]");
    check("mesh", limits, &[&owl], none);
    check("mesh", "limits: {a: 1, a/tag/two: 1}", &[&owl], "");
    check("edge", &format!("gateways: [shop/public], {limits}"), &[], "");
    check("edge", limits, &[], none);
}

#[test]
fn a_delegate_has_the_names_of_its_root_before_its_own() {
    let root = |name: &str| {
        theirs(
            "root",
            &format!(
                "hosts: [x.example], http: [{{{name} match: [{{name: r, uri: {{prefix: /x}}}}], delegate: {{name: theirs}}}}]"
            ),
        )
    };
    let delegate = theirs(
        "theirs",
        &format!(
            "http: [{{name: a, match: [{{name: m, headers: {{x: {{exact: v}}}}}}], route: [{{destination: {{host: owl, subset: stable}}}}]}}, {{name: b, {SPLIT}}}, {{{SPLIT}}}]"
        ),
    );
    let (named, unnamed) = (root("name: all,"), root(""));
    for (root, asked, expected) in [
        (&named, "limits: {all-a.r-m: 1, all-a/tag/two.r-m: 1, all.r: 1}, weights: {a: [all-b.r]}", ""),
        (&named, "limits: {a: 1, b: 1}", "bad_value limits.a bad_value limits.b"),
        (&named, "weights: {a: [all-a.r-m]}", "conflict weights.a[0]"),
        (&unnamed, "limits: {a.r-m: 1, b.r: 1, .r: 1}", ""),
        (&unnamed, "limits: {all-a.r-m: 1}", "bad_value limits.all-a.r-m"),
    ] {
        check("mesh", asked, &[root, &delegate], expected);
    }
    // Of a root that is elsewhere nobody knows the name.
    let elsewhere = |asked: &str, expected: &str| {
        let istio = format!("{}, routed_by: shop/root}}}}, {asked}", SERVICES.strip_suffix("}}").unwrap());
        let found = rendered(&format!("role: mesh, {STICKY}"), &istio, &[&delegate]);
        let found = found.map_or_else(|problems| places(&problems).join(" "), |_| String::new());
        assert_eq!(found.replace("0:2 istio.", ""), expected, "{asked}");
    };
    elsewhere("limits: {b: 1, any-b: 1, any-a.m: 1}", "");
    elsewhere("limits: {any.b: 1}", "bad_value limits.any.b");
    elsewhere("weights: {a: [any-a.m]}", "conflict weights.a[0]");
}

#[test]
fn a_route_behind_one_that_takes_everything_is_none() {
    let behind = |first: &str| {
        theirs("theirs", &format!("hosts: [x], http: [{{name: first, {first} {SPLIT}}}, {{name: a, {SPLIT}}}]"))
    };
    let none = "conflict limits.a";
    for (first, expected) in [
        ("", none),
        ("match: [],", none),
        ("match: [{}],", none),
        ("match: [{name: m, uri: {prefix: /}}],", none),
        ("match: [{uri: {regex: .*}, headers: }],", none),
        ("match: [{uri: {prefix: /x}}, {uri: {prefix: /}}],", none),
        ("match: [{uri: {prefix: /x}}],", ""),
        ("match: [{uri: {prefix: /}, headers: {h: {exact: v}}}],", ""),
        ("match: [{uri: {prefix: /}, port: 80}],", ""),
        ("match: [{uri: {prefix: /}, gateways: [public]}],", ""),
        ("match: [{sourceLabels: {app: b}}],", ""),
    ] {
        check("mesh", "limits: {a: 1}", &[&behind(first)], expected);
    }
}
