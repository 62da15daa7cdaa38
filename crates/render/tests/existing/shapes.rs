//! Random VirtualServices of a shop, of every shape that Istio takes and routes can be put into, and requests to them.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// One VirtualService, or a root with the one that it delegates to.
pub fn virtual_services() -> impl Strategy<Value = Vec<Value>> {
    let alone = (binding(), streams(), vec(route(false), 1..5)).prop_map(|(binding, mut streams, routes)| {
        if let Some(sni) = streams.pointer_mut("/tls/0/match/0/sniHosts/0") {
            // Istio takes hosts of the VirtualService alone.
            *sni = binding["hosts"][0].clone();
        }
        vec![service("theirs", and(binding, streams), routes)]
    });
    let roots = select(vec![
        json!({"match": [{"uri": {"prefix": "/a"}}]}),
        json!({"match": [{"uri": {"prefix": "/a"}}, {"headers": {"x-beta": {"exact": "no"}}}]}),
        json!({"match": [{"uri": {"prefix": "/a"}, "ignoreUriCase": true}]}),
        json!({"headers": {"request": {"set": {"by-root": "yes"}}}}),
        json!({"timeout": "5s"}),
    ]);
    let delegating = (binding(), vec(route(false), 0..3), vec(route(true), 1..4), any::<bool>(), roots).prop_map(
        |(binding, mut routes, delegated, first, root)| {
            let to = json!({"name": "theirs-below", "namespace": "shop"});
            let root = and(json!({"name": "by-root", "delegate": to}), root);
            routes.insert(if first { 0 } else { routes.len() }, root);
            vec![service("theirs", binding, routes), service("theirs-below", json!({}), delegated)]
        },
    );
    prop_oneof![3 => alone, 1 => delegating]
}

/// A request, as far as an HTTP route can match it.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub method: &'static str,
    pub authority: &'static str,
    pub port: u64,
    pub gateway: &'static str,
    pub headers: Vec<(String, String)>,
    pub query: Vec<(&'static str, &'static str)>,
    pub source: &'static str,
}

/// Without any tag.
pub fn request() -> impl Strategy<Value = Request> {
    let place = (select(PATHS), select(&["GET", "POST"][..]), select(AUTHORITIES), select(&[80, 8080][..]));
    let sent = (option::of(select(&["yes", "no"][..])), option::of(select(&["1", "2"][..])));
    (place, sent, select(&["mesh", "shop/public"][..]), select(&["web", "cart"][..])).prop_map(
        |((path, method, authority, port), (beta, query), gateway, source)| Request {
            path: path.to_owned(),
            method,
            authority,
            port,
            gateway,
            headers: beta.into_iter().map(|value| ("x-beta".to_owned(), value.to_owned())).collect(),
            query: query.into_iter().map(|value| ("q", value)).collect(),
            source,
        },
    )
}

const PATHS: &[&str] = &["/", "/a", "/a/b", "/A/b", "/owls/1"];
const AUTHORITIES: &[&str] = &["owl", "shop.example.com"];

fn service(name: &str, binding: Value, routes: Vec<Value>) -> Value {
    let mut spec = binding.as_object().unwrap().clone();
    let routes = routes.into_iter().enumerate().map(|(index, mut route)| {
        // No two of one name.
        if let Some(name) = route.get_mut("name").filter(|name| **name != "by-root") {
            *name = json!(format!("{}-{index}", name.as_str().unwrap()));
        }
        route
    });
    spec.insert("http".to_owned(), routes.collect());
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": "shop", "annotations": {"note": "{{ no }} # template\n--- \n'\"é🦉"}},
        "spec": spec,
    })
}

fn binding() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"hosts": ["owl"]}),
        json!({"hosts": ["owl.shop.svc.cluster.local"], "gateways": ["mesh"], "exportTo": ["*"]}),
        json!({"hosts": ["shop.example.com", "owl"], "gateways": ["public", "mesh"]}),
        json!({"hosts": ["shop.example.com", "*.example.org"], "gateways": ["shop/public"]}),
    ])
}

/// Routes of TLS and TCP beside those of HTTP, or none.
fn streams() -> impl Strategy<Value = Value> {
    let to = |destination: Value| json!([{"destination": destination}]);
    let tls = |destination| json!({"tls": [{"match": [{"port": 443, "sniHosts": ["owl"]}], "route": to(destination)}]});
    let tcp = |route: Value| json!({"tcp": [{"match": [{"port": 5432}], "route": route}]});
    let half = |subset| json!({"destination": {"host": "owl", "subset": subset}, "weight": 50});
    select(vec![
        json!({}),
        json!({}),
        json!({"tls": [], "tcp": null}),
        tls(json!({"host": "tiger"})),
        tls(json!({"host": "owl", "subset": "stable"})),
        tls(json!({"host": "owl"})),
        tcp(to(json!({"host": "owl-primary"}))),
        tcp(to(json!({"host": "owl", "subset": "v21"}))),
        tcp(json!([half("green"), half("v21")])),
    ])
}

fn route(is_delegated: bool) -> impl Strategy<Value = Value> {
    let answered = select(vec![
        json!({"redirect": {"uri": "/elsewhere", "redirectCode": 302}}),
        json!({"redirect": {"authority": "owl.shop.svc.cluster.local"}}),
        json!({"directResponse": {"status": 503, "body": {"string": "not now\n"}}}),
    ]);
    let led = (destinations(), vec(edit(), 0..4))
        .prop_map(|(destinations, edits)| edits.into_iter().fold(json!({"route": destinations}), and));
    let action = prop_oneof![1 => answered, 6 => led];
    let name = option::of(select(&["web", "Ärger 用户", "a: b", "7"][..]));
    (name, matches(is_delegated), action).prop_map(|(name, matches, action)| {
        let named = name.map_or(json!({}), |name| json!({"name": name}));
        let matched = if matches.is_empty() { json!({}) } else { json!({"match": matches}) };
        and(and(named, matched), action)
    })
}

fn matches(is_delegated: bool) -> impl Strategy<Value = Vec<Value>> {
    let one = vec(condition(is_delegated), 1..3).prop_map(|conditions| conditions.into_iter().fold(json!({}), and));
    prop_oneof![1 => Just(Vec::new()), 3 => vec(one, 1..3)]
}

fn condition(is_delegated: bool) -> impl Strategy<Value = Value> {
    let mut conditions = vec![
        json!({"uri": {"prefix": "/"}}),
        json!({"uri": {"prefix": "/a"}}),
        json!({"uri": {"exact": "/a/b"}}),
        json!({"uri": {"exact": "/a/b"}, "ignoreUriCase": true}),
        json!({"uri": {"regex": "/a.*"}}),
        json!({"headers": {"x-beta": {"exact": "yes"}}}),
        json!({"headers": {"x-beta": {"prefix": "n"}}}),
        json!({"headers": {"x-beta": {}}}),
        json!({"withoutHeaders": {"x-beta": {"exact": "yes"}}}),
        json!({"withoutHeaders": {"x-beta": {}}}),
        json!({"queryParams": {"q": {"exact": "1"}}}),
        json!({"method": {"exact": "GET"}}),
        json!({"authority": {"prefix": "shop"}}),
        json!({"port": 8080}),
        json!({"name": "called"}),
    ];
    if !is_delegated {
        conditions.push(json!({"sourceLabels": {"app": "web"}}));
        conditions.push(json!({"gateways": ["mesh"]}));
        conditions.push(json!({"gateways": ["public"]}));
    }
    select(conditions)
}

fn destinations() -> impl Strategy<Value = Value> {
    let to = |host: &str, subset: &str| match subset {
        "" => json!({"destination": {"host": host}}),
        subset => json!({"destination": {"host": host, "subset": subset}}),
    };
    let all = [
        to("owl", "stable"),
        to("owl", "green"),
        to("owl.shop.svc.cluster.local", "stable"),
        to("owl", "v21"),
        to("owl-primary", ""),
        to("owl-canary.shop.svc.cluster.local", ""),
        to("tiger", ""),
    ];
    let ported = |all: &[Value]| {
        (select(all.to_vec()), option::of(Just(8080))).prop_map(|(mut one, port)| {
            if let Some(port) = port {
                one["destination"]["port"] = json!({"number": port});
            }
            one
        })
    };
    let weighted = (ported(&all[..3]), ported(&all), select(&[0, 1, 50, 100][..]), edited()).prop_map(
        |(one, other, weight, edits)| {
            let weighted = |one, weight: i32| and(and(one, json!({"weight": weight})), edits.clone());
            json!([weighted(one, 100 - weight), weighted(other, weight)])
        },
    );
    let differing = (select(all[..4].to_vec()), edited(), edited()).prop_map(|(one, edits, others)| {
        let edited = |edits| and(and(one.clone(), json!({"weight": 50})), edits);
        json!([edited(edits), edited(others)])
    });
    let alone = (ported(&all), edited()).prop_map(|(one, edits)| json!([and(one, edits)]));
    prop_oneof![1 => differing, 5 => alone, 4 => weighted]
}

/// Header edits of a destination, or none.
fn edited() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({}),
        json!({"headers": {"request": {"set": {"x-tenant": "007"}}}}),
        json!({"headers": {"response": {"add": {"x-served": "on"}, "remove": ["x-debug"]}}}),
    ])
}

fn edit() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"rewrite": {"uri": "/"}}),
        json!({"rewrite": {"authority": "owl.example.com"}}),
        json!({"timeout": "3s"}),
        json!({"retries": {"attempts": 3, "perTryTimeout": "2s", "retryOn": "5xx,reset"}}),
        json!({"fault": {"delay": {"fixedDelay": "1s", "percentage": {"value": 0.5}}}}),
        json!({"fault": {"abort": {"httpStatus": 503, "percentage": {"value": 100}}}}),
        json!({"headers": {"request": {"set": {"x-a": "%START_TIME%", "x-on": "yes"}, "remove": ["x-b"]}}}),
        json!({"headers": {"request": {"add": {"x-a": "1:30"}}}}),
        json!({"headers": {}}),
        json!({"mirror": {"host": "tiger"}, "mirrorPercentage": {"value": 12.5}}),
        json!({"mirror": {"host": "owl", "subset": "stable"}}),
        json!({"mirrors": [{"destination": {"host": "tiger"}, "percentage": {"value": 0.1}}]}),
        json!({"corsPolicy": {"allowOrigins": [{"exact": "https://a.example"}], "allowCredentials": true, "maxAge": "24h"}}),
    ])
}

/// The fields of both; those of the other where both have one.
fn and(one: Value, other: Value) -> Value {
    let mut both: Map<String, Value> = one.as_object().unwrap().clone();
    // Istio takes one of them.
    if other.get("mirror").is_some() {
        both.remove("mirrors");
    }
    if other.get("mirrors").is_some() {
        both.remove("mirror");
        both.remove("mirrorPercentage");
    }
    both.extend(other.as_object().unwrap().clone());
    Value::Object(both)
}
