//! Routes for variants change nothing for whom they are not: every byte stays, a request without a tag takes the same route as
//! before, and one with a tag is taken to its variant where it would have met the stable pods, with all else done as before.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use weir_policy::{AttachmentFile, Problem, Revision, Role, Source, Sources, read_policy};
use weir_render::WrittenPolicy;
use weir_render::istio::{Enveloped, Marks, render};

use crate::routing::{outcome, taken};
use crate::shapes::{Request, request, virtual_services};
use crate::writing::style;

const OWL: &str = "owl.shop.svc.cluster.local";
const CANARY: &str = "owl-canary.shop.svc.cluster.local";
const PRIMARY: &str = "owl-primary.shop.svc.cluster.local";
const POLICY: &str = include_str!("policy.yaml");
const ATTACHMENT: &str = include_str!("mesh.yaml");

/// The same cases in every run, or others by `PROPTEST_RNG_SEED`. What fails is printed whole and becomes a test, not a seed.
fn config() -> ProptestConfig {
    let given = ProptestConfig::default();
    let seed = if given.rng_seed == RngSeed::Random { RngSeed::Fixed(15) } else { given.rng_seed };
    ProptestConfig { failure_persistence: None, rng_seed: seed, cases: given.cases.max(600), ..given }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_tag_leads_away_from_stable_pods_and_nothing_else_changes(
        services in virtual_services(),
        style in style(),
        requests in proptest::collection::vec(request(), 8),
        steer in proptest::sample::select(&["tag", "subset"][..]),
    ) {
        let text = style.write(&services);
        let before = read(&text);
        prop_assert_eq!(&before, &services, "the test writes what it means: {}", text);
        let rendered = match rendered(&text, steer) {
            Ok(rendered) => rendered,
            Err(problems) => {
                let said: Vec<String> = problems.iter().map(Problem::to_string).collect();
                prop_assert!(is_to_be_refused(&services, steer), "{}\n{}", said.join("\n"), text);
                return Ok(());
            }
        };
        prop_assert!(!is_to_be_refused(&services, steer), "is rendered:\n{}", text);
        prop_assert!(is_kept(&text, &rendered), "bytes are lost:\n{}\nof\n{}", rendered, text);
        let after = read(&rendered);
        for request in &requests {
            check(&before, &after, request, steer)?;
        }
    }
}

/// What a request meets before and after, without a tag and with those of each variant.
fn check(before: &[Value], after: &[Value], request: &Request, steer: &str) -> Result<(), TestCaseError> {
    let was = taken(before, request);
    let v21 = || Some(json!({"host": "owl", "subset": "v21"}));
    let canary = || Some(json!({"host": CANARY}));
    let by_tag = (
        "x-env-tag",
        [("nobody's", None), ("one.10", None), ("one.1", v21()), ("x,two", canary()), ("two,one.1,x", v21())],
    );
    let by_subset = ("x-weir-subset", [("", None), ("v2", None), ("green", None), ("v21", v21()), (CANARY, canary())]);
    let (header, values) = if steer == "tag" { by_tag } else { by_subset };
    let values = values.into_iter().map(|(value, target)| (Some(value), target));
    for (value, target) in [(None, None)].into_iter().chain(values) {
        let headers = value.map(|value| (header.to_owned(), value.to_owned()));
        let request =
            Request { headers: headers.into_iter().chain(request.headers.clone()).collect(), ..request.clone() };
        let is = taken(after, &request);
        match (&was, target.filter(|_| was.as_ref().is_some_and(leads_to_stable_pods))) {
            (Some(was), Some(target)) => {
                let is = is.ok_or_else(|| TestCaseError::fail(format!("no route for {request:?}")))?;
                let removed = [&is, &is["route"][0]].map(|one| one["headers"]["request"]["remove"].clone());
                let is_removed = removed.iter().filter_map(Value::as_array).any(|names| names.contains(&json!(header)));
                prop_assert_eq!(is_removed, steer == "subset", "{}", is);
                let is = with_header(is, header);
                let ((led, others_before), (to, others_after)) = (outcome(was), outcome(&is));
                prop_assert_eq!(others_before, others_after, "{:?}", request);
                prop_assert_eq!(to.len(), 1);
                let target = json!({"destination": target});
                prop_assert_eq!(place(&to[0]), place(&target), "{:?} takes {}", request, is);
                // As the route's own destination there, if it has one, else as its stable ones.
                let all = was["route"].as_array().unwrap();
                let alike = all.iter().find(|one| place(one) == place(&target));
                let alike = alike.or(led.iter().find(|one| is_stable(one))).unwrap();
                prop_assert_eq!(&to[0]["destination"]["port"], &alike["destination"]["port"], "{}", is);
                prop_assert_eq!(&to[0]["headers"], &alike["headers"], "{}", is);
            }
            _ => prop_assert_eq!(&is, &was, "{:?}", request),
        }
    }
    Ok(())
}

/// A route that does not remove this header from requests, as ours do where it is written for them alone.
fn with_header(mut route: Value, header: &str) -> Value {
    fn keep(node: &mut Value, header: &str) {
        let Some(headers) = node.get_mut("headers").and_then(Value::as_object_mut) else { return };
        if let Some(request) = headers.get_mut("request").and_then(Value::as_object_mut) {
            if let Some(Value::Array(names)) = request.get_mut("remove") {
                names.retain(|name| name != header);
            }
            request.retain(|_, value| *value != json!([]));
        }
        headers.retain(|_, value| *value != json!({}));
        if headers.is_empty() {
            node.as_object_mut().unwrap().remove("headers");
        }
    }
    keep(&mut route, header);
    if let Some(Value::Array(destinations)) = route.get_mut("route") {
        destinations.iter_mut().for_each(|one| keep(one, header));
    }
    route
}

/// Host and subset of a destination.
fn place(one: &Value) -> (String, String) {
    let text = |field: &str| one["destination"][field].as_str().unwrap_or_default().to_owned();
    let host = text("host");
    let full = if host.contains('.') { host } else { format!("{host}.shop.svc.cluster.local") };
    (full, text("subset"))
}

fn leads_to_stable_pods(route: &Value) -> bool {
    outcome(route).0.iter().any(is_stable)
}

fn is_stable(destination: &Value) -> bool {
    match place(destination) {
        (host, subset) if host == OWL => subset != "v21",
        (host, _) => host == PRIMARY,
    }
}

/// Whether nobody can say where variants of these go, or what their routes do to headers.
fn is_to_be_refused(services: &[Value], steer: &str) -> bool {
    let has_owl = |service: &Value| {
        let hosts = service["spec"]["hosts"].as_array().into_iter().flatten();
        hosts.filter_map(Value::as_str).any(|host| host == "owl" || host == OWL)
    };
    let routes_of = |service: &Value| service["spec"]["http"].as_array().unwrap().clone();
    let is_led = |service: &Value| routes_of(service).iter().any(|route| is_unclear(route, has_owl(service), steer));
    // Nobody would meet the variants of a host that leads elsewhere, and what has nothing of the policy is given by mistake.
    let all = |service: &Value| -> Vec<String> {
        let routes = routes_of(service);
        routes
            .iter()
            .flat_map(|route| route["route"].as_array().cloned().unwrap_or_default())
            .map(|one| place(&one).0)
            .collect()
    };
    let to_owl = |service: &Value| all(service).iter().any(|host| host == OWL || host == PRIMARY);
    let leads_away = |service: &Value| {
        let delegates = routes_of(service).iter().any(|route| route.get("delegate").is_some());
        has_owl(service) && !delegates && !to_owl(service) && all(service).iter().any(|host| host != CANARY)
    };
    let is_of_no_use = services.len() == 1 && !to_owl(&services[0]) && !has_owl(&services[0]);
    // Istio would drop a copy below a root that asks the case of letters of every match.
    let drops = |route: &Value| route["name"] == "by-root" && route["match"][0]["ignoreUriCase"] == true;
    let has_no_match = |route: &Value| leads_to_stable_pods(route) && route.get("match").is_none();
    let is_dropped = services.len() == 2
        && routes_of(&services[0]).iter().any(drops)
        && routes_of(&services[1]).iter().any(has_no_match);
    is_dropped
        || is_of_no_use
        || services.iter().any(is_led)
        || services.iter().any(leads_away)
        || services.iter().any(leads_streams_astray)
}

/// Whether routes of TLS or TCP lead to all pods of the service, or to variants alone.
fn leads_streams_astray(service: &Value) -> bool {
    let routes = ["tls", "tcp"].map(|list| service["spec"][list].as_array().cloned().unwrap_or_default()).concat();
    routes.iter().any(|route| {
        let to: Vec<(String, String)> = route["route"].as_array().unwrap().iter().map(place).collect();
        let is_at = |(host, at): &(String, String), subset: &str| host == OWL && at == subset;
        to.iter().any(|one| is_at(one, "")) || to.iter().all(|one| is_at(one, "v21"))
    })
}

fn is_unclear(route: &Value, has_owl: bool, steer: &str) -> bool {
    let (sent, _) = outcome(route);
    let is_at = |one: &Value, hosts: &[&str]| hosts.contains(&place(one).0.as_str());
    let to_owl = sent.iter().any(|one| is_at(one, &[OWL, PRIMARY]));
    let to_canary = !sent.is_empty() && sent.iter().all(|one| is_at(one, &[CANARY]));
    if !leads_to_stable_pods(route) {
        let any = |one: &Value| {
            one.as_object().unwrap().iter().all(|(field, asked)| match field.as_str() {
                "name" | "ignoreUriCase" => true,
                "uri" => *asked == json!({"prefix": "/"}),
                _ => false,
            })
        };
        let is_for_everybody = route["match"].as_array().is_none_or(|all| all.iter().any(any));
        let others = to_owl && sent.iter().any(|one| is_at(one, &["tiger.shop.svc.cluster.local"]));
        return others || ((to_owl || (to_canary && has_owl)) && is_for_everybody);
    }
    let same = |of: &dyn Fn(&Value) -> Value, among: &[&Value]| among.iter().all(|one| of(one) == of(among[0]));
    let all: Vec<&Value> = route["route"].as_array().unwrap().iter().collect();
    let stable: Vec<&Value> = sent.iter().filter(|one| is_stable(one)).collect();
    steer == "subset" && sent.iter().any(|one| is_at(one, &[PRIMARY]))
        || sent.iter().any(|one| !is_at(one, &[OWL, PRIMARY, CANARY]))
        || !same(&|one| one["headers"].clone(), &all)
        || !same(&|one| one["destination"]["port"].clone(), &stable)
}

fn rendered(text: &str, steer: &str) -> Result<String, Vec<Problem>> {
    let mut sources = Sources::of([Source::yaml("policy.yaml", POLICY)]);
    let model = read_policy(&sources, Role::Mesh).unwrap();
    let source = sources.add(Source::yaml("mesh.yaml", format!("{ATTACHMENT}steer: {steer}\n")));
    let file = AttachmentFile::read(&sources, source).unwrap();
    let canonical = model.project(&file.attachment).canonical();
    let revision = Revision::of(&canonical);
    let envelope = file.attachment.envelope(revision, &canonical);
    let into = sources.add(Source::yaml("theirs.yaml", text));
    let policy = WrittenPolicy { model: &model, documents: &[] };
    let attached = vec![Enveloped { source, file: &file, envelope, revision, moves: false }];
    let files = render(policy, attached, &sources, &[into], &Marks::default())?.files;
    Ok(files.into_iter().find(|file| file.name == "25-theirs.yaml").unwrap().text)
}

/// The VirtualServices of a file, by a reader that is not ours.
fn read(text: &str) -> Vec<Value> {
    let mut objects = Vec::new();
    let text = text.trim_start_matches('\u{feff}');
    for document in text.split_inclusive('\n').fold(vec![String::new()], by_marker) {
        let Ok(read) = serde_yaml_ng::from_str::<serde_yaml_ng::Value>(&document) else {
            assert!(!document.contains("virtual"), "not YAML: {document}");
            continue;
        };
        let Ok(object) = serde_json::to_value(read) else { continue };
        match object["items"].as_array() {
            Some(items) => objects.extend(items.clone()),
            None => objects.push(object),
        }
    }
    objects.retain(|object| object["kind"] == "VirtualService");
    objects
}

/// Documents of others may be what no reader takes.
fn by_marker(mut documents: Vec<String>, line: &str) -> Vec<String> {
    if line.starts_with("---") {
        documents.push(String::new());
    }
    if !line.starts_with("...") && !line.starts_with('%') {
        documents.last_mut().unwrap().push_str(line);
    }
    documents
}

/// Whether a text is another with something put in between.
fn is_kept(text: &str, within: &str) -> bool {
    let mut rest = within.chars();
    text.chars().all(|c| rest.any(|other| other == c))
}
