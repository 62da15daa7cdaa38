//! Answers of servers in, reasons out.

use serde_json::{Value, json};

use super::*;

/// A row as servers of before answer it: with nothing that came later.
fn row(node: &str, connected: bool) -> Value {
    json!({
        "node": node, "cluster": "", "version": "1.40.0", "peer": "10.0.0.1:5000", "identity": null, "connected": connected,
        "since": "2026-11-21T10:00:00Z", "attachments": [], "unmatched": false, "clashes": [], "offered": "r", "sent": null, "acked": null,
        "acked_since": null, "error": null,
    })
}

fn lost(node: &str, away_seconds: u64) -> Value {
    let mut row = row(node, false);
    (row["lost"], row["away_seconds"]) = (true.into(), away_seconds.into());
    row
}

fn behind(node: &str) -> Value {
    let mut row = row(node, true);
    row["attachments"] = json!([{"name": "shop", "offered": "r", "active": null, "rejected": null}]);
    row
}

fn in_vain(node: &str, unknown: &[&str]) -> Value {
    let mut row = row(node, true);
    row["unknown"] = json!(unknown);
    row
}

fn answer(nodes: Vec<Value>, more: &Value) -> FleetView {
    let mut answer = json!({"revision": "r", "held": null, "nodes": nodes});
    answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(answer).unwrap()
}

fn limits(min: usize, gone: &str) -> Limits {
    Limits { min, gone: humantime::parse_duration(gone).unwrap() }
}

/// What it is, Envoys and what else is answered, `--min`, and the reasons.
type Case<'a> = (&'a str, Vec<Value>, Value, usize, &'a [&'a str]);

#[test]
fn each_reason_has_words() {
    let up = || row("up", true);
    let table: Vec<Case<'_>> = vec![
        ("all is well", vec![up()], json!({}), 1, &[]),
        (
            "files",
            vec![up()],
            json!({"complaint": "syntax: not \u{1b}[2JYAML\n --> policy.yaml:2:1, at (root)\n  |\n2 | \n"}),
            0,
            &["not served, revision r stays: syntax: not \\u{1b}[2JYAML --> policy.yaml:2:1, at (root)"],
        ),
        (
            "held",
            vec![up()],
            json!({"held": "s"}),
            0,
            &["revision s is held back: it did not become active on its canary nodes"],
        ),
        ("too few", vec![up()], json!({}), 2, &["1 Envoy connected, fewer than 2"]),
        ("none at all", Vec::new(), json!({}), 1, &["0 Envoys connected, fewer than 1"]),
        ("gone in order", vec![row("a", false)], json!({}), 0, &[]),
        (
            "asks in vain",
            vec![in_vain("a", &["weir.shop"]), in_vain("b", &["weir.shop", "weir.x\n"]), in_vain("c", &["weir.shop"])],
            json!({}),
            0,
            &[
                "asks for weir.shop, weir.x\\n, which no attachment is called: b",
                "asks for weir.shop, which no attachment is called: a, c",
            ],
        ),
        ("behind", vec![behind("a\n"), up()], json!({}), 0, &["not in step: a\\n"]),
    ];
    for (what, nodes, more, min, expected) in table {
        assert_eq!(reasons(&answer(nodes, &more), &limits(min, "5m")), expected, "{what}");
    }
}

#[test]
fn who_was_lost_is_missed_after_a_while_and_for_an_hour() {
    let table = [
        (299, "5m", false, false),
        (300, "5m", true, false),
        (3_899, "5m", true, false),
        (3_900, "5m", false, true),
        (0, "0s", true, false),
        (7_200, "24h", false, false),
        (u64::MAX, "1s", false, true),
    ];
    for (away, gone, is_red, is_over) in table {
        let shown = answer(vec![lost("a", away)], &json!({}));
        let limits = limits(0, gone);
        let expected = format!("lost, and not back within {}: a", humantime::format_duration(limits.gone));
        assert_eq!(reasons(&shown, &limits), Vec::from_iter(is_red.then_some(expected)), "{away}");
        assert_eq!(is_forgotten(&shown.nodes[0], &limits), is_over, "{away}");
    }
}

#[test]
fn more_than_a_few_are_counted() {
    let all = |count: usize| answer((0..count).map(|number| behind(&format!("n{number}"))).collect(), &json!({}));
    assert_eq!(reasons(&all(5), &limits(0, "5m")), ["not in step: n0, n1, n2, n3, n4"]);
    assert_eq!(reasons(&all(7), &limits(0, "5m")), ["not in step: n0, n1, n2, n3, n4 and 2 more"]);
}
