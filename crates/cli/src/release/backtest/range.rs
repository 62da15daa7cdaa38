//! Polls as a Prometheus recorded them: the counters of each Envoy, asked for piece by piece.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use weir_release::{Recorded, Release};
use weir_remote::{Prometheus, Ranges, Trouble};

use super::arms;
use super::which::Steps;
use crate::problems::Failure;
use crate::runtime;
use counted::Counted;

mod alike;
mod counted;
mod target;

/// Intervals that are asked for at once: of hundreds of counters each, and below the 11,000 points that a Prometheus answers.
const INTERVALS: u32 = 200;
/// The most times in all.
const POINTS_MAX: u32 = 100_000;
/// A thousand Envoys have 224 counters each of one release.
const BYTES_MAX: usize = 128 * 1024 * 1024;
/// How far back a counter may have been seen last before the first time.
const KNOWN: &str = "1h";
/// What is too much at once is asked for in smaller pieces, and who is busy after a while.
const WHILE: Duration = Duration::from_millis(500);
const WAITS: u32 = 3;

/// What is asked for.
pub struct Asked<'a> {
    /// Who is asked.
    pub prometheus: &'a Prometheus,
    /// The experiment.
    pub experiment: &'a str,
    /// Labels that its counters must have.
    pub labels: &'a [(String, String)],
    /// The first time.
    pub from: Timestamp,
    /// The last time.
    pub to: Timestamp,
    /// How far times are apart.
    pub every: Duration,
}

impl Asked<'_> {
    /// Hands on poll by poll. What is worth a word comes back.
    pub fn read(&self, release: &Release, steps: &Steps, polls: impl FnMut(Recorded)) -> Result<Vec<String>, Failure> {
        let runtime = runtime::of_this_thread()?;
        runtime.block_on(self.pieces(release, steps, polls))
    }

    async fn pieces(
        &self,
        release: &Release,
        steps: &Steps,
        mut polls: impl FnMut(Recorded),
    ) -> Result<Vec<String>, Failure> {
        let last = self.intervals()?;
        let selector = self.selector();
        let mut notes = Vec::new();
        let mut counted = Counted::default();
        let (known, _) = self.piece(&format!("last_over_time({selector}[{KNOWN}])"), 0, 0, &mut notes).await?;
        counted.know(known.series, self.from);
        let (mut first, mut size) = (0, INTERVALS);
        while first < last {
            let (answer, until) = self.piece(&selector, first, last.min(first + size), &mut notes).await?;
            // The next piece begins where this one ends, so that differences are of one answer.
            (first, size) = (until, (until - first).max(1));
            counted.take(answer.series, |at, came| {
                let counts = came.of(release);
                if let Some(step) = steps.at(at) {
                    polls(Recorded { at, step, counts });
                }
            });
        }
        if !release.arms.iter().any(|arm| counted.arms().contains(&arm.id)) {
            return Err(self.nothing(release, &counted).await);
        }
        counted.check(&mut notes)?;
        let others: Vec<&str> =
            counted.arms().iter().map(String::as_str).filter(|arm| !arms::is_arm(release, arm)).collect();
        if !others.is_empty() {
            notes.push(format!(
                "variants of {} that are no arms of {}: {}",
                self.experiment,
                release.id,
                others.join(", ")
            ));
        }
        Ok(notes)
    }

    fn intervals(&self) -> Result<u32, Failure> {
        let span = Duration::try_from(self.to.duration_since(self.from)).unwrap_or_default();
        if span.is_zero() {
            return Err(Failure::Usage("--to: a time after --from would do".to_owned()));
        }
        if self.from < Timestamp::UNIX_EPOCH {
            return Err(Failure::Usage("--from: a time after 1970 would do".to_owned()));
        }
        let intervals = span.as_millis() / self.every.as_millis().max(1);
        match u32::try_from(intervals).ok().filter(|intervals| *intervals < POINTS_MAX) {
            Some(0) => {
                Err(Failure::Usage("--every: a time that is shorter than from --from to --to would do".to_owned()))
            }
            Some(intervals) => Ok(intervals),
            None => Err(Failure::Usage(format!(
                "--every: {} polls from --from to --to; at most {POINTS_MAX} would do",
                intervals + 1
            ))),
        }
    }

    fn selector(&self) -> String {
        let experiment = ("experiment".to_owned(), self.experiment.to_owned());
        let quoted = |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n");
        let matchers = [&experiment].into_iter().chain(self.labels);
        let matchers: Vec<String> = matchers.map(|(name, value)| format!("{name}=\"{}\"", quoted(value))).collect();
        format!("weir_assigned_total{{{}}}", matchers.join(","))
    }

    /// What a query has from one time to another, or to an earlier one where that is too much at once.
    async fn piece(
        &self,
        query: &str,
        first: u32,
        mut last: u32,
        notes: &mut Vec<String>,
    ) -> Result<(Ranges, u32), Failure> {
        let from = u64::try_from(self.from.as_millisecond()).unwrap_or_default();
        let at = |point: u32| SystemTime::UNIX_EPOCH + Duration::from_millis(from) + self.every * point;
        let mut waited = 0;
        loop {
            let trouble = match self.prometheus.range(query, (at(first), at(last)), self.every, BYTES_MAX).await {
                Ok(answer) => {
                    for warning in &answer.warnings {
                        let note = format!("{}: {warning}", self.prometheus.client().address());
                        if !notes.contains(&note) {
                            notes.push(note);
                        }
                    }
                    return Ok((answer, last));
                }
                Err(trouble) => trouble,
            };
            let is_busy = matches!(&trouble, Trouble::Refused(status, _) if *status == 429 || *status >= 500);
            let is_much = matches!(&trouble, Trouble::TooLong(_) | Trouble::Late(_) | Trouble::Refused(422, _));
            let can_be_less = last - first > 1 && (is_busy || is_much);
            if !(can_be_less || is_busy && waited < WAITS) {
                return Err(self.failed(&trouble, is_busy || is_much));
            }
            if is_busy {
                waited += 1;
                tokio::time::sleep(WHILE).await;
            }
            if can_be_less {
                last = first + (last - first) / 2;
            }
        }
    }

    fn failed(&self, trouble: &Trouble, is_too_much: bool) -> Failure {
        let address = self.prometheus.client().address();
        let would_do = if is_too_much { "; a shorter time, a larger --every, or later would do" } else { "" };
        Failure::Usage(format!("{address}: {trouble}{would_do}"))
    }

    /// Why there is no evidence.
    async fn nothing(&self, release: &Release, counted: &Counted) -> Failure {
        let (address, id, experiment) = (self.prometheus.client().address(), &release.id, self.experiment);
        let (from, to) = (self.from, self.to);
        let why = if !counted.arms().is_empty() {
            let (arms, has) = (arms::named(release), counted.arms().join(", "));
            format!(
                "{experiment} has the variants {has}, and {id} has the arms {arms}; a document with those arms would do"
            )
        } else if counted.unlabelled() > 0 {
            "weir_assigned_total has no labels variant, part and outcome that counters of Weir have; counters as Envoys \
             show them, without rules that drop or rename these, would do"
                .to_owned()
        } else {
            let others = self.experiments().await;
            match others.as_slice() {
                [] if from > Timestamp::now() => "--from has not come yet".to_owned(),
                [] => {
                    "it has no weir_assigned_total then: it did not scrape the Envoys, or has not kept what is so old"
                        .to_owned()
                }
                others if others.iter().any(|other| other == experiment) => {
                    format!("it has {experiment} with other labels only; another --label would do")
                }
                others => format!("it has those of {}; --experiment ID would do", others.join(", ")),
            }
        };
        Failure::Message(format!(
            "weir: there is no evidence of {experiment} at {address} from {from} to {to}: {why}\n"
        ))
    }

    /// The experiments of which it has counters between the two times.
    async fn experiments(&self) -> Vec<String> {
        let span = Duration::try_from(self.to.duration_since(self.from)).unwrap_or_default().as_secs().max(1);
        let query = format!("count by (experiment) (last_over_time(weir_assigned_total[{span}s]))");
        let last = self.intervals().unwrap_or_default();
        let answer = self.piece(&query, last, last, &mut Vec::new()).await;
        let series = answer.map(|(answer, _)| answer.series).unwrap_or_default();
        series.into_iter().filter_map(|one| one.labels.get("experiment").cloned()).collect()
    }
}
