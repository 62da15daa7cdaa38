//! Every problem code once: a policy that has it, and the nearest one that has not.

use std::collections::BTreeSet;

use crate::{AttachmentFile, Code, Problem, Role, Source, SourceId, Sources, codes, open, read_policy};

/// Replaces `HERE` of a frame: a policy that is good but for what is put there.
const UNITS: &str = "{version: 1, units: {user: HERE}}";
const TOP: &str = "{version: 1, HERE}";
const LAYER: &str = "{version: 1, units: {user: [{header: u}]}, layers: [{id: l, unit: user, HERE}]}";
const EXPERIMENT: &str = "{version: 1, units: {user: [{header: u}]}, lists: {staff: [ada]}, \
    layers: [{id: l, unit: user, experiments: [{id: e, slots: all, HERE}]}]}";
const CONDITION: &str = "{version: 1, units: {user: [{header: u}]}, lists: {staff: [ada]}, \
    layers: [{id: l, unit: user, experiments: [{id: e, slots: all, targeting: HERE}]}]}";
const VARIANT: &str = "{version: 1, units: {user: [{header: u}]}, \
    layers: [{id: l, unit: user, experiments: [{id: e, slots: all, variants: [{id: v, HERE}]}]}]}";
const LAYERS: &str = "{version: 1, units: {user: [{header: u}], device: [{cookie: d}]}, layers: [HERE]}";
const TEXT: &str = "HERE";

/// Code, frame, what has the problem, where it is seen, what has it not.
type Row = (Code, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (codes::SYNTAX, TEXT, "{version: 1", "(root)", "{version: 1}"),
    (codes::SEVERAL_DOCUMENTS, TEXT, "version: 1\n---\nversion: 1", "(root)", "---\nversion: 1\n"),
    (codes::OTHER_DOCUMENT, TEXT, "{weir: 1, name: shop}", "weir", "{version: 1, namespace: shop}"),
    (codes::ALIAS, TEXT, "version: &one 1\nenabled: *one", "enabled", "version: &one 1\nenabled: true"),
    (codes::MERGE_KEY, TEXT, "version: 1\n<<: {enabled: true}", "(root)", "version: 1\nenabled: true"),
    (codes::YAML_TAG, TEXT, "version: !!int 1", "version", "version: 1"),
    (codes::DUPLICATE_KEY, TOP, "enabled: true, enabled: true", "enabled", "enabled: true"),
    (codes::FLOAT, TEXT, "{version: 1.0}", "version", "{version: 1}"),
    (codes::UNQUOTED_NUMBER, TOP, "lists: {a: [782904813]}", "lists.a[0]", "lists: {a: ['782904813']}"),
    (codes::WRONG_TYPE, TOP, "enabled: 'yes'", "enabled", "enabled: true"),
    (codes::UNKNOWN_FIELD, TOP, "layer: []", "layer", "layers: []"),
    (codes::MISSING_FIELD, TEXT, "{}", "(root)", "{version: 1}"),
    (codes::BAD_VALUE, TEXT, "{version: 2}", "version", "{version: 1}"),
    (codes::BAD_ID, LAYER, "line: 'a b'", "layers[0].line", "line: a.b_C-9"),
    (codes::RESERVED_ID, EXPERIMENT, "variants: [{id: stable}]", "layers[0].experiments[0].variants[0].id", "variants: [{id: Stable}]"),
    (codes::DUPLICATE_ID, EXPERIMENT, "variants: [{id: a}, {id: a, env_tag: b}]", "layers[0].experiments[0].variants[1].id", "variants: [{id: a}, {id: A}]"),
    (codes::BAD_ENV_TAG, VARIANT, "env_tag: -a", "layers[0].experiments[0].variants[0].env_tag", "env_tag: a-"),
    (codes::DUPLICATE_ENV_TAG, EXPERIMENT, "variants: [{id: a}, {id: b, env_tag: e.a}]", "layers[0].experiments[0].variants[1].env_tag", "variants: [{id: a}, {id: b, env_tag: e.A}]"),
    (codes::BAD_SERVICE, VARIANT, "routes: {'owl:80': v1}", "layers[0].experiments[0].variants[0].routes.owl:80", "routes: {owl.shop: v1}"),
    (codes::BAD_SERVICE, VARIANT, "routes: {owl: {service: canary}}", "layers[0].experiments[0].variants[0].routes.owl.service", "routes: {owl: {service: canary.}}"),
    (codes::BAD_SERVICE, VARIANT, "routes: {owl.shop: {service: owl.shop}}", "layers[0].experiments[0].variants[0].routes.owl.shop.service", "routes: {owl.shop: {service: owl.shop2}, owl.shop2: {service: owl.shop}}"),
    (codes::WRONG_TYPE, VARIANT, "routes: {owl: {subset: v1, service: a.b}}", "layers[0].experiments[0].variants[0].routes.owl", "routes: {owl: {subset: v1}}"),
    (codes::WRONG_TYPE, VARIANT, "routes: {owl: {}}", "layers[0].experiments[0].variants[0].routes.owl", "routes: {owl: {service: a.b}}"),
    (codes::BAD_SUBSET, VARIANT, "routes: {owl: v1-}", "layers[0].experiments[0].variants[0].routes.owl", "routes: {owl: v-1}"),
    (codes::BAD_HEADER_NAME, UNITS, "[{header: 'a b'}]", "units.user[0].header", "[{header: A-b}]"),
    (codes::RESERVED_HEADER, UNITS, "[{header: X-Weir-User}]", "units.user[0].header", "[{header: x-weird}]"),
    (codes::BAD_COOKIE_NAME, UNITS, "[{cookie: 'a;b'}]", "units.user[0].cookie", "[{cookie: a.b}]"),
    (codes::BAD_DOMAIN, UNITS, "[{cookie: a, issue: {max_age_seconds: 1, domain: 'a b'}}]", "units.user[0].issue.domain", "[{cookie: a, issue: {max_age_seconds: 1, domain: .shop.example}}]"),
    (codes::BAD_SHARE, VARIANT, "share: 100.0001%", "layers[0].experiments[0].variants[0].share", "share: 99.9999%"),
    (codes::SHARES_OVER_100, EXPERIMENT, "variants: [{id: a, share: 50%}, {id: control, share: 50.0001%}]", "layers[0].experiments[0].variants", "variants: [{id: a, share: 50%}, {id: control, share: 50%}]"),
    (codes::RANGES_NEEDED, EXPERIMENT, "variants: [{id: a, share: 1%}, {id: b, share: 1%}]", "layers[0].experiments[0].variants", "variants: [{id: a, share: 1%}, {id: b, share: 0%}, {id: control, share: 1%}]"),
    (codes::SHARES_AND_RANGES, EXPERIMENT, "variants: [{id: a, share: 1%}, {id: b, ranges: [[0, 1]]}]", "layers[0].experiments[0].variants", "variants: [{id: a}, {id: b, ranges: [[0, 1]]}]"),
    (codes::BAD_RANGE, VARIANT, "ranges: [[5, 5]]", "layers[0].experiments[0].variants[0].ranges[0]", "ranges: [[5, 6]]"),
    (codes::RANGES_OVERLAP, EXPERIMENT, "variants: [{id: a, ranges: [[0, 5]]}, {id: b, ranges: [[4, 9]]}]", "layers[0].experiments[0].variants[1].ranges", "variants: [{id: a, ranges: [[0, 5]]}, {id: b, ranges: [[5, 9]]}]"),
    (codes::AUDIENCES_OVERLAP, EXPERIMENT, "variants: [{id: a, share: 50%}, {id: control}], audiences: [{id: b, when: {path: {exact: /}}, shares: {control: 50.0001%}}]", "layers[0].experiments[0].audiences[0].shares.control", "variants: [{id: a, share: 50%}, {id: control}], audiences: [{id: b, when: {path: {exact: /}}, shares: {control: 50%}}]"),
    (codes::SLOTS_OVERLAP, LAYER, "experiments: [{id: a, slots: [[0, 5]]}, {id: b, slots: [[4, 9]]}]", "layers[0].experiments[1].slots", "experiments: [{id: a, slots: [[0, 5]]}, {id: b, slots: [[5, 9]]}]"),
    (codes::LINE_DISAGREES, LAYERS, "{id: a, unit: user}, {id: b, line: a, unit: device}", "layers[1]", "{id: a, unit: user}, {id: b, line: a, unit: user}"),
    (codes::SERVICE_ON_TWO_LINES, LAYERS,
        "{id: a, unit: user, experiments: [{id: x, slots: all, variants: [{id: v, routes: {owl: a}}]}]}, {id: b, unit: user, experiments: [{id: y, slots: all, variants: [{id: v, routes: {owl: a}}]}]}",
        "layers[1].experiments[0].variants",
        "{id: a, unit: user, experiments: [{id: x, slots: all, variants: [{id: v, routes: {owl: a}}]}]}, {id: b, unit: user, experiments: [{id: y, slots: all, services: [owl]}]}"),
    (codes::SERVICE_ON_TWO_LINES, LAYERS,
        "{id: a, unit: user, experiments: [{id: x, slots: all, variants: [{id: v, routes: {owl: {service: a.b}}}]}]}, {id: b, unit: user, experiments: [{id: y, slots: all, variants: [{id: v, routes: {owl: {service: a.b}}}]}]}",
        "layers[1].experiments[0].variants",
        "{id: a, unit: user, experiments: [{id: x, slots: all, variants: [{id: v, routes: {owl: {service: a.b}}}]}]}, {id: b, unit: user, experiments: [{id: y, slots: all, variants: [{id: v, routes: {lynx: {service: a.b}, a.b: v1}}]}]}"),
    (codes::ROUTE_OUTSIDE_SERVICES, EXPERIMENT, "services: [owl], variants: [{id: a, routes: {tiger: {service: owl.shop}}}]", "layers[0].experiments[0].variants[0].routes.tiger", "services: [owl], variants: [{id: a, routes: {owl: {service: tiger.shop}}}]"),
    (codes::ROUTE_OUTSIDE_SERVICES, EXPERIMENT, "services: [owl], variants: [{id: a, routes: {tiger: v1}}]", "layers[0].experiments[0].variants[0].routes.tiger", "services: [owl, tiger], variants: [{id: a, routes: {tiger: v1}}]"),
    (codes::FOREIGN_NAMESPACE, TOP, "namespace: shop, units: {u: [{header: u}]}, layers: [{id: l, unit: u, experiments: [{id: e, slots: all, services: [owl.mall]}]}]", "layers[0].experiments[0].services[0]", "namespace: shop, units: {u: [{header: u}]}, layers: [{id: l, unit: u, experiments: [{id: e, slots: all, services: [owl.shop.svc.cluster.local]}]}]"),
    (codes::FOREIGN_NAMESPACE, TOP, "namespace: shop, units: {u: [{header: u}]}, layers: [{id: l, unit: u, experiments: [{id: e, slots: all, variants: [{id: v, routes: {owl.shop: {service: owl.mall}}}]}]}]", "layers[0].experiments[0].variants[0].routes.owl.shop.service", "namespace: shop, units: {u: [{header: u}]}, layers: [{id: l, unit: u, experiments: [{id: e, slots: all, variants: [{id: v, routes: {owl.shop: {service: lynx.shop.svc}}}]}]}]"),
    (codes::BAD_UNIT, LAYER, "overrides: [{units: [''], variant: stable}]", "layers[0].overrides[0].units[0]", "overrides: [{units: [' '], variant: stable}]"),
    (codes::DUPLICATE_UNIT, LAYER, "overrides: [{units: [a], variant: stable}, {units: [b, a], variant: stable}]", "layers[0].overrides[1]", "overrides: [{units: [a, a], variant: stable}, {units: [b], variant: stable}]"),
    (codes::UNKNOWN_UNIT, LAYERS, "{id: a, unit: users}", "layers[0].unit", "{id: a, unit: user}"),
    (codes::UNKNOWN_LIST, CONDITION, "{unit: {in: {list: stuff}}}", "layers[0].experiments[0].targeting.unit.in.list", "{unit: {in: {list: staff}}}"),
    (codes::UNKNOWN_LAYER, TOP, "units: {u: [{header: u}]}, holdouts: [{id: h, unit: u, layers: [l]}]", "holdouts[0].layers[0]", "units: {u: [{header: u}]}, layers: [{id: l, unit: u}], holdouts: [{id: h, unit: u, layers: [l]}]"),
    (codes::UNKNOWN_EXPERIMENT, LAYER, "overrides: [{units: [a], experiment: e, variant: stable}]", "layers[0].overrides[0].experiment", "overrides: [{units: [a], variant: stable}]"),
    (codes::UNKNOWN_VARIANT, EXPERIMENT, "variants: [{id: a}], rules: [{when: {path: {exact: /}}, variant: b}]", "layers[0].experiments[0].rules[0].variant", "variants: [{id: a}], rules: [{when: {path: {exact: /}}, variant: stable}]"),
    (codes::BAD_CONDITION, CONDITION, "{all: []}", "layers[0].experiments[0].targeting.all", "{all: [{path: {exact: ''}}]}"),
    (codes::UNKNOWN_CONDITION, TOP, "conditions: {a: {not: {condition: b}}}", "conditions.a.not.condition", "conditions: {a: {not: {condition: b}}, b: {path: {exact: /}}}"),
    (codes::CONDITION_CIRCLE, TOP, "conditions: {a: {not: {condition: b}}, b: {condition: a}}", "conditions.a", "conditions: {a: {not: {condition: b}}, b: {path: {exact: /}}}"),
    (codes::BAD_NUMBER, CONDITION, "{unit: {lt: '1.'}}", "layers[0].experiments[0].targeting.unit.lt", "{unit: {lt: '1.0'}}"),
    (codes::BAD_VERSION, CONDITION, "{unit: {version: '1.2'}}", "layers[0].experiments[0].targeting.unit.version", "{unit: {version: '=1.2'}}"),
    (codes::BAD_REGEX, CONDITION, "{unit: {regex: 'a)(b'}}", "layers[0].experiments[0].targeting.unit.regex", "{unit: {regex: '(a)(b)'}}"),
];

fn found(text: &str) -> Vec<(Code, String)> {
    let problems = read_policy(&Sources::of([Source::yaml("policy.yaml", text)]), Role::Edge).err().unwrap_or_default();
    for problem in &problems {
        assert!(problem.position.is_some(), "{problem} has no place");
        let message = &problem.message;
        assert!(!message.ends_with('.') && !message.is_empty(), "{problem}");
    }
    problems.iter().map(|problem| (problem.code, problem.path.to_string())).collect()
}

#[test]
fn each_problem_and_its_nearest_neighbour() {
    for (code, frame, bad, path, good) in ROWS {
        let problems = found(&frame.replace("HERE", bad));
        assert!(problems.contains(&(*code, (*path).to_owned())), "{code:?}: {bad} gives {problems:?}");
        assert_eq!(found(&frame.replace("HERE", good)), [], "{code:?}: {good}");
    }
}

#[test]
fn a_number_that_should_be_a_string_is_proposed_as_it_was_typed() {
    for typed in ["7", "007", "0x1F", "0xaB", "0o17", "+1", "-0"] {
        let text = format!("{{version: 1, lists: {{a: [{typed}]}}}}");
        let problems = read_policy(&Sources::of([Source::yaml("policy.yaml", text)]), Role::Edge).unwrap_err();
        let proposed = format!("write \"{typed}\" in quotes");
        assert!(problems[0].message.ends_with(&proposed), "{}", problems[0]);
    }
}

#[test]
fn every_code_has_a_row_or_a_test_below() {
    let rows: BTreeSet<Code> = ROWS.iter().map(|row| row.0).collect();
    let below = [codes::TOO_DEEP, codes::CONFLICT, codes::LIMIT];
    let missing: Vec<_> = codes::ALL.iter().filter(|code| !rows.contains(code) && !below.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Of each problem of an experiment with two audiences what it says.
fn said(variants: &str, cn: &str, de: &str) -> Vec<String> {
    let audience = |id: &str, shares: &str| format!("{{id: {id}, when: {{path: {{exact: /{id}}}}}, shares: {shares}}}");
    let audiences = [audience("cn", cn), audience("de", de)].join(", ");
    let text = EXPERIMENT.replace("HERE", &format!("variants: {variants}, audiences: [{audiences}]"));
    let problems = read_policy(&Sources::of([Source::yaml("policy.yaml", text)]), Role::Edge).err().unwrap_or_default();
    problems.into_iter().map(|problem| problem.message).collect()
}

#[test]
fn arms_that_meet_in_two_audiences_are_both_told_and_what_the_last_step_needs() {
    let overlap = "[0, 1000000] of canary overlaps [900000, 1000000] of control in `variants`: \
        who changes audience would go from arm to arm";
    let own = "[{id: canary, share: 5%}, {id: control, share: 10%}]";
    let step = said(own, "{canary: 100%}", "{}");
    assert_eq!(step, [format!("{overlap}; for 100% of canary make control 0 in the same change: in `variants`")]);
    let step = said(own, "{canary: 100%}", "{canary: 5%, control: 20%}");
    let all = "; for 100% of canary make control 0 in the same change: in `variants` and in the audience de";
    let other = "[800000, 1000000] of control overlaps [0, 1000000] of canary in the audience cn: \
        who changes audience would go from arm to arm";
    assert_eq!(step, [format!("{overlap}{all}"), format!("{other}{all}")]);
    assert_eq!(said(own, "{canary: 90%}", "{canary: 5%}"), [""; 0]);
    let blue = "[{id: canary}, {id: blue}]";
    let ranges = "[0, 10000] of blue overlaps [0, 50000] of canary in the audience cn: \
        who changes audience would go from arm to arm; \
        ranges that say the same of an arm in every audience keep arms apart";
    assert_eq!(said(blue, "{canary: 5%}", "{blue: 1%}"), [ranges]);
    let needed = "with these shares a later change would move units; write ranges instead of shares: \
        canary: [[0, 50000]]; blue: [[50000, 60000]]";
    assert_eq!(said(blue, "{canary: 5%, blue: 1%}", "{}"), [needed]);
}

#[test]
fn documents_have_at_most_64_levels() {
    for (levels, too_deep) in [(63, false), (64, true)] {
        let nested = format!("{{version: 1, deep: {}{}}}", "[".repeat(levels), "]".repeat(levels));
        let in_yaml = found(&nested).iter().any(|(code, _)| *code == codes::TOO_DEEP);
        assert_eq!(in_yaml, too_deep, "YAML, {levels} levels below the root");
        let envelope = format!("{{\"deep\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
        let refused = open(envelope.as_bytes()).unwrap_err();
        let in_json = refused.problems.iter().any(|problem| problem.code == codes::TOO_DEEP);
        assert_eq!(in_json, too_deep, "JSON, {levels} levels below the root");
    }
}

#[test]
fn a_number_that_lost_its_quotes_is_told_as_it_should_stand() {
    for (place, number, code, said) in [
        ("holdouts: [{id: h, unit: u, layers: [], share: ", "2", codes::UNQUOTED_NUMBER, "write \"2%\""),
        ("holdouts: [{id: h, unit: u, layers: [], share: ", "0.5", codes::FLOAT, "write \"0.5%\""),
        ("layers: [{id: l, unit: u, experiments: [{id: ", "1.10", codes::FLOAT, "write \"1.10\" in quotes"),
        ("layers: [{id: l, unit: u, experiments: [{id: ", "007", codes::UNQUOTED_NUMBER, "write \"007\" in quotes"),
    ] {
        let ends = if place.starts_with("holdouts") { "}]" } else { "}]}]" };
        let text = format!("{{version: 1, units: {{u: [{{header: u}}]}}, {place}{number}{ends}}}");
        let problems = read_policy(&Sources::of([Source::yaml("policy.yaml", text)]), Role::Edge).unwrap_err();
        let told = problems.iter().find(|problem| problem.code == code);
        assert!(told.is_some_and(|problem| problem.message.contains(said)), "{number}: {problems:?}");
    }
    // JSON keeps no more digits than a float has, which would be other ones.
    let text = format!(r#"{{"version": 1, "namespace": {}}}"#, "1".repeat(32));
    let problems = read_policy(&Sources::of([Source::json("policy.json", text)]), Role::Edge).unwrap_err();
    assert_eq!(problems[0].message, "a string is meant here; write it in quotes");
}

#[test]
fn attachments() {
    for (field, codes) in [
        ("steer: cluster", &[][..]),
        ("sticky: [], log_unit: user", &[]),
        ("sticky: [{id: a, unit: u, header: X-Weir-Weight}, {id: b, unit: u, header: weight}]", &[]),
        ("sticky: [{id: a}]", &[codes::MISSING_FIELD, codes::MISSING_FIELD]),
        ("sticky: [{id: a b, unit: u, header: a b}]", &[codes::BAD_ID, codes::BAD_HEADER_NAME]),
        ("sticky: [{id: a, unit: u, header: x-weir-cluster}]", &[codes::RESERVED_HEADER]),
        ("sticky: [{id: a, unit: u, header: a}, {id: a, unit: u, header: A}]", &[codes::DUPLICATE_ID, codes::CONFLICT]),
        ("log_unit: 1", &[codes::UNQUOTED_NUMBER]),
        ("stear: tag", &[codes::UNKNOWN_FIELD]),
        ("steer: tags", &[codes::BAD_VALUE]),
        ("wasm: {file: a}, istio: {anything: 1}", &[]),
        ("wasm: {file: a, uri: b}", &[codes::UNKNOWN_FIELD]),
        ("wasm: {file: a, url: b}", &[codes::CONFLICT]),
        ("wasm: {file: a, sha256: b}", &[codes::BAD_VALUE, codes::CONFLICT]),
        ("wasm: {}", &[codes::MISSING_FIELD]),
        ("wasm: {url: 'https://a'}", &[codes::MISSING_FIELD]),
        ("wasm: {url: 'ftp://a', sha256: AB}", &[codes::BAD_VALUE, codes::BAD_VALUE]),
        ("wasm: {oci: 'oci://a/weir:1'}", &[]),
        ("wasm: {oci: a/weir}", &[codes::BAD_VALUE]),
        ("role: sidecar", &[codes::BAD_VALUE]),
    ] {
        let source = Source::yaml("attach.yaml", format!("{{weir: 1, name: a, {field}}}"));
        let problems = AttachmentFile::read(&Sources::of([source]), SourceId::FIRST).err().unwrap_or_default();
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), codes, "{field}");
    }
}

#[test]
fn files_of_a_folder_are_one_policy() {
    let folder = |a: &str, b: &str| {
        let files = [Source::yaml("a.yaml", format!("{{version: 1, {a}}}")), Source::json("b.json", b)];
        let sources = Sources::of(files);
        let name = |problem: &Problem| sources.get(problem.source).unwrap().name.clone();
        match read_policy(&sources, Role::Edge) {
            Ok(model) => Ok(model.canonical()),
            Err(problems) => Err(problems.iter().map(|problem| (problem.code, name(problem))).collect::<Vec<_>>()),
        }
    };
    let layer = r#"{"version": 1, "layers": [{"id": "l", "unit": "u"}]}"#;
    assert_eq!(
        folder("units: {u: [{header: U}]}", layer).unwrap(),
        r#"{"layers":[{"id":"l","unit":"u"}],"units":{"u":[{"header":"u"}]},"version":1}"#
    );
    assert_eq!(
        folder("layers: [{id: l, unit: u}], units: {u: [{header: U}]}", layer),
        Err(vec![(codes::DUPLICATE_ID, "b.json".to_owned())])
    );
    for (ours, same, other) in [
        ("units: {u: [{header: U}]}", r#""units": {"u": [{"header": "u"}]}"#, r#""units": {"u": [{"header": "v"}]}"#),
        ("lists: {l: [a, b]}", r#""lists": {"l": ["a", "b"]}"#, r#""lists": {"l": ["a"]}"#),
        ("env_tag: {baggage: b}", r#""env_tag": {"baggage": "b"}"#, r#""env_tag": {"baggage": "c"}"#),
    ] {
        assert!(folder(ours, &format!("{{\"version\": 1, {same}}}")).is_ok(), "{same}");
        assert_eq!(
            folder(ours, &format!("{{\"version\": 1, {other}}}")),
            Err(vec![(codes::CONFLICT, "b.json".to_owned())]),
            "{other}"
        );
    }
    let off = folder("enabled: true", r#"{"version": 1, "enabled": false}"#).unwrap();
    assert_eq!(off, r#"{"enabled":false,"version":1}"#, "a kill counts from any file");
}

#[test]
fn a_mesh_needs_nothing_that_only_deciding_needs() {
    let projection = "{version: 1, layers: [{id: l, experiments: [{id: e, variants: [{id: v, routes: {owl: v1}}]}]}]}";
    let check = |role| read_policy(&Sources::of([Source::yaml("policy.yaml", projection)]), role);
    assert!(check(Role::Mesh).is_ok() && check(Role::Inbound).is_ok());
    let problems = check(Role::Edge).unwrap_err();
    assert_eq!(problems.iter().map(|one| one.code).collect::<Vec<_>>(), [codes::MISSING_FIELD; 2], "unit and slots");
}
