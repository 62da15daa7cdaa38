//! Counters as Prometheus gives them, and as they go wrong.

use super::*;

type Points<'a> = &'a [(f64, f64)];

fn range(name: &str, labels: &[(&str, &str)], points: Points<'_>) -> Range {
    let name = [("__name__", name)];
    let labels = name.iter().chain(labels).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Range { labels: labels.collect(), points: points.to_vec(), no_numbers: 0 }
}

fn total(labels: &[(&str, &str)], points: Points<'_>) -> Range {
    range("envoy_http_downstream_rq_total", &[&[(LISTENER, "edge")], labels].concat(), points)
}

fn of(ranges: &[Range]) -> Result<(Listeners, Covered), Failure> {
    added(&ranges.iter().filter_map(Series::read).collect::<Vec<_>>(), "http://p")
}

#[test]
fn rates_are_what_came_in_the_time_in_which_somebody_looked() {
    let (a, b) = ([("instance", "a")], [("instance", "b")]);
    let cases: &[(&str, Vec<Range>, f64, f64)] = &[
        ("one", vec![total(&a, &[(100.0, 50.0), (110.0, 70.0), (120.0, 90.0)])], 2.0, 20.0),
        ("began anew", vec![total(&a, &[(100.0, 50.0), (110.0, 5.0), (120.0, 25.0)])], 2.0, 10.0),
        ("a gap in which it went on", vec![total(&a, &[(100.0, 0.0), (110.0, 20.0), (200.0, 200.0)])], 2.0, 100.0),
        (
            "one goes and another, which has counted for long, comes",
            vec![total(&a, &[(100.0, 0.0), (110.0, 20.0)]), total(&b, &[(110.0, 9_000.0), (120.0, 9_020.0)])],
            2.0,
            20.0,
        ),
        (
            "nobody looked in between",
            vec![total(&a, &[(100.0, 0.0), (110.0, 20.0)]), total(&b, &[(500.0, 1.0), (510.0, 21.0)])],
            2.0,
            20.0,
        ),
        (
            "two at once",
            vec![total(&a, &[(100.0, 0.0), (110.0, 20.0)]), total(&b, &[(100.0, 0.0), (110.0, 30.0)])],
            5.0,
            10.0,
        ),
        ("looked once", vec![total(&a, &[(100.0, 7.0)])], 0.0, 0.0),
        ("looked never", vec![total(&a, &[])], 0.0, 0.0),
    ];
    for (name, ranges, rate, seconds) in cases {
        let (listeners, covered) = of(ranges).unwrap_or_else(|failure| panic!("{name}: {}", failure.text(false)));
        assert_eq!((listeners["edge"].per_second, covered.seconds()), (*rate, *seconds), "{name}");
    }
}

#[test]
fn names_and_labels_may_be_others() {
    let points: Points<'_> = &[(0.0, 0.0), (10.0, 10.0)];
    let listener = |range: Range| Series::read(&range).map(|series| (series.listener, series.counter));
    let prefix = [(LISTENER, "edge")];
    for (range, expected) in [
        (range("envoy_http_downstream_rq_total", &prefix, points), Some(("edge", Counter::Total))),
        (range("envoy_http_a_downstream_rq_total", &prefix, points), Some(("edge.a", Counter::Total))),
        (
            range("envoy_http_outbound_0_0_0_0_80_downstream_rq_total", &[], points),
            Some(("outbound_0_0_0_0_80", Counter::Total)),
        ),
        (range("envoy_http_downstream_rq_completed", &[], points), Some(("", Counter::Completed))),
        (range("envoy_http_user_agent_downstream_rq_total", &prefix, points), None),
        (range("envoy_http_downstream_rq_xx", &[(CLASS, "5")], points), Some(("", Counter::Error))),
        (range("envoy_http_downstream_rq_time_bucket", &[("le", "500")], points), Some(("", Counter::Within(500)))),
        (range("envoy_http_downstream_rq_time_bucket", &[("le", "500.0")], points), Some(("", Counter::Within(500)))),
        (
            range("envoy_http_downstream_rq_time_bucket", &[("le", "+Inf")], points),
            Some(("", Counter::Within(u64::MAX))),
        ),
        (range("envoy_http_downstream_rq_time_bucket", &[], points), None),
        (range("cluster:envoy_http_downstream_rq_total:sum", &prefix, points), None),
    ] {
        assert_eq!(listener(range.clone()), expected.map(|(name, counter)| (name.to_owned(), counter)), "{range:?}");
    }
}

#[test]
fn two_that_scrape_the_same_count_nothing_twice() {
    let points: Points<'_> = &[(0.0, 0.0), (10.0, 10.0)];
    let replica = |instance: &'static str, value: &'static str| {
        total(&[("instance", instance), ("prometheus_replica", value)], points)
    };
    let said = of(&[replica("a", "p-0"), replica("a", "p-1")]).err().map(|failure| failure.text(false)).unwrap();
    assert!(said.contains("twice, by prometheus_replica=\"p-0\" and prometheus_replica=\"p-1\""), "{said}");
    assert!(said.contains("--edge '{prometheus_replica=\"p-0\"}'"), "{said}");
    // One for each of two, as where they share the work.
    assert_eq!(of(&[replica("a", "p-0"), replica("b", "p-1")]).ok().unwrap().0["edge"].envoys, 2);
}

#[test]
fn a_series_that_several_envoys_write_is_refused() {
    let points =
        |values: &[f64]| values.iter().enumerate().map(|(at, value)| (at as f64 * 10.0, *value)).collect::<Vec<_>>();
    let said =
        |values: &[f64]| of(&[total(&[("job", "edge")], &points(values))]).err().map(|failure| failure.text(false));
    let mixed = said(&[10.0, 900.0, 11.0, 905.0, 12.0, 911.0, 13.0, 920.0, 14.0]).unwrap();
    assert!(mixed.contains("{job=\"edge\"} falls again and again"), "{mixed}");
    assert_eq!(said(&[10.0, 20.0, 1.0, 11.0, 21.0, 2.0, 12.0, 22.0, 32.0]), None);
}
