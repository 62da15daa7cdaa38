//! The fleet: what the server knows of its Envoys, as the sum of all reports, without I/O.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;
use weir_xds::{Event, Report};

use super::progress::{Progress, Rollback};

mod envoys;
mod metrics;
mod moment;
mod row;
#[cfg(test)]
mod tests;

pub use super::progress::PartRevision;
pub use moment::Moment;
pub use row::{AttachmentStatus, Gauges, Row};

/// The time for which Envoys that have gone are remembered.
const GONE: Duration = Duration::from_secs(600);
/// The same for those that were lost: `weir fleet` misses one for an hour, and gives it some time before.
const LOST: Duration = Duration::from_secs(2 * 3600);
/// How many of both are remembered; those that were lost longest.
const GONE_MAX: usize = 1_000;

/// The fleet for all that look at it: each change wakes whatever waits for something of it.
pub type SharedFleet = Arc<watch::Sender<Fleet>>;

/// The Envoys that are connected, and those that were a moment ago.
#[derive(Default)]
pub struct Fleet {
    /// What is known of each stream, as a row of its Envoy. Boxed, since the map keeps room for twice as many.
    rows: BTreeMap<u64, Box<Row>>,
    /// The streams of each node. All are of one Envoy, but for one that is restarting or two that use one name.
    streams: HashMap<String, Vec<u64>>,
    /// The streams of Envoys that have gone, in the order in which they went.
    gone: VecDeque<u64>,
    /// Those of Envoys that were lost.
    lost: VecDeque<u64>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    sent: u64,
    acked: u64,
    rejected: u64,
    connections_refused: u64,
    nodes_refused: u64,
}

/// The fleet as `/fleet` answers it.
#[derive(Serialize, Deserialize)]
pub struct FleetView {
    /// The revision that everybody is to have in the end.
    pub revision: String,
    /// The revisions by which attachments that do not decide would go without a server.
    #[serde(default)]
    pub without_server: Vec<PartRevision>,
    /// A revision that was taken back from its canary nodes.
    pub held: Option<String>,
    /// What is wrong with the files, or with a request, so that something else is served: the first lines.
    #[serde(default)]
    pub complaint: Option<String>,
    /// How many things in the files are likely to be mistakes.
    #[serde(default)]
    pub warnings: usize,
    /// The rollback by which something else is wanted than the files say.
    #[serde(default)]
    pub rollback: Option<Rollback>,
    /// The rows, by node id.
    pub nodes: Vec<Row>,
}

impl FleetView {
    /// The same with how long each Envoy has been away by then.
    #[must_use]
    pub fn at(mut self, now: Instant) -> FleetView {
        for row in &mut self.nodes {
            row.away_seconds = row.gone.map(|gone| now.saturating_duration_since(gone).as_secs());
        }
        self
    }
}

impl Fleet {
    /// Takes in a report.
    pub fn note(&mut self, report: &Report, now: Moment) {
        match &report.event {
            Event::Connected { peer, identity, node, service } => {
                let row = Row::new(node.clone(), *peer, identity.clone(), now.text());
                self.connect(report.stream, Row { service: *service, ..row });
                self.forget_gone(now.steady);
            }
            Event::Disconnected { reason, lost } => {
                self.disconnect(report.stream, reason.as_ref(), *lost, now);
                self.forget_gone(now.steady);
            }
            event => {
                self.counts.note(event);
                if let Some(row) = self.rows.get_mut(&report.stream) {
                    row.note(event, now);
                }
                if matches!(event, Event::Offered { .. } | Event::CaughtUp { .. }) {
                    self.find_doubles(&report.node);
                }
            }
        }
    }

    /// Records what the gauges of an Envoy with this stream say, by attachment. Whether it is news.
    pub fn record_readings(&mut self, stream: u64, gauges: &BTreeMap<String, Gauges>) -> bool {
        let streams = self.rows.get(&stream).and_then(|row| self.streams.get(&row.node));
        let groups = streams.map(|streams| self.grouped(streams)).unwrap_or_default();
        let mut is_news = false;
        for stream in groups.into_iter().filter(|group| group.contains(&stream)).flatten() {
            let Some(row) = self.rows.get_mut(&stream) else { continue };
            for attachment in &mut row.attachments {
                is_news |= attachment.record(gauges.get(&attachment.name), row.is_double);
            }
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
        let mut names: Vec<String> = Vec::new();
        for row in self.rows.values_mut().filter(is_late) {
            row.late = true;
            if !names.contains(&row.node) {
                names.push(row.node.clone());
            }
        }
        names
    }

    /// All rows and what is served, for people and their tools.
    pub fn view(&self, progress: &Progress) -> FleetView {
        let mut nodes: Vec<(u64, Row)> = self.envoys().map(|(stream, row)| (stream, row.into_owned())).collect();
        nodes.sort_by(|(one_stream, one), (stream, other)| (&one.node, one_stream).cmp(&(&other.node, stream)));
        let nodes = nodes.into_iter().map(|(_, row)| row).collect();
        let held = progress.held.as_ref().map(|held| held.revision.clone());
        let complaint = progress.complaint.as_deref().map(first_lines);
        let (warnings, rollback) = (progress.warnings, progress.rollback.clone());
        let without_server = progress.without_server.clone();
        FleetView { revision: progress.active.clone(), without_server, held, complaint, warnings, rollback, nodes }
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

    fn disconnect(&mut self, stream: u64, reason: Option<&String>, lost: bool, now: Moment) {
        let Some(row) = self.rows.get(&stream) else { return };
        let node = row.node.clone();
        // It came again, or has other streams still.
        let mut others = self.streams.get(&node).into_iter().flatten().filter(|other| **other != stream);
        let is_here = others.any(|other| *other > stream || self.rows.get(other).is_some_and(|row| row.connected));
        if is_here {
            self.forget(stream);
        } else if let Some(row) = self.rows.get_mut(&stream) {
            (row.connected, row.lost, row.gone) = (false, lost, Some(now.steady));
            row.since = now.text();
            // It may be large, and nothing is published to a node that has gone.
            row.about = Arc::default();
            row.error = reason.cloned().or(row.error.take());
            // Whatever decides there now, its gauges are not read any more.
            for attachment in &mut row.attachments {
                attachment.record(None, false);
            }
            if lost { self.lost.push_back(stream) } else { self.gone.push_back(stream) }
        }
        self.find_doubles(&node);
    }

    fn forget(&mut self, stream: u64) {
        let Some(row) = self.rows.remove(&stream) else { return };
        if row.gone.is_some() {
            self.gone.retain(|gone| *gone != stream);
            self.lost.retain(|lost| *lost != stream);
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
        let Some(streams) = self.streams.get(node) else { return };
        let envoys = self.grouped(streams);
        let are_double = envoys.len() > 1;
        for stream in envoys.into_iter().flatten() {
            if let Some(row) = self.rows.get_mut(&stream) {
                row.is_double = are_double;
            }
        }
    }

    fn forget_gone(&mut self, now: Instant) {
        loop {
            let too_many = self.gone.len() + self.lost.len() > GONE_MAX;
            let is_over = |queue: &VecDeque<u64>, time| {
                let gone = queue.front().and_then(|stream| self.rows.get(stream)?.gone);
                gone.is_some_and(|gone| now.duration_since(gone) > time)
            };
            let forgotten = if is_over(&self.gone, GONE) || too_many && !self.gone.is_empty() {
                self.gone.pop_front()
            } else if is_over(&self.lost, LOST) || too_many {
                self.lost.pop_front()
            } else {
                None
            };
            let Some(stream) = forgotten else { return };
            self.forget(stream);
        }
    }
}

/// As much of a complaint as somebody reads beside a table.
fn first_lines(complaint: &str) -> String {
    const LINES: usize = 20;
    const CHARS: usize = 2_000;
    complaint.lines().take(LINES).collect::<Vec<_>>().join("\n").chars().take(CHARS).collect()
}

impl Counts {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Sent { .. } => self.sent += 1,
            Event::Acked { .. } => self.acked += 1,
            Event::Rejected { .. } => self.rejected += 1,
            Event::ConnectionRefused { .. } => self.connections_refused += 1,
            Event::NodeRefused { .. } => self.nodes_refused += 1,
            _ => {}
        }
    }
}
