//! Every operator on every kind of value it must tell apart.

use weir_policy::{Attachment, Role, Source, Sources, read_policy};

use crate::Plan;

/// Whether a condition, in YAML, holds for a request.
fn holds(condition: &str, headers: &[(&[u8], &[u8])]) -> bool {
    let policy = format!(
        "{{version: 1, units: {{user: [{{header: x-user-id}}]}}, lists: {{staff: [Ada, grace]}}, layers: [{{id: l, \
         unit: user, experiments: [{{id: e, slots: all, variants: [{{id: v}}], \
         rules: [{{when: {condition}, variant: v}}]}}]}}]}}"
    );
    let model = read_policy(&Sources::of([Source::yaml("policy.yaml", policy)]), Role::Edge);
    let model = model.unwrap_or_else(|problems| panic!("{condition}: {problems:?}"));
    let plan = Plan::compile(&model, &Attachment::default(), None);
    let exchange = plan.exchange(headers.iter().copied(), || None, |_| None, || None);
    exchange.decision().layers().next().unwrap().variant == Some("v")
}

#[test]
fn operators_on_a_header() {
    for (operator, matching, others) in [
        ("exact: Ada", &["Ada"][..], &["ada", "Ada ", "Adam", ""][..]),
        ("exact: Ada, ignore_case: true", &["Ada", "aDA"], &["adä", "ad"]),
        ("exact: ''", &[""], &["a"]),
        ("prefix: Ad", &["Ad", "Ada"], &["ad", "A", ""]),
        ("prefix: Ad, ignore_case: true", &["aDa"], &["bad"]),
        ("prefix: ''", &["", "a"], &[]),
        ("suffix: da", &["da", "Ada"], &["dA", "a", ""]),
        ("suffix: DA, ignore_case: true", &["Ada"], &["Adam"]),
        ("contains: da", &["da", "xday"], &["d", "DA", ""]),
        ("contains: DA, ignore_case: true", &["xday"], &["dxa"]),
        ("contains: ''", &["", "a"], &[]),
        ("regex: '[a-c]+\\d'", &["abc1", "a9"], &["abc1 ", "xa1", "a1\n", ""]),
        ("in: [b, a, b]", &["a", "b"], &["A", "c", ""]),
        ("in: [b, A], ignore_case: true", &["a", "B"], &["c"]),
        ("in: {list: staff}", &["Ada", "grace"], &["ada", "Grace", ""]),
        ("in: {list: staff}, ignore_case: true", &["aDA", "Grace"], &["ad"]),
        ("in: []", &[], &["", "a"]),
        ("present: true", &["", "a"], &[]),
        ("present: false", &[], &["", "a"]),
        ("lt: 10", &["9.999999999", "-10", "0"], &["10", "10.0", "11", "a", "", "+1"]),
        ("le: '10'", &["10", "10.000000000", "9"], &["10.000000001", "1e1"]),
        ("gt: '-1.5'", &["-1.4", "-1.499999999", "0"], &["-1.5", "-1.50", "-2"]),
        ("ge: '1.5'", &["1.5", "1.50", "2"], &["1.4", "1.5.0", " 2"]),
        (
            "version: '>=1.2, <2'",
            &["1.2", "v1.3.0-beta", "V1.9.9.9+build", "01.02"],
            &["1.2.0-rc1", "2", "2.0", "x", ""],
        ),
    ] {
        let condition = format!("{{header: {{name: X-Test, {operator}}}}}");
        for value in matching {
            assert!(holds(&condition, &[(b"x-test", value.as_bytes())]), "{operator} on {value:?}");
        }
        for value in others {
            assert!(!holds(&condition, &[(b"x-test", value.as_bytes())]), "{operator} on {value:?}");
        }
    }
}

#[test]
fn an_absent_value_is_false_and_its_opposite_true() {
    for operator in ["exact: a", "regex: '.*'", "in: []", "lt: 1", "version: '>0'", "present: true", "contains: ''"] {
        for subject in [
            format!("{{header: {{name: h, {operator}}}}}"),
            format!("{{cookie: {{name: c, {operator}}}}}"),
            format!("{{query: {{name: q, {operator}}}}}"),
            format!("{{unit: {{{operator}}}}}"),
            format!("{{host: {{{operator}}}}}"),
        ] {
            assert!(!holds(&subject, &[]), "{subject}");
            assert!(holds(&format!("{{not: {subject}}}"), &[]), "not {subject}");
        }
    }
    assert!(holds("{header: {name: h, present: false}}", &[]));
}

#[test]
fn subjects_read_what_the_design_says() {
    type Headers = &'static [(&'static [u8], &'static [u8])];
    let table: &[(&str, Headers, bool)] = &[
        ("{path: {exact: /a}}", &[(b":path", b"/a?b=c")], true),
        ("{path: {exact: '/a%20b'}}", &[(b":path", b"/a%20b")], true),
        ("{query: {name: a b, exact: 'c&'}}", &[(b":path", b"/?a+b=c%26")], true),
        ("{query: {name: q, exact: x}}", &[(b":path", b"/?q=y&q=x")], false),
        ("{query: {name: q, present: true}}", &[(b":path", b"/?q")], true),
        ("{host: {exact: Shop.Example}}", &[(b":authority", b"SHOP.example.:8443")], true),
        ("{method: {exact: GET}}", &[(b":method", b"get")], false),
        ("{method: {exact: GET}}", &[(b":method", b"GET")], true),
        ("{header: {name: h, exact: b}}", &[(b"h", b"a"), (b"h", b"b")], true),
        ("{not: {header: {name: h, exact: b}}}", &[(b"h", b"a"), (b"h", b"b")], false),
        ("{header: {name: h, exact: 'a,b'}}", &[(b"h", b"a"), (b"h", b"b")], false),
        ("{cookie: {name: c, exact: '\"1\"'}}", &[(b"cookie", b"a=1"), (b"cookie", b"b; C=0; c = \"1\"")], true),
        ("{cookie: {name: c, exact: a=b}}", &[(b"cookie", b"c=a=b")], true),
        ("{cookie: {name: c, present: true}}", &[(b"cookie", b"c")], false),
        ("{unit: {exact: ada}}", &[(b"x-user-id", b"ada"), (b"x-user-id", b"bob")], true),
        ("{unit: {exact: bob}}", &[(b"x-user-id", b"ada"), (b"x-user-id", b"bob")], false),
        ("{header: {name: h, regex: '.*'}}", &[(b"h", b"\xff")], false),
        ("{header: {name: h, suffix: b}}", &[(b"h", b"\xffb")], true),
        ("{all: [{path: {exact: /}}, {header: {name: h, exact: a}}]}", &[(b":path", b"/"), (b"h", b"a")], true),
        ("{all: [{path: {exact: /}}, {header: {name: h, exact: a}}]}", &[(b":path", b"/")], false),
        ("{any: [{path: {exact: /}}, {header: {name: h, exact: a}}]}", &[(b"h", b"a")], true),
        ("{any: [{path: {exact: /}}, {header: {name: h, exact: a}}]}", &[(b"h", b"b")], false),
    ];
    for (condition, headers, expected) in table {
        assert_eq!(holds(condition, headers), *expected, "{condition} on {headers:?}");
    }
}

#[test]
fn a_pattern_reads_8_kib_and_no_more() {
    let (at, over) = (vec![b'a'; 8_192], vec![b'a'; 8_193]);
    assert!(holds("{header: {name: h, regex: 'a*'}}", &[(b"h", &at)]));
    assert!(!holds("{header: {name: h, regex: 'a*'}}", &[(b"h", &over)]));
}
