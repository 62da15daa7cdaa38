//! The steps of a layer, one above the other: each row is a request that two steps could answer.

use weir_policy::{Attachment, Role, Source, Sources, read_policy};

use crate::Plan;

const POLICY: &str = "
version: 1
units: {user: [{header: u}, {cookie: u}], device: [{header: d}]}
lists: {staff: [ada]}
holdouts: [{id: most, unit: device, share: 100%, layers: [held]}, {id: none, unit: user, share: 0%, layers: [held, full]}]
layers:
- id: full
  unit: user
  overrides: [{list: staff, experiment: a, variant: one}, {units: [off], experiment: b, variant: one}, {units: [never], variant: stable}]
  experiments:
  - id: a
    slots: [[0, 400000]]
    overrides: [{units: [bob], variant: two}]
    rules: [{when: {header: {name: force, exact: two}}, variant: two}, {when: {header: {name: force, present: true}}, variant: stable}]
    targeting: {not: {path: {prefix: /away}}}
    variants: [{id: one, ranges: [[0, 500000]], routes: {owl: v1}}, {id: two, routes: {owl: v2}}]
  - id: b
    enabled: false
    slots: [[400000, 800000]]
    rules: [{when: {header: {name: force-b, exact: x}}, variant: one}]
    variants: [{id: one, ranges: [[0, 1000000]]}]
- {id: held, line: full, unit: user, experiments: [{id: h, slots: all, variants: [{id: one, share: 100%}]}]}
- {id: off, enabled: false, unit: user, experiments: [{id: o, slots: all, variants: [{id: one, share: 100%}]}]}
- id: owls
  line: full
  unit: user
  experiments: [{id: w, slots: [], rules: [{when: {header: {name: owls, exact: x}}, variant: three}], \
    variants: [{id: three, routes: {owl: v3, tiger: v3}}]}]
";

/// `experiment/variant/reason` of a layer, and `@slot` where it was looked at.
fn outcome(role: Role, layer: &str, headers: &[(&str, &str)]) -> String {
    let model = read_policy(&Sources::of([Source::yaml("policy.yaml", POLICY)]), Role::Edge)
        .unwrap_or_else(|all| panic!("{all:?}"));
    let plan = Plan::compile(&model, &Attachment { role, ..Attachment::default() }, None);
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let exchange = plan.exchange(headers, || None, |_| None, || None);
    let found = exchange.decision().layers().find(|outcome| outcome.layer == layer).unwrap();
    let slot = found.slot.map(|slot| format!("@{slot}")).unwrap_or_default();
    let (experiment, variant) = (found.experiment.unwrap_or("-"), found.variant.unwrap_or("stable"));
    format!("{experiment}/{variant}/{}{slot}", found.reason.name())
}

#[test]
fn the_highest_step_with_an_answer_wins() {
    let long = "x".repeat(257);
    let fits = "x".repeat(256);
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let table: &[(&str, Headers<'_>, &str)] = &[
        ("off", &[("u", "ada")], "-/stable/disabled"),
        ("full", &[("u", "ada"), ("force", "two")], "a/one/override"),
        ("full", &[("u", "bob")], "a/two/override"),
        ("full", &[("u", "never"), ("force", "two")], "-/stable/override"),
        ("full", &[("force", "two")], "a/two/rule"),
        ("full", &[("force", "else")], "a/stable/rule"),
        ("full", &[("force-b", "x")], "-/stable/no_unit"),
        ("full", &[("u", "")], "-/stable/no_unit"),
        ("full", &[("u", ""), ("cookie", "u=ada")], "a/one/override"),
        ("full", &[("u", &long), ("cookie", "u=ada")], "-/stable/no_unit"),
        ("held", &[("u", "ada"), ("d", "phone")], "-/stable/holdout"),
        ("held", &[("d", "phone")], "-/stable/no_unit"),
    ];
    for (layer, headers, expected) in table {
        assert_eq!(outcome(Role::Edge, layer, headers), *expected, "{layer} with {headers:?}");
    }
    let dealt = outcome(Role::Edge, "held", &[("u", &fits)]);
    assert!(dealt.starts_with("h/one/assigned@"), "a unit of 256 bytes is dealt: {dealt}");
}

#[test]
fn dealt_units_meet_every_reason_of_the_line() {
    let mut reasons = std::collections::BTreeSet::new();
    for user in 0..200 {
        let user = format!("user-{user}");
        for path in ["/", "/away"] {
            let outcome = outcome(Role::Edge, "full", &[("u", &user), (":path", path)]);
            let (head, slot) = outcome.split_once('@').unwrap();
            let slot: u32 = slot.parse().unwrap();
            let reason = head.rsplit('/').next().unwrap().to_owned();
            let expected: &[&str] = match slot {
                0..400_000 if path == "/away" => &["not_targeted"],
                0..400_000 => &["assigned", "no_variant"],
                400_000..800_000 => &["experiment_disabled"],
                _ => &["not_owned"],
            };
            assert!(expected.contains(&reason.as_str()), "{user} {path}: {outcome}");
            reasons.insert(reason);
        }
    }
    assert_eq!(reasons.len(), 5, "{reasons:?}");
}

#[test]
fn a_mesh_follows_the_first_known_tag_and_nothing_else() {
    for (headers, expected) in [
        (&[("u", "ada"), ("force", "two")][..], "-/stable/no_tag"),
        (&[("x-env-tag", "a.two")], "a/two/tag"),
        (&[("x-env-tag", "other"), ("x-env-tag", " a.one , a.two")], "a/one/tag"),
        (&[("x-env-tag", "b.one,a.one")], "b/stable/experiment_disabled"),
        (&[("x-env-tag", "o.one")], "-/stable/no_tag"),
    ] {
        assert_eq!(outcome(Role::Mesh, "full", headers), expected, "{headers:?}");
    }
    assert_eq!(outcome(Role::Mesh, "off", &[("x-env-tag", "o.one")]), "-/stable/disabled");
}

#[test]
fn the_lower_layer_id_routes_a_contested_service() {
    let both = [("force", "two"), ("owls", "x")];
    assert_eq!(outcome(Role::Edge, "full", &both), "a/two/rule");
    assert_eq!(outcome(Role::Edge, "owls", &both), "w/three/route_conflict");
    assert_eq!(outcome(Role::Edge, "owls", &both[1..]), "w/three/rule");
    assert_eq!(outcome(Role::Mesh, "owls", &[("x-env-tag", "w.three,a.one")]), "w/three/route_conflict");
}
