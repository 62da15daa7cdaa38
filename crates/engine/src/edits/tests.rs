//! What is written, and above all what is not: a row is a request, an attachment and the edits.

use std::borrow::Cow;

use serde_json::{Value, json};
use weir_policy::{Attachment, Role, Source, Sources, read_policy};

use crate::{Plan, configure_json};

const POLICY: &str = "
version: 1
units: {user: [{header: u}]}
env_tag: {baggage: env_tag}
layers:
- id: b
  unit: user
  overrides: [{units: [ada], experiment: owl, variant: canary}]
  experiments: [{id: owl, slots: [], variants: [{id: canary, env_tag: zz, routes: {owl.shop: v21}}]}]
- id: c
  unit: user
  overrides: [{units: [ada], experiment: tiger, variant: canary}]
  experiments: [{id: tiger, slots: [], variants: [{id: canary, env_tag: aa, routes: {tiger.shop: t2}}]}]
";

fn edits(role: &str, steer: &str, headers: &[(&str, &str)], destination: Option<&str>) -> Value {
    let model = read_policy(&Sources::of([Source::yaml("policy.yaml", POLICY)]), Role::Edge).unwrap();
    let attachment = Attachment { role: role.parse().unwrap(), ..steered(steer) };
    let plan = Plan::compile(&model, &attachment, None);
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let destination = || destination.map(|cluster| Cow::Borrowed(cluster.as_bytes()));
    let exchange = plan.exchange(headers, || None, |_| None, destination);
    serde_json::from_str::<Value>(&exchange.json()).unwrap()["edits"].take()
}

fn steered(steer: &str) -> Attachment {
    let envelope = format!("{{\"weir\": 1, \"steer\": \"{steer}\", \"policy\": {{\"version\": 1}}}}");
    configure_json(envelope.as_bytes()).unwrap().attachment().clone()
}

fn set(name: &str, line: &str) -> Value {
    json!({"set": name, "lines": [line]})
}

#[test]
fn an_edge_replaces_what_arrived() {
    for (headers, expected) in [
        (&[][..], json!([])),
        (&[("u", "ada")], json!([set("x-env-tag", "zz,aa"), set("baggage", "env_tag=zz%2Caa")])),
        (&[("u", "ada"), ("x-env-tag", "zz,aa"), ("baggage", "env_tag=zz%2Caa")], json!([])),
        (&[("x-env-tag", "zz")], json!([{"remove": "x-env-tag"}])),
        (&[("x-env-tag", "")], json!([{"remove": "x-env-tag"}])),
        (&[("baggage", "a=1, env_tag=zz ,b=2")], json!([set("baggage", "a=1,b=2")])),
        (&[("baggage", "env_tag=zz")], json!([{"remove": "baggage"}])),
        (&[("baggage", "a=1")], json!([])),
        (
            &[("x-weir-subset", "v21"), ("x-weir-x", "1"), ("x-weir-x", "2")],
            json!([{"remove": "x-weir-subset"}, {"remove": "x-weir-x"}]),
        ),
    ] {
        assert_eq!(edits("edge", "tag", headers, None), expected, "{headers:?}");
    }
}

#[test]
fn a_mesh_keeps_the_order_of_arrival_and_writes_only_what_changes() {
    let full = "env_tag=other%2Caa";
    for (headers, expected) in [
        (&[("x-env-tag", "other,aa"), ("baggage", full)][..], json!([])),
        (&[("x-env-tag", "other"), ("x-env-tag", "aa"), ("baggage", full)], json!([set("x-env-tag", "other,aa")])),
        (&[("x-env-tag", "other,aa,aa"), ("baggage", full)], json!([set("x-env-tag", "other,aa")])),
        (&[("baggage", "env_tag=other%2caa;p")], json!([set("x-env-tag", "other,aa"), set("baggage", full)])),
        (&[("x-env-tag", "-"), ("baggage", full)], json!([set("x-env-tag", "other,aa")])),
        (&[("u", "ada")], json!([])),
    ] {
        assert_eq!(edits("mesh", "tag", headers, None), expected, "{headers:?}");
    }
}

#[test]
fn an_inbound_filter_changes_nothing() {
    assert_eq!(
        edits("inbound", "subset", &[("u", "ada"), ("x-env-tag", "-,zz"), ("x-weir-a", "1")], Some("owl.shop")),
        json!([])
    );
}

#[test]
fn a_subset_is_written_for_this_destination_only() {
    let subset = |headers: &[(&str, &str)], destination| {
        let edits = edits("mesh", "subset", headers, destination);
        edits.as_array().unwrap().iter().find(|edit| edit.to_string().contains("x-weir-subset")).cloned()
    };
    let v21 = Some(set("x-weir-subset", "v21"));
    let removed = Some(json!({"remove": "x-weir-subset"}));
    for (headers, destination, expected) in [
        (&[("x-env-tag", "zz")][..], Some("owl.shop"), &v21),
        (&[("x-env-tag", "zz")], Some("outbound|80||owl.shop"), &v21),
        (&[("x-env-tag", "zz")], Some("outbound|80|v3|owl.shop"), &v21),
        (&[("x-env-tag", "zz")], Some("outbound|80|owl.shop"), &None),
        (&[("x-env-tag", "zz")], Some("OWL.shop"), &None),
        (&[("x-env-tag", "zz")], None, &None),
        (&[("x-env-tag", "aa")], Some("owl.shop"), &None),
        (&[("x-env-tag", "zz"), ("x-weir-subset", "v21")], Some("owl.shop"), &None),
        (&[("x-env-tag", "zz"), ("x-weir-subset", "v9")], Some("owl.shop"), &v21),
        (&[("x-env-tag", "zz"), ("x-weir-subset", "v21"), ("x-weir-subset", "v21")], Some("owl.shop"), &v21),
        (&[("x-env-tag", "aa"), ("x-weir-subset", "v9")], Some("owl.shop"), &removed),
    ] {
        assert_eq!(subset(headers, destination), *expected, "{headers:?} to {destination:?}");
    }
}

/// What steers a request with these tags of two layers to a destination.
fn steered_to(steer: &str, tags: &str, destination: &str) -> Option<String> {
    let envelope = format!(
        r#"{{"weir": 1, "role": "mesh", "steer": "{steer}", "policy": {{"version": 1, "layers": [
            {{"id": "a", "experiments": [{{"id": "e", "variants": [{{"id": "v", "routes": {{
                "owl.shop": {{"service": "lynx.shop"}}, "elk.shop": {{"service": "lynx.shop"}}, "fox": "v2"}}}}]}}]}},
            {{"id": "b", "experiments": [{{"id": "f", "variants": [{{"id": "v", "routes": {{
                "lynx.shop": {{"service": "cat.shop"}}, "bee.shop": {{"service": "fox.shop"}}}}}}]}}]}}]}}}}"#
    );
    let plan = configure_json(envelope.as_bytes()).unwrap();
    let headers: [(&[u8], &[u8]); 1] = [(b"x-env-tag", tags.as_bytes())];
    let destination = || Some(Cow::Borrowed(destination.as_bytes()));
    let edits = plan.exchange(headers.into_iter(), || None, |_| None, destination).edits();
    let edit = edits.into_iter().find(|edit| edit.name.starts_with(b"x-weir-"));
    edit.map(|edit| String::from_utf8(edit.lines.concat()).unwrap())
}

#[test]
fn another_service_is_reached_by_its_own_name_on_the_same_port() {
    for (tags, destination, by_subset, by_cluster) in [
        ("e.v", "outbound|80||owl.shop", Some("lynx.shop"), Some("outbound|80||lynx.shop")),
        ("e.v", "outbound|8443|v1|owl.shop", Some("lynx.shop"), Some("outbound|8443||lynx.shop")),
        ("e.v", "owl.shop", Some("lynx.shop"), None),
        ("e.v", "outbound|80|owl.shop", None, None),
        ("e.v", "outbound|80||fox", Some("v2"), Some("outbound|80|v2|fox")),
        // One that is led to, and is no key of a variant in force.
        ("e.v", "outbound|80||lynx.shop", Some("lynx.shop"), Some("outbound|80||lynx.shop")),
        ("e.v", "outbound|80|v1|lynx.shop", Some("lynx.shop"), Some("outbound|80||lynx.shop")),
        ("e.v", "lynx.shop", Some("lynx.shop"), None),
        // A key comes first, of whichever layer; it is looked up once.
        ("e.v,f.v", "outbound|80||owl.shop", Some("lynx.shop"), Some("outbound|80||lynx.shop")),
        ("e.v,f.v", "outbound|80||lynx.shop", Some("cat.shop"), Some("outbound|80||cat.shop")),
        ("f.v", "outbound|80||fox.shop", Some("fox.shop"), Some("outbound|80||fox.shop")),
        // What a subset is called is no service.
        ("e.v", "v2", None, None),
        ("e.v", "outbound|80||v2", None, None),
    ] {
        let seen = ["subset", "cluster"].map(|steer| steered_to(steer, tags, destination));
        assert_eq!(seen, [by_subset, by_cluster].map(|line| line.map(str::to_owned)), "{tags} to {destination}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_reported_in_hex() {
    let model = read_policy(&Sources::of([Source::yaml("policy.yaml", POLICY)]), Role::Edge).unwrap();
    let plan = Plan::compile(&model, &Attachment::default(), None);
    let headers: [(&[u8], &[u8]); 1] = [(b"baggage", b"a=\xff,env_tag=zz")];
    let exchange = plan.exchange(headers.into_iter(), || None, |_| None, || None);
    let report: Value = serde_json::from_str(&exchange.json()).unwrap();
    assert_eq!(report["edits"], json!([{"set": "baggage", "lines": [{"hex": "613dff"}]}]));
    assert_eq!(report["revision"], Value::Null);
    assert_eq!(report["state"], Value::Null);
}
