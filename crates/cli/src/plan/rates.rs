//! What a plan takes of requests: what is given before what is measured, each with where it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use weir_plan::traffic::Traffic;
use weir_release::{Measure, Release};
use weir_remote::Prometheus;

use super::edges::range::Asked;
use super::edges::{self, Counter, Listeners, admin, counts};
use super::options::Options;
use crate::columns::columns;
use crate::problems::Failure;
use crate::release::words;

/// A number that the plan takes, with where it came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// `requests`, `errors`, `unanswered`, `slow`, `over_500` and its like, or the name of a guardrail.
    pub of: String,
    /// Requests in a second, or a part of 1; none where it is not known.
    pub value: Option<f64>,
    /// `given`, `measured` or `unknown`.
    pub is: &'static str,
    /// Where it came from, or why it is not known.
    pub from: String,
}

/// What is asked for besides errors and what has no response.
#[derive(Default)]
struct Wanted {
    bounds: BTreeSet<u64>,
    /// Names of guardrails by their two queries.
    queries: BTreeMap<(String, String), String>,
}

/// All that is given, and what is measured besides for the guardrails of these releases.
pub fn read<'a>(
    options: &Options,
    releases: impl Iterator<Item = &'a Release>,
) -> Result<(Traffic, Vec<Rate>), Failure> {
    let mut rates = Rates::given(options);
    let wanted = Wanted::of(releases);
    if let Some(prometheus) = options.prometheus.prometheus() {
        rates.of_prometheus(&prometheus, options, &wanted)?;
    } else if !options.admin_port.is_empty() {
        let (listeners, since) = admin::read(&options.admin_port)?;
        let place = options.admin_port.join(", ");
        rates.of_edges(&listeners, &options.edge, &since, &place, &wanted)?;
        for name in wanted.queries.values() {
            if !rates.traffic.bad.contains_key(name) {
                rates.unknown(name, "only a Prometheus knows what its queries ask for");
            }
        }
    }
    Ok((rates.traffic, rates.all))
}

/// Where each number came from; nothing if all that there are were given.
pub fn text(rates: &[Rate]) -> String {
    if rates.iter().all(|rate| rate.is == "given") {
        return String::new();
    }
    format!("{}\n", columns(&rows(rates)))
}

/// In rows, the first of which has the names of the columns.
pub fn rows(rates: &[Rate]) -> Vec<[String; 3]> {
    let mut rows = vec![["OF REQUESTS", "ARE", "FROM"].map(str::to_owned)];
    rows.extend(rates.iter().map(|rate| {
        let value = match rate.value {
            None => "not known".to_owned(),
            Some(value) if rate.of == REQUESTS => format!("{}/s", digits(value)),
            Some(value) => format!("{}%", digits(value * 100.0)),
        };
        let of = rate
            .of
            .strip_prefix("over_")
            .map_or_else(|| rate.of.escape_debug().to_string(), |ms| format!("over {ms} ms"));
        [of, value, rate.from.escape_debug().to_string()]
    }));
    rows
}

const REQUESTS: &str = "requests";

/// Three digits that say something, and all before the point.
fn digits(value: f64) -> String {
    let behind = (2.0 - value.abs().max(1e-9).log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.behind$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

impl Wanted {
    fn of<'a>(releases: impl Iterator<Item = &'a Release>) -> Wanted {
        let mut wanted = Wanted::default();
        for guardrail in releases.flat_map(|release| &release.guardrails) {
            match &guardrail.measure {
                Measure::Outcome { outcome, .. } => wanted.bounds.extend(outcome.over_milliseconds()),
                Measure::Counts { bad, all, .. } => {
                    wanted.queries.entry((bad.clone(), all.clone())).or_insert_with(|| guardrail.name.clone());
                }
                Measure::Value { .. } => {}
            }
        }
        wanted
    }
}

struct Rates {
    traffic: Traffic,
    all: Vec<Rate>,
}

impl Rates {
    fn given(options: &Options) -> Rates {
        let traffic = Traffic {
            requests: options.rate,
            errors: options.errors,
            unanswered: options.unanswered,
            slow: options.slow,
            bad: options.bad.iter().map(|bad| (bad.name.clone(), bad.part)).collect(),
            ..Traffic::default()
        };
        let given = [
            (REQUESTS, "--rate", options.rate),
            ("errors", "--errors", options.errors),
            ("unanswered", "--unanswered", options.unanswered),
            ("slow", "--slow", options.slow),
        ];
        let given = given.into_iter().filter_map(|(of, option, value)| Some((of, option, Some(value?))));
        let bad = traffic.bad.iter().map(|(name, part)| (name.as_str(), "--bad", Some(*part)));
        let rate = |(of, option, value): (&str, &str, _)| Rate {
            of: of.to_owned(),
            value,
            is: "given",
            from: option.to_owned(),
        };
        Rates { all: given.chain(bad).map(rate).collect(), traffic }
    }

    fn of_prometheus(&mut self, prometheus: &Prometheus, options: &Options, wanted: &Wanted) -> Result<(), Failure> {
        let mut asked = Asked::over(prometheus, Duration::from(options.over))?;
        let (labels, names): (Vec<&String>, Vec<&String>) = options.edge.iter().partition(|edge| edge.starts_with('{'));
        let labels: Vec<String> = labels.iter().map(|labels| labels.trim_matches(['{', '}']).to_owned()).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let (listeners, over) = asked.listeners(&labels, &wanted.bounds)?;
        match listeners.is_empty() {
            // Whoever gives the rate may ask for what guardrails of queries see alone.
            true if options.rate.is_some() => self.without_edges(&over, wanted),
            true => return Err(Failure::Usage(format!("{}: {over}", asked.place()))),
            false => self.of_edges(&listeners, &names, &over, &asked.place(), wanted)?,
        }
        for (queries, name) in &wanted.queries {
            if self.traffic.bad.contains_key(name) {
                continue;
            }
            match counts::read(&asked, &queries.0, &queries.1) {
                Err(why) => self.unknown(name, &why),
                Ok((bad, all)) => {
                    let part = self.part(name, bad, all, "by its queries, of everybody");
                    self.traffic.counts.extend(part.map(|part| (queries.clone(), part)));
                }
            }
        }
        Ok(())
    }

    fn of_edges(
        &mut self,
        listeners: &Listeners,
        names: &[String],
        time: &str,
        place: &str,
        wanted: &Wanted,
    ) -> Result<(), Failure> {
        let (listener, counted) = edges::chosen(listeners, names, place)?;
        let envoys = edges::envoys(counted.envoys);
        let listener = if listener.is_empty() { listener } else { format!(" of {listener}") };
        let from = format!("{envoys}{listener} at {place}, {time}");
        if self.traffic.requests.is_none() {
            self.traffic.requests = counted.rate();
            self.all.push(Rate { of: REQUESTS.to_owned(), value: counted.rate(), is: "measured", from });
        }
        let all = counted.all().unwrap_or(0.0);
        if self.traffic.errors.is_none() {
            let errors = counted.counts.get(&Counter::Error).copied();
            self.traffic.errors = self.part_if("errors", errors.map(|errors| (errors, all)), "downstream_rq_xx");
        }
        if self.traffic.unanswered.is_none() {
            let unanswered = counted.unanswered().map(|unanswered| (unanswered, all));
            self.traffic.unanswered = self.part_if("unanswered", unanswered, "downstream_rq_rx_reset");
        }
        if self.traffic.slow.is_none() {
            for bound in &wanted.bounds {
                let part = self.part_if(&format!("over_{bound}"), counted.over(*bound), "downstream_rq_time");
                self.traffic.over.extend(part.map(|part| (*bound, part)));
            }
        }
        self.all.sort_by_key(|rate| rate.of != REQUESTS);
        Ok(())
    }

    fn without_edges(&mut self, why: &str, wanted: &Wanted) {
        let Traffic { errors, unanswered, slow, .. } = &self.traffic;
        let known = [("errors", errors.is_some()), ("unanswered", unanswered.is_some())];
        let bounds = wanted.bounds.iter().filter(|_| slow.is_none()).map(|bound| format!("over_{bound}"));
        let missing: Vec<String> =
            known.into_iter().filter(|(_, is)| !is).map(|(of, _)| of.to_owned()).chain(bounds).collect();
        missing.iter().for_each(|of| self.unknown(of, why));
    }

    fn part_if(&mut self, of: &str, counts: Option<(f64, f64)>, counter: &str) -> Option<f64> {
        match counts {
            Some((bad, all)) => self.part(of, bad, all, "there"),
            None => {
                self.unknown(of, &format!("no {counter} there"));
                None
            }
        }
    }

    /// A part of none says nothing of how many there are: as if one had been.
    fn part(&mut self, of: &str, bad: f64, all: f64, there: &str) -> Option<f64> {
        let count = |count: f64| words::count(count.round() as u64);
        if all < 1.0 {
            self.unknown(of, "none were counted there");
            return None;
        }
        let from = match bad < 0.5 {
            true => format!("none of {} {there}, taken as one of them", count(all)),
            false => format!("{} of {} {there}", count(bad), count(all)),
        };
        let value = Some(if bad < 0.5 { 1.0 / all } else { bad / all });
        self.all.push(Rate { of: of.to_owned(), value, is: "measured", from });
        value
    }

    fn unknown(&mut self, of: &str, why: &str) {
        self.all.push(Rate { of: of.to_owned(), value: None, is: "unknown", from: why.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::edges::Counted;

    fn counted() -> Listeners {
        let counts = [
            (Counter::Total, 1_000.0),
            (Counter::Completed, 999.0),
            (Counter::Error, 0.0),
            (Counter::Reset, 3.0),
            (Counter::Timed, 1_000.0),
            (Counter::Within(500), 980.0),
        ];
        [("edge".to_owned(), Counted { envoys: 1, per_second: 20.0, counts: counts.into() })].into()
    }

    #[test]
    fn what_is_given_stands_before_what_is_measured_and_each_says_where_it_came_from() {
        let traffic = Traffic { requests: Some(7.0), ..Traffic::default() };
        let given = Rate { of: REQUESTS.to_owned(), value: Some(7.0), is: "given", from: "--rate".to_owned() };
        let mut rates = Rates { traffic, all: vec![given] };
        let wanted = Wanted { bounds: [250, 500].into(), ..Wanted::default() };
        assert!(rates.of_edges(&counted(), &[], "over 1h", "http://p", &wanted).is_ok());
        let Traffic { requests, errors, unanswered, over, .. } = &rates.traffic;
        assert_eq!((*requests, *errors, *unanswered), (Some(7.0), Some(0.001), Some(0.001)));
        assert_eq!(*over, BTreeMap::from([(500, 0.02)]));
        let expected = "OF REQUESTS  ARE        FROM\n\
            requests     7/s        --rate\n\
            errors       0.1%       none of 1,000 there, taken as one of them\n\
            unanswered   0.1%       1 of 1,000 there\n\
            over 250 ms  not known  no downstream_rq_time there\n\
            over 500 ms  2%         20 of 1,000 there\n\n";
        assert_eq!(text(&rates.all), expected);
        assert_eq!(text(&rates.all[..1]), "");
    }

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        for (value, expected) in
            [(33.3333, "33.3"), (2_000.4, "2000"), (0.5, "0.5"), (0.000_123_4, "0.000123"), (100.0, "100"), (0.0, "0")]
        {
            assert_eq!(digits(value), expected);
        }
    }
}
