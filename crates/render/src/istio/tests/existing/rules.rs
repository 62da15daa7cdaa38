//! Existing DestinationRules: subsets are put into them in every form, and those that cannot be the only one are refused.

use super::{BY_GATEWAY, SERVICES, existing, mesh, places};
use crate::istio::{By, File, order};
use crate::yaml::Yaml;
use weir_policy::{Revision, Source, SourceId};

const HEAD: &str =
    "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: theirs, namespace: shop}\n";

fn rule(spec: &str) -> String {
    format!("{HEAD}spec:\n{spec}")
}

/// The file with the rule, and its subsets as names with labels.
fn merged(text: &str) -> (File, String) {
    let files = mesh(SERVICES, &[text]).unwrap_or_else(|problems| panic!("{text}\n{problems:?}"));
    assert!(files.iter().all(|file| file.name != "10-subsets.yaml"), "no rule of ours beside theirs");
    let file = files.into_iter().find(|file| file.name == "15-0.yaml").unwrap();
    let (node, problems) = Source::yaml("", file.text.clone()).parse(SourceId::FIRST);
    assert!(problems.is_empty(), "{problems:?}\n{}", file.text);
    let spec = super::of(&Yaml::from(&node), "spec");
    let Yaml::List(subsets) = super::of(&spec, "subsets") else { panic!("{}", file.text) };
    let subset = |subset: &Yaml| format!("{}={}", super::of(subset, "name").json(), super::of(subset, "labels").json());
    let subsets: Vec<String> = subsets.iter().map(subset).collect();
    (file, subsets.join(" ").replace('"', ""))
}

#[test]
fn subsets_are_put_into_a_rule_however_it_is_written() {
    let ours = "stable={version:v20} v21={version:v21} v22={version:v22}";
    let with_theirs = format!("{ours} blue={{colour:blue}}");
    for (spec, expected) in [
        ("  host: owl\n  trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}\n", ours),
        ("  # whose\n  host: owl.shop.svc.cluster.local", ours),
        ("  host: owl\n  subsets:\n", ours),
        ("  host: owl\n  subsets: # none\n  trafficPolicy: {}\n", ours),
        ("  host: owl\n  subsets:", ours),
        ("  host: owl\n  subsets: []\n", ours),
        ("  host: owl\n  subsets: [ ] # none\n", ours),
        ("  host: owl\n  subsets:\n  - name: blue\n    labels: {colour: blue}\n", &with_theirs),
        ("  host: owl\n  subsets:\n    # theirs\n    -\n      name: blue\n      labels: {colour: blue}", &with_theirs),
        ("  host: owl\n  subsets: [{name: blue, labels: {colour: blue}}]\n", &with_theirs),
        ("  {host: owl, subsets: [{name: blue, labels: {colour: blue}}]}\n", &with_theirs),
        ("  {host: owl}\n", ours),
    ] {
        for end in ["\n", "\r\n"] {
            let text = rule(spec).replace('\n', end);
            let (file, subsets) = merged(&text);
            assert_eq!(subsets, expected, "{spec}");
            let mut rest = file.text.chars();
            assert!(text.chars().all(|c| rest.any(|other| other == c)), "bytes are lost: {}", file.text);
            assert_eq!(file.text.matches('\n').count(), file.text.matches(end).count(), "{:?}", file.text);
        }
    }
    let json = r#"{"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": "a", "namespace": "shop"},
        "spec": {
            "host": "owl"
        }}"#;
    assert_eq!(merged(json).1, ours);
    let (file, subsets) = merged(&rule("  host: owl\n  subsets:\n  - {name: v21, labels: {version: v21}}\n"));
    assert_eq!(subsets, "stable={version:v20} v22={version:v22} v21={version:v21}");
    assert!(file.text.contains("  # By weir render: versions of owl.shop.svc.cluster.local.\n  - name: stable\n"));
}

#[test]
fn a_rule_with_all_subsets_is_left_alone() {
    let labels = ["v20", "v21", "v22"].map(|version| format!("labels: {{version: {version}}}"));
    let [stable, v21, v22] = &labels;
    let text = rule(&format!(
        "  host: owl\n  subsets:\n  - {{name: stable, {stable}}}\n  - {{name: v21, {v21}}}\n  - {{name: v22, {v22}}}\n"
    ));
    assert_eq!(merged(&text).0.text, text);
}

#[test]
fn rules_that_cannot_be_the_only_one_of_a_service() {
    let with = |field: &str| rule(&format!("  host: owl\n  {field}\n"));
    let two = format!(
        "{}---\n{}",
        rule("  host: owl\n"),
        rule("  host: owl.shop.svc.cluster.local\n").replace("name: theirs", "name: other")
    );
    for (text, expected) in [
        (with("workloadSelector: {matchLabels: {app: cart}}"), "conflict 1:6 spec.workloadSelector"),
        (with("exportTo: [barn]"), "conflict 1:6 spec.exportTo"),
        (with("exportTo: ['.']"), ""),
        (with("exportTo: [barn, '*']"), ""),
        (
            rule("  host: owl.shop.svc.cluster.local\n").replace("namespace: shop", "namespace: barn"),
            "conflict 1:5 spec",
        ),
        (rule("  host: owl.shop.svc.cluster.local\n").replace("namespace: shop", "namespace: istio-system"), ""),
        (two, "conflict 1:11 spec.host"),
        (rule("  host: '*.shop.svc.cluster.local'\n"), "conflict 1:5 spec.host"),
        (with("subsets: null"), "conflict 1:6 spec.subsets"),
        (with("subsets: [{name: v21, labels: {release: '21'}}]"), "conflict 1:6 spec.subsets[0]"),
        (with("subsets: [{name: v21}]"), "conflict 1:6 spec.subsets[0]"),
        (with("subsets: [{name: stable, labels: {version: v20, app: owl}}]"), "conflict 1:6 spec.subsets[0]"),
        (with("host: lynx"), "duplicate_key 1:6 spec.host"),
        (rule("  host: tiger\n"), "bad_value 1:1 (root)"),
    ] {
        let found = mesh(SERVICES, &[&text]).map_or_else(|problems| places(&problems).join(" "), |_| String::new());
        assert_eq!(found, expected, "{text}");
    }
    let other = with("subsets: [{name: v21, labels: {release: '21'}}]");
    let said = mesh(SERVICES, &[&other]).unwrap_err().remove(0).message;
    let cure = "istio: {services: {owl.shop.svc.cluster.local: {subsets: {v21: {release: 21}}}}}";
    assert!(said.ends_with(cure), "{said}");
    let guarded = format!("{}, guards: {{v21: {{requests: 1}}}}}}}}", SERVICES.strip_suffix("}}").unwrap());
    let theirs = with("subsets: [{name: v21, labels: {version: v21}}]");
    let at = "conflict 0:2 istio.services.owl.shop.svc.cluster.local.guards.v21";
    assert_eq!(places(&mesh(&guarded, &[&theirs]).unwrap_err()), [at]);
    assert!(mesh(&guarded, &[&with("subsets: []")]).is_ok(), "ours has the guard");
}

#[test]
fn a_subset_of_theirs_that_has_pods_of_variants_is_no_stable_one() {
    let routes = |subset: &str| {
        existing(&format!("{BY_GATEWAY}  http:\n  - route: [{{destination: {{host: owl, subset: {subset}}}}}]\n"))
    };
    let subsets =
        rule("  host: owl\n  subsets:\n  - {name: all, labels: {}}\n  - {name: old, labels: {version: v20}}\n");
    let refused = "conflict 2:8 spec.http[0].route";
    for (subset, expected) in [("all", refused), ("old", ""), ("stabel", refused), ("stable", "")] {
        let files = mesh(SERVICES, &[&subsets, &routes(subset)]);
        assert_eq!(files.map_or_else(|problems| places(&problems).join(" "), |_| String::new()), expected);
    }
}

#[test]
fn subsets_come_before_routes_and_go_after_them() {
    let routes =
        existing(&format!("{BY_GATEWAY}  http:\n  - route: [{{destination: {{host: owl, subset: stable}}}}]\n"));
    let files = mesh(SERVICES, &[&routes, &rule("  host: owl\n")]).unwrap();
    let page = order(&files, Revision::of(""), By::Manifests);
    let steps: Vec<&str> = page.lines().filter_map(|line| line.trim().strip_prefix("kubectl ")).collect();
    assert_eq!(
        steps,
        [
            "apply -f 15-1.yaml",
            "apply -f 20-mesh.yaml",
            "apply -f 25-0.yaml",
            "apply -f 0.yaml  # as it was, from where weir ran; it may name no subset of ours any more",
            "delete -f 20-mesh.yaml",
            "apply -f 1.yaml  # as it was, from where weir ran",
        ],
        "{page}"
    );
    assert!(!page.contains("weir serve` for their policy"), "{page}");
    for (by, expected) in [
        (By::Server, "Proxies ask `weir serve` for their policy. It must run with this one"),
        (By::ServerWithReleases, "nothing below waits for a revision of it"),
    ] {
        assert!(order(&files, Revision::of(""), by).contains(expected), "{by:?}");
    }
}
