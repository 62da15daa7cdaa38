//! Files of public bug reports of Istio, Argo Rollouts, Flagger and kustomize, with other names.

use super::{LED, SERVICES, mesh, places, rendered, rendered_of, routes_of};
use crate::istio::File;

const MESH: &str = "role: mesh, wasm: {file: /w},";
const BY_SUBSET: &str = "role: mesh, steer: subset, wasm: {file: /w},";

fn virtual_service(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n{spec}"
    )
}

fn names(files: &[File]) -> String {
    let names = routes_of(files, "route").into_iter().map(|(name, _)| name.replace('"', ""));
    names.collect::<Vec<_>>().join(" ")
}

/// istio/istio 60812 and 48604: a route below a root loses the root's header edits if it has any of its own.
#[test]
fn a_copy_below_a_root_has_no_header_edits_of_its_own() {
    let root = virtual_service(
        "entry",
        "  hosts:\n  - owl.shop.svc.cluster.local\n  http:\n  - name: rule-1\n    headers:\n      request:\n        set:\n          by-delegator: \"yes\"\n    delegate:\n      name: theirs\n      namespace: shop\n",
    );
    let below = virtual_service(
        "theirs",
        "  http:\n  - name: a\n    route:\n    - destination:\n        host: owl\n        subset: v20\n",
    );
    let files = rendered(BY_SUBSET, SERVICES, &[&below, &root]).unwrap();
    assert_eq!(routes_of(&files, "headers")[0], (r#""a/subset/v21""#.to_owned(), "null".to_owned()));
    let led = r#"[{"destination":{"host":"owl","subset":"v21"},"headers":{"request":{"remove":["x-weir-subset"]}}}]"#;
    assert_eq!(routes_of(&files, "route")[0].1, led);
    let own = below.replace("    route:", "    headers: {request: {set: {a: b}}}\n    route:");
    let files = rendered(BY_SUBSET, SERVICES, &[&own, &root]).unwrap();
    let edits = r#"{"request":{"set":{"a":"b"},"remove":["x-weir-subset"]}}"#;
    assert_eq!(routes_of(&files, "headers")[0].1, edits, "the root's are lost for stable requests as well");
}

/// istio/istio 26767 and what `hasConflict` of its merging asks: a match below may not lack what the root asks.
#[test]
fn a_copy_below_a_root_is_not_one_that_istio_drops() {
    let root = |asked: &str| {
        let matched = format!("match: [{{uri: {{prefix: /}}, {asked}}}], delegate: {{name: theirs}}");
        virtual_service(
            "root",
            &format!(
                "  hosts: [owl]\n  gateways: [gateway.edge.svc.cluster.local, mesh]\n  http:\n  - {{{matched}}}\n"
            ),
        )
    };
    let owl = "route: [{destination: {host: owl, subset: v20, port: {number: 80}}}]";
    let below = |matched: &str| virtual_service("theirs", &format!("  http:\n  - {{name: a, {matched}{owl}}}\n"));
    let gateways = "match: [{gateways: [gateway.edge.svc.cluster.local], uri: {prefix: /p}}, {gateways: [mesh], sourceNamespace: shop}], ";
    for (asked, matched, expected) in [
        ("", "", ""),
        ("", gateways, ""),
        ("ignoreUriCase: false", "", ""),
        ("ignoreUriCase: true", "", "conflict 1:8 spec.http[0].name"),
        ("sourceNamespace: shop", "", "conflict 1:8 spec.http[0].name"),
        ("ignoreUriCase: true", "match: [{uri: {exact: /a}, ignoreUriCase: true}], ", ""),
        ("headers: {X-Env-Tag: {exact: a}}", "", "conflict 2:10 spec.http[0].match"),
    ] {
        let files = mesh(SERVICES, &[&below(matched), &root(asked)]);
        let found = files.map_or_else(|problems| places(&problems).join(" "), |_| String::new());
        assert_eq!(found, expected, "{asked} {matched}");
    }
}

/// argoproj/argo-rollouts 2526, 2769, 3155 and 4741: a managed route by a header before weighted ones, and at rest.
#[test]
fn a_route_by_a_header_of_argo_is_left_alone() {
    let weighted = |name: &str, weight: u8| {
        format!(
            "  - name: {name}\n    match: [{{uri: {{prefix: /{name}}}}}]\n    rewrite: {{uri: /}}\n    route:\n    - destination:\n        host: owl\n        subset: stable\n      weight: {}\n    - destination:\n        host: owl\n        subset: v21\n      weight: {weight}\n",
            100 - weight
        )
    };
    let managed = "  - match:\n    - headers:\n        User-Agent:\n          regex: (.*)lio(.*)\n    name: canary-header\n    route:\n    - destination:\n        host: owl\n        subset: v21\n      weight: 100\n";
    let spec = format!("  hosts:\n  - owl\n  http:\n{managed}{}{}", weighted("primary", 0), weighted("secondary", 30));
    let files = mesh(SERVICES, &[&virtual_service("theirs", &spec)]).unwrap();
    let expected =
        "canary-header primary/tag/one.1 primary/tag/two primary secondary/tag/one.1 secondary/tag/two secondary";
    assert_eq!(names(&files), expected);
    assert_eq!(routes_of(&files, "rewrite")[1].1, r#"{"uri":"/"}"#, "what Argo's own lack");
}

/// argoproj/argo-rollouts 3141: what the chart has, before Helm has seen it.
#[test]
fn a_chart_is_one_problem() {
    let chart = "apiVersion: networking.istio.io/v1alpha3\nkind: VirtualService\nmetadata:\n  name: {{ .Chart.Name }}-vsvc\nspec:\n  exportTo:\n    - .\n    - ingress-system\n  hosts:\n    - frontend.{{ .Release.Namespace }}.svc.cluster.local\n  http: []\n";
    let problems = mesh(SERVICES, &[chart]).unwrap_err();
    assert_eq!((problems.len(), problems[0].code.name()), (1, "syntax"));
    assert!(problems[0].message.contains("helm template"), "{problems:?}");
}

/// fluxcd/flagger 1415 and 1175: what Flagger makes for delegation, below a root with a mirror, many hosts and a gateway.
#[test]
fn what_flagger_makes_below_a_root() {
    let below = virtual_service(
        "theirs",
        "  hosts: []\n  http:\n  - route:\n    - destination:\n        host: owl-primary\n      weight: 100\n    - destination:\n        host: lynx\n      weight: 0\n",
    );
    let root = virtual_service(
        "root",
        "  gateways:\n  - istio-system/apigee-gateway\n  - mesh\n  hosts:\n  - api.example.com\n  - owl\n  - owl.shop.svc.cluster.local\n  - lynx.shop.svc.cluster.local\n  http:\n  - match:\n    - uri:\n        regex: ^/try01/.+$\n    delegate:\n      name: theirs\n    mirror:\n      host: httpbin\n",
    );
    let stable = "services: {owl.shop.svc.cluster.local: {stable_hosts: [owl-primary.shop.svc.cluster.local]}}";
    let files = rendered_of(LED, MESH, stable, &[&below, &root]).unwrap();
    assert_eq!(names(&files), "http-0/tag/e.c null");
    let led = r#"[{"destination":{"host":"lynx.shop.svc.cluster.local"}}]"#;
    assert_eq!(routes_of(&files, "route")[0].1, led);
    assert!(files.iter().all(|file| file.name.starts_with("25-") || !file.text.contains("kind: VirtualService")));
    // The filter knows the destination by the service's own name.
    let problems = rendered_of(LED, BY_SUBSET, stable, &[&below, &root]).unwrap_err();
    assert_eq!(places(&problems), ["conflict 1:10 spec.http[0].route"]);
}

/// istio/old_issues_repo 379: a mirror to a variant is somebody's will, and a destination without weight gets nothing.
#[test]
fn a_mirror_to_a_variant_is_kept() {
    let spec = "  hosts:\n  - owl\n  http:\n  - route:\n    - destination:\n        host: owl\n        subset: stable\n      weight: 100\n    - destination:\n        host: owl\n        subset: v21\n    mirror:\n      host: owl\n      subset: v21\n";
    let files = mesh(SERVICES, &[&virtual_service("theirs", spec)]).unwrap();
    assert_eq!(routes_of(&files, "mirror")[0].1, r#"{"host":"owl","subset":"v21"}"#);
}

/// istio/istio 51545, 33147 and 44366: several DestinationRules of one host, of which one is heeded for whoever sees it.
#[test]
fn several_rules_of_one_host_are_refused() {
    let rule = |name: &str, spec: &str| {
        format!(
            "apiVersion: networking.istio.io/v1alpha3\nkind: DestinationRule\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  host: owl\n{spec}"
        )
    };
    let qa = rule("qa", "  subsets:\n  - name: qa\n    labels:\n      app: owl\n      venv: qa\n");
    let policy = rule("policy", "  trafficPolicy:\n    loadBalancer:\n      simple: LEAST_CONN\n");
    let exported = rule("d1", "  exportTo: [\"foo\"]\n  subsets:\n  - name: v21\n    labels:\n      version: v21\n");
    for (into, expected) in
        [(&[&qa, &policy][..], "conflict 2:5 spec.host"), (&[&exported], "conflict 1:6 spec.exportTo")]
    {
        let into: Vec<&str> = into.iter().map(|text| text.as_str()).collect();
        assert_eq!(places(&mesh(SERVICES, &into).unwrap_err()).join(" "), expected);
    }
}

/// kubernetes-sigs/kustomize 306: a patch that replaces the list of routes whole.
#[test]
fn a_patch_says_what_to_run() {
    let patch = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: theirs\nspec:\n  http:\n  - route:\n    - destination: {host: owl, subset: v20}\n";
    let problems = mesh(SERVICES, &[patch]).unwrap_err();
    assert_eq!(places(&problems), ["missing_field 1:4 metadata"]);
    assert!(problems[0].message.contains("kubectl kustomize"), "{problems:?}");
    let named = patch.replace("  name: theirs", "  name: theirs\n  namespace: shop");
    let problems = mesh(SERVICES, &[&named]).unwrap_err();
    assert!(problems[0].message.contains("kubectl kustomize"), "{problems:?}");
}

/// Istio merges VirtualServices of one gateway and host, and moves a route for everybody to the end: not its copies.
#[test]
fn copies_of_a_route_for_everybody_do_not_come_before_those_of_others() {
    let bound = "  hosts: [shop.example.com]\n  gateways: [public]\n  http:\n";
    let everybody = virtual_service(
        "a",
        &format!("{bound}  - name: all\n    route: [{{destination: {{host: owl, subset: v20}}}}]\n"),
    );
    let api = |host: &str| {
        virtual_service(
            "b",
            &format!("{bound}  - match: [{{uri: {{prefix: /api}}}}]\n    route: [{{destination: {{host: {host}}}}}]\n"),
        )
    };
    let problems = mesh(SERVICES, &[&everybody, &api("tiger")]).unwrap_err();
    assert_eq!(places(&problems), ["conflict 1:11 spec.http[0].route", "bad_value 2:1 (root)"]);
    let same = api("owl, subset: v20");
    let some = everybody.replace("    route:", "    match: [{uri: {prefix: /owls}}]\n    route:");
    let other = api("tiger").replace("shop.example.com", "api.example.com");
    let both = format!("{}---\n{}", api("tiger"), same.replace("name: b", "name: c"));
    assert!(mesh(SERVICES, &[&everybody, &same]).is_ok());
    assert!(mesh(SERVICES, &[&some, &both]).is_ok());
    assert!(mesh(SERVICES, &[&everybody, &format!("{}---\n{same}", other.replace("name: b", "name: c"))]).is_ok());
}

/// Istio puts the name of a match behind that of its route.
#[test]
fn limits_are_of_the_names_that_proxies_have() {
    let matched = "match: [{name: mine, uri: {prefix: /a}}]";
    let text = virtual_service(
        "theirs",
        &format!(
            "  hosts: [owl]\n  http:\n  - {{name: a, {matched}, route: [{{destination: {{host: owl, subset: v20}}}}]}}\n"
        ),
    );
    for (limit, expected) in [("a.mine", ""), ("a/tag/two.mine", ""), ("a", "bad_value 0:2 istio.limits.a")] {
        let files = rendered(MESH, &format!("{SERVICES}, limits: {{{limit}: 1}}"), &[&text]);
        assert_eq!(files.map_or_else(|problems| places(&problems).join(" "), |_| String::new()), expected, "{limit}");
    }
}
