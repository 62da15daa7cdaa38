//! The queries of guardrails: each filled in for its arms, what is wrong with one, and whether anybody knows what it asks for.

use std::collections::BTreeSet;

use weir_release::{CONTROL, Measure, Query, Release};
use weir_remote::query::{self, filled};

/// A query as a guardrail has it.
pub struct Written<'a> {
    /// The place of the guardrail in its document.
    pub guardrail: usize,
    /// Its name.
    pub name: &'a str,
    /// Where the query stands in it.
    pub keys: [&'static str; 2],
    /// For each arm and control, or once.
    pub filled: Vec<String>,
}

/// All that a release asks for.
pub fn of(release: &Release) -> Vec<Written<'_>> {
    let mut all = Vec::new();
    for (guardrail, one) in release.guardrails.iter().enumerate() {
        let name = one.name.as_str();
        let fill = |text: &str, variant: &str| filled(text, variant, &release.id);
        match &one.measure {
            Measure::Outcome { .. } => {}
            Measure::Counts { bad, all: every, .. } => {
                for (keys, text) in [(["counts", "bad"], bad), (["counts", "all"], every)] {
                    let filled = variants(release).map(|variant| fill(text, variant)).collect();
                    all.push(Written { guardrail, name, keys, filled });
                }
            }
            Measure::Value { query, .. } => {
                all.push(Written { guardrail, name, keys: ["value", "query"], filled: vec![fill(query, CONTROL)] });
            }
        }
    }
    all
}

/// The same, as a Prometheus is asked.
pub fn texts(release: &Release) -> Vec<String> {
    of(release).into_iter().flat_map(|one| one.filled).collect()
}

/// The arms that are compared, and control.
pub fn variants(release: &Release) -> impl Iterator<Item = &str> {
    let arms = release.arms.iter().map(|arm| arm.id.as_str());
    arms.chain(release.has_control.then_some(CONTROL))
}

/// The names of the metrics that it asks for.
pub fn metrics(written: &Written<'_>) -> BTreeSet<String> {
    written.filled.iter().flat_map(|text| query::metrics(text)).collect()
}

/// What is wrong with a query, known before anybody is asked.
pub fn wrong(query: &Query<'_>) -> Vec<String> {
    let check = if query.is_by_arm { query::check_counts } else { query::check_value };
    check(query.text, query.arms, query.release)
}

/// What is said of a query that asks for what is not there. Such a guardrail would never stop anything.
pub fn unknown(metric: &str, address: &str) -> String {
    format!(
        "{address} has had no {metric} in the last hour; see that the name is right and that it is scraped, and have programs \
         create their counters at 0"
    )
}

#[cfg(test)]
mod tests {
    use weir_policy::Source;
    use weir_release::read_alone;

    use super::*;

    const DOCUMENT: &str = "
release: 1
id: owl-v21
kind: release
unit: user
services: {owl.shop.svc.cluster.local: v21}
guardrails:
- {name: errors, errors: {margin: 20%}}
- {name: carts, counts: {bad: 'sum(bad{v=\"$variant\",r=\"$release\"})', all: 'sum(all{v=\"$variant\"})', margin: 10%}}
- {name: memory, value: {query: 'max(used{r=\"$release\"} / total)', above: 5, for: 3m}}
";

    #[test]
    fn each_query_is_filled_for_each_arm_and_asks_for_its_metrics() {
        let release = read_alone(Source::yaml("owl.yaml", DOCUMENT)).unwrap();
        let told: Vec<_> = of(&release).iter().map(|one| (one.guardrail, one.keys.join("."), metrics(one))).collect();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(
            told,
            [
                (1, "counts.bad".to_owned(), names(&["bad"])),
                (1, "counts.all".to_owned(), names(&["all"])),
                (2, "value.query".to_owned(), names(&["used", "total"])),
            ]
        );
        let filled = texts(&release);
        let all = [
            r#"sum(bad{v="canary",r="owl-v21"})"#,
            r#"sum(bad{v="control",r="owl-v21"})"#,
            r#"sum(all{v="canary"})"#,
            r#"sum(all{v="control"})"#,
            r#"max(used{r="owl-v21"} / total)"#,
        ];
        assert_eq!(filled, all);
    }
}
