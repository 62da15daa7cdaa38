//! Queries, good and bad.

use proptest::prelude::*;

use super::*;

const ARMS: [&str; 2] = ["canary", "control"];

fn counts(query: &str) -> Vec<String> {
    check_counts(query, &ARMS, "owl-v21")
}

#[test]
fn counters_of_an_arm_are_good_counts() {
    for query in [
        r#"sum(cart_failures_total{variant="$variant"})"#,
        r#"sum(cart_calls_total{variant="$variant",release="$release"})"#,
        r#"sum by () (a_total{variant="$variant"} + b_total{variant="$variant"})"#,
        r#"sum(last_over_time(cart_calls_total{variant="$variant"}[5m]))"#,
        r#"sum(cart_calls_total{variant=~"^$variant$",code=~"5..$"})"#,
        r#"sum({__name__="cart.calls",variant="$variant"})"#,
        r#"sum(cart_$variant)"#,
        r#"sum(a{variant="$variant"}) or vector(0)"#,
        r#"scalar(sum(a{variant="$variant"}))"#,
        "# a comment\nsum(\n  a{variant=\"$variant\"}\n)",
    ] {
        assert_eq!(counts(query), Vec::<String>::new(), "{query}");
    }
}

#[test]
fn what_is_wrong_with_counts_is_said() {
    for (query, said) in [
        ("", "is no PromQL"),
        (r#"sum(a{variant="$variant"}"#, "is no PromQL"),
        (r#"sum(a{variant="$variant}")"#, "is no PromQL"),
        (r#"summ(a{variant="$variant"})"#, "is no PromQL"),
        (r#"SELECT "$variant""#, "is no PromQL"),
        ("sum(a)", "does not say $variant"),
        ("1", "does not say $variant"),
        (r#"sum(a{variant="$variants"})"#, "says $variants"),
        (r#"sum(a{pod=~"$pod",variant="$variant"})"#, "says $pod"),
        (r#"sum(a{variant="${variant}"})"#, "without braces"),
        (r#"a{variant="$variant"}[5m]"#, "a range vector"),
        (r#""$variant""#, "a string"),
        (r#"sum(rate(a{variant="$variant"}[5m]))"#, "sum(rate(x[5m]))"),
        (r#"sum(increase(a{variant="$variant"}[5m]))"#, "sum(increase(x[5m]))"),
        (r#"sum(irate(a{variant="$variant"}[5m]))"#, "sum(irate(x[5m]))"),
        (r#"sum(delta(a{variant="$variant"}[5m]))"#, "sum(delta(x[5m]))"),
        (r#"1 + (2 * -sum(rate(a{variant="$variant"}[5m])))"#, "says rate(…)"),
        (r#"max_over_time(sum(rate(a{variant="$variant"}[5m]))[1h:])"#, "says rate(…)"),
        (r#"sum(max_over_time(a{variant="$variant"}[5m]))"#, "says max_over_time(…)"),
        (r#"sum(a-$variant)"#, ""),
    ] {
        let problems = counts(query);
        let good = said.is_empty();
        assert!(
            problems.is_empty() == good && (good || problems.iter().any(|one| one.contains(said))),
            "{query}: {problems:?}"
        );
    }
    let two = counts(r#"sum(rate(a{variant="$variant"}[5m])) + sum(count_over_time(b[5m]))"#);
    assert_eq!(two.len(), 2, "{two:?}");
}

/// An id that breaks the name of a metric breaks it for that arm alone.
#[test]
fn each_arm_is_tried() {
    let problems = check_counts("sum(cart_$variant{})", &["blue", "sky.blue"], "t");
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn a_value_may_be_of_a_window_and_of_no_arm() {
    for query in [
        "max(container_memory_working_set_bytes{pod=~\"owl-.*\"})",
        r#"histogram_quantile(0.99, sum by (le) (rate(latency_bucket{variant="$variant"}[5m])))"#,
        "time()",
        "1 / 0",
    ] {
        assert_eq!(check_value(query, &ARMS, "owl-v21"), Vec::<String>::new(), "{query}");
    }
    for (query, said) in
        [("up[5m]", "a range vector"), ("up{", "is no PromQL"), ("rate(up)", "is no PromQL"), ("$x", "says $x")]
    {
        let problems = check_value(query, &ARMS, "owl-v21");
        assert!(problems.len() == 1 && problems[0].contains(said), "{query}: {problems:?}");
    }
}

#[test]
fn words_are_filled_in_and_patterns_are_left_alone() {
    for (query, expected) in [
        (r#"a{v="$variant",r="$release"}"#, r#"a{v="canary",r="owl-v21"}"#),
        (r#"a{v=~"x$",w="$variant"}"#, r#"a{v=~"x$",w="canary"}"#),
        ("$variant$release$", "canaryowl-v21$"),
        ("$variant_x", "$variant_x"),
        ("$$variant ä$", "$canary ä$"),
    ] {
        assert_eq!(filled(query, "canary", "owl-v21"), expected);
    }
}

#[test]
fn the_metrics_of_a_query_are_named() {
    let query =
        r#"sum(rate(a_total{x="y"}[5m])) / on () sum({__name__="b.c"}) + d offset 1d + {__name__=~"e.*"} + -f[1h:]"#;
    assert_eq!(metrics(query), BTreeSet::new(), "a range vector cannot be negated");
    let query = query.replace(" + -f[1h:]", " + max_over_time(f[1h:1m]) + (-g)");
    assert_eq!(metrics(&query), ["a_total", "b.c", "d", "f", "g"].map(str::to_owned).into());
}

#[test]
fn size_and_depth_have_their_bounds() {
    let long = |bytes: usize| format!("a{}", " ".repeat(bytes - 1));
    assert_eq!(check_value(&long(BYTES_MAX), &["x"], "r"), Vec::<String>::new());
    assert!(check_value(&long(BYTES_MAX + 1), &["x"], "r")[0].contains("4097 bytes"));
    let deep = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(check_value(&deep(DEPTH_MAX), &["x"], "r"), Vec::<String>::new());
    assert!(check_value(&deep(DEPTH_MAX + 1), &["x"], "r")[0].contains("nested deeper"));
}

/// Without brackets trees grow deep too; each is read on a thread as small as those of a server.
#[test]
fn the_longest_chains_fit_a_thread() {
    for chain in ["-", "+", "a^", "a-", "a or ", "a and on(b) "] {
        let query = format!("{}a", chain.repeat((BYTES_MAX - 1) / chain.len()));
        let seen = std::thread::Builder::new()
            .stack_size(1024 * 1024)
            .spawn(move || (check_value(&query, &["x"], "r"), metrics(&query)));
        let (problems, metrics) = seen.unwrap().join().unwrap();
        assert!(problems.is_empty() && metrics.len() == 1, "{chain}: {problems:?}");
    }
}

proptest! {
    /// Whatever is written, a check ends, soon, and well.
    #[test]
    fn nothing_that_is_written_is_the_end(query in r#"[-a-z0-9$(){}\[\]"'=~!,:.+*/^%@<> \n\\#ä]{0,200}"#) {
        counts(&query);
        metrics(&query);
    }

    #[test]
    fn pieces_of_promql_are_not_the_end(pieces in prop::collection::vec(prop::sample::select(vec![
        "sum", "(", ")", "a", "{", "}", "v=", "\"$variant\"", "[5m]", "[1h:]", "rate", " by ", "offset ", "-", "+", "1", "@ ", "or", ",", "-", "bool", " on", "^",
    ]), 0..60)) {
        counts(&pieces.concat());
        metrics(&pieces.concat());
    }
}
