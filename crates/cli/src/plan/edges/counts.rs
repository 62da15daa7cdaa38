//! What guardrails of `counts` ask for, of everybody: before a release there are no arms.

use weir_remote::Range;
use weir_remote::query::metrics;

use super::range::Asked;

/// How queries say the arm and the release. Nothing else of them can be left out.
const SAID: [&str; 4] = ["=\"$variant\"", "='$variant'", "=\"$release\"", "='$release'"];
const ALL: &str = "=~\".*\"";

/// What was counted of everybody: bad ones, and all.
pub fn read(asked: &Asked<'_>, bad: &str, all: &str) -> Result<(f64, f64), String> {
    let [bad_ranges, all_ranges] = [of_everybody(bad)?, of_everybody(all)?].map(|query| {
        let ranges = asked.ranges(&query)?;
        match ranges.as_slice() {
            [] => Err(format!("no {} there; see that the name is right", names(&query))),
            [_] => Ok(ranges),
            many => Err(format!("{} series of {}; write sum(…)", many.len(), names(&query))),
        }
    });
    came(&bad_ranges?, &all_ranges?).ok_or_else(|| format!("nothing was counted by {}", names(all)))
}

fn names(query: &str) -> String {
    metrics(query).into_iter().collect::<Vec<_>>().join(" or ")
}

/// The query without the labels of an arm and of a release.
fn of_everybody(query: &str) -> Result<String, String> {
    let compact = query.replace("= \"$", "=\"$").replace("= '$", "='$");
    let opened = SAID.iter().fold(compact, |query, said| query.replace(said, ALL));
    match opened.contains('$') {
        true => Err("its query says $variant or $release in another way than as {label=\"$variant\"}".to_owned()),
        false => Ok(opened),
    }
}

/// Between times at which both are known. Where a sum falls, one of its programs has begun anew, and nobody knows what came.
fn came(bad: &[Range], all: &[Range]) -> Option<(f64, f64)> {
    let points = |ranges: &[Range]| ranges.first().map(|range| range.points.clone()).unwrap_or_default();
    let (bad, all) = (points(bad), points(all));
    let at = |at: f64| bad.iter().find(|(other, _)| *other == at).map(|(_, value)| *value);
    let both: Vec<(f64, f64)> = all.iter().filter_map(|(time, value)| Some((at(*time)?, *value))).collect();
    let came = both.windows(2).filter_map(|pair| {
        let (bad, all) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        (bad >= 0.0 && all > 0.0 && bad <= all).then_some((bad, all))
    });
    let (bad, all) = came.fold((0.0, 0.0), |(bad, all), (more_bad, more)| (bad + more_bad, all + more));
    (all > 0.0).then_some((bad, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_of_everybody_without_arm_and_release() {
        for (query, expected) in [
            ("sum(x{variant=\"$variant\",r='$release'})", Some("sum(x{variant=~\".*\",r=~\".*\"})")),
            ("sum(x{variant = \"$variant\"})", Some("sum(x{variant =~\".*\"})")),
            ("sum(x)", Some("sum(x)")),
            ("sum(x_$variant)", None),
            ("sum(x{v=~\"$variant|b\"})", None),
        ] {
            assert_eq!(of_everybody(query).ok().as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn what_came_is_known_where_both_are_and_nothing_began_anew() {
        let range =
            |points: &[(f64, f64)]| [Range { labels: Default::default(), no_numbers: 0, points: points.to_vec() }];
        let all = range(&[(0.0, 100.0), (10.0, 200.0), (20.0, 50.0), (30.0, 150.0), (40.0, 250.0)]);
        let bad = range(&[(0.0, 10.0), (10.0, 12.0), (20.0, 1.0), (40.0, 3.0)]);
        assert_eq!(came(&bad, &all), Some((4.0, 300.0)));
        assert_eq!(came(&range(&[]), &all), None);
    }
}
