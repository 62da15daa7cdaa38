//! What the server knows of its Envoys: the sum of all reports, without I/O.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use humantime::format_rfc3339_seconds;
use serde::{Deserialize, Serialize};
use weir_xds::{Event, Kind, Report};

mod metrics;
#[cfg(test)]
mod tests;

/// Envoys that have gone are remembered so long, and so many.
const GONE: Duration = Duration::from_secs(600);
const GONE_MAX: usize = 1_000;

/// All Envoys that hang on this server, and those that did a moment ago.
#[derive(Default)]
pub struct Fleet {
    /// By stream.
    rows: BTreeMap<u64, Row>,
    counts: Counts,
    /// Revision that everybody is to have in the end.
    served: String,
    /// Whether the files say something that is not served.
    files_bad: bool,
}

#[derive(Default)]
struct Counts {
    sent: u64,
    acked: u64,
    rejected: u64,
}

/// What is known of one Envoy. A time is RFC 3339, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its id.
    pub node: String,
    /// The cluster that it says it belongs to.
    pub cluster: String,
    /// Its release.
    pub version: String,
    /// Where it connects from.
    pub peer: Option<SocketAddr>,
    /// The name by which it was allowed to.
    pub identity: Option<String>,
    /// Whether it hangs on this server.
    pub connected: bool,
    /// When it came, or went.
    pub since: String,
    /// Its filters.
    pub attachments: Vec<Attachment>,
    /// Names of filters that several attachments give it; it is sent none of them.
    pub clashes: Vec<String>,
    /// The revision that it is to have.
    pub offered: String,
    /// The revision that its filters were sent last.
    pub sent: Option<String>,
    /// The revision that it took last. Whether the filter then found it good only the gauges know.
    pub acked: Option<String>,
    /// When it did.
    pub acked_since: Option<String>,
    /// What it refused, or why it was sent away.
    pub error: Option<String>,
    /// Where its admin interface is thought to answer.
    #[serde(skip)]
    pub admin: Option<SocketAddr>,
    /// What kind of resource the error is about.
    #[serde(skip)]
    refused: Option<Kind>,
    #[serde(skip, default = "SystemTime::now")]
    changed: SystemTime,
}

/// A filter in an Envoy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name, without `weir.`.
    pub name: String,
    /// The revision that decides, by the filter's own gauge; null where nobody could be asked.
    pub active: Option<String>,
    /// Whether the filter refused a revision since, by its own gauge.
    pub rejected: Option<bool>,
}

/// What `/fleet` answers.
#[derive(Serialize, Deserialize)]
pub struct Shown {
    /// The revision that everybody is to have in the end.
    pub revision: String,
    /// By node id.
    pub nodes: Vec<Row>,
}

impl Fleet {
    /// Takes in what happened.
    pub fn note(&mut self, report: &Report, now: SystemTime) {
        let time = format_rfc3339_seconds(now).to_string();
        match &report.event {
            Event::Connected { peer, identity, cluster, version, admin_port } => {
                self.rows.retain(|_, row| row.connected || row.node != report.node);
                let admin = peer.zip(*admin_port).map(|(peer, port)| SocketAddr::new(peer.ip(), port));
                let row = Row {
                    node: report.node.clone(),
                    cluster: cluster.clone(),
                    version: version.clone(),
                    peer: *peer,
                    identity: identity.clone(),
                    connected: true,
                    since: time,
                    attachments: Vec::new(),
                    clashes: Vec::new(),
                    offered: String::new(),
                    sent: None,
                    acked: None,
                    acked_since: None,
                    error: None,
                    admin,
                    refused: None,
                    changed: now,
                };
                self.rows.insert(report.stream, row);
            }
            Event::Disconnected { reason } => self.part(report, reason.as_ref(), now),
            event => {
                self.counts.note(event);
                if let Some(row) = self.rows.get_mut(&report.stream) {
                    row.note(event, time);
                }
            }
        }
        self.forget_gone(now);
    }

    /// Takes in what the gauges of an Envoy say: the active revision and whether another one was refused, by attachment.
    pub fn gauged(&mut self, stream: u64, gauges: &BTreeMap<String, (u64, bool)>) {
        let Some(row) = self.rows.get_mut(&stream) else { return };
        for attachment in &mut row.attachments {
            let gauge = gauges.get(&attachment.name);
            // Zero is no revision: the filter has none yet.
            attachment.active = gauge.filter(|(active, _)| *active != 0).map(|(active, _)| format!("{active:012x}"));
            attachment.rejected = gauge.map(|(_, rejected)| *rejected);
        }
    }

    /// What is served, and whether the files say something else that is bad.
    pub fn serving(&mut self, revision: &str, files_bad: bool) {
        (self.served, self.files_bad) = (revision.to_owned(), files_bad);
    }

    /// Every Envoy that hangs on this server, by stream.
    pub fn connected(&self) -> impl Iterator<Item = (u64, &Row)> {
        self.rows.iter().filter(|(_, row)| row.connected).map(|(stream, row)| (*stream, row))
    }

    /// Everything, for people and their tools.
    pub fn shown(&self) -> Shown {
        let mut nodes: Vec<Row> = self.rows.values().cloned().collect();
        nodes.sort_by(|one, other| one.node.cmp(&other.node));
        Shown { revision: self.served.clone(), nodes }
    }

    fn part(&mut self, report: &Report, reason: Option<&String>, now: SystemTime) {
        let again = self.rows.iter().any(|(stream, row)| *stream > report.stream && row.node == report.node);
        if again {
            self.rows.remove(&report.stream);
        } else if let Some(row) = self.rows.get_mut(&report.stream) {
            (row.connected, row.since, row.changed) = (false, format_rfc3339_seconds(now).to_string(), now);
            row.error = reason.cloned().or(row.error.take());
            // Whatever decides there now, nobody looks any more.
            row.attachments.iter_mut().for_each(|attachment| (attachment.active, attachment.rejected) = (None, None));
        }
    }

    fn forget_gone(&mut self, now: SystemTime) {
        // A clock that was set back makes nobody older.
        let old = |row: &Row| now.duration_since(row.changed).is_ok_and(|age| age > GONE);
        self.rows.retain(|_, row| row.connected || !old(row));
        let gone: Vec<u64> = self.rows.iter().filter(|(_, row)| !row.connected).map(|(stream, _)| *stream).collect();
        for stream in gone.iter().take(gone.len().saturating_sub(GONE_MAX)) {
            self.rows.remove(stream);
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

impl Row {
    fn note(&mut self, event: &Event, time: String) {
        if matches!(event, Event::Acked { kind, .. } if self.refused == Some(*kind)) {
            (self.error, self.refused) = (None, None);
        }
        match event {
            Event::Offered { revision, filters } => {
                self.offered.clone_from(revision);
                self.clashes.clear();
                self.attachments = filters.iter().map(|filter| self.attachment(filter)).collect();
            }
            Event::Clash { filter } => self.clashes.push(filter.clone()),
            Event::Sent { kind: Kind::Extension, revision } => self.sent = Some(revision.clone()),
            Event::Acked { kind: Kind::Extension, revision } => {
                (self.acked, self.acked_since) = (Some(revision.clone()), Some(time));
            }
            Event::Rejected { kind, revision, error } => {
                let error = format!("rejected {kind} of revision {revision}: {error}");
                (self.error, self.refused) = (Some(error), Some(*kind));
            }
            _ => {}
        }
    }

    fn attachment(&self, filter: &str) -> Attachment {
        let name = filter.strip_prefix("weir.").unwrap_or(filter);
        let known = self.attachments.iter().find(|attachment| attachment.name == name);
        known.cloned().unwrap_or_else(|| Attachment { name: name.into(), ..Attachment::default() })
    }

    /// Whether it took what it is to have, as far as anybody knows. An Envoy without filters owes nothing.
    pub fn in_step(&self) -> bool {
        let owes = !self.attachments.is_empty() && self.acked.as_ref() != Some(&self.offered);
        let other = |active: &String| *active != self.offered && !self.offered.contains('+');
        let differs = |attachment: &Attachment| {
            attachment.active.as_ref().is_some_and(other) || attachment.rejected == Some(true)
        };
        !owes && self.error.is_none() && self.clashes.is_empty() && !self.attachments.iter().any(differs)
    }

    /// Whether its own gauges say that it has what it is to have.
    pub fn is_active(&self) -> bool {
        let active = |attachment: &Attachment| attachment.active.is_some() && attachment.rejected == Some(false);
        self.in_step() && !self.attachments.is_empty() && self.attachments.iter().all(active)
    }
}
