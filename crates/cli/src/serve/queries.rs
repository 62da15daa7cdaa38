//! The queries of guardrails, asked of a Prometheus all together, at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use weir_release::{Answer, CONTROL, Measure, Queries, Release, Totals};
use weir_remote::{Prometheus, Told, Trouble, query::filled};

use crate::queries::{texts, variants};

/// What each query was answered, by its text.
type Answers = BTreeMap<String, Result<Told, Trouble>>;

/// What the guardrails of these releases are answered now, and what the server warns of, each text once.
pub async fn ask(prometheus: Option<&Prometheus>, releases: &[&Release]) -> (Queries, BTreeSet<String>) {
    let texts: BTreeSet<String> = releases.iter().flat_map(|release| texts(release)).collect();
    let texts: Vec<String> = texts.into_iter().collect();
    let Some(prometheus) = prometheus.filter(|_| !texts.is_empty()) else {
        return (
            of_guardrails(releases, &|_| Err(Answer::Unreachable("no --prometheus is given".to_owned()))),
            BTreeSet::new(),
        );
    };
    let answers = prometheus.numbers(&texts, SystemTime::now()).await;
    let answers: Answers = texts.into_iter().zip(answers).collect();
    let address = prometheus.client().address();
    let number = |text: &str| number(&answers, text).map_err(|trouble| named(&address.to_string(), trouble));
    let warnings = answers.values().flatten().flat_map(|told| &told.warnings);
    (of_guardrails(releases, &number), warnings.map(|warning| format!("{address}: {warning}")).collect())
}

/// Each guardrail's answer, of the numbers that its queries have; `None` is no series.
fn of_guardrails(releases: &[&Release], number: &dyn Fn(&str) -> Result<Option<f64>, Answer>) -> Queries {
    let mut queries = Queries::default();
    for release in releases {
        let of = queries.of.entry(release.id.clone()).or_default();
        for guardrail in &release.guardrails {
            let answer = match &guardrail.measure {
                Measure::Outcome { .. } => continue,
                Measure::Counts { bad, all, .. } => {
                    let totals = |variant: &str| {
                        let [bad, all] = [bad, all].map(|text| number(&filled(text, variant, &release.id)));
                        Ok((variant.to_owned(), Totals { bad: bad?, all: all? }))
                    };
                    variants(release).map(totals).collect::<Result<_, _>>().map_or_else(|answer| answer, Answer::Counts)
                }
                Measure::Value { query, .. } => match number(&filled(query, CONTROL, &release.id)) {
                    Ok(Some(value)) => Answer::Value(value),
                    Ok(None) => Answer::Nothing,
                    Err(answer) => answer,
                },
            };
            of.insert(guardrail.name.clone(), answer);
        }
    }
    queries
}

/// No number is no harm: `+Inf` of a division by nothing is above every bound.
fn number(answers: &Answers, text: &str) -> Result<Option<f64>, Answer> {
    match answers.get(text) {
        Some(Ok(Told { answer: weir_remote::Answer::Number(number), .. })) => Ok(Some(*number)),
        Some(Ok(Told { answer: weir_remote::Answer::NoSeries, .. })) => Ok(None),
        Some(Ok(Told { answer: weir_remote::Answer::NotANumber(what), .. })) => {
            Err(Answer::Bad(format!("answered {what}, which is no number")))
        }
        Some(Err(trouble)) if trouble.is_of_the_server() => Err(Answer::Unreachable(trouble.to_string())),
        Some(Err(trouble)) => Err(Answer::Bad(trouble.to_string())),
        None => Err(Answer::Unreachable("was not asked".to_owned())),
    }
}

fn named(address: &str, answer: Answer) -> Answer {
    match answer {
        Answer::Unreachable(why) => Answer::Unreachable(format!("{address}: {why}")),
        Answer::Bad(why) => Answer::Bad(format!("{address}: {why}")),
        other => other,
    }
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
- {name: memory, value: {query: 'max(memory{r=\"$release\"})', above: 5, for: 3m}}
";

    fn release() -> Release {
        read_alone(Source::yaml("owl.yaml", DOCUMENT)).unwrap()
    }

    fn told(answer: weir_remote::Answer) -> Result<Told, Trouble> {
        Ok(Told { answer, warnings: Vec::new() })
    }

    #[test]
    fn numbers_become_the_answers_of_guardrails() {
        use weir_remote::Answer::{NoSeries, NotANumber, Number};
        let late = || Err(Trouble::Late(5));
        let several = || Err(Trouble::OtherType("x".to_owned()));
        let counts = |bad, all| {
            let totals = Totals { bad, all };
            Answer::Counts(["canary", "control"].map(|variant| (variant.to_owned(), totals)).into())
        };
        let unreachable = Answer::Unreachable("no whole answer within 5 s".to_owned());
        let bad = |why: &str| Answer::Bad(why.to_owned());
        let other = "the query has a x as its answer, and an instant vector or a scalar is wanted";
        for (answer, of_counts, of_value) in [
            (told(Number(7.0)), counts(Some(7.0), Some(7.0)), Answer::Value(7.0)),
            (told(NoSeries), counts(None, None), Answer::Nothing),
            (
                told(NotANumber("+Inf")),
                bad("answered +Inf, which is no number"),
                bad("answered +Inf, which is no number"),
            ),
            (late(), unreachable.clone(), unreachable),
            (several(), bad(other), bad(other)),
        ] {
            let release = release();
            let answers: Answers = texts(&release).into_iter().map(|text| (text, answer.clone())).collect();
            let queries = of_guardrails(&[&release], &|text| number(&answers, text));
            assert_eq!(queries.answer("owl-v21", "carts"), Some(&of_counts));
            assert_eq!(queries.answer("owl-v21", "memory"), Some(&of_value));
            assert_eq!(queries.answer("owl-v21", "errors"), None);
        }
    }

    #[tokio::test]
    async fn without_a_prometheus_guardrails_of_queries_wait() {
        let release = release();
        let (queries, warnings) = ask(None, &[&release]).await;
        let expected = Answer::Unreachable("no --prometheus is given".to_owned());
        assert_eq!(
            (queries.answer("owl-v21", "carts"), queries.answer("owl-v21", "memory")),
            (Some(&expected), Some(&expected))
        );
        assert!(warnings.is_empty());
    }
}
