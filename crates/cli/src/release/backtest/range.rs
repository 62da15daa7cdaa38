//! Polls as a Prometheus recorded them: the counters of each Envoy, whose differences are taken here.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use weir_policy::evidence::{Outcome, PARTS};
use weir_release::evidence::{Counts, VariantCounts};
use weir_release::{CONTROL, Recorded, Release};
use weir_remote::{Prometheus, Range};

use super::which::Steps;
use crate::problems::Failure;

/// Times that are asked for at once: of hundreds of counters each.
const POINTS: u32 = 200;
/// The most times in all.
const POINTS_MAX: u32 = 100_000;
/// A thousand Envoys have 224 counters each of one release.
const BYTES_MAX: usize = 256 * 1024 * 1024;

/// What is asked for.
pub struct Asked<'a> {
    /// The experiment.
    pub experiment: &'a str,
    /// The first time.
    pub from: Timestamp,
    /// The last time.
    pub to: Timestamp,
    /// How far times are apart.
    pub every: Duration,
}

/// Asks for it, piece by piece.
pub fn read(
    prometheus: &Prometheus,
    asked: &Asked<'_>,
    release: &Release,
    steps: &Steps,
) -> Result<Vec<Recorded>, Failure> {
    let span = Duration::try_from(asked.to.duration_since(asked.from)).ok().filter(|span| !span.is_zero());
    let span = span.ok_or_else(|| Failure::Usage("--to: a time after --from would do".to_owned()))?;
    let points = span.as_millis() / asked.every.as_millis().max(1) + 1;
    let points = u32::try_from(points).ok().filter(|points| *points <= POINTS_MAX).ok_or_else(|| {
        Failure::Usage(format!("--every: {points} polls from --from to --to; at most {POINTS_MAX} would do"))
    })?;
    // An id has nothing in it that a string of PromQL would have to quote.
    let query = format!("weir_assigned_total{{experiment=\"{}\"}}", asked.experiment);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Usage(format!("no runtime: {error}")))?;
    let since_epoch = u64::try_from(asked.from.as_millisecond()).unwrap_or_default();
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(since_epoch);
    let mut counted = Counted::default();
    for first in (0..points).step_by(POINTS as usize) {
        let last = (first + POINTS).min(points) - 1;
        let at = |point: u32| start + asked.every * point;
        let answer = runtime.block_on(prometheus.range(&query, (at(first), at(last)), asked.every, BYTES_MAX));
        let address = prometheus.client().address();
        let ranges = answer.map_err(|trouble| Failure::Usage(format!("{address}: {trouble}")))?;
        ranges.iter().for_each(|range| counted.add(range, asked.from));
    }
    Ok(counted.polls(release, steps))
}

/// Counters as they were last, and what came to each arm by time.
#[derive(Default)]
struct Counted {
    last: BTreeMap<BTreeMap<String, String>, f64>,
    came: BTreeMap<i64, BTreeMap<String, Cells>>,
}

/// Requests of an arm by outcome and part.
type Cells = BTreeMap<(usize, usize), f64>;

impl Counted {
    /// Takes in a piece of a series. One that is there at the first of all times began before; of one that comes later all that it has came.
    /// One that falls began anew.
    fn add(&mut self, range: &Range, from: Timestamp) {
        let label = |name: &str| range.labels.get(name).map(String::as_str);
        let outcome = Outcome::ALL.into_iter().position(|one| Some(one.name()) == label("outcome"));
        let part = label("part").and_then(|part| part.parse().ok()).filter(|part| *part < usize::from(PARTS));
        let (Some(outcome), Some(part), Some(arm)) = (outcome, part, label("variant")) else { return };
        for (at, value) in &range.points {
            let at = (at * 1e3).round() as i64;
            let before = self.last.insert(range.labels.clone(), *value);
            let came = match before {
                Some(before) if *value >= before => value - before,
                None if at <= from.as_millisecond() => 0.0,
                _ => *value,
            };
            let of_arm = self.came.entry(at).or_default().entry(arm.to_owned()).or_default();
            *of_arm.entry((outcome, part)).or_default() += came;
        }
    }

    /// Of the release's own arms, without the first time, of which nobody knows what came.
    fn polls(self, release: &Release, steps: &Steps) -> Vec<Recorded> {
        let is_arm = |arm: &str| arm == CONTROL || release.arms.iter().any(|known| known.id == arm);
        let polls = self.came.into_iter().skip(1).filter_map(|(at, arms)| {
            let at = Timestamp::from_millisecond(at).ok()?;
            let arms = arms.into_iter().filter(|(arm, _)| is_arm(arm)).map(|(arm, cells)| (arm, counts(&cells)));
            Some(Recorded { at, step: steps.at(at), counts: Counts::of_experiment(&release.id, arms) })
        });
        polls.collect()
    }
}

fn counts(cells: &Cells) -> VariantCounts {
    VariantCounts::new(|outcome, part| cells.get(&(outcome as usize, part)).map_or(0, |count| count.round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_the_difference_and_of_a_process_that_began_anew_all_that_it_has() {
        let series = |instance: &str, points: &[(f64, f64)]| Range {
            labels: [("variant", "canary"), ("part", "3"), ("outcome", "all"), ("instance", instance)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            points: points.to_vec(),
        };
        let mut counted = Counted::default();
        let from = Timestamp::from_second(100).unwrap();
        counted.add(&series("a", &[(100.0, 50.0), (110.0, 57.0)]), from);
        counted.add(&series("a", &[(120.0, 2.0), (130.0, 2.0)]), from);
        counted.add(&series("b", &[(120.0, 4.0)]), from);
        counted.add(&Range { labels: BTreeMap::new(), points: vec![(110.0, 1.0)] }, from);
        let came = |second: i64| counted.came[&(second * 1000)]["canary"][&(0, 3)];
        assert_eq!([100, 110, 120, 130].map(came), [0.0, 7.0, 6.0, 0.0]);
    }
}
