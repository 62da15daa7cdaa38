//! What a Prometheus has scraped of edges over some time: the counters of each Envoy, whose differences are taken here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use humantime::format_duration;
use tokio::runtime::Runtime;
use weir_remote::{Prometheus, Range};

use super::{Counter, Listeners};
use crate::problems::Failure;
use crate::runtime;

/// Into so many pieces the time is cut. Of one in which an Envoy begins anew nobody knows what came.
const POINTS: u32 = 120;
/// Counters are scraped no more often.
const STEP_MIN: Duration = Duration::from_secs(1);
/// A thousand Envoys have some thousand series of these.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// Fewer falls may be an Envoy that begins anew.
const FALLS_MIN: usize = 4;
/// Of older numbers somebody should know.
const OLD: Duration = Duration::from_secs(600);
/// The label of a listener, unless somebody relabelled it away.
const LISTENER: &str = "envoy_http_conn_manager_prefix";
const CLASS: &str = "envoy_response_code_class";
/// The names of counters begin so, perhaps with a part of the listener's name that has a point in it.
const BEFORE: &str = "envoy_http_";
const COUNTED: &str = "downstream_rq_";
/// The kinds of clients of a listener, whose requests are among those of all.
const KINDS: &str = "user_agent";

/// A Prometheus, and over which time it is asked.
pub struct Asked<'a> {
    prometheus: &'a Prometheus,
    runtime: Runtime,
    to: SystemTime,
    /// What was asked for, and what is looked at: less, where Prometheus began later.
    over: Duration,
    looked: Duration,
    /// What it says of its own answers, such as that they are of a part of what it has.
    warnings: RefCell<BTreeSet<String>>,
}

impl<'a> Asked<'a> {
    /// Over so long a time up to now.
    pub fn over(prometheus: &'a Prometheus, over: Duration) -> Result<Asked<'a>, Failure> {
        if over < STEP_MIN {
            return Err(Failure::Usage("--over: a time such as 1h or 7d would do".to_owned()));
        }
        let runtime = runtime::of_this_thread()?;
        Ok(Asked { prometheus, runtime, to: SystemTime::now(), over, looked: over, warnings: RefCell::default() })
    }

    fn step(&self) -> Duration {
        (self.looked / POINTS).max(STEP_MIN)
    }

    /// All series of a query in this time.
    pub fn ranges(&self, query: &str) -> Result<Vec<Range>, String> {
        let from = self.to.checked_sub(self.looked).unwrap_or(SystemTime::UNIX_EPOCH);
        let asked = self.prometheus.range(query, (from, self.to), self.step(), BYTES_MAX);
        let answer = self.runtime.block_on(asked).map_err(|trouble| trouble.to_string())?;
        self.warnings.borrow_mut().extend(answer.warnings);
        Ok(answer.series)
    }

    /// Where it is.
    pub fn place(&self) -> String {
        self.prometheus.client().address().to_string()
    }

    /// The listeners of all Envoys with these labels, such as `job="edge"`, with how many took longer than these times; and of which
    /// time that is, or why there are none.
    pub fn listeners(&mut self, labels: &[String], bounds: &BTreeSet<u64>) -> Result<(Listeners, String), Failure> {
        let labels: String = labels.iter().map(|labels| format!(",{labels}")).collect();
        loop {
            let ranges = self.counters(&labels, bounds)?;
            let series: Vec<Series<'_>> = ranges.iter().filter_map(Series::read).collect();
            let (listeners, seen) = added(&series, &self.place())?;
            if listeners.is_empty() {
                return Ok((listeners, self.nothing(&labels)));
            }
            // It began within the last of all pieces.
            if seen.seconds() <= 0.0 && self.step() > STEP_MIN {
                self.looked = self.step() * 2;
                continue;
            }
            return Ok((listeners, self.said(&seen)?));
        }
    }

    fn counters(&self, labels: &str, bounds: &BTreeSet<u64>) -> Result<Vec<Range>, Failure> {
        let within: Vec<String> = bounds.iter().map(u64::to_string).collect();
        let within = within.join("|");
        let mut ranges = Vec::new();
        for (kind, more) in [
            ("(total|completed|rx_reset|5xx|time_count)", String::new()),
            ("xx", format!(",{CLASS}=\"5\"")),
            // Newer ones write whole numbers with a point.
            ("time_bucket", format!(",le=~\"({within})([.]0)?\"")),
        ] {
            let query = format!("{{__name__=~\"{BEFORE}(.+_)?{COUNTED}{kind}\"{more}{labels}}}");
            ranges
                .extend(self.ranges(&query).map_err(|trouble| Failure::Usage(format!("{}: {trouble}", self.place())))?);
        }
        Ok(ranges)
    }

    fn nothing(&self, labels: &str) -> String {
        let labels = labels.trim_start_matches(',');
        let of = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let over = format_duration(whole(self.over));
        format!(
            "no {BEFORE}{COUNTED}total{of} in the last {over}; see that it scrapes /stats/prometheus of the edges, where Istio leaves it \
             out unless proxyStatsMatcher has it in; or give --rate and --errors"
        )
    }

    fn said(&self, seen: &Covered) -> Result<String, Failure> {
        let seconds = seen.seconds();
        if seconds <= 0.0 {
            let place = self.place();
            return Err(Failure::Usage(format!(
                "{place}: has looked only once at the edges; wait until it has looked again"
            )));
        }
        let time = whole(Duration::from_secs_f64(seconds));
        let now = self.to.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let ended = Duration::try_from_secs_f64(now - seen.last()).unwrap_or_default();
        let is_less = time + self.over / POINTS * 2 < self.over;
        let of = if is_less { format!(" of {}", format_duration(whole(self.over))) } else { String::new() };
        let ago = if ended > OLD { format!(", until {} ago", format_duration(whole(ended))) } else { String::new() };
        let warns: String =
            self.warnings.borrow().iter().map(|said| format!("; it warns: {}", said.escape_debug())).collect();
        Ok(format!("over {}{of}{ago}{warns}", format_duration(time)))
    }
}

/// To the minute where it is long.
fn whole(time: Duration) -> Duration {
    let seconds = time.as_secs();
    Duration::from_secs(if seconds > 600 { seconds.div_ceil(60) * 60 } else { seconds })
}

type Labels<'a> = Vec<(&'a str, &'a str)>;

/// A series of a listener.
struct Series<'a> {
    listener: String,
    counter: Counter,
    /// The Envoy, and what scraped it.
    of: Labels<'a>,
    points: &'a [(f64, f64)],
}

impl<'a> Series<'a> {
    fn read(range: &'a Range) -> Option<Series<'a>> {
        let label = |name: &str| range.labels.get(name).map(String::as_str);
        let (glued, kind) = label("__name__")?.strip_prefix(BEFORE)?.rsplit_once(COUNTED)?;
        let glued = glued.trim_end_matches('_');
        let counter = match kind {
            "total" => Counter::Total,
            "completed" => Counter::Completed,
            "rx_reset" => Counter::Reset,
            "5xx" | "xx" => Counter::Error,
            "time_count" => Counter::Timed,
            "time_bucket" => Counter::Within(label("le")?.parse::<f64>().ok()? as u64),
            _ => return None,
        };
        if glued.contains(KINDS) {
            return None;
        }
        let parts = [label(LISTENER).unwrap_or_default(), glued];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let of = range.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let of = of.filter(|(name, _)| !["__name__", LISTENER, CLASS, "le"].contains(name)).collect();
        Some(Series { listener: parts.join("."), counter, of, points: &range.points })
    }

    /// The label by which two that scrape the same are told apart, with its value.
    fn replica(&self) -> Option<(&'a str, &'a str)> {
        self.of.iter().copied().find(|(name, _)| name.contains("replica") || name.contains("prometheus"))
    }
}

/// The times between two points of a series. Where nobody scraped, they are long; counters go on meanwhile.
#[derive(Default)]
struct Covered(BTreeMap<u64, u64>);

impl Covered {
    fn add(&mut self, from: f64, to: f64) {
        let [from, to] = [from, to].map(|at| (at * 1e3) as u64);
        let until = self.0.entry(from).or_insert(to);
        *until = to.max(*until);
    }

    fn seconds(&self) -> f64 {
        let (mut milliseconds, mut end) = (0, 0);
        for (from, to) in &self.0 {
            milliseconds += to.saturating_sub(end.max(*from));
            end = end.max(*to);
        }
        milliseconds as f64 / 1e3
    }

    fn last(&self) -> f64 {
        self.0.values().max().map_or(0.0, |at| *at as f64 / 1e3)
    }
}

/// What came in all series. What one begins with is of before: of one that comes late nobody knows since when it counts.
fn added(series: &[Series<'_>], place: &str) -> Result<(Listeners, Covered), Failure> {
    let (mut listeners, mut covered) = (Listeners::new(), Covered::default());
    let mut envoys: BTreeMap<&str, BTreeMap<Labels<'_>, &Series<'_>>> = BTreeMap::new();
    for one in series {
        let counts = &mut listeners.entry(one.listener.clone()).or_default().counts;
        let (mut came, mut falls) = (0.0, 0);
        for pair in one.points.windows(2) {
            let [(before_at, before), (at, value)] = [pair[0], pair[1]];
            if value < before {
                falls += 1;
                continue;
            }
            came += value - before;
            if one.counter == Counter::Total {
                covered.add(before_at, at);
            }
        }
        if falls >= FALLS_MIN && falls * 4 > one.points.len() {
            return Err(mixed(one, place));
        }
        *counts.entry(one.counter).or_default() += came;
        if one.counter == Counter::Total {
            let replica = one.replica();
            let without = one.of.iter().copied().filter(|label| Some(*label) != replica).collect();
            if let Some(other) = envoys.entry(&one.listener).or_default().insert(without, one) {
                return Err(twice(one, other, place));
            }
        }
    }
    let seconds = covered.seconds();
    for (name, counted) in &mut listeners {
        counted.envoys = envoys.get(name.as_str()).map_or(0, BTreeMap::len);
        counted.per_second = counted.counts.get(&Counter::Total).map_or(0.0, |total| total / seconds.max(1e-3));
    }
    listeners.retain(|_, counted| counted.envoys > 0);
    Ok((listeners, covered))
}

fn twice(one: &Series<'_>, other: &Series<'_>, place: &str) -> Failure {
    let label =
        |series: &Series<'_>| series.replica().map_or_else(String::new, |(name, value)| format!("{name}={value:?}"));
    Failure::Usage(format!(
        "{place}: has the counters of an Envoy twice, by {} and {}; take one of them, such as --edge '{{{}}}'",
        label(other),
        label(one),
        label(other)
    ))
}

fn mixed(one: &Series<'_>, place: &str) -> Failure {
    let labels: Vec<String> = one.of.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    Failure::Usage(format!(
        "{place}: a counter of {{{}}} falls again and again: several Envoys are one series there; keep the label, such as instance, that \
         tells them apart, or give --rate and --errors",
        labels.join(", ")
    ))
}

#[cfg(test)]
mod tests;
