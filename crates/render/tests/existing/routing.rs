//! Which HTTP route a request takes, by Istio's documentation of VirtualServices alone.

use regex_lite::Regex;
use serde_json::{Value, json};

use crate::shapes::Request;

/// The route that a request takes: the first one of the first VirtualService with hosts that matches, those of delegates in the
/// place of the route that delegates to them.
pub fn taken(services: &[Value], request: &Request) -> Option<Value> {
    let root = services.iter().find(|service| !service["spec"]["hosts"].is_null())?;
    let bound: Vec<&str> = texts(&root["spec"]["gateways"]).unwrap_or(vec!["mesh"]);
    if !bound.iter().any(|gateway| is_gateway(gateway, request)) {
        return None;
    }
    for route in list(&root["spec"]["http"]) {
        let Some(delegate) = route.get("delegate") else {
            if is_matched(route, request) {
                return Some(route.clone());
            }
            continue;
        };
        let to = services.iter().find(|service| service["metadata"]["name"] == delegate["name"])?;
        let below = list(&to["spec"]["http"]).filter_map(|below| merged(route, below));
        if let Some(taken) = below.into_iter().find(|below| is_matched(below, request)) {
            return Some(taken);
        }
    }
    None
}

/// A route below another that delegates to it: with each match of both together, and what only the other says. Nothing where a match
/// below contradicts those above.
fn merged(root: &Value, below: &Value) -> Option<Value> {
    let mut route = below.clone();
    let fields = route.as_object_mut().unwrap();
    let (above, of_below) = (list(&root["match"]).collect::<Vec<_>>(), list(&below["match"]).collect::<Vec<_>>());
    let matches: Vec<Value> = match (&above[..], &of_below[..]) {
        ([], below) => below.iter().map(|one| (*one).clone()).collect(),
        (above, []) => above.iter().map(|one| (*one).clone()).collect(),
        (above, below) => {
            let with = |one: &Value| above.iter().filter_map(|other| both(other, one)).collect::<Vec<_>>();
            let all: Vec<Vec<Value>> = below.iter().map(|one| with(one)).collect();
            if all.iter().any(Vec::is_empty) {
                return None;
            }
            all.concat()
        }
    };
    if !matches.is_empty() {
        fields.insert("match".to_owned(), json!(matches));
    }
    let said =
        root.as_object().unwrap().iter().filter(|(name, _)| !["name", "match", "delegate"].contains(&name.as_str()));
    for (name, value) in said {
        fields.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Some(route)
}

/// One match with another, kept apart so that both are asked; Istio asks the same case of letters of both.
fn both(above: &Value, below: &Value) -> Option<Value> {
    let case = |one: &Value| one["ignoreUriCase"] == true;
    (case(above) == case(below)).then(|| json!({"both": [above, below]}))
}

/// The destinations that are sent something, and all else that is done with the request, but name and match.
pub fn outcome(route: &Value) -> (Vec<Value>, Value) {
    let mut rest = route.clone();
    let fields = rest.as_object_mut().unwrap();
    fields.remove("name");
    fields.remove("match");
    // What is empty edits nothing.
    fields.retain(|name, value| name != "headers" || *value != json!({}));
    let destinations: Vec<Value> = fields.remove("route").and_then(|list| list.as_array().cloned()).unwrap_or_default();
    let is_alone = destinations.len() == 1;
    let is_sent = |one: &Value| is_alone || one["weight"].as_i64().unwrap_or(0) > 0;
    (destinations.into_iter().filter(is_sent).collect(), rest)
}

fn is_matched(route: &Value, request: &Request) -> bool {
    let mut matches = list(&route["match"]).peekable();
    matches.peek().is_none() || matches.any(|one| is_all(one, request))
}

/// Every condition of one match.
fn is_all(one: &Value, request: &Request) -> bool {
    let header = |name: &str| request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let value_of = |name: &str| header(name).map(|(_, value)| value.as_str());
    one.as_object().unwrap().iter().all(|(field, condition)| match field.as_str() {
        "name" | "ignoreUriCase" => true,
        "both" => list(condition).all(|one| is_all(one, request)),
        "uri" => {
            let (path, condition) = if one["ignoreUriCase"] == true {
                (request.path.to_lowercase(), lowered(condition))
            } else {
                (request.path.clone(), condition.clone())
            };
            is_text(&condition, Some(&path))
        }
        "method" => is_text(condition, Some(request.method)),
        "authority" => is_text(condition, Some(request.authority)),
        "headers" => fields(condition).all(|(name, text)| is_text(text, value_of(name))),
        "withoutHeaders" => !fields(condition).any(|(name, text)| is_text(text, value_of(name))),
        "queryParams" => fields(condition).all(|(name, text)| {
            is_text(text, request.query.iter().find(|(known, _)| known == name).map(|(_, value)| *value))
        }),
        "port" => *condition == json!(request.port),
        "sourceLabels" => *condition == json!({"app": request.source}) && request.gateway == "mesh",
        "gateways" => texts(condition).unwrap().iter().any(|gateway| is_gateway(gateway, request)),
        other => panic!("no condition is called {other}"),
    })
}

/// A StringMatch; an empty one asks for any value.
fn is_text(condition: &Value, value: Option<&str>) -> bool {
    let Some(value) = value else { return false };
    fields(condition).all(|(how, text)| {
        let text = text.as_str().unwrap();
        match how.as_str() {
            "exact" => value == text,
            "prefix" => value.starts_with(text),
            "regex" => Regex::new(&format!("^(?:{text})$")).unwrap().is_match(value),
            other => panic!("no text is matched by {other}"),
        }
    })
}

fn lowered(condition: &Value) -> Value {
    fields(condition).map(|(how, text)| (how.clone(), json!(text.as_str().unwrap().to_lowercase()))).collect()
}

fn is_gateway(name: &str, request: &Request) -> bool {
    name == request.gateway || format!("shop/{name}") == request.gateway
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    Some(value.as_array()?.iter().map(|text| text.as_str().unwrap()).collect())
}
