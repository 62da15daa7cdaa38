//! Names that resources ask for, and whether somebody is called so.

use weir_policy::{Source, SourceId, Sources};

use super::{TYPE, listener, routes, warned};
use crate::{read as read_resources, unknown_filters};

#[test]
fn what_is_asked_for_by_ads_is_there() {
    let rds =
        |name: &str, source: &str| listener(&format!("rds: {{route_config_name: {name}, config_source: {source}}}"));
    let scoped = |source: &str| {
        listener(&format!(
            "scopedRoutes: {{name: x, rdsConfigSource: {source}, scopedRouteConfigurationsList: {{scopedRouteConfigurations: \
             [{{name: a, route_configuration_name: shop}}, {{name: b, routeConfigurationName: ship}}]}}}}"
        ))
    };
    let eds = |rest: &str| format!("resources: [{{{TYPE}.cluster.v3.Cluster, name: owl, {rest}}}]");
    let of_ads = |rest: &str| eds(&format!("type: EDS, eds_cluster_config: {{eds_config: {{ads: {{}}}}{rest}}}"));
    let endpoints =
        |name: &str| format!("resources: [{{{TYPE}.endpoint.v3.ClusterLoadAssignment, cluster_name: {name}}}]");
    let (shop, file) = (routes("'*'", &[]), "{path_config_source: {path: /x.yaml}}");
    let owl = endpoints("owl");
    let (route, assignment): (&[&str], &[&str]) = (&["r0:1 unknown_route_config"], &["r0:1 unknown_endpoints"]);
    let table: [(&str, String, Option<&String>, &[&str]); 17] = [
        ("its routes", rds("shop", "{ads: {}}"), Some(&shop), &[]),
        ("a typo", rds("ship", "{ads: {}}"), Some(&shop), route),
        ("in another case", rds("Shop", "{ads: {}}"), Some(&shop), route),
        ("no routes are served", rds("ship", "{ads: {}}"), None, &[]),
        ("routes of a file", rds("ship", file), Some(&shop), &[]),
        (
            "of another authority",
            rds("'xdstp://x/envoy.config.route.v3.RouteConfiguration/ship'", "{ads: {}}"),
            Some(&shop),
            &[],
        ),
        ("scopes", scoped("{ads: {}}"), Some(&shop), route),
        ("scopes of a file", scoped(file), Some(&shop), &[]),
        ("its endpoints", of_ads(""), Some(&owl), &[]),
        ("by the name of a service", of_ads(", service_name: owl"), Some(&owl), &[]),
        ("by another", of_ads(", serviceName: elk"), Some(&owl), assignment),
        ("none by an empty one", of_ads(", service_name: ''"), Some(&owl), &[]),
        ("of another cluster", of_ads(""), Some(&shop), &[]),
        ("others only", of_ads("").replace("name: owl", "name: elk"), Some(&owl), assignment),
        ("no endpoints are served", of_ads("").replace("name: owl", "name: elk"), None, &[]),
        (
            "endpoints of a file",
            eds(&format!("type: EDS, eds_cluster_config: {{eds_config: {file}, service_name: elk}}")),
            Some(&owl),
            &[],
        ),
        ("a cluster of another type", of_ads(", service_name: elk").replace("EDS", "STATIC"), Some(&owl), &[]),
    ];
    for (what, asking, beside, expected) in table {
        let resources: Vec<&str> = [&asking].into_iter().chain(beside).map(String::as_str).collect();
        let (found, messages) = warned("version: 1", &[], &resources);
        assert_eq!(found, expected, "{what}: {messages}");
    }
    let (_, messages) = warned("version: 1", &[], &[&rds("ship", "{ads: {}}"), &shop]);
    let expected = "listener edge asks for ship, and the resources have no RouteConfiguration called so: ";
    assert!(messages.starts_with(expected), "{messages}");
}

#[test]
fn a_filter_that_a_listener_asks_for_is_called_like_an_attachment() {
    let filter = |name: &str, source: &str, types: &str| {
        listener(&format!(
            "http_filters: [{{name: {name}, config_discovery: {{config_source: {source}, type_urls: [{types}]}}}}, {{name: router}}]"
        ))
    };
    let wasm = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
    let ads = |name: &str| filter(name, "{ads: {}}", wasm);
    let told = "listener edge asks for weir.shop, and no attachment is called shop; they are elk, story";
    let table: [(String, &[&str], Option<&str>); 9] = [
        (ads("weir.shop"), &["story", "elk"], Some(told)),
        (
            ads("weir.shop")
                .replace("config_", "config")
                .replace("configdiscovery", "configDiscovery")
                .replace("configsource", "configSource"),
            &["story", "elk"],
            Some(told),
        ),
        (ads("weir.shop"), &["story", "shop"], None),
        (ads("weir.shop"), &[], None),
        (
            ads("weir.sto"),
            &["story"],
            Some("listener edge asks for weir.sto, and no attachment is called sto; the one here is story"),
        ),
        (ads("shop"), &["story"], None),
        (ads("other.shop"), &["story"], None),
        (filter("weir.shop", "{path_config_source: {path: /x.yaml}}", wasm), &["story"], None),
        (filter("weir.shop", "{ads: {}}", ""), &["story"], None),
    ];
    for (text, attachments, expected) in table {
        let sources = Sources::of([Source::yaml("r", &text)]);
        let files = read_resources(&sources, &[SourceId::FIRST]).unwrap_or_else(|found| panic!("{found:?}"));
        let found = unknown_filters(&files, attachments);
        let messages: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, Vec::from_iter(expected), "{text} {attachments:?}");
        assert!(found.iter().all(|one| one.path.to_string().ends_with("http_filters[0].name")), "{found:?}");
    }
}
