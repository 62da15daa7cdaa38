//! Every problem code once: a release that has it, and the nearest one that has not; and both sides of every limit.

use std::collections::BTreeSet;
use std::time::Duration;

use weir_policy::evidence::Outcome;
use weir_policy::{Code, Problem, Source, SourceId, Sources, codes as document};

use super::{Around, Checked, Known, Query};
use crate::release::{CANARY, Measure, OnHarm, Release};
use crate::{codes, limits, read};

const POLICY: &str = "{version: 1, units: {user: [{header: u}], device: [{cookie: d}]}, lists: {staff: [ada]}, \
    conditions: {cn: {header: {name: l, exact: cn}}}, holdouts: [{id: year, unit: user, layers: [checkout]}], layers: [\
    {id: checkout, unit: user, experiments: [{id: hand, slots: all, variants: [{id: v, env_tag: hand-tag, routes: {lynx.shop: v1}}]}]}, \
    {id: pooled, unit: user, line: pool.user, experiments: [{id: on-pool, slots: none, services: [tiger.shop]}]}, \
    {id: late, unit: device, line: pool.late, epoch: 1}]}";
/// Replaces `HERE` of a frame: a release that is good but for what is put there.
const RELEASE: &str = "{release: 1, id: owl-v21, unit: user, services: {owl.shop: v21}, HERE}";
const TEST: &str = "{release: 1, id: theme, kind: test, unit: user, traffic: 20%, arms: {blue: {}, red: {}}, HERE}";
const SERVICES: &str = "{release: 1, id: owl-v21, unit: user, HERE}";
const BARE: &str = "{release: 1, HERE}";
const STEPS: &str = "{release: 1, id: owl-v21, unit: user, services: {owl.shop: v21}, steps: [HERE]}";
const GUARDRAIL: &str = "{release: 1, id: owl-v21, unit: user, services: {owl.shop: v21}, guardrails: [{name: g, on_harm: rollback, HERE}]}";
const WINDOW: &str = "{release: 1, id: owl-v21, unit: user, services: {owl.shop: v21}, \
    windows: [{from: '09:00', to: '17:00', zone: UTC, HERE}]}";
const TEXT: &str = "HERE";

/// Code, frame, what has the problem, where it is seen, what has it not.
type Row = (Code, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Of documents.
    (document::SYNTAX, TEXT, "{release: 1", "(root)", "{release: 1, id: a, unit: user, touches: [owl.shop]}"),
    (document::OTHER_DOCUMENT, TEXT, "{version: 1, layers: []}", "version", "{release: 1, id: a, unit: user, touches: [owl.shop]}"),
    (document::MISSING_FIELD, TEXT, "{id: a, unit: user, touches: [owl.shop]}", "(root)", "{release: 1, id: a, unit: user, touches: [owl.shop]}"),
    (document::MISSING_FIELD, BARE, "unit: user, touches: [owl.shop]", "(root)", "id: a, unit: user, touches: [owl.shop]"),
    (document::MISSING_FIELD, BARE, "id: a, touches: [owl.shop]", "(root)", "id: a, unit: user, touches: [owl.shop]"),
    (document::MISSING_FIELD, BARE, "id: a, unit: user", "(root)", "id: a, unit: user, services: {owl.shop: v1}"),
    (document::MISSING_FIELD, BARE, "id: a, unit: user, services: {}", "(root)", "id: a, unit: user, services: {}, touches: [owl.shop]"),
    (document::MISSING_FIELD, BARE, "id: a, kind: test, unit: user, traffic: 5%", "(root)", "id: a, kind: test, unit: user, traffic: 5%, services: {owl.shop: v1}"),
    (document::MISSING_FIELD, BARE, "id: a, kind: test, unit: user, arms: {b: {}}", "(root)", "id: a, kind: test, unit: user, arms: {b: {}}, traffic: 5%"),
    (document::MISSING_FIELD, GUARDRAIL, "errors: {}", "guardrails[0].errors", "errors: {margin: 20%}"),
    (document::UNKNOWN_FIELD, RELEASE, "version: v21", "version", "priority: 1"),
    (document::BAD_VALUE, TEXT, "{release: 2, id: a, unit: user, touches: [owl.shop]}", "release", "{release: 1, id: a, unit: user, touches: [owl.shop]}"),
    (document::BAD_VALUE, RELEASE, "priority: 10", "priority", "priority: 9"),
    (document::BAD_VALUE, RELEASE, "priority: -10", "priority", "priority: -9"),
    (document::BAD_VALUE, RELEASE, "on: {rollback: hold}", "on.rollback", "on: {rollback: go_on, inconclusive: rollback}"),
    (document::BAD_VALUE, RELEASE, "design_effect: 0", "design_effect", "design_effect: 1"),
    (document::BAD_VALUE, GUARDRAIL, "slow: {over_ms: 300, margin: 20%}", "guardrails[0].slow.over_ms", "slow: {over_ms: 250, margin: 20%}"),
    (document::BAD_VALUE, WINDOW, "days: [monday]", "windows[0].days[0]", "days: [sun, mon]"),
    (document::WRONG_TYPE, GUARDRAIL, "errors: {margin: 20%}, unanswered: {margin: 20%}", "guardrails[0]", "unanswered: {margin: 20%}"),
    (document::WRONG_TYPE, TEXT, "{release: 1, id: a, unit: user, touches: [owl.shop], guardrails: [{name: g}]}", "guardrails[0]", "{release: 1, id: a, unit: user, touches: [owl.shop], guardrails: [{name: g, errors: {margin: 0%}}]}"),
    (document::UNQUOTED_NUMBER, STEPS, "{share: 5}, {share: 100%}", "steps[0].share", "{share: 5%}, {share: 100%}"),
    (document::UNQUOTED_NUMBER, STEPS, "{share: 100%, hold: 600}", "steps[0].hold", "{share: 100%, hold: 600s}"),
    (document::FLOAT, GUARDRAIL, "errors: {margin: 0.2}", "guardrails[0].errors.margin", "errors: {margin: '0.2%'}"),
    (document::FLOAT, GUARDRAIL, "value: {query: x, above: 0.5, for: 1m}", "guardrails[0].value.above", "value: {query: x, above: '0.5', for: 1m}"),
    // As of a policy.
    (document::BAD_ID, BARE, "id: a b, unit: user, touches: [owl.shop]", "id", "id: a.b, unit: user, touches: [owl.shop]"),
    (document::BAD_ID, RELEASE, "guardrails: [{name: a b, errors: {margin: 20%}}]", "guardrails[0].name", "guardrails: [{name: a.b, errors: {margin: 20%}}]"),
    (document::RESERVED_ID, BARE, "id: '-', env_tag: x, unit: user, touches: [owl.shop]", "id", "id: a-, unit: user, touches: [owl.shop]"),
    (document::RESERVED_ID, BARE, "id: a, unit: user, kind: test, traffic: 5%, arms: {control: {}}", "arms.control", "id: a, unit: user, kind: test, traffic: 5%, arms: {canary: {}}"),
    (document::RESERVED_ID, BARE, "id: a, unit: user, kind: test, traffic: 5%, arms: {stable: {}}", "arms.stable", "id: a, unit: user, kind: test, traffic: 5%, arms: {Stable: {}}"),
    (document::BAD_ENV_TAG, RELEASE, "env_tag: -a", "env_tag", "env_tag: a-"),
    (document::BAD_ENV_TAG, BARE, "id: .a, unit: user, touches: [owl.shop]", "id", "id: a., unit: user, touches: [owl.shop]"),
    (document::DUPLICATE_ENV_TAG, BARE, "id: a, unit: user, kind: test, traffic: 5%, arms: {b: {env_tag: x}, c: {env_tag: x}}", "arms.c.env_tag", "id: a, unit: user, kind: test, traffic: 5%, arms: {b: {env_tag: x}, c: {}}"),
    (document::DUPLICATE_ENV_TAG, RELEASE, "env_tag: owl-v21.control", "id", "env_tag: owl-v21.control, control: none, guardrails: [{name: g, errors: {margin: 20%, above: 2%}}]"),
    (document::BAD_SERVICE, SERVICES, "services: {'owl:80': v1}", "services.owl:80", "services: {owl: v1}"),
    (document::BAD_SERVICE, RELEASE, "touches: [Tiger.shop]", "touches[0]", "touches: [tiger.shop]"),
    (document::BAD_SUBSET, SERVICES, "services: {owl.shop: v1-}", "services.owl.shop", "services: {owl.shop: {service: owl-v1.shop}}"),
    (document::BAD_SHARE, RELEASE, "traffic: 0%", "traffic", "traffic: 0.0001%"),
    (document::BAD_SHARE, STEPS, "{share: 5.00001%}, {share: 100%}", "steps[0].share", "{share: 5.0001%}, {share: 100%}"),
    (document::BAD_NUMBER, GUARDRAIL, "value: {query: x, above: '2e9', for: 1m}", "guardrails[0].value.above", "value: {query: x, above: 2000000000, for: 1m}"),
    (document::UNKNOWN_UNIT, BARE, "id: a, unit: users, touches: [owl.shop]", "unit", "id: a, unit: device, touches: [owl.shop]"),
    (document::UNKNOWN_LIST, RELEASE, "overrides: [{list: stuff, variant: canary}]", "overrides[0].list", "overrides: [{list: staff, variant: canary}]"),
    (document::UNKNOWN_CONDITION, RELEASE, "targeting: {condition: de}", "targeting.condition", "targeting: {condition: cn}"),
    (document::UNKNOWN_VARIANT, RELEASE, "rules: [{when: {path: {exact: /}}, variant: blue}]", "rules[0].variant", "rules: [{when: {path: {exact: /}}, variant: control}]"),
    (document::UNKNOWN_VARIANT, TEST, "rules: [{when: {path: {exact: /}}, variant: canary}]", "rules[0].variant", "rules: [{when: {path: {exact: /}}, variant: blue}]"),
    (document::DUPLICATE_UNIT, RELEASE, "overrides: [{units: [a], variant: canary}, {units: [a], variant: stable}]", "overrides[1]", "overrides: [{units: [a], variant: canary}, {units: [b], variant: stable}]"),
    (document::BAD_UNIT, RELEASE, "overrides: [{units: [''], variant: canary}]", "overrides[0].units[0]", "overrides: [{units: ['1'], variant: canary}]"),
    (document::BAD_REGEX, RELEASE, "targeting: {path: {regex: 'a)('}}", "targeting.path.regex", "targeting: {path: {regex: '(a)'}}"),
    (document::RESERVED_HEADER, RELEASE, "rules: [{when: {header: {name: x-env-tag, exact: a}}, variant: canary}]", "rules[0].when.header.name", "rules: [{when: {header: {name: x-tag, exact: a}}, variant: canary}]"),
    (document::SERVICE_ON_TWO_LINES, SERVICES, "services: {lynx.shop: v21}", "services.lynx.shop", "services: {tiger.shop: v21}"),
    (document::SERVICE_ON_TWO_LINES, RELEASE, "touches: [tiger.shop, lynx.shop]", "touches[1]", "touches: [tiger.shop]"),
    (document::SERVICE_ON_TWO_LINES, BARE, "id: a, unit: user, kind: test, traffic: 5%, arms: {b: {routes: {lynx.shop: v9}}}", "arms.b.routes.lynx.shop", "id: a, unit: user, kind: test, traffic: 5%, arms: {b: {routes: {tiger.shop: v9}}}"),
    // Of releases alone.
    (codes::ID_TAKEN, BARE, "id: hand, unit: user, touches: [owl.shop]", "id", "id: hand-, unit: user, touches: [owl.shop]"),
    (codes::ID_TAKEN, BARE, "id: checkout, unit: user, touches: [owl.shop]", "id", "id: year, unit: user, touches: [owl.shop]"),
    (codes::ID_TAKEN, RELEASE, "env_tag: hand-tag", "env_tag", "env_tag: owl-v21"),
    (codes::ID_TAKEN, BARE, "id: hand-tag, unit: user, touches: [owl.shop]", "id", "id: hand-tags, unit: user, touches: [owl.shop]"),
    (codes::ARMS_OR_SERVICES, RELEASE, "arms: {blue: {}}", "arms", "kind: test, traffic: 5%"),
    (codes::ARMS_OR_SERVICES, TEST, "services: {owl.shop: v21}", "services", "touches: [owl.shop]"),
    (codes::WRONG_KIND, RELEASE, "end: stable", "end", "promote: auto"),
    (codes::WRONG_KIND, TEST, "promote: auto", "promote", "promote: by_hand, end: stable"),
    (codes::WRONG_KIND, TEST, "env_tag: blue", "env_tag", "end: hold"),
    (codes::NO_EFFECT, STEPS, "{share: 0%, requests: 1}, {share: 100%}", "steps[0].requests", "{share: 0%, requests: 0, approve: true}, {share: 100%, requests: 1}"),
    (codes::NO_EFFECT, GUARDRAIL, "alpha: 1%, value: {query: x, above: 1, for: 1m}", "guardrails[0].alpha", "value: {query: x, above: 1, for: 0s}"),
    (codes::UNKNOWN_HOLDOUT, RELEASE, "holdouts: [week]", "holdouts[0]", "holdouts: [year]"),
    (codes::AFTER_CIRCLE, RELEASE, "after: [owl-v21]", "after[0]", "after: []"),
    (codes::STEPS_ORDER, RELEASE, "steps: []", "steps", "steps: [{share: 100%}]"),
    (codes::STEPS_ORDER, STEPS, "{share: 5%}, {share: 5%}, {share: 100%}", "steps[1].share", "{share: 5%}, {share: 5.0001%}, {share: 100%}"),
    (codes::STEPS_ORDER, STEPS, "{share: 5%}, {share: 0%}, {share: 100%}", "steps[1].share", "{share: 0%}, {share: 5%}, {share: 100%}"),
    (codes::LAST_STEP, STEPS, "{share: 99.9999%}", "steps[0].share", "{share: 99.9999%}, {share: 100%}"),
    (codes::BEYOND_PART, TEST, "steps: [{share: 66.6667%}]", "steps[0].share", "steps: [{share: 66.6666%}]"),
    (codes::BEYOND_PART, RELEASE, "kind: test, traffic: 5%, steps: [{share: 50.0001%}]", "steps[0].share", "kind: test, traffic: 5%, steps: [{share: 50%}]"),
    (codes::BAD_DURATION, RELEASE, "warmup: 1m30s", "warmup", "warmup: 90s"),
    (codes::BAD_PERCENTAGE, GUARDRAIL, "errors: {margin: 20 %}", "guardrails[0].errors.margin", "errors: {margin: 20%}"),
    (codes::BAD_PERCENTAGE, GUARDRAIL, "alpha: 0%, errors: {margin: 20%}", "guardrails[0].alpha", "alpha: 0.0001%, errors: {margin: 20%}"),
    (codes::BAD_PERCENTAGE, GUARDRAIL, "alpha: '100%', errors: {margin: 20%}", "guardrails[0].alpha", "alpha: '99.9999%', errors: {margin: 20%}"),
    (codes::BAD_PERCENTAGE, GUARDRAIL, "errors: {margin: 20%, above: 100%}", "guardrails[0].errors.above", "errors: {margin: 20%, above: 0%}"),
    (codes::BAD_TIME, RELEASE, "not_before: 2026-12-01T09:00:00", "not_before", "not_before: 2026-12-01T09:00:00+08:00"),
    (codes::BAD_TIME, RELEASE, "windows: [{from: 9:00, to: 17:00, zone: UTC}]", "windows[0].from", "windows: [{from: 09:00, to: 17:00, zone: UTC}]"),
    (codes::BAD_WINDOW, WINDOW, "days: []", "windows[0].days", "days: [sat]"),
    (codes::BAD_WINDOW, RELEASE, "windows: [{from: 09:00, to: 09:00, zone: UTC}]", "windows[0].to", "windows: [{from: 00:00, to: 24:00, zone: UTC}]"),
    (codes::BAD_WINDOW, RELEASE, "windows: [{from: 24:00, to: 09:00, zone: UTC}]", "windows[0].from", "windows: [{from: 22:00, to: 06:00, zone: UTC}]"),
    (codes::UNKNOWN_ZONE, RELEASE, "windows: [{from: 09:00, to: 17:00, zone: CST}]", "windows[0].zone", "windows: [{from: 09:00, to: 17:00, zone: Asia/Shanghai}]"),
    (codes::DUPLICATE_GUARDRAIL, RELEASE, "guardrails: [{name: a, errors: {margin: 1%}}, {name: a, errors: {margin: 2%}}]", "guardrails[1].name", "guardrails: [{name: a, errors: {margin: 1%}}, {name: A, errors: {margin: 2%}}]"),
    (codes::BAD_QUERY, GUARDRAIL, "counts: {bad: 'x{v=\"$variant\"}', all: y, margin: 1%}", "guardrails[0].counts.all", "counts: {bad: 'x{v=\"$variant\"}', all: 'y{v=\"$variant\"}', margin: 1%}"),
    (codes::BAD_QUERY, GUARDRAIL, "value: {query: 'x{v=\"$variant\"}', above: 1, for: 1m}", "guardrails[0].value.query", "value: {query: 'x', above: 1, for: 1m}"),
    (codes::BAD_QUERY, GUARDRAIL, "value: {query: ' ', above: 1, for: 1m}", "guardrails[0].value.query", "value: {query: 'x', above: -1, for: 1m}"),
    (codes::BAD_QUERY, GUARDRAIL, "value: {query: '(x', above: 1, for: 1m}", "guardrails[0].value.query", "value: {query: '(x)', above: 1, for: 1m}"),
];

/// What a release, and others beside it, come to.
fn checked(texts: &[&str], journal: Option<&Known>) -> Checked {
    checked_with(POLICY, texts, journal)
}

fn checked_with(policy: &str, texts: &[&str], journal: Option<&Known>) -> Checked {
    let mut sources = Sources::default();
    let policy = sources.add(Source::yaml("policy.yaml", policy));
    let files: Vec<SourceId> =
        texts.iter().enumerate().map(|(i, text)| sources.add(Source::yaml(format!("{i}.yaml"), *text))).collect();
    let policies = weir_policy::read(&sources, &[policy]).unwrap().policies;
    let parse = |query: &Query<'_>| {
        let depth = |end| query.text.chars().filter(|c| *c == end).count();
        if depth('(') == depth(')') { vec![] } else { vec!["leaves a parenthesis open".to_owned()] }
    };
    let around = Around { policy: Some(&policies), journal, query: Some(&parse) };
    let checked = read(&sources, &files).unwrap().check(around);
    for problem in checked.problems.iter().chain(&checked.warnings) {
        assert!(problem.position.is_some(), "{problem} has no place");
        assert!(!problem.message.ends_with('.') && !problem.message.is_empty(), "{problem}");
        assert_ne!(problem.source, policy, "{problem}");
    }
    checked
}

fn told(problems: &[Problem]) -> Vec<(Code, String)> {
    problems.iter().map(|problem| (problem.code, problem.path.to_string())).collect()
}

fn found(text: &str) -> Vec<(Code, String)> {
    let checked = checked(&[text], None);
    assert_eq!(checked.releases.len(), usize::from(checked.problems.is_empty()), "{text}");
    let found = [told(&checked.problems), told(&checked.warnings)].concat();
    let apart: BTreeSet<_> = found.iter().collect();
    assert_eq!(apart.len(), found.len(), "something is told twice: {found:?}");
    found
}

fn good(text: &str) -> Release {
    let mut checked = checked(&[text], None);
    assert_eq!(told(&checked.problems), [], "{text}");
    checked.releases.remove(0).1
}

#[test]
fn each_problem_and_its_nearest_neighbour() {
    for (code, frame, bad, path, good) in ROWS {
        let problems = found(&frame.replace("HERE", bad).replace(", }", "}"));
        assert!(problems.contains(&(*code, (*path).to_owned())), "{code:?}: {bad} gives {problems:?}");
        assert_eq!(found(&frame.replace("HERE", good)), [], "{code:?}: {good}");
    }
}

#[test]
fn every_code_has_a_row_or_a_test() {
    let rows: BTreeSet<Code> = ROWS.iter().map(|row| row.0).collect();
    let elsewhere = [
        codes::UNKNOWN_RELEASE,
        codes::UNJUDGED,
        // A journal says these, in decide::tests.
        codes::NEW_ID_NEEDED,
        codes::USED_ID,
        codes::HELD_BACK,
        codes::TEMPLATE_NAME,
        codes::TEMPLATE_VALUE,
        // A real Prometheus is asked, by tests/e2e/serve_queries.rs.
        codes::UNKNOWN_METRIC,
        codes::NOT_LOOKED_UP,
    ];
    let missing: Vec<_> = codes::ALL.iter().filter(|code| !rows.contains(code) && !elsewhere.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_not_said_is_filled_in() {
    let release = good(&RELEASE.replace(", HERE", ""));
    let steps: Vec<_> = release.steps.iter().map(|step| (step.share, step.hold.as_secs(), step.requests)).collect();
    assert_eq!(steps, [50_000, 100_000, 500_000, 950_000, 1_000_000].map(|share| (share, 600, 0)));
    let rate = |outcome| Measure::Outcome { outcome, margin: 0.2, above: None };
    let guardrails: Vec<_> = release.guardrails.iter().map(|one| (one.name.as_str(), one.measure.clone())).collect();
    let all = [("errors", Outcome::Error), ("unanswered", Outcome::None), ("slow", Outcome::Over500)];
    assert_eq!(guardrails, all.map(|(name, outcome)| (name, rate(outcome))));
    assert!(release.guardrails.iter().all(|one| one.alpha == 0.01 / 3.0 && one.on_harm == OnHarm::Rollback));
    assert_eq!((release.traffic, release.has_control, release.design_effect), (1_000_000, true, 3));
    assert_eq!((release.warmup, release.max_hold), (Duration::from_secs(60), Duration::from_secs(86_400)));
    let [arm] = release.arms.as_slice() else { panic!("one arm") };
    assert_eq!((arm.id.as_str(), arm.env_tag.as_str()), (CANARY, "owl-v21.canary"));
    let test = good(&TEST.replace(", HERE", ""));
    let [step] = test.steps.as_slice() else { panic!("one step") };
    assert_eq!((step.share, step.hold.as_secs()), (666_666, 7 * 86_400));
    let arms: Vec<_> = test.arms.iter().map(|arm| (arm.id.as_str(), arm.env_tag.as_str())).collect();
    assert_eq!(arms, [("blue", "theme.blue"), ("red", "theme.red")]);
    assert!(test.guardrails.iter().all(|one| one.alpha == 0.01 / 6.0));
    let held = good(&TEST.replace("HERE", "steps: [{share: 0%}, {share: 10%, hold: 1h}]"));
    assert_eq!(held.steps[0].hold.as_secs(), 7 * 86_400);
}

#[test]
fn only_guardrails_that_compare_and_roll_back_share_what_alpha_is_left() {
    let guardrails = "guardrails: [{name: a, errors: {margin: 1%}}, {name: b, alpha: 0.3%, slow: {over_ms: 2500, margin: 1%}}, \
        {name: c, unanswered: {margin: 1%}, on_harm: hold}, {name: d, errors: {margin: 1%}, on_harm: warn}, \
        {name: e, value: {query: x, above: '-0.5', for: 3m}}]";
    let release = good(&RELEASE.replace("HERE", guardrails));
    let alphas: Vec<f64> = release.guardrails.iter().map(|one| one.alpha).collect();
    assert_eq!(alphas, [0.005, 0.003, 0.005, 0.005, 0.005]);
    let last = Measure::Value { query: "x".into(), above: -0.5, lasts: Duration::from_secs(180) };
    assert_eq!(release.guardrails[4].measure, last);
    let held = good(&RELEASE.replace("HERE", "guardrails: [{name: a, errors: {margin: 1%}, on_harm: hold}]"));
    assert_eq!(held.guardrails[0].alpha, 0.01);
}

#[test]
fn a_release_that_nothing_can_stop_is_warned_of() {
    for (field, is_warned) in [
        ("guardrails: []", true),
        ("guardrails: [{name: a, errors: {margin: 1%}, on_harm: warn}]", true),
        ("guardrails: [{name: a, errors: {margin: 1%}, on_harm: hold}]", false),
        ("control: none", true),
        ("control: none, guardrails: [{name: a, errors: {margin: 1%, above: 5%}}]", false),
        ("control: none, guardrails: [{name: a, value: {query: x, above: 5, for: 1m}}]", false),
    ] {
        let expected = if is_warned { vec![(codes::UNJUDGED, "(root)".to_owned())] } else { vec![] };
        assert_eq!(found(&RELEASE.replace("HERE", field)), expected, "{field}");
    }
}

/// A release that touches one service.
fn touching(id: &str, unit: &str, more: &str) -> String {
    format!("{{release: 1, id: {id}, unit: {unit}, touches: [owl.shop]{more}}}")
}

#[test]
fn releases_are_held_against_each_other_and_only_bad_ones_are_left_out() {
    let pair = |a: String, b: String| {
        let checked = checked(&[&a, &b], None);
        (checked.releases.len(), told(&checked.problems))
    };
    let a = touching("a", "user", "");
    assert_eq!(pair(a.clone(), touching("b", "user", "")), (2, vec![]));
    let both = |code: Code, path: &str| vec![(code, path.to_owned()), (code, path.to_owned())];
    assert_eq!(pair(a.clone(), a.clone()), (0, both(codes::ID_TAKEN, "id")));
    assert_eq!(pair(a.clone(), touching("b", "device", "")), (0, both(document::SERVICE_ON_TWO_LINES, "touches[0]")));
    let (left, told) = pair(a.clone(), touching("b", "user", ", env_tag: a"));
    assert_eq!((left, told), (0, vec![(codes::ID_TAKEN, "id".into()), (codes::ID_TAKEN, "env_tag".into())]));
    assert_eq!(pair(a.clone(), touching("b", "user", ", priority: 10")).0, 1);
    let (left, told) = pair(touching("a", "user", ", after: [b]"), touching("b", "user", ", after: [c, a]"));
    assert_eq!(
        (left, told),
        (0, vec![(codes::AFTER_CIRCLE, "after[0]".into()), (codes::AFTER_CIRCLE, "after[1]".into())])
    );
    assert_eq!(pair(touching("a", "user", ", after: [b]"), touching("b", "user", "")), (2, vec![]));
}

#[test]
fn a_circle_is_told_as_it_goes_and_who_waits_for_one_is_no_part_of_it() {
    let texts = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")];
    let texts = texts.map(|(id, after)| touching(id, "user", &format!(", after: [{after}]")));
    let checked = checked(&texts.each_ref().map(String::as_str), None);
    let messages: Vec<&str> = checked.problems.iter().map(|problem| problem.message.as_str()).collect();
    let circle = |way: &str| format!("{way} in a circle, so that none could start");
    assert_eq!(
        messages,
        [circle("a after b after c after a"), circle("b after c after a after b"), circle("c after a after b after c")]
    );
    assert_eq!(checked.releases.len(), 1);
}

#[test]
fn what_is_over_counts_for_nothing_and_what_only_a_journal_knows_is_a_warning_without() {
    let a = touching("a", "user", ", after: [old]");
    let without = checked(&[&a], None);
    assert_eq!((without.releases.len(), told(&without.problems)), (1, vec![]));
    assert_eq!(told(&without.warnings), [(codes::UNKNOWN_RELEASE, "after[0]".to_owned())]);
    let known = |over: &str| Known { over: [over.to_owned()].into(), ..Known::default() };
    let with = checked(&[&a], Some(&known("old")));
    assert_eq!((with.releases.len(), told(&with.problems), told(&with.warnings)), (1, vec![], vec![]));
    let with = checked(&[&a], Some(&known("older")));
    assert_eq!((with.releases.len(), told(&with.problems)), (0, vec![(codes::UNKNOWN_RELEASE, "after[0]".to_owned())]));
    let others = Known { others: ["old".to_owned()].into(), ..Known::default() };
    assert_eq!(told(&checked(&[&a], Some(&others)).problems), []);
    // One that is over may be on another line, wait in a circle, have gone bad, and have the tag of one that is not.
    let b = touching("b", "device", ", after: [a, b], env_tag: a, holdouts: [gone]");
    let with = checked(&[&touching("a", "user", ", after: [b]"), &b], Some(&known("b")));
    assert_eq!((told(&with.problems), told(&with.warnings), with.releases.len()), (vec![], vec![], 1));
}

#[test]
fn a_pool_is_dealt_as_it_is() {
    let policy = |layer: &str| {
        format!("{{version: 1, units: {{user: [{{header: u}}], device: [{{cookie: d}}]}}, layers: [{layer}]}}")
    };
    let a = touching("a", "user", "");
    for (layer, expected) in [
        ("{id: l, line: pool.user, unit: user}", vec![]),
        ("{id: pool.user, unit: user}", vec![]),
        ("{id: pool.user, unit: device}", vec![(document::LINE_DISAGREES, "unit".to_owned())]),
        ("{id: l, line: pool.user, unit: user, epoch: 1}", vec![(document::LINE_DISAGREES, "unit".to_owned())]),
    ] {
        assert_eq!(told(&checked_with(&policy(layer), &[&a], None).problems), expected, "{layer}");
    }
}

#[test]
fn without_a_policy_nothing_is_held_against_it() {
    let text = RELEASE
        .replace("HERE", "holdouts: [any], targeting: {condition: any}, overrides: [{list: any, variant: canary}]");
    let sources = Sources::of([Source::yaml("a.yaml", text)]);
    let checked = read(&sources, &[SourceId::FIRST]).unwrap().check(Around::default());
    assert_eq!((told(&checked.problems), checked.releases.len()), (vec![], 1));
    let text = RELEASE.replace("HERE", "rules: [{when: {path: {exact: /}}, variant: blue}]");
    let sources = Sources::of([Source::yaml("a.yaml", text)]);
    let checked = read(&sources, &[SourceId::FIRST]).unwrap().check(Around::default());
    assert_eq!(told(&checked.problems), [(document::UNKNOWN_VARIANT, "rules[0].variant".to_owned())]);
}

/// So many of something.
fn many(count: u64, one: impl Fn(u64) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn both_sides_of_every_limit() {
    let held = |field: &str, seconds: u64| RELEASE.replace("HERE", &format!("{field}: {seconds}s"));
    let value = |lasts: u64| GUARDRAIL.replace("HERE", &format!("value: {{query: x, above: 1, for: {lasts}s}}"));
    let step = |step: String| STEPS.replace("HERE", &format!("{{share: 100%, {step}}}"));
    let text = |name: &str, n: u64| -> Option<String> {
        Some(match name {
            "unit_length" => touching("a", &"u".repeat(n as usize), ""),
            "arms" => format!(
                "{{release: 1, id: a, kind: test, unit: user, traffic: 5%, arms: {{{}}}}}",
                many(n, |i| format!("a{i}: {{}}"))
            ),
            "services" => {
                touching("a", "user", &format!(", services: {{{}}}", many(n - 1, |i| format!("s{i}.shop: v1"))))
            }
            "release_holdouts" => RELEASE.replace("HERE", &format!("holdouts: [{}]", many(n, |_| "year".to_owned()))),
            "after" => RELEASE.replace("HERE", &format!("after: [{}]", many(n, |i| format!("r{i}")))),
            "steps" => {
                STEPS.replace("HERE", &format!("{}, {{share: 100%}}", many(n - 1, |i| format!("{{share: {i}%}}"))))
            }
            "hold_seconds" => step(format!("hold: {n}s")),
            "max_hold_seconds" => held("max_hold", n),
            "warmup_seconds" => held("warmup", n),
            "requests" => step(format!("requests: {n}")),
            "guardrails" => {
                let guardrails = many(n, |i| format!("{{name: g{i}, errors: {{margin: 1%}}}}"));
                RELEASE.replace("HERE", &format!("guardrails: [{guardrails}]"))
            }
            "margin_percent" => GUARDRAIL.replace("HERE", &format!("errors: {{margin: {n}%}}")),
            "query_bytes" => {
                GUARDRAIL.replace("HERE", &format!("value: {{query: {}, above: 1, for: 1m}}", "x".repeat(n as usize)))
            }
            "for_seconds" => value(n),
            "design_effect" => RELEASE.replace("HERE", &format!("design_effect: {n}")),
            "windows" => {
                let windows = many(n, |_| "{from: 09:00, to: 17:00, zone: UTC}".to_owned());
                RELEASE.replace("HERE", &format!("windows: [{windows}]"))
            }
            _ => return None,
        })
    };
    let policy = |unit: String| {
        format!(
            "{{version: 1, units: {{user: [{{header: u}}], {unit}: [{{header: u}}]}}, holdouts: [{{id: year, unit: user, layers: []}}]}}"
        )
    };
    let mut untried = Vec::new();
    for (name, max, _) in limits::ALL {
        let (Some(most), Some(over)) = (text(name, *max), text(name, max + 1)) else {
            untried.push(*name);
            continue;
        };
        let told =
            |text: &str, n: u64| told(&checked_with(&policy("u".repeat(n.min(64) as usize)), &[text], None).problems);
        assert_eq!(told(&most, *max), [], "{name}");
        let [(code, _)] = &told(&over, max + 1)[..] else { panic!("{name}: {:?}", told(&over, max + 1)) };
        assert!([document::LIMIT, codes::BAD_PERCENTAGE, document::BAD_VALUE].contains(code), "{name}: {code:?}");
    }
    assert_eq!(untried, ["releases_bytes", "releases", "value_bytes"]);
}

#[test]
fn both_sides_of_what_is_read_together() {
    let told = |sources: Sources| {
        let files: Vec<SourceId> = sources.iter().map(|(id, _)| id).collect();
        read(&sources, &files).err().map(|problems| told(&problems))
    };
    let bytes = |bytes: u64| Sources::of([Source::json("a.json", " ".repeat(bytes as usize))]);
    let many = |count: u64| Sources::of((0..count).map(|_| Source::json("a.json", "{}")));
    let limit = Some(vec![(document::LIMIT, "(root)".to_owned())]);
    assert_eq!(told(bytes(limits::RELEASES_BYTES_MAX)), None);
    assert_eq!(told(bytes(limits::RELEASES_BYTES_MAX + 1)), limit);
    assert_eq!(told(many(limits::RELEASES_MAX)), None);
    assert_eq!(told(many(limits::RELEASES_MAX + 1)), limit);
}

/// What is told of a document without any of them is what whoever reads one asks for.
#[test]
fn the_fields_are_those_that_are_read() {
    let checked = checked(&[&RELEASE.replace("HERE", "x: 1")], None);
    let mut fields: Vec<&str> = checked.problems[0].message.rsplit(" are ").next().unwrap().split(", ").collect();
    fields.sort_unstable();
    let mut known = weir_policy::Kind::Release.fields().to_vec();
    known.sort_unstable();
    assert_eq!(fields, known);
}
