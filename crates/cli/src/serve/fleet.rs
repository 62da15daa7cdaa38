//! The fleet: what the server knows of its Envoys, as the sum of all reports, without I/O.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;
use weir_xds::{Event, Report};

use super::progress::Progress;

mod metrics;
mod moment;
mod row;
#[cfg(test)]
mod tests;

pub use moment::Moment;
pub use row::{AttachmentStatus, Row};

/// The time for which Envoys that have gone are remembered, and how many of them.
const GONE: Duration = Duration::from_secs(600);
const GONE_MAX: usize = 1_000;

/// The fleet for all that look at it: each change wakes whatever waits for something of it.
pub type SharedFleet = Arc<watch::Sender<Fleet>>;

/// The Envoys that are connected, and those that were a moment ago.
#[derive(Default)]
pub struct Fleet {
    /// Rows by stream. Boxed, since the map keeps room for twice as many.
    rows: BTreeMap<u64, Box<Row>>,
    /// The streams of each node: one, but for a node that is restarting or two that use one name.
    streams: HashMap<String, Vec<u64>>,
    /// The streams of Envoys that have gone, in the order in which they went.
    gone: VecDeque<u64>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    sent: u64,
    acked: u64,
    rejected: u64,
}

/// The fleet as `/fleet` answers it.
#[derive(Serialize, Deserialize)]
pub struct FleetView {
    /// The revision that everybody is to have in the end.
    pub revision: String,
    /// A revision that was taken back from its canary nodes.
    pub held: Option<String>,
    /// The rows, by node id.
    pub nodes: Vec<Row>,
}

impl Fleet {
    /// Takes in a report.
    pub fn note(&mut self, report: &Report, now: Moment) {
        match &report.event {
            Event::Connected { peer, identity, node } => {
                self.connect(report.stream, Row::new(node.clone(), *peer, identity.clone(), now.text()));
                self.forget_gone(now.steady);
            }
            Event::Disconnected { reason, .. } => {
                self.disconnect(report.stream, reason.as_ref(), now);
                self.forget_gone(now.steady);
            }
            event => {
                self.counts.note(event);
                if let Some(row) = self.rows.get_mut(&report.stream) {
                    row.note(event, now);
                }
            }
        }
    }

    /// Records readings of an Envoy's gauges: by attachment the active revision, and whether another one was refused.
    /// Whether they are news.
    pub fn record_readings(&mut self, stream: u64, gauges: &BTreeMap<String, (u64, bool)>) -> bool {
        let Some(row) = self.rows.get_mut(&stream) else { return false };
        let mut is_news = false;
        for attachment in &mut row.attachments {
            let gauge = gauges.get(&attachment.name);
            // Zero is no revision: the filter has none yet.
            let active = gauge.filter(|(active, _)| *active != 0).map(|(active, _)| format!("{active:012x}"));
            // Of a sum of two nobody can tell which revision decides.
            let active = active.filter(|active| !row.is_double || *active == attachment.offered);
            let rejected = gauge.map(|(_, rejected)| *rejected);
            is_news |= (&attachment.active, attachment.rejected) != (&active, rejected);
            (attachment.active, attachment.rejected) = (active, rejected);
        }
        is_news
    }

    /// The stream that came last.
    pub fn newest_stream(&self) -> u64 {
        self.rows.last_key_value().map_or(0, |(stream, _)| *stream)
    }

    /// Whether all streams up to this one have answered everything up to the publication of this number, late ones aside.
    pub fn has_caught_up(&self, number: u64, newest: u64) -> bool {
        self.not_caught_up(number, newest).next().is_none()
    }

    /// The time since which streams have been behind: that of the stream that is behind for longest.
    pub fn behind_since(&self, number: u64, newest: u64) -> Option<Instant> {
        self.not_caught_up(number, newest).filter_map(|row| row.behind_since).min()
    }

    /// Marks the connected nodes that have been behind since then or longer as late, so that nobody waits for them; their names.
    pub fn mark_late(&mut self, number: u64, since: Instant) -> Vec<String> {
        let is_late = |row: &&mut Box<Row>| {
            row.connected
                && !row.has_caught_up(number)
                && !row.late
                && row.behind_since.is_some_and(|behind| behind <= since)
        };
        let late = self.rows.values_mut().filter(is_late);
        late.map(|row| {
            row.late = true;
            row.node.clone()
        })
        .collect()
    }

    /// The Envoys that are connected, by stream.
    pub fn connected(&self) -> impl Iterator<Item = (u64, &Row)> {
        self.rows.iter().filter(|(_, row)| row.connected).map(|(stream, row)| (*stream, &**row))
    }

    /// All rows and what is served, for people and their tools.
    pub fn view(&self, progress: &Progress) -> FleetView {
        let mut nodes: Vec<Row> = self.rows.values().map(|row| Row::clone(row)).collect();
        nodes.sort_by(|one, other| one.node.cmp(&other.node));
        let held = progress.held.as_ref().map(|held| held.revision.clone());
        FleetView { revision: progress.active.clone(), held, nodes }
    }

    fn connect(&mut self, stream: u64, row: Row) {
        let node = row.node.clone();
        // A node that is here again is not gone.
        for before in self.streams.get(&node).cloned().unwrap_or_default() {
            if self.rows.get(&before).is_some_and(|row| !row.connected) {
                self.forget(before);
            }
        }
        self.rows.insert(stream, Box::new(row));
        self.streams.entry(node.clone()).or_default().push(stream);
        self.find_doubles(&node);
    }

    fn disconnect(&mut self, stream: u64, reason: Option<&String>, now: Moment) {
        let Some(row) = self.rows.get_mut(&stream) else { return };
        let node = row.node.clone();
        let again = self.streams.get(&node).is_some_and(|streams| streams.iter().any(|other| *other > stream));
        if again {
            self.forget(stream);
        } else {
            (row.connected, row.gone) = (false, Some(now.steady));
            row.since = now.text();
            // It may be large, and nothing is published to a node that has gone.
            row.about = Arc::default();
            row.error = reason.cloned().or(row.error.take());
            // Whatever decides there now, its gauges are not read any more.
            row.attachments.iter_mut().for_each(|attachment| (attachment.active, attachment.rejected) = (None, None));
            self.gone.push_back(stream);
        }
        self.find_doubles(&node);
    }

    fn forget(&mut self, stream: u64) {
        let Some(row) = self.rows.remove(&stream) else { return };
        if row.gone.is_some() {
            self.gone.retain(|gone| *gone != stream);
        }
        if let Some(streams) = self.streams.get_mut(&row.node) {
            streams.retain(|other| *other != stream);
            if streams.is_empty() {
                self.streams.remove(&row.node);
            }
        }
    }

    fn not_caught_up(&self, number: u64, newest: u64) -> impl Iterator<Item = &Row> {
        let rows = self.rows.range(..=newest).map(|(_, row)| &**row);
        rows.filter(move |row| row.connected && !row.has_caught_up(number) && !row.late)
    }

    fn find_doubles(&mut self, node: &str) {
        let streams = self.streams.get(node).into_iter().flatten();
        let connected: Vec<u64> =
            streams.copied().filter(|stream| self.rows.get(stream).is_some_and(|row| row.connected)).collect();
        for stream in &connected {
            if let Some(row) = self.rows.get_mut(stream) {
                row.is_double = connected.len() > 1;
            }
        }
    }

    fn forget_gone(&mut self, now: Instant) {
        while let Some(first) = self.gone.front().copied() {
            let gone = self.rows.get(&first).and_then(|row| row.gone);
            if self.gone.len() <= GONE_MAX && gone.is_some_and(|gone| now.duration_since(gone) <= GONE) {
                return;
            }
            self.gone.pop_front();
            self.forget(first);
        }
    }
}

impl Counts {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Sent { .. } => self.sent += 1,
            Event::Acked { .. } => self.acked += 1,
            Event::Rejected { .. } => self.rejected += 1,
            _ => {}
        }
    }
}
