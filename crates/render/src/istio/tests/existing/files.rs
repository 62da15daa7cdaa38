//! Files that are not what they should be: each is one problem that says what would do.

use super::{BY_GATEWAY, SERVICES, existing, mesh, places};
use crate::istio::tests::rendered;

const OWL: &str = "route: [{destination: {host: owl, subset: v20}}]";

fn one(route: &str) -> String {
    existing(&format!("{BY_GATEWAY}  http:\n  - {route}\n"))
}

fn said(text: &str) -> (String, String) {
    let problems = mesh(SERVICES, &[text]).unwrap_err();
    (places(&problems).join(" "), problems[0].message.clone())
}

#[test]
fn what_is_not_read_is_named() {
    let good = one(OWL);
    for (text, place, words) in [
        (good.replace("kind: VirtualService", "kind: virtualservice"), "bad_value 1:2 kind", "VirtualService would do"),
        (
            good.replace("apiVersion: networking.istio.io/v1\n", ""),
            "missing_field 1:1 (root)",
            "networking.istio.io/v1",
        ),
        (
            good.replace("networking.istio", "gateway.solo"),
            "missing_field 1:1 (root)",
            "VirtualService of gateway.solo.io/v1",
        ),
        (
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n".to_owned(),
            "missing_field 1:1 (root)",
            "it has HTTPRoute of gateway.networking.k8s.io/v1",
        ),
        ("- {op: add, path: /spec/http/0, value: 1}\n".to_owned(), "missing_field 1:1 (root)", "kubectl kustomize"),
        ("# nothing\n\n".to_owned(), "missing_field 1:1 (root)", "no VirtualService and no DestinationRule"),
        (String::new(), "missing_field 1:1 (root)", "no VirtualService and no DestinationRule"),
        (good.replace(", namespace: shop", ""), "missing_field 1:3 metadata", "helm template --namespace"),
        (
            good.replace("theirs, namespace: shop", "&shop shop, namespace: *shop"),
            "alias 1:3 metadata.namespace",
            "write the value out",
        ),
        (good.replace("  http:", "  hosts: [b]\n  http:"), "duplicate_key 1:7 spec.hosts", "twice"),
        (one(&OWL.replace("owl", "'{{ .Values.host }}'")), "syntax 1:5 spec", "helm template"),
        (one(&OWL.replace("v20", "v{{ .Values.v }}")), "syntax 1:8 (root)", "helm template"),
    ] {
        let (places, message) = said(&text);
        assert_eq!(places, place, "{text}\n{message}");
        assert!(message.contains(words), "{message}");
    }
    // Whoever wrote this comment, the file is no template.
    let text = format!(
        "# {{{{ include \"x\" . }}}}\n{}",
        good.replace("theirs, namespace: shop", "&shop shop, namespace: *shop")
    );
    assert_eq!(said(&text).0, "alias 1:4 metadata.namespace");
}

#[test]
fn values_that_readers_take_in_several_ways_are_not_copied() {
    for (value, expected) in [
        ("012", "bad_value 1:8 spec.http[0].x.a"),
        ("0x1F", "bad_value 1:8 spec.http[0].x.a"),
        ("yes", "bad_value 1:8 spec.http[0].x.a"),
        ("[1, Off]", "bad_value 1:8 spec.http[0].x.a[1]"),
        ("1_000", "bad_value 1:8 spec.http[0].x.a"),
        ("2026-01-02", "bad_value 1:8 spec.http[0].x.a"),
        (".inf", "bad_value 1:8 spec.http[0].x.a"),
        ("'yes'", ""),
        ("\"012\"", ""),
        ("v20-1-2", ""),
        ("1.5", ""),
    ] {
        let text = one(&format!("{{x: {{a: {value}}}, {OWL}}}"));
        let found = mesh(SERVICES, &[&text]).map_or_else(|problems| places(&problems).join(" "), |_| String::new());
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn headers_by_which_proxies_follow_a_request_are_the_filters() {
    let sticky = "role: mesh, steer: subset, wasm: {file: /w}, sticky: [{id: owls, unit: user, header: x-w}],";
    for (edit, expected) in [
        ("{set: {X-Env-Tag: a}}", "conflict 1:8 spec.http[0].headers"),
        ("{add: {x-env-tag: a}}", "conflict 1:8 spec.http[0].headers"),
        ("{remove: [x-a, x-env-tag]}", "conflict 1:8 spec.http[0].headers"),
        ("{set: {x-weir-subset: v21}}", "conflict 1:8 spec.http[0].headers"),
        ("{set: {x-weir-cluster: a}}", "conflict 1:8 spec.http[0].headers"),
        ("{set: {x-w: a}}", "conflict 1:8 spec.http[0].headers"),
        ("{remove: [x-weir-subset, x-w]}", ""),
        ("{set: {x-a: a}, remove: [baggage]}", ""),
    ] {
        let text = one(&format!("{{headers: {{request: {edit}}}, {OWL}}}"));
        let found =
            rendered(sticky, SERVICES, &[&text]).map_or_else(|problems| places(&problems).join(" "), |_| String::new());
        assert_eq!(found, expected, "{edit}");
    }
    let route = "route: [{destination: {host: owl, subset: v20}, headers: {request: {remove: [x-env-tag]}}}]";
    assert_eq!(said(&one(route)).0, "conflict 1:8 spec.http[0].route");
    let elsewhere = "{headers: {request: {remove: [x-env-tag]}}, route: [{destination: {host: api.example.com}}]}";
    assert!(mesh(SERVICES, &[&one(&format!("{elsewhere}\n  - {OWL}"))]).is_ok(), "what leaves the mesh");
}

#[test]
fn a_name_that_looks_like_a_service_of_the_policy_is_one_or_a_problem() {
    let services = "services: {owl.shop.svc.cluster.local: {stable: {version: v20}, hosts: [owl.example.com]}}";
    for host in
        ["OWL", "owl.shop", "owl.shop.svc", "owl.shop.svc.cluster", "owl.shop.svc.cluster.local.", "owl.example.com"]
    {
        let text = one(&format!("route: [{{destination: {{host: {host}, subset: v20}}}}]\n  - {OWL}"));
        let problems = mesh(services, &[&text]).unwrap_err();
        assert_eq!(places(&problems), ["conflict 1:8 spec.http[0].route"], "{host}");
        assert!(problems[0].message.contains("rite host: owl.shop.svc.cluster.local"), "{}", problems[0].message);
    }
    for host in ["owls", "owl.barn.svc.cluster.local", "shop.svc.cluster.local"] {
        let text = one(&format!("route: [{{destination: {{host: {host}}}}}]\n  - {OWL}"));
        assert!(mesh(services, &[&text]).is_ok(), "{host}");
    }
}

#[test]
fn what_sidecars_do_not_see_does_not_route_for_them() {
    let text = |export: &str| existing(&format!("  hosts: [owl]\n  exportTo: {export}\n  http:\n  - {OWL}\n"));
    for (export, expected) in [("[barn]", "conflict 1:6 spec.exportTo"), ("['.']", ""), ("['*']", ""), ("[]", "")] {
        let found =
            mesh(SERVICES, &[&text(export)]).map_or_else(|problems| places(&problems).join(" "), |_| String::new());
        assert_eq!(found, expected, "{export}");
    }
}

#[test]
fn what_was_rendered_is_not_given_again() {
    let files = mesh(SERVICES, &[]).unwrap();
    for file in &files {
        let problems = mesh(SERVICES, &[&file.text]).unwrap_err();
        assert!(
            problems.iter().all(|one| one.path.to_string().ends_with("metadata.labels")),
            "{}: {problems:?}",
            file.name
        );
        assert!(problems[0].message.contains("written by weir render"), "{problems:?}");
    }
    let rendered = mesh(SERVICES, &[&one(OWL)]).unwrap();
    let again = &rendered.iter().find(|file| file.name == "25-0.yaml").unwrap().text;
    let problems = mesh(SERVICES, &[again]).unwrap_err();
    assert_eq!(places(&problems)[0], "conflict 1:11 spec.http[0].match", "{problems:?}");
}

#[test]
fn what_has_another_shape_is_not_passed_over() {
    for (route, expected) in [
        (format!("{{match: {{uri: {{prefix: /}}}}, {OWL}}}"), "wrong_type 1:8 spec.http[0].match"),
        ("{route: {destination: {host: owl}}}".to_owned(), "wrong_type 1:8 spec.http[0].route"),
        (
            "{route: [{destination: {host: owl, subset: 20}}]}".to_owned(),
            "wrong_type 1:8 spec.http[0].route[0].destination.subset",
        ),
        (format!("{{mirror: {{host: true}}, {OWL}}}"), "wrong_type 1:8 spec.http[0].mirror.host"),
    ] {
        assert_eq!(said(&one(&route)).0, expected, "{route}");
    }
}

#[test]
fn an_object_is_given_once() {
    let other = one(OWL).replace("shop.example.com", "api.example.com");
    let problems = mesh(SERVICES, &[&one(OWL), &other]).unwrap_err();
    assert_eq!(places(&problems), ["conflict 2:3 metadata.name"]);
    assert!(problems[0].message.contains("given in 0.yaml too"), "{problems:?}");
    let list = format!("apiVersion: v1\nkind: Other\nkind: List\nitems:\n- {}", one(OWL).replace('\n', "\n  "));
    assert_eq!(said(&list).0, "duplicate_key 1:3 kind");
}

#[test]
fn a_virtual_service_of_a_service_that_routes_no_http_is_of_use() {
    for routes in [
        "tcp: [{route: [{destination: {host: owl, subset: v20}}]}]",
        "http: [{redirect: {uri: /}}]",
        "http: [{mirror: {host: owl, subset: v20}, redirect: {uri: /}}]",
    ] {
        let text = existing(&format!("  hosts: [owl]\n  {routes}\n"));
        let files = mesh(SERVICES, &[&text]).unwrap_or_else(|problems| panic!("{routes}: {problems:?}"));
        assert_eq!(files.iter().find(|file| file.name == "25-0.yaml").unwrap().text, text);
    }
}

#[test]
fn every_path_is_everybody() {
    for uri in ["{regex: '.*'}", "{prefix: ''}", "{prefix: /}", "{regex: '^/.*$'}"] {
        let text = one(&format!(
            "{{match: [{{uri: {uri}}}], route: [{{destination: {{host: owl, subset: v21}}}}]}}\n  - {OWL}"
        ));
        assert_eq!(said(&text).0, "conflict 1:8 spec.http[0].route", "{uri}");
    }
}

/// Whatever is done for each route is not done over the whole file: this would take minutes.
#[test]
fn a_file_may_have_thousands_of_routes_as_far_as_kubernetes_takes_them() {
    let with = |routes: usize| {
        let route = |n: usize| format!("  - {{name: r{n}, match: [{{uri: {{prefix: /p{n}}}}}], {OWL}}}\n");
        let text = existing(&format!("{BY_GATEWAY}  http:\n{}", (0..routes).map(route).collect::<String>()));
        let files = mesh(SERVICES, &[&text])?;
        Ok(files.into_iter().find(|file| file.name == "25-0.yaml").unwrap())
    };
    let server_side = |routes| with(routes).map(|file| file.server_side).map_err(|problems: Vec<_>| places(&problems));
    assert_eq!(server_side(100), Ok(false));
    assert_eq!(server_side(1_000), Ok(true));
    assert_eq!(with(1_000).unwrap().text.matches("/tag/two").count(), 1_000);
    assert_eq!(server_side(4_000), Err(vec!["limit 1:1 (root)".to_owned()]));
}
