//! One target of a Prometheus: an Envoy, as far as its labels tell, with its counters.

use std::collections::BTreeMap;

/// A counter of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// By the order in which they were seen.
    pub arm: usize,
    pub outcome: usize,
    pub part: usize,
}

/// A target that falls by less than a fifth did not begin anew: what answers reads it from two places, one of which is behind.
const BEHIND: f64 = 0.8;

/// A target.
pub struct Target {
    labels: BTreeMap<String, String>,
    /// Its counters as they were last; none before it is known, and when it went on under other labels.
    last: BTreeMap<Cell, f64>,
    /// Those of a process that is gone, as some servers show them for five minutes more.
    gone: BTreeMap<Cell, f64>,
    /// When that was, in milliseconds.
    seen: i64,
    /// Requests that came, by counter.
    came: BTreeMap<Cell, f64>,
    /// When it was seen first with counters that are all counted, and how many requests they had.
    began: Option<(i64, f64)>,
    times: u64,
    falls: u64,
}

impl Target {
    /// One that has not been seen.
    pub fn new(labels: BTreeMap<String, String>) -> Target {
        let (last, gone, came) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Target { labels, last, gone, seen: 0, came, began: None, times: 0, falls: 0 }
    }

    /// What it had came before.
    pub fn know(&mut self, cells: BTreeMap<Cell, f64>, at: i64) {
        (self.last, self.seen) = (cells, at);
    }

    /// The same time again, perhaps as another replica saw it. A counter that comes to it was not counted yet, and is with the next.
    pub fn move_to(&mut self, cells: BTreeMap<Cell, f64>, at: i64) {
        self.seen = at;
        for (cell, value) in cells {
            if let Some(last) = self.last.get_mut(&cell) {
                *last = value;
            }
        }
    }

    /// All that it has came since it was not there.
    pub fn begin(&mut self, cells: BTreeMap<Cell, f64>, at: i64, came: &mut BTreeMap<Cell, f64>) {
        self.began.get_or_insert((at, requests(&cells)));
        self.count(cells, at, came);
    }

    /// It is the one that had these.
    pub fn go_on(
        &mut self,
        last: BTreeMap<Cell, f64>,
        cells: BTreeMap<Cell, f64>,
        at: i64,
        came: &mut BTreeMap<Cell, f64>,
    ) {
        self.last = last;
        self.count(cells, at, came);
    }

    /// Its counters, for it goes on elsewhere. It may be shown here for a while, but does not grow.
    pub fn leave(&mut self, at: i64) -> BTreeMap<Cell, f64> {
        match self.seen < at {
            true => std::mem::take(&mut self.last),
            false => self.last.clone(),
        }
    }

    /// What came since it was seen last. A process that began anew has counted all that it has since then, also in counters that have grown
    /// beyond what the one before had.
    pub fn count(&mut self, cells: BTreeMap<Cell, f64>, at: i64, came: &mut BTreeMap<Cell, f64>) {
        self.seen = at;
        self.times += 1;
        let falls = cells.iter().any(|(cell, value)| self.last.get(cell).is_some_and(|last| value < last));
        if falls && requests(&cells) < BEHIND * self.requests() {
            self.falls += 1;
            let last = std::mem::take(&mut self.last);
            self.gone = last.into_iter().filter(|(cell, last)| cells.get(cell) == Some(last)).collect();
        }
        for (cell, value) in cells {
            if self.gone.get(&cell) == Some(&value) {
                continue;
            }
            self.gone.remove(&cell);
            let last = self.last.entry(cell).or_default();
            let more = (value - *last).max(0.0);
            *last = last.max(value);
            if more > 0.0 {
                *came.entry(cell).or_default() += more;
                if cell.outcome == 0 {
                    *self.came.entry(cell).or_default() += more;
                }
            }
        }
    }

    /// Whether there is a number of before.
    pub fn is_known(&self) -> bool {
        !self.last.is_empty()
    }

    /// Whether it was there at any of the times.
    pub fn is_seen(&self) -> bool {
        self.times > 0
    }

    /// Whether it was there within this time, and all of its counters could have come to be these by now.
    pub fn is_before(&self, cells: &BTreeMap<Cell, f64>, at: i64, within: i64) -> bool {
        self.is_known()
            && at - self.seen <= within
            && self.requests() * 2.0 >= requests(cells)
            && self.last.iter().all(|(cell, last)| cells.get(cell).is_some_and(|value| value >= last))
    }

    /// All requests that it has counted.
    pub fn requests(&self) -> f64 {
        requests(&self.last)
    }

    /// Requests that came, by counter.
    pub fn came(&self) -> &BTreeMap<Cell, f64> {
        &self.came
    }

    /// Its labels.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// Whether it falls as no Envoy does that starts anew now and then.
    pub fn is_of_two(&self) -> bool {
        const FALLS: u64 = 5;
        self.falls >= FALLS && self.falls.saturating_mul(4) >= self.times
    }

    /// When it was first there, and with how many requests, where those are more than it counted in any ten minutes since.
    pub fn began_late(&self) -> Option<(i64, f64)> {
        const REQUESTS: f64 = 1_000.0;
        const WHILE: f64 = 10.0 * 60.0 * 1000.0;
        let (at, had) = self.began?;
        let since = (self.came.values().sum::<f64>() - had).max(0.0);
        (had >= REQUESTS && had * ((self.seen - at) as f64) > since * WHILE).then_some((at, had))
    }
}

fn requests(cells: &BTreeMap<Cell, f64>) -> f64 {
    cells.iter().filter(|(cell, _)| cell.outcome == 0).map(|(_, value)| value).sum()
}
