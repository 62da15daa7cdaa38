//! Which pods two filters would meet in, and what is said of tags that lead to one place.

use super::{LED, POLICY, places, rendered_at};

fn attachment(name: &str, lines: &str, istio: &str) -> String {
    format!("{{weir: 1, name: {name}, wasm: {{file: /w}}, {lines},\n istio: {{{istio}}}}}")
}

/// What is found in these two, or warned of.
fn found(one: (&str, &str), other: (&str, &str)) -> (String, String) {
    let texts = [attachment("one", one.0, one.1), attachment("two", other.0, other.1)];
    match rendered_at("version: 1", &[&texts[0], &texts[1]], &[]) {
        Ok(rendered) => (String::new(), places(&rendered.warnings).join(" ")),
        Err(problems) => (places(&problems).join(" "), String::new()),
    }
}

#[test]
fn two_filters_in_one_chain() {
    let shop = |labels: &str| format!("namespace: shop, selector: {{{labels}}}");
    let always = ("conflict 1:2 istio.selector", "");
    let perhaps = ("", "perhaps_two_filters 1:2 istio.selector");
    let never = ("", "");
    for (one, other, expected) in [
        (("role: mesh", shop("app: a")), ("role: mesh", shop("app: a")), always),
        (("role: mesh", shop("app: a")), ("role: mesh", shop("app: a, version: v1")), always),
        (("role: mesh", shop("app: a, version: v1")), ("role: mesh", shop("app: a")), always),
        (("role: mesh", shop("app: a")), ("role: mesh", shop("team: b")), perhaps),
        (("role: mesh", shop("app: a")), ("role: mesh", shop("app: b")), never),
        (("role: mesh", shop("app: a, team: x")), ("role: mesh", shop("app: b, team: x")), never),
        (("role: mesh", shop("app: a")), ("role: inbound", shop("app: a")), never),
        (("role: edge", shop("app: a")), ("role: mesh", shop("app: a")), never),
        (("role: edge", shop("app: a")), ("role: edge", shop("app: a")), always),
        (
            ("role: edge", format!("proxy: sidecar-outbound, {}", shop("app: a"))),
            ("role: mesh", shop("app: a")),
            always,
        ),
        (("role: mesh", shop("app: a")), ("role: mesh", "namespace: barn, selector: {app: a}".to_owned()), never),
        (
            ("role: mesh", shop("app: a")),
            ("role: mesh", "namespace: istio-system, selector: {app: a}".to_owned()),
            always,
        ),
        (
            ("role: mesh", shop("app: a")),
            ("role: mesh", "namespace: istio-system, selector: {team: a}".to_owned()),
            perhaps,
        ),
        // A plugin of clients is in the chain of a gateway and in what a sidecar sends.
        (("role: edge", format!("attach: wasmplugin, {}", shop("app: a"))), ("role: mesh", shop("app: a")), always),
        (("role: edge", format!("attach: wasmplugin, {}", shop("app: a"))), ("role: mesh", shop("team: a")), never),
        (("role: mesh", format!("attach: wasmplugin, {}", shop("app: a"))), ("role: mesh", shop("app: a")), always),
        (
            ("role: mesh", format!("attach: trafficextension, {}", shop("app: a"))),
            ("role: inbound", shop("app: a")),
            never,
        ),
    ] {
        let (problems, warnings) = found((one.0, &one.1), (other.0, &other.1));
        assert_eq!((problems.as_str(), warnings.as_str()), expected, "{one:?} {other:?}");
    }
}

#[test]
fn several_tags_that_lead_to_one_place_are_told() {
    let stable = "namespace: shop, selector: {app: a}, services: {owl.shop.svc.cluster.local: {stable: {version: v1}}}";
    let one = POLICY.replace("local: v22", "local: v21");
    for (policy, lines, expected) in [
        (one.as_str(), "role: mesh", "many_tags 0:1 steer"),
        (&one, "role: mesh, steer: tag", "many_tags 0:1 steer"),
        (&one, "role: mesh, steer: subset", ""),
        (&one, "role: mesh, steer: cluster", ""),
        (&one, "role: inbound", ""),
        (POLICY, "role: mesh", ""),
        (LED, "role: mesh", ""),
    ] {
        let rendered = rendered_at(policy, &[&attachment("one", lines, stable)], &[]).unwrap();
        assert_eq!(places(&rendered.warnings).join(" "), expected, "{lines}");
    }
}
