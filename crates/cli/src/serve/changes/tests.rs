//! Two deployments in, words out.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_policy::Role;
use weir_xds::Nodes;

use super::words::NAME_CHARS_MAX;
use super::*;
use crate::effective::Effective;
use crate::serve::rollout::samples::{filter, read};

fn rule(header: &str) -> Value {
    json!({"when": {"header": {"name": header, "present": true}}, "variant": "canary"})
}

/// A policy with one experiment, and one that is none of it.
fn policy() -> Value {
    json!({
        "version": 1, "units": {"user": [{"header": "x-user"}]}, "lists": {"staff": ["ada"]},
        "holdouts": [{"id": "h", "unit": "user", "share": "1%", "layers": ["l"]}],
        "layers": [{
            "id": "l", "unit": "user",
            "experiments": [{
                "id": "owl", "slots": [[0, 500_000]],
                "rules": [rule("x-a"), rule("x-b")],
                "audiences": [{
                    "id": "beta", "when": {"path": {"prefix": "/beta"}}, "ranges": {"canary": [[0, 60_000]]},
                }],
                "variants": [{"id": "canary", "ranges": [[0, 50_000]], "routes": {"owl.shop": "v21"}}],
            }],
        }],
    })
}

fn deployment(policy: &Value, filters: &[(&str, Role)], resources: &[(ResourceKind, &str, &str)]) -> Deployment {
    let filters = filters.iter().map(|(name, role)| filter(*role, name, Nodes::default())).collect();
    let resource = |(kind, name, version): &(ResourceKind, &str, &str)| Resource {
        kind: *kind,
        name: (*name).into(),
        version: (*version).into(),
        body: Vec::new().into(),
    };
    let resources = Arc::new(resources.iter().map(resource).collect());
    Deployment::of(Effective::by_itself(Arc::new(read(policy).unwrap())), filters, resources)
}

#[test]
fn what_changes_in_a_policy_has_words() {
    let other = json!({"id": "fox", "slots": [[600_000, 700_000]], "variants": [{"id": "c", "ranges": [[0, 1]]}]});
    let table: Vec<(&str, Value, &[&str])> = vec![
        ("/layers", policy()["layers"].clone(), &[]),
        ("/enabled", json!(false), &["switched off: the policy"]),
        ("/layers/0/enabled", json!(false), &["switched off: layer l"]),
        ("owl/enabled", json!(false), &["switched off: owl"]),
        ("owl/variants/0/ranges", json!([[0, 55_000]]), &["owl: canary 5% -> 5.5%"]),
        ("owl/variants/0/ranges", json!([[5, 50_005]]), &["owl: canary 5% elsewhere"]),
        ("owl/variants/0/routes", json!({"owl.shop": "v22"}), &["owl: routes of canary changed"]),
        ("owl/variants/0/env_tag", json!("t"), &["owl: tag of canary changed"]),
        ("owl/variants/1", json!({"id": "green", "ranges": [[90_000, 99_000]]}), &["owl: variant green came"]),
        ("owl/slots", json!([[0, 1_000_000]]), &["owl: slots 50% -> 100%"]),
        ("owl/rules", json!(["x-a", "x-b", "x-c", "x-d"].map(rule)), &["owl: 2 rules more"]),
        ("owl/rules", json!([rule("x-b")]), &["owl: 1 rule fewer"]),
        ("owl/rules", json!(["x-b", "x-a"].map(rule)), &["owl: rules changed"]),
        ("owl/overrides", json!([{"list": "staff", "variant": "canary"}]), &["owl: 1 override more"]),
        ("owl/targeting", json!({"path": {"prefix": "/"}}), &["owl: targeting changed"]),
        ("owl/epoch", json!(1), &["owl: epoch changed"]),
        ("owl/audiences/0/ranges", json!({"canary": [[0, 70_000]]}), &["owl: canary in audience beta 6% -> 7%"]),
        ("owl/audiences/0/when", json!({"path": {"prefix": "/b"}}), &["owl: condition of audience beta changed"]),
        ("owl/audiences/0/id", json!("early"), &["owl: audience early came, audience beta went"]),
        ("/layers/0/experiments/1", other.clone(), &["fox came"]),
        ("/layers/0/experiments/0", other.clone(), &["fox came", "owl went"]),
        ("/layers/0/targeting", json!({"path": {"prefix": "/"}}), &["layer l: targeting changed"]),
        ("/layers/0/epoch", json!(1), &["layer l: epoch changed"]),
        ("/layers/1", json!({"id": "m", "unit": "user", "experiments": [other]}), &["fox came", "layer m came"]),
        ("/lists/staff", json!(["ada", "bob"]), &["list staff changed"]),
        ("/lists/more", json!(["eve"]), &["list more came"]),
        ("/units/device", json!([{"cookie": "d"}]), &["unit device came"]),
        ("/units/user", json!([{"header": "x-id"}]), &["unit user changed"]),
        ("/holdouts/0/share", json!("2%"), &["holdout h changed"]),
        ("/targeting", json!({"path": {"prefix": "/"}}), &["targeting of the policy changed"]),
        ("/env_tag", json!({"header": "x-tag"}), &["env_tag changed"]),
    ];
    let before = deployment(&policy(), &[], &[]);
    for (pointer, value, expected) in table {
        let mut after = policy();
        put(&mut after, &pointer.replace("owl/", "/layers/0/experiments/0/"), value);
        let after = deployment(&after, &[], &[]);
        assert_eq!(changes(&before, &after), expected, "{pointer}");
    }
}

/// Puts a value at a path, be it there or the next of its list.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(list) if name.parse() == Ok(list.len()) => list.push(value),
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
        parent => parent[name] = value,
    }
}

#[test]
fn attachments_and_resources_come_go_and_change_by_name() {
    use ResourceKind::{Cluster, Listener};
    let before = deployment(
        &policy(),
        &[("shop", Role::Edge), ("mesh", Role::Mesh)],
        &[(Cluster, "a", "1"), (Listener, "a", "1")],
    );
    let after = deployment(
        &policy(),
        &[("new", Role::Edge), ("mesh", Role::Inbound)],
        &[(Cluster, "a", "2"), (Cluster, "b\n", "1")],
    );
    let expected = [
        "attachment mesh: role changed",
        "attachment new came",
        "attachment shop went",
        "cluster a changed",
        "cluster b\\n came",
        "listener a went",
    ];
    assert_eq!(changes(&before, &after), expected);
    assert!(changes(&before, &before).is_empty());
}

#[test]
fn what_is_more_than_fits_is_counted() {
    let clusters = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("c{number:02}")).collect();
        let resources: Vec<_> = names.iter().map(|name| (ResourceKind::Cluster, name.as_str(), "1")).collect();
        changes(&deployment(&policy(), &[], &[]), &deployment(&policy(), &[], &resources))
    };
    assert_eq!((clusters(SHOWN).len(), clusters(SHOWN).last().map(String::as_str)), (SHOWN, Some("cluster c09 came")));
    assert_eq!(
        (clusters(SHOWN + 2).len(), clusters(SHOWN + 2).last().map(String::as_str)),
        (SHOWN + 1, Some("and 2 more"))
    );
    for (length, shown) in [(NAME_CHARS_MAX, NAME_CHARS_MAX), (NAME_CHARS_MAX + 1, NAME_CHARS_MAX + 1)] {
        let name = named(&"ß".repeat(length));
        assert_eq!((name.chars().count(), name.ends_with('…')), (shown, length > NAME_CHARS_MAX));
    }
}
