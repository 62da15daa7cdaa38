//! The largest policies and the worst requests end in time. The bounds are a hundred times what it takes: they are there
//! for what grows with the square of its input, and the benches say what it really takes.

use std::time::{Duration, Instant};

use weir_engine::Plan;
use weir_policy::{Attachment, Role, Source, Sources};

#[path = "../benches/scale/mod.rs"]
mod scale;

use scale::{LARGEST, Listed, Rules, Shape, plain};

#[test]
fn the_largest_policies_are_compiled_in_time() {
    let one_layer = |listed| Shape { listed, rules: Rules::OwnValue, ..plain(1, 10_000) };
    for shape in [
        LARGEST,
        Shape { listed: Listed::ByAll(1_000_000), ..LARGEST },
        one_layer(Listed::ByExperiment(1_000_000)),
        one_layer(Listed::Inline(1_000_000)),
    ] {
        let start = Instant::now();
        let plan = plan(shape);
        assert_in_time(start, Duration::from_secs(60), &format!("{shape:?}"));
        let listed = scale::unit(0);
        assert_eq!(decided(&plan, &[(":path", "/"), ("x-user-id", &listed)]), "override", "{shape:?}");
    }
}

/// The mesh is sent what its experiments need, however many units an edge must know.
#[test]
fn the_mesh_is_sent_no_listed_units() {
    let mesh = Attachment { role: Role::Mesh, ..Attachment::default() };
    let projection = |shape| {
        let policy =
            weir_policy::read_policy(&Sources::of([Source::json("policy.json", scale::policy(shape))]), Role::Edge)
                .unwrap();
        policy.project(&mesh).canonical()
    };
    let without = projection(plain(200, 50));
    assert!(without.len() * 20 < scale::policy(LARGEST).len(), "{} bytes", without.len());
    for listed in [LARGEST.listed, Listed::ByExperiment(1_000_000), Listed::Inline(1_000_000)] {
        assert!(projection(Shape { listed, ..LARGEST }) == without, "{listed:?}");
    }
}

#[test]
fn the_worst_requests_are_decided_in_time() {
    let cookies = "lane=other;".repeat(5_400);
    let query = format!("/?{}", "other=lane7&".repeat(5_000));
    for (rules, header, times) in [
        (Rules::SharedHeader, ("x-lane", "other"), 1_000),
        (Rules::OwnValue, ("x-lane", "other"), 1_000),
        (Rules::SharedCookie, ("cookie", cookies.as_str()), 1),
        (Rules::SharedQuery, (":path", query.as_str()), 1),
    ] {
        let plan = plan(Shape { rules, ..plain(1, 1_000) });
        let start = Instant::now();
        decided(&plan, &vec![header; times]);
        assert_in_time(start, Duration::from_secs(2), &format!("{rules:?}"));
    }
}

/// What a browser says it was told is read once, however many layers would keep their tags.
#[test]
fn the_longest_tag_cookie_is_read_in_time() {
    let layer = |l: usize| {
        let targeting = r#"{"path":{"exact":"/elsewhere"}}"#;
        let variants = r#"[{"id":"canary","share":"100%"}]"#;
        let experiment = format!(r#"{{"id":"e{l}","slots":"all","targeting":{targeting},"variants":{variants}}}"#);
        format!(r#"{{"id":"l{l}","unit":"user","experiments":[{experiment}]}}"#)
    };
    let layers: Vec<String> = (0..256).map(layer).collect();
    let cookie = r#"{"cookie":{"name":"tags","max_age_seconds":60}}"#;
    let envelope = format!(
        r#"{{"weir":1,"policy":{{"version":1,"units":{{"user":[{{"header":"x-user-id"}}]}},"env_tag":{cookie},"layers":[{}]}}}}"#,
        layers.join(",")
    );
    let plan = weir_engine::configure_json(envelope.as_bytes()).unwrap();
    let cookie = format!("tags={}e0.canary", "x%2C".repeat(15_000));
    let headers = [("x-user-id", "ada"), ("cookie", cookie.as_str()), (":path", "/")];
    let start = Instant::now();
    for _ in 0..100 {
        let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let told = plan.exchange(headers, || None, |_| None, || None).set_cookies();
        assert_eq!(told, ["tags=e0.canary; Path=/; SameSite=Lax; Max-Age=60"]);
    }
    assert_in_time(start, Duration::from_secs(2), "60 kB of tags, a hundred times");
}

/// A mistake in a template is made ten thousand times, and each has its place.
#[test]
fn many_problems_are_told_in_time() {
    let text = scale::policy(plain(1, 10_000)).replace("\"slots\"", "\"slotz\"");
    for source in [Source::json("policy.json", text.as_str()), Source::yaml("policy.yaml", text.as_str())] {
        let start = Instant::now();
        let problems = weir_policy::read_policy(&Sources::of([source]), Role::Edge).unwrap_err();
        assert_in_time(start, Duration::from_secs(60), "20,000 problems");
        assert_eq!(problems.len(), 20_000, "an unknown field and a missing one for each experiment");
        assert!(problems.iter().all(|problem| problem.position.is_some()));
    }
}

fn plan(shape: Shape) -> Plan {
    let envelope = format!(r#"{{"weir":1,"policy":{}}}"#, scale::policy(shape));
    weir_engine::configure_json(envelope.as_bytes()).unwrap()
}

/// The reason of the first layer.
fn decided(plan: &Plan, headers: &[(&str, &str)]) -> &'static str {
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let exchange = plan.exchange(headers, || None, |_| None, || None);
    exchange.decision().layers().next().unwrap().reason.name()
}

fn assert_in_time(start: Instant, bound: Duration, what: &str) {
    let took = start.elapsed();
    assert!(took < bound, "{what} took {took:?}");
}
