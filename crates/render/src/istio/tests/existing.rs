//! Existing VirtualServices: what is read of them, what is put into them, what is refused.

use weir_policy::{Source, SourceId, codes};

mod files;
mod leads;
mod reports;
mod rules;

use super::{LED, SERVICES, mesh, places, rendered, rendered_of};
use crate::istio::File;
use crate::yaml::Yaml;

#[test]
fn a_variant_that_is_a_service_leads_there_from_an_existing_route() {
    let route = "route: [{destination: {host: owl, port: {number: 81}}}]";
    let text = existing(&format!("{BY_GATEWAY}  http:\n  - {route}\n"));
    let files = rendered_of(LED, "role: mesh, wasm: {file: /w},", "", &[&text]).unwrap();
    let merged = &files.iter().find(|file| file.name == "25-0.yaml").unwrap().text;
    let led =
        "route:\n    - destination:\n        host: lynx.shop.svc.cluster.local\n        port:\n          number: 81\n";
    assert!(merged.contains(led) && merged.contains(route), "{merged}");
}

/// An existing VirtualService with this in its spec.
fn existing(spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: theirs, namespace: shop}}\nspec:\n{spec}"
    )
}

const BY_GATEWAY: &str = "  hosts: [shop.example.com]\n  gateways: [public]\n";

#[test]
fn an_existing_file_is_kept_byte_for_byte() {
    let route = "  http:\n  # first\n  - route:\n    - destination: {host: owl, subset: v20}\n      weight: 1\n    fault:\n      abort: {httpStatus: 503, percentage: {value: 0.5}}\n";
    let plain = existing(&format!("{BY_GATEWAY}{route}"));
    let windows = plain.replace('\n', "\r\n");
    let among_others =
        format!("# head\nkind: ConfigMap\ntext: |\n  # no route\n--- # next\n{plain}---\n---\nkind: Other");
    for text in [&plain, &windows, &among_others] {
        let files = mesh(SERVICES, &[text]).unwrap();
        let merged = &files.iter().find(|file| file.name == "25-0.yaml").unwrap().text;
        let mut rest = merged.as_str();
        for line in text.split_inclusive('\n') {
            let at = rest.find(line).unwrap_or_else(|| panic!("{line:?} is not in what is left: {rest}"));
            rest = &rest[at + line.len()..];
        }
        assert_eq!(rest, "");
        let added: Vec<&str> = merged.lines().filter(|line| line.starts_with("  - name: http-0/tag/")).collect();
        assert_eq!(added, ["  - name: http-0/tag/one.1", "  - name: http-0/tag/two"]);
        assert!(merged.lines().any(|line| line == "  # By weir render: http-0 for who is in a variant."), "{merged}");
        let is_windows = |text: &str| text.lines().count() == text.matches("\r\n").count();
        assert_eq!(is_windows(merged), is_windows(text), "lines end as they did");
        assert!(merged.find("# By weir").unwrap() < merged.find("# first").unwrap(), "before the comment: {merged}");
        assert_eq!(merged.matches("value: 0.5").count(), 3, "the fault is copied");
    }
}

#[test]
fn virtual_services_that_cannot_be_merged_into() {
    let one = |route: &str| existing(&format!("{BY_GATEWAY}  http:\n  - {route}\n"));
    let owl = "route: [{destination: {host: owl, subset: v20}}]";
    for (text, wanted) in [
        (one("{name: a, delegate: {name: other}}"), "conflict 1:8 spec.http[0].delegate"),
        (one("{name: a, route: [{destination: {host: owl}}]}"), "conflict 1:8 spec.http[0].route"),
        (
            one("{name: a, route: [{destination: {host: owl, subset: v20}}, {destination: {host: tiger}}]}"),
            "conflict 1:8 spec.http[0].route",
        ),
        (
            one(&format!("{{name: a, match: [{{headers: {{X-Env-Tag: {{exact: b}}}}}}], {owl}}}")),
            "conflict 1:8 spec.http[0].match",
        ),
        (
            one(&format!("{{name: a, match: [{{withoutHeaders: {{x-env-tag: {{}}}}}}], {owl}}}")),
            "conflict 1:8 spec.http[0].match",
        ),
        (one(&format!("{{name: a, {owl}}}\n  - {{name: a/tag/two, {owl}}}")), "conflict 1:8 spec.http[0].name"),
        (one(&format!("{{name: a, {owl}}}\n  - {{name: a, {owl}}}")), "conflict 1:8 spec.http[0].name"),
        (existing(&format!("{BY_GATEWAY}  http: [? {{name: a, {owl}}} : x]")), "wrong_type 1:7 spec.http[0]"),
        (one("{name: a, route: [{destination: {host: tiger}}]}"), "bad_value 1:1 (root)"),
        ("kind: Service".to_owned(), "missing_field 1:1 (root)"),
        ("a: [".to_owned(), "syntax 1:2 (root)"),
        (existing(&format!("  hosts: ['*.cluster.local']\n  http:\n  - {owl}\n")), "conflict 1:5 spec.hosts[0]"),
        (
            existing(&format!("  hosts: [owl]\n  http:\n  - {owl}\n")).replace(", namespace: shop", ""),
            "missing_field 1:3 metadata",
        ),
    ] {
        let problems = mesh(SERVICES, &[&text]).unwrap_err();
        assert_eq!(places(&problems)[0], wanted, "{text}\n{problems:?}");
    }
    let owls = existing(&format!("  hosts: [owl]\n  http:\n  - {owl}\n"));
    let public = one(&format!("{{name: a, {owl}}}"));
    let other = |text: &str| text.replace("name: theirs", "name: other");
    assert!(mesh(SERVICES, &[&public, &other(&public)]).is_ok(), "Istio merges those of one gateway");
    let twice = mesh(SERVICES, &[&owls, &other(&owls)]).unwrap_err();
    assert_eq!(places(&twice)[0], "conflict 2:5 spec.hosts[0]");
    let both = format!("{owls}---\n{}", other(&owls));
    assert_eq!(places(&mesh(SERVICES, &[&both]).unwrap_err())[0], "conflict 1:13 spec.hosts[0]");
}

#[test]
fn a_service_with_an_existing_virtual_service_gets_no_other() {
    let text = existing("  hosts: [owl]\n  http:\n  - route: [{destination: {host: owl, subset: v20}}]\n");
    let files = mesh("", &[&text]).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["10-subsets.yaml", "20-mesh.yaml", "25-0.yaml"]);
    assert!(!files[1].text.contains("VirtualService") && !files[0].text.contains("name: stable"));
}

/// The routes of a rendered file, each by its name and what it has below a key.
fn routes_of(files: &[File], key: &str) -> Vec<(String, String)> {
    let merged = &files.iter().find(|file| file.name == "25-0.yaml").unwrap().text;
    let documents = merged.split("\n---").filter(|text| text.contains("VirtualService"));
    let (document, problems) = Source::yaml("", documents.last().unwrap()).parse(SourceId::FIRST);
    assert!(problems.iter().all(|one| one.code != codes::SYNTAX), "{problems:?}\n{merged}");
    let Yaml::Map(node) = Yaml::from(&document) else { panic!("{merged}") };
    let take = |key: &str| node.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let spec = match take("items") {
        Some(Yaml::List(items)) => of(&items[0], "spec"),
        _ => take("spec").unwrap(),
    };
    let Yaml::List(routes) = of(&spec, "http") else { panic!("{merged}") };
    routes.iter().map(|route| (of(route, "name").json(), of(route, key).json())).collect()
}

fn of(value: &Yaml, key: &str) -> Yaml {
    let Yaml::Map(entries) = value else { panic!("{value:?}") };
    let mut found = entries.iter().filter(|(known, _)| known == key);
    let value = found.next().map_or(Yaml::Null, |(_, value)| value.clone());
    assert!(found.next().is_none(), "{key} twice");
    value
}

#[test]
fn files_are_read_as_tools_write_them() {
    let owl = "route: [{destination: {host: owl, subset: v20}}]";
    let plain = existing(&format!("{BY_GATEWAY}  http:\n  - name: a\n    {owl}\n"));
    let json = r#"{"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "theirs", "namespace": "shop"}, "spec": {"hosts": ["shop.example.com"], "gateways": ["public"],
        "http": [
            {"name": "a", "route": [{"destination": {"host": "owl", "subset": "v20"}}]}
        ]}}"#;
    let item = plain.replace('\n', "\n  ");
    for text in [
        plain.clone(),
        json.to_owned(),
        existing(&format!("{BY_GATEWAY}  http: [{{name: a, {owl}}}]\n")),
        format!("apiVersion: v1\nkind: List\nmetadata: {{resourceVersion: \"\"}}\nitems:\n- {item}\n"),
        format!("apiVersion: networking.istio.io/v1\nkind: VirtualServiceList\nitems:\n- {item}\n"),
        format!("apiVersion: v1\nkind: List\nitems:\n- {item}\n- {{kind: ConfigMap, a: &x 1, b: *x}}\n"),
        format!("%YAML 1.2\n---\nkind: Other\n---\n{plain}"),
        format!("kind: Other\n...\n%YAML 1.2\n# by hand\n---\n{plain}"),
        format!("# Copyright\n---\nkind: ConfigMap\ndata:\n  base: &base x\n  other: *base\n  <<: *base\n---\n{plain}"),
    ] {
        let files = mesh(SERVICES, &[&text]).unwrap_or_else(|problems| panic!("{text}\n{problems:?}"));
        let names: Vec<String> = routes_of(&files, "route").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [r#""a/tag/one.1""#, r#""a/tag/two""#, r#""a""#], "{text}");
    }
}

#[test]
fn a_template_is_one_problem_that_says_what_to_run() {
    for text in [
        existing("{{- if .Values.owl }}\n  hosts: [owl]\n{{- end }}\n"),
        existing("  hosts: [{{ .Values.host }}]\n  http: []\n"),
    ] {
        let problems = mesh("", &[&text]).unwrap_err();
        assert_eq!(places(&problems), ["syntax 1:5 (root)"], "{text}\n{problems:?}");
        assert!(problems[0].message.contains("helm template"), "{problems:?}");
    }
    // Braces in a text are nobody's template.
    let text = existing(
        "  # {{ .Values.host }}\n  hosts: [owl]\n  http:\n  - headers: {request: {set: {a: '{{ .Values.a }}'}}}\n    route: [{destination: {host: owl, subset: v20}}]\n",
    );
    assert!(mesh(SERVICES, &[&text]).is_ok());
}

#[test]
fn nulls_and_what_is_empty_count_as_absent() {
    let added = r#""headers":{"x-env-tag":{"regex":"(.*,)?one\\.1(,.*)?"}}"#;
    for (written, expected) in [
        ("match:", format!("[{{{added}}}]")),
        ("match: []", format!("[{{{added}}}]")),
        ("match: [{headers: , uri: {prefix: /}}]", format!(r#"[{{"uri":{{"prefix":"/"}},{added}}}]"#)),
        ("match: [{headers: {}}]", format!("[{{{added}}}]")),
        ("match: [null, {uri: {prefix: /}}]", format!(r#"[{{{added}}},{{"uri":{{"prefix":"/"}},{added}}}]"#)),
    ] {
        let route = format!(
            "  - name: a\n    {written}\n    delegate:\n    headers:\n    route: [{{destination: {{host: owl, subset: v20}}}}]\n"
        );
        let files = mesh(SERVICES, &[&existing(&format!("{BY_GATEWAY}  http:\n{route}"))]).unwrap();
        assert_eq!(routes_of(&files, "match")[0].1, expected, "{written}");
    }
    // What the filter writes for routes alone is removed behind them, whatever is null there.
    for headers in ["headers:", "headers: {}", "headers: {request: }", "headers: {request: {remove: }}"] {
        let route = format!("  - name: a\n    {headers}\n    route: [{{destination: {{host: owl, subset: v20}}}}]\n");
        let text = existing(&format!("{BY_GATEWAY}  http:\n{route}"));
        let files = rendered("role: mesh, steer: subset, wasm: {file: /weir.wasm},", SERVICES, &[&text]).unwrap();
        let removed = r#"{"request":{"remove":["x-weir-subset"]}}"#;
        assert_eq!(routes_of(&files, "headers")[0].1, removed, "{headers}");
    }
}

#[test]
fn whatever_leads_to_all_pods_of_a_service_is_refused() {
    let owl = "route: [{destination: {host: owl, subset: v20}}]";
    let one = |route: &str| existing(&format!("{BY_GATEWAY}  http:\n  - {{name: a, {owl}, {route}}}\n"));
    let other = |routes: &str| existing(&format!("{BY_GATEWAY}  http:\n  - {{name: a, {owl}}}\n{routes}"));
    for (text, expected) in [
        (one("mirror: {host: owl}"), "conflict 1:8 spec.http[0].mirror"),
        (one("mirror: {host: owl.shop.svc.cluster.local, subset: ''}"), "conflict 1:8 spec.http[0].mirror"),
        (one("mirrors: [{destination: {host: owl}, percentage: {value: 1}}]"), "conflict 1:8 spec.http[0].mirrors"),
        (other("  tls:\n  - route: [{destination: {host: owl}}]\n"), "conflict 1:10 spec.tls[0].route"),
        (
            other("  tcp:\n  - route: [{destination: {host: tiger}}]\n  - route: [{destination: {host: owl}}]\n"),
            "conflict 1:11 spec.tcp[1].route",
        ),
        (one("mirror: {host: owl, subset: v21}"), ""),
        (one("mirror: {host: tiger}"), ""),
        (other("  tls:\n  - route: [{destination: {host: owl, subset: v20}}]\n"), ""),
        (other("  tls:\n  - route: [{destination: {host: owl, subset: v21}}]\n"), "conflict 1:10 spec.tls[0].route"),
        (
            other(
                "  tcp:\n  - route: [{destination: {host: owl, subset: v20}, weight: 9}, {destination: {host: owl, subset: v21}, weight: 1}]\n",
            ),
            "",
        ),
    ] {
        let found = mesh(SERVICES, &[&text]).map_or_else(|problems| places(&problems).join(" "), |_| String::new());
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn what_all_destinations_do_to_headers_is_done_for_variants_too() {
    let edit = "headers: {request: {set: {x-tenant: '007'}}}";
    let two = |one: &str, other: &str| {
        let destination = "destination: {host: owl, subset: v20}, weight: 50";
        let routes = format!("route: [{{{destination}, {one}}}, {{{destination}, {other}}}]");
        mesh(SERVICES, &[&existing(&format!("{BY_GATEWAY}  http:\n  - {{name: a, {routes}}}\n"))])
    };
    let same = two(edit, edit).unwrap();
    let route = r#"[{"destination":{"host":"owl","subset":"v21"},"headers":{"request":{"set":{"x-tenant":"007"}}}}]"#;
    assert_eq!(routes_of(&same, "route")[0].1, route);
    assert!(two("headers: ", "headers: {}").is_ok());
    for other in ["headers: ", "headers: {request: {set: {x-tenant: '008'}}}"] {
        assert_eq!(places(&two(edit, other).unwrap_err()), ["conflict 1:8 spec.http[0].route"], "{other}");
    }
}

#[test]
fn a_delegate_gets_its_copies_and_its_host_no_virtual_service_of_ours() {
    let root = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: root, namespace: edge}\nspec:\n  hosts: [owl.shop.svc.cluster.local]\n  http:\n  - name: all\n    delegate: {name: theirs, namespace: shop}\n";
    let delegate = existing("  http:\n  - name: a\n    route: [{destination: {host: owl, subset: v20}}]\n");
    let elsewhere = format!("{}, routed_by: edge/root}}}}", SERVICES.strip_suffix("}}").unwrap());
    for (istio, into) in [(SERVICES, &[delegate.as_str(), root][..]), (&elsewhere, &[&delegate])] {
        let files = mesh(istio, into).unwrap_or_else(|problems| panic!("{istio}\n{problems:?}"));
        let names: Vec<String> = routes_of(&files, "route").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [r#""a/tag/one.1""#, r#""a/tag/two""#, r#""a""#]);
        let ours = files.iter().filter(|file| !file.name.starts_with("25-"));
        assert!(ours.clone().count() > 1 && ours.into_iter().all(|file| !file.text.contains("VirtualService")));
    }
    for (istio, into, expected) in [
        (SERVICES, &[delegate.as_str()][..], "conflict 1:5 spec"),
        (SERVICES, &[root], "conflict 1:8 spec.http[0].delegate"),
        (&elsewhere, &[], "missing_field 0:2 istio.services.owl.shop.svc.cluster.local.routed_by"),
    ] {
        assert_eq!(places(&mesh(istio, into).unwrap_err()), [expected], "{into:?}");
    }
}

#[test]
fn weights_and_limits_are_of_routes_that_there_are() {
    let vs = existing(
        "  hosts: [owl]\n  http:\n  - {name: single, match: [{uri: {prefix: /s}}], route: [{destination: {host: owl, subset: v20}}]}\n  - {name: primary, route: [{destination: {host: owl, subset: v20}}, {destination: {host: owl, subset: green}}]}\n",
    );
    let sticky = "role: mesh, wasm: {file: /weir.wasm}, sticky: [{id: owls, unit: user, header: x-w}],";
    for (asked, expected) in [
        ("weights: {owls: [primary]}, limits: {primary: 1, single: 1, single/tag/two: 1}", &[][..]),
        (
            "weights: {owls: [primary, typo, single]}",
            &["bad_value 0:2 istio.weights.owls[1]", "conflict 0:2 istio.weights.owls[2]"],
        ),
        ("weights: {owls: [primary/tag/two]}", &["conflict 0:2 istio.weights.owls[0]"]),
        ("limits: {nosuch: 100}", &["bad_value 0:2 istio.limits.nosuch"]),
    ] {
        let istio = format!("{SERVICES}, {asked}");
        let found = rendered(sticky, &istio, &[&vs]).map_or_else(|problems| places(&problems), |_| Vec::new());
        assert_eq!(found, expected, "{asked}");
    }
    let ours = format!("{SERVICES}, limits: {{owl.shop.svc.cluster.local/stable: 1}}");
    assert!(rendered(sticky, &ours, &[]).is_ok());
    // A VirtualService may be given for its weights alone.
    let other = existing(
        "  hosts: [tiger]\n  http:\n  - {name: t, route: [{destination: {host: a}}, {destination: {host: b}}]}\n",
    );
    let files = rendered(sticky, &format!("{SERVICES}, weights: {{owls: [t]}}"), &[&other]).unwrap();
    assert_eq!(files.last().unwrap().text, other);
}

#[test]
fn hosts_of_stable_pods_alone_are_read_as_the_service() {
    let split = "{destination: {host: owl-primary}, weight: 90}, {destination: {host: lynx}, weight: 10}";
    let flagger = existing(&format!("  hosts: [owl]\n  http:\n  - {{name: a, timeout: 3s, route: [{split}]}}\n"));
    let stable = "services: {owl.shop.svc.cluster.local: {stable_hosts: [owl-primary.shop.svc.cluster.local]}}";
    let lines = "role: mesh, wasm: {file: /weir.wasm},";
    let files = rendered_of(LED, lines, stable, &[&flagger]).unwrap();
    // A short one is of the service's namespace.
    let short = stable.replace("[owl-primary.shop.svc.cluster.local]", "[owl-primary]");
    assert_eq!(rendered_of(LED, lines, &short, &[&flagger]).unwrap(), files);
    let route = r#"[{"destination":{"host":"lynx.shop.svc.cluster.local"}}]"#;
    assert_eq!(routes_of(&files, "route")[0], (r#""a/tag/e.c""#.to_owned(), route.to_owned()));
    assert!(files.iter().all(|file| !file.text.contains("DestinationRule")), "{files:?}");
    // Nobody said that they are the service's.
    let problems = rendered_of(LED, lines, "services: {owl.shop.svc.cluster.local: {}}", &[&flagger]).unwrap_err();
    assert_eq!(places(&problems), ["conflict 1:5 spec.hosts[0]"]);
    assert!(problems[0].message.contains("stable_hosts: [owl-primary.shop.svc.cluster.local]"), "{problems:?}");
    let other = flagger.replace("lynx", "tiger");
    assert_eq!(places(&rendered_of(LED, lines, stable, &[&other]).unwrap_err()), ["conflict 1:7 spec.http[0].route"]);
}
