//! Names of services: what Istio would not find is a problem where it stands, and what stands short is read in full.

use super::{LED, places, rendered_at};

const VARIANTS: &str = "layers[0].experiments[0].variants[0]";

/// A policy whose one variant leads a service to some place.
fn policy(service: &str, target: &str) -> String {
    let routes = format!("{{{service}: {target}}}");
    LED.replace("{owl.shop.svc.cluster.local: {service: lynx.shop.svc.cluster.local}}", &routes)
}

fn sidecars(istio: &str) -> String {
    format!(
        "{{weir: 1, name: mesh, role: mesh, wasm: {{file: /w}},\n istio: {{namespace: shop, selector: {{app: owl}}, {istio}}}}}"
    )
}

#[track_caller]
fn check(policy: &str, istio: &str, into: &[&str], expected: &str) -> String {
    match rendered_at(policy, &[&sidecars(istio)], into) {
        Ok(rendered) => {
            assert_eq!(expected, "", "{policy} {istio}");
            rendered.files.into_iter().map(|file| file.text).collect()
        }
        Err(problems) => {
            assert_eq!(places(&problems).join(" "), expected, "{policy} {istio}\n{problems:?}");
            problems.into_iter().map(|problem| problem.message).collect()
        }
    }
}

#[test]
fn names_of_a_policy_are_refused_there() {
    let stable = |service: &str| format!("services: {{{service}: {{stable: {{version: v1}}}}}}");
    for (service, target, expected) in [
        ("owl.shop.svc.cluster.local", "v21", ""),
        ("api.example.com", "v21", ""),
        ("owl", "v21", "routes.owl"),
        ("owl.shop", "v21", "routes.owl.shop"),
        ("owl.shop.svc", "v21", "routes.owl.shop.svc"),
        ("owl_1.shop.svc.cluster.local", "v21", "routes.owl_1.shop.svc.cluster.local"),
        ("owl.shop.svc.cluster.local.", "v21", "routes.owl.shop.svc.cluster.local."),
        ("owl.shop.svc.cluster.local", "{service: lynx.shop}", "routes.owl.shop.svc.cluster.local.service"),
        ("owl.shop.svc.cluster.local", "{service: lynx_1.example.com}", "routes.owl.shop.svc.cluster.local.service"),
    ] {
        let expected =
            if expected.is_empty() { String::new() } else { format!("bad_service 1:5 {VARIANTS}.{expected}") };
        check(&policy(service, target), &stable(service), &[], &expected);
    }
}

#[test]
fn two_labels_may_be_those_of_a_service_entry() {
    let of = |more: &str| format!("services: {{example.com: {{{more}}}}}");
    let led = policy("example.com", "{service: www.example.com}");
    let message = check(&led, &of(""), &[], &format!("bad_service 1:5 {VARIANTS}.routes.example.com"));
    assert!(message.contains("write example.com.svc.cluster.local; if it is a host of a ServiceEntry"), "{message}");
    assert!(message.contains("istio: {services: {example.com: {service_entry: true}}}"), "{message}");
    assert!(check(&led, &of("service_entry: true"), &[], "").contains("name: weir-example.com\n"));
    // What is only led to needs no routes, whatever its name is.
    let to_entry = policy("owl.shop.svc.cluster.local", "{service: example.com}");
    let text = check(&to_entry, &of("service_entry: true"), &[], "");
    assert_eq!(text.matches("kind: VirtualService").count(), 1, "{text}");
}

#[test]
fn names_of_an_attachment_are_refused_there() {
    let owl = "services: {owl.shop.svc.cluster.local: {FIELD}}";
    for (istio, expected) in [
        ("services: {tiger: {stable: {version: v1}}}", "bad_service 0:2 istio.services.tiger"),
        (
            &owl.replace("FIELD", "stable_hosts: [owl-primary.shop]"),
            "bad_service 0:2 istio.services.owl.shop.svc.cluster.local.stable_hosts[0]",
        ),
        (
            &owl.replace("FIELD", "stable_hosts: [owl-primary.shop.svc.cluster.local, lynx.shop.svc.cluster.local]"),
            "conflict 0:2 istio.services.owl.shop.svc.cluster.local.stable_hosts[1]",
        ),
        (&owl.replace("FIELD", "routed_by: root"), "bad_value 0:2 istio.services.owl.shop.svc.cluster.local.routed_by"),
        (
            &owl.replace("FIELD", "stable: {a b: c}"),
            "bad_value 0:2 istio.services.owl.shop.svc.cluster.local.stable.a b",
        ),
        ("proxy: gateway, gateways: [public]", "bad_value 0:2 istio.gateways[0]"),
        ("proxy: gateway, gateways: [mesh]", "bad_value 0:2 istio.gateways[0]"),
        (
            "proxy: gateway, gateways: ['*', a/*, a/b/c, /a, ./a]",
            "bad_value 0:2 istio.gateways[0] bad_value 0:2 istio.gateways[1] bad_value 0:2 istio.gateways[2] bad_value 0:2 istio.gateways[3] bad_value 0:2 istio.gateways[4]",
        ),
        ("proxy: gateway, gateways: [shop/public]", ""),
        ("domain: 'corp:80'", "bad_value 0:2 istio.domain"),
        ("domain: corp.example", ""),
    ] {
        check(LED, istio, &[], expected);
    }
}

#[test]
fn short_names_are_of_the_domain_of_the_cluster() {
    let theirs = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: theirs, namespace: shop}\nspec:\n  hosts: [owl]\n  http:\n  - {name: a, route: [{destination: {host: owl}}]}\n";
    let corp = LED.replace("cluster.local", "corp.example");
    for (policy, istio, expected) in [
        (LED, "", ""),
        (&corp, "", ""),
        (&corp, "domain: corp.example", ""),
        (LED, "domain: corp.example", "bad_value 1:1 (root)"),
        (&LED.replace("lynx.shop.svc.cluster.local", "lynx.shop.svc.clusterset.local"), "", ""),
        (
            &LED.replace("lynx.shop.svc.cluster.local", "lynx.shop.svc.corp.example"),
            "",
            "missing_field 0:2 istio.domain",
        ),
        (&LED.replace("lynx.shop.svc.cluster.local", "lynx.shop.svc.corp.example"), "domain: cluster.local", ""),
    ] {
        let text = check(policy, istio, &[theirs], expected);
        let copies = text.matches("By weir render: a for who is in a variant").count();
        assert!(!expected.is_empty() || (copies == 1 && text.matches("kind: VirtualService").count() == 1), "{text}");
    }
    let [one, other] = ["one", "other"].map(|name| {
        sidecars(&format!("domain: {name}.example"))
            .replace("name: mesh", &format!("name: {name}"))
            .replace("app: owl", name)
    });
    let [one, other] = [one, other].map(|text| text.replace("{one}", "{app: one}").replace("{other}", "{app: other}"));
    let found = rendered_at(LED, &[&one, &other], &[]).unwrap_err();
    assert_eq!(places(&found)[0], "conflict 1:2 istio.domain");
}

#[test]
fn subsets_of_a_service_entry_are_where_callers_find_them() {
    let entry = policy("api.example.com", "v21");
    let attach = |name: &str, role: &str, namespace: &str, services: &str| {
        format!(
            "{{weir: 1, name: {name}, role: {role}, wasm: {{file: /w}},\n istio: {{namespace: {namespace}, selector: {{app: {name}}}{services}}}}}"
        )
    };
    let described = |more: &str| format!(", services: {{api.example.com: {{stable: {{version: v1}}{more}}}}}");
    let missing = "missing_field 0:2 istio.services.api.example.com.namespace";
    for (role, namespace, other, more, expected) in [
        ("mesh", "shop", "shop", "", ""),
        ("mesh", "shop", "barn", "", missing),
        ("edge", "shop", "istio-system", "", missing),
        ("inbound", "shop", "barn", "", ""),
        ("mesh", "istio-system", "barn", "", ""),
        ("mesh", "shop", "barn", ", namespace: apis", ""),
    ] {
        let texts = [attach("one", "mesh", namespace, &described(more)), attach("two", role, other, "")];
        match rendered_at(&entry, &[&texts[0], &texts[1]], &[]) {
            Ok(rendered) => {
                let subsets = rendered.files.iter().find(|file| file.name == "10-subsets.yaml").unwrap();
                let namespace = if more.is_empty() { namespace } else { "apis" };
                let there = format!("  namespace: {namespace}\n");
                assert!(expected.is_empty() && subsets.text.contains(&there), "{texts:?}\n{}", subsets.text);
            }
            Err(problems) => assert_eq!(places(&problems).join(" "), expected, "{texts:?}"),
        }
    }
    check(
        LED,
        "services: {owl.shop.svc.cluster.local: {namespace: barn}}",
        &[],
        "conflict 0:2 istio.services.owl.shop.svc.cluster.local.namespace",
    );
}
