//! Policies, attachments and routes, and what is warned of. Routes of which it says whose are as in reports of users of
//! Envoy, Istio, Contour and others.

use weir_policy::{AttachmentFile, Problem, Role, Source, Sources, read};

use super::steering::{COMPARISONS_MAX, PATTERNS_MAX};
use super::warnings;
use crate::read as read_resources;

mod names;
mod subsets;

const POLICY: &str = "
version: 1
units: {user: [{header: u}]}
layers:
- id: checkout
  unit: user
  experiments:
  - id: owl-v21
    slots: all
    variants:
    - {id: canary, share: 5%, env_tag: owl.v21, routes: {owl.shop: v21}}
    - {id: control, share: 5%}
";

const TYPE: &str = "\"@type\": type.googleapis.com/envoy.config";

/// A route configuration with one virtual host of these routes.
fn routes(domains: &str, routes: &[&str]) -> String {
    let routes = routes.join(", ");
    format!(
        "resources: [{{{TYPE}.route.v3.RouteConfiguration, name: shop, virtual_hosts: [{{name: shop, \
         domains: [{domains}], routes: [{routes}]}}]}}]"
    )
}

fn clusters(names: &[&str]) -> String {
    let each: Vec<String> =
        names.iter().map(|name| format!("{{{TYPE}.cluster.v3.Cluster, name: \"{name}\"}}")).collect();
    format!("resources: [{}]", each.join(", "))
}

/// Each warning as `FILE:LINE CODE`, the policy being `p`, attachments `a0` on, and resources `r0` on; and the messages.
fn warned(policy: &str, attachments: &[&str], resources: &[&str]) -> (Vec<String>, String) {
    let mut sources = Sources::default();
    let mut add = |name: String, text: &str| sources.add(Source::yaml(name, text));
    let file = add("p".to_owned(), policy);
    let attached: Vec<_> = (0..).zip(attachments).map(|(i, text)| add(format!("a{i}"), text)).collect();
    let files: Vec<_> = (0..).zip(resources).map(|(i, text)| add(format!("r{i}"), text)).collect();
    let documents = read(&sources, &[file]).unwrap();
    let model = documents.check(&documents.policies, Role::Edge).unwrap_or_else(|found| panic!("{found:?}"));
    let attached: Vec<_> = attached.iter().map(|id| (*id, AttachmentFile::read(&sources, *id).unwrap())).collect();
    let attached: Vec<_> = attached.iter().map(|(id, file)| (*id, &file.attachment)).collect();
    let files = read_resources(&sources, &files).unwrap_or_else(|found| panic!("{found:?}"));
    let mut found = warnings(&files, Some((&model, &documents.policies)), &attached);
    sources.locate(&mut found);
    let place = |one: &Problem| {
        let (name, line) = (&sources.get(one.source).unwrap().name, one.position.expect("a place").line);
        format!("{name}:{line} {}", one.code.name())
    };
    (found.iter().map(place).collect(), found.into_iter().map(|one| one.message + "\n").collect())
}

const STABLE: &str = "{match: {prefix: /}, route: {cluster: outbound|80||owl.shop}}";

/// A route to the canary that asks this of the tag's header.
fn tagged(asks: &str) -> String {
    format!(
        "{{match: {{prefix: /, headers: [{{name: x-env-tag, {asks}}}]}}, route: {{cluster: outbound|80|v21|owl.shop}}}}"
    )
}

const TAG: &str = "{weir: 1, steer: tag}";

#[test]
fn a_tag_is_matched_by_what_envoy_would_match_it_by() {
    let table = [
        ("string_match: {safe_regex: {regex: '(.*,)?owl\\.v21(,.*)?'}}", ""),
        ("string_match: {contains: owl.v21}", ""),
        ("present_match: true", ""),
        ("string_match: {exact: other}, invert_match: true", ""),
        (
            "string_match: {custom: {name: mine, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}",
            "",
        ),
        ("string_match: {safe_regex: {regex: '(?!x)y'}}", ""),
        ("string_match: {exact: owl.v21}", "r0:1 exact_tag"),
        ("exact_match: owl.v21", "r0:1 exact_tag"),
        ("string_match: {suffix: owl.v21}", "r0:1 exact_tag"),
        ("string_match: {prefix: owl.v21}", "r0:1 exact_tag"),
        // istio#10766: an alternative is of the whole value.
        ("string_match: {safe_regex: {regex: 'lynx|owl\\.v21'}}", "r0:1 exact_tag"),
        ("string_match: {safe_regex: {regex: '^.*\\b(lynx|owl\\.v21)\\b.*$'}}", ""),
        ("string_match: {exact: owl-v21}", "p:11 unmatched_tag"),
        ("string_match: {exact: OWL.V21}", "p:11 unmatched_tag"),
        ("string_match: {exact: OWL.V21, ignore_case: true}", "r0:1 exact_tag"),
        // envoy#10085
        ("present_match: false", "p:11 unmatched_tag"),
        ("present_match: true, invert_match: true", "p:11 unmatched_tag"),
        ("range_match: {start: 1, end: 5}", "p:11 unmatched_tag"),
        // contour#1751: a text that was meant literally, as a regex of its own.
        ("string_match: {safe_regex: {regex: '.*owl\\\\.v21.*'}}", "p:11 unmatched_tag"),
    ];
    for (asks, expected) in table {
        let text = routes("'*'", &[&tagged(asks), STABLE]);
        let (found, messages) = warned(POLICY, &[TAG], &[&text]);
        assert_eq!(found.join(", "), expected, "{asks}: {messages}");
    }
    // kgateway#6769: one header cannot be two things.
    let both = "{match: {prefix: /, headers: [{name: x-env-tag, string_match: {exact: owl.v21}}, \
                {name: X-Env-Tag, string_match: {exact: lynx}}]}, route: {cluster: outbound|80|v21|owl.shop}}";
    assert_eq!(warned(POLICY, &[TAG], &[&routes("'*'", &[both, STABLE])]).0, ["p:11 unmatched_tag"]);
}

#[test]
fn what_is_asked_depends_on_the_steering() {
    let regex = tagged("string_match: {safe_regex: {regex: '(.*,)?owl\\.v21(,.*)?'}}");
    let subset = |name: &str| {
        format!(
            "{{match: {{prefix: /, headers: [{{name: x-weir-subset, string_match: {{exact: {name}}}}}]}}, \
             route: {{cluster: outbound|80|v21|owl.shop}}}}"
        )
    };
    let header = "{match: {prefix: /, headers: [{name: x-weir-cluster, present_match: true}]}, \
                  route: {cluster_header: x-weir-cluster}}";
    // envoy#18386: a header stands for a cluster of a split.
    let weighted = "{match: {prefix: /, headers: [{name: x-weir-cluster}]}, \
                    route: {weighted_clusters: {clusters: [{cluster_header: X-Weir-Cluster, weight: 1}]}}}";
    let (v21, v22) = (subset("v21"), subset("v22"));
    let (by_subset, by_cluster) = ("{weir: 1, steer: subset}", "\n\n{weir: 1, steer: cluster, role: mesh}");
    let inbound = "{weir: 1, role: inbound}";
    let table: [(&[&str], &[&str], &[&str]); 13] = [
        (&[by_subset], &[&v21], &[]),
        (&[by_subset], &[&v22], &["p:11 unmatched_subset"]),
        (&[by_subset], &[&regex], &["p:11 unmatched_subset"]),
        (&[by_cluster], &[header], &[]),
        (&[by_cluster], &[weighted], &[]),
        (&[by_cluster], &[&regex], &["a0:3 no_cluster_route"]),
        (&[TAG], &[header], &["p:11 unmatched_tag"]),
        (&[TAG, by_subset, by_cluster], &[], &["p:11 unmatched_tag", "p:11 unmatched_subset", "a2:3 no_cluster_route"]),
        (&[TAG, by_subset, inbound], &[&regex, &v21], &[]),
        (&[inbound], &[], &[]),
        // Nobody says how it steers.
        (&[], &[&v21], &[]),
        (&[], &[header], &[]),
        (&[], &[], &["p:11 unmatched_tag"]),
    ];
    for (attachments, before, expected) in table {
        let text = routes("'*'", &[before, &[STABLE]].concat());
        let (found, messages) = warned(POLICY, attachments, &[&text]);
        assert_eq!(found, expected, "{attachments:?} {before:?}: {messages}");
    }
}

#[test]
fn a_tag_may_travel_in_baggage_or_in_a_cookie_too() {
    let policy = POLICY.replace("layers:", "env_tag: {header: x-lane, baggage: lane, request_cookie: tag}\nlayers:");
    let by = |header: &str, text: &str| {
        let route = format!(
            "{{match: {{prefix: /, headers: [{{name: {header}, string_match: {{contains: {text}}}}}]}}, \
             route: {{cluster: outbound|80|v21|owl.shop}}}}"
        );
        warned(&policy, &[TAG], &[&routes("'*'", &[&route, STABLE])]).0
    };
    assert_eq!(by("x-lane", "owl.v21"), Vec::<String>::new());
    assert_eq!(by("baggage", "owl.v21"), Vec::<String>::new());
    assert_eq!(by("cookie", "owl.v21"), Vec::<String>::new());
    assert_eq!(by("baggage", "lane=owl.v21"), ["r0:1 exact_tag"]);
    assert_eq!(by("x-env-tag", "owl.v21"), ["p:12 unmatched_tag"]);
}

#[test]
fn a_tag_stands_with_those_of_other_layers_in_their_order() {
    let another = "- {id: theme, unit: user, experiments: [{id: dark, slots: all, variants: [{id: on, routes: {elk.shop: v2}}]}]}";
    let policy = format!("{POLICY}{another}\n");
    // The last of a line is enough for the last layer, and the first for the first.
    let asks = ["string_match: {prefix: owl.v21}", "string_match: {suffix: dark.on}"].map(tagged);
    let text = routes("'*', elk.shop", &[&asks[0], &asks[1], STABLE]);
    assert_eq!(warned(&policy, &[TAG], &[&text]).0, Vec::<String>::new());
    let asks = ["string_match: {exact: owl.v21}", "string_match: {prefix: dark.on}"].map(tagged);
    let text = routes("'*', elk.shop", &[&asks[0], &asks[1], STABLE]);
    let (found, messages) = warned(&policy, &[TAG], &[&text]);
    assert_eq!(found, ["r0:1 exact_tag", "r0:1 exact_tag"]);
    assert!(
        messages.contains("as in owl.v21,dark.on;") && messages.contains("match the regex (.*,)?dark\\.on(,.*)?"),
        "{messages}"
    );
}

#[test]
fn a_service_is_named_by_a_domain_or_a_cluster() {
    let by_subset = "{weir: 1, steer: subset}";
    let other = "{match: {prefix: /, headers: [{name: x-weir-subset, string_match: {exact: v21}}]}, route: {cluster: a}}, \
                 {match: {prefix: /}, route: {cluster: CLUSTER}}";
    let table = [
        ("'*'", "owl.shop", true),
        ("'*'", "outbound|8080||owl.shop", true),
        ("'*'", "outbound|80|v1|owl.shop", true),
        ("owl.shop", "x", true),
        ("'OWL.shop:80'", "x", true),
        ("owl", "x", true),
        ("'*.shop'", "x", true),
        ("'owl.*'", "x", true),
        ("'*'", "x", false),
        ("ow", "x", false),
        ("'*.example.com'", "owl-shop-80", false),
        ("owl.shop.example.com", "outbound|80|owl.shop|x", false),
    ];
    for (domain, cluster, named) in table {
        let text = routes(domain, &[&other.replace("CLUSTER", cluster)]);
        let expected: &[&str] = if named { &[] } else { &["p:11 unrouted_service"] };
        let (found, messages) = warned(POLICY, &[by_subset], &[&text]);
        assert_eq!(found, expected, "{domain} {cluster}: {messages}");
    }
    // By tags, routes need not know how the policy calls the service; and one fault is told once.
    let tag = tagged("string_match: {contains: owl.v21}").replace("outbound|80|v21|owl.shop", "canary");
    let named = |before: &str| {
        warned(POLICY, &[TAG], &[&routes("'*'", &[before, "{match: {prefix: /}, route: {cluster: x}}"])]).0
    };
    assert_eq!(named(&tag), Vec::<String>::new());
    assert_eq!(named("{match: {prefix: /a}, route: {cluster: y}}"), ["p:11 unrouted_service"]);
}

#[test]
fn what_is_switched_off_asks_for_nothing() {
    let text = routes("'*'", &[STABLE]);
    let off = [
        ("version: 1", "version: 1\nenabled: false"),
        ("  unit: user", "  unit: user\n  enabled: false"),
        ("    slots: all", "    slots: all\n    enabled: false"),
    ];
    for (on, off) in off {
        assert_eq!(warned(&POLICY.replace(on, off), &[TAG], &[&text]).0, Vec::<String>::new(), "{off}");
    }
    assert_eq!(warned(POLICY, &[TAG], &[&text]).0, ["p:11 unmatched_tag"]);
}

#[test]
fn a_route_leads_to_a_cluster_that_is_there() {
    let route = |action: &str| format!("{{match: {{prefix: /}}, route: {{{action}}}}}");
    // contour#4834; osm#955: a split to clusters that come later; kourier#99: a split that is empty.
    let table = [
        ("cluster: metadata_service", vec![]),
        ("cluster: metadata_service2", vec!["metadata_service2"]),
        (
            "weighted_clusters: {clusters: [{name: ns/v1, weight: 1}, {name: metadata_service, weight: 2}]}",
            vec!["ns/v1"],
        ),
        (
            "weightedClusters: {clusters: [{name: ns/v1, weight: 1}, {name: \"a\\nb\", weight: 2}]}",
            vec!["ns/v1 and no a\\nb"],
        ),
        ("weighted_clusters: {}", vec![]),
        ("cluster_header: x-weir-cluster", vec![]),
        (
            "inline_cluster_specifier_plugin: {extension: {name: mine, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}",
            vec![],
        ),
    ];
    for (action, missing) in table {
        let text = routes("'*'", &[&route(action)]);
        let policy = "version: 1";
        let (found, messages) = warned(policy, &[], &[&text, &clusters(&["metadata_service", "ns/other"])]);
        assert_eq!(found, vec!["r0:1 unknown_cluster"; missing.len()], "{action}");
        missing.iter().for_each(|name| assert!(messages.contains(&format!("no cluster {name}: ")), "{messages}"));
        // Where no cluster is, they come from elsewhere.
        assert_eq!(warned(policy, &[], &[&text]).0, Vec::<String>::new(), "{action}");
    }
}

#[test]
fn the_first_route_that_matches_is_taken() {
    let (tag, lynx) = (tagged("string_match: {contains: owl.v21}"), "{match: {path: /lynx}, route: {cluster: x}}");
    let table: [(&str, bool); 8] = [
        // kusk-gateway#80, istio#15114
        (STABLE, true),
        ("{match: {prefix: /, case_sensitive: false}, redirect: {https_redirect: true}}", true),
        ("{match: {prefix: /shop}, route: {cluster: x}}", false),
        // istio#10485: with a header it takes not all.
        ("{match: {prefix: /, headers: [{name: x-org-id}]}, route: {cluster: x}}", false),
        ("{match: {prefix: /, query_parameters: [{name: version}]}, route: {cluster: x}}", false),
        ("{match: {prefix: /, runtime_fraction: {default_value: {numerator: 5}}}, route: {cluster: x}}", false),
        ("{match: {prefix: /, grpc: {}}, route: {cluster: x}}", false),
        ("{match: {safe_regex: {regex: '.*'}}, route: {cluster: x}}", false),
    ];
    for (first, behind) in table {
        let text = routes("owl.shop", &[first, lynx, &tag]);
        let expected: &[&str] = if behind { &["r0:1 unreachable_route"] } else { &[] };
        let (found, messages) = warned(POLICY, &[TAG], &[&text]);
        assert_eq!(found, expected, "{first}");
        assert!(!behind || messages.starts_with("resources[0].virtual_hosts[0].routes[0] takes every"), "{messages}");
    }
}

#[test]
fn nothing_is_said_of_routes_that_may_be_elsewhere() {
    let inline =
        |host: &str| listener(&format!("route_config: {{virtual_hosts: [{{name: a, domains: ['*'], {host}}}]}}"));
    let stable = format!("routes: [{STABLE}]");
    let (shop, rds) = (routes("'*'", &[STABLE]), |name: &str| listener(&format!("rds: {{route_config_name: {name}}}")));
    let plugin = "{match: {prefix: /}, route: {cluster_specifier_plugin: mine}}";
    let table: [(&str, &[&str], bool); 10] = [
        ("no routes at all", &[&clusters(&["outbound|80||owl.shop"])], false),
        ("routes of a listener", &[&inline(&stable)], true),
        (
            "in camel case",
            &[&inline(&stable).replace("route_config", "routeConfig").replace("virtual_hosts", "virtualHosts")],
            true,
        ),
        ("routes that a listener asks for", &[&rds("shop"), &shop], true),
        ("and others that it asks for", &[&rds("elsewhere"), &shop], false),
        ("only what is elsewhere", &[&rds("elsewhere")], false),
        (
            "scoped routes",
            &[
                &listener(
                    "scoped_routes: {name: x, scope_key_builder: {fragments: [{header_value_extractor: {name: x, index: 0}}]}}",
                ),
                &shop,
            ],
            false,
        ),
        (
            "virtual hosts on demand",
            &[&shop
                .replace("name: shop, virtual_hosts", "vhds: {config_source: {ads: {}}}, name: shop, virtual_hosts")],
            false,
        ),
        ("a matching tree", &[&inline("matcher: {}")], false),
        ("a plugin", &[&routes("'*'", &[plugin])], false),
    ];
    for (what, resources, told) in table {
        let expected: &[&str] = if told { &["p:11 unmatched_tag"] } else { &[] };
        assert_eq!(warned(POLICY, &[TAG], resources).0, expected, "{what}");
    }
}

/// A listener with this in its HTTP connection manager.
fn listener(manager: &str) -> String {
    format!(
        "resources: [{{{TYPE}.listener.v3.Listener, name: edge, filter_chains: [{{filters: [{{name: http, typed_config: \
         {{'@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.\
         HttpConnectionManager, stat_prefix: edge, {manager}}}}}]}}]}}]"
    )
}

/// A server looks at all of it with each change of a file.
#[test]
fn nothing_is_said_where_it_would_take_too_long() {
    let policy = |arms: usize| {
        let experiments: Vec<String> = (0..arms.div_ceil(10))
            .map(|i| {
                let variants: Vec<String> = (i * 10..arms.min(i * 10 + 10))
                    .map(|arm| format!("{{id: v{arm}, routes: {{owl.shop: v21}}}}"))
                    .collect();
                format!("{{id: e{i}, slots: [[{i}, {}]], variants: [{}]}}", i + 1, variants.join(", "))
            })
            .collect();
        let experiments = experiments.join(", ");
        format!(
            "version: 1\nunits: {{user: [{{header: u}}]}}\n\
             layers: [{{id: l, unit: user, experiments: [{experiments}]}}]\n"
        )
    };
    let found = |arms: usize, patterns: usize| {
        let mut all: Vec<String> =
            (0..patterns).map(|i| tagged(&format!("string_match: {{prefix: never{i}}}"))).collect();
        all.push(STABLE.to_owned());
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        warned(&policy(arms), &[TAG], &[&routes("'*'", &all)]).0.len()
    };
    assert_eq!((found(1, PATTERNS_MAX), found(1, PATTERNS_MAX + 1)), (1, 0));
    let arms = COMPARISONS_MAX / PATTERNS_MAX;
    assert_eq!((found(arms, PATTERNS_MAX), found(arms + 1, PATTERNS_MAX)), (arms, 0));
}
