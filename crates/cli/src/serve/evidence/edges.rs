//! The connected edges: who is read next, and of how many there is a reading, without I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use weir_release::evidence::Poll;

/// The connected edges, by stream. One that is restarted hot has two streams from one machine for a while, of which only the
/// newer process can be read, so both are one edge.
#[derive(Default)]
pub struct Edges(BTreeMap<u64, Known>);

/// A connected Envoy that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The number of its stream.
    pub stream: u64,
    /// The node id.
    pub node: String,
    /// The machine that it connects from.
    pub machine: IpAddr,
    /// Its admin interface, if that is known.
    pub admin: Option<SocketAddr>,
    /// The push number by which it decides: the highest one that it has answered.
    pub push: u64,
}

/// The connected edges at one moment.
#[derive(Debug)]
pub struct Seen {
    /// How many there are, and were read.
    pub poll: Poll,
    /// Those without a reading that counts.
    pub missing: Vec<Missing>,
    /// The nodes of which more Envoys are connected from one machine than processes were read of late: after a hot restart, or
    /// where two have one name and one address of an admin interface.
    pub twice: Vec<String>,
}

/// An edge without a reading that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The node id.
    pub node: String,
    /// Why.
    pub why: String,
}

struct Known {
    edge: Edge,
    asked: Option<Instant>,
    read: Option<Read>,
    /// Why it was not read when it was asked last.
    why: Option<String>,
}

/// When it was read, and the start of the process that answered.
#[derive(Clone)]
struct Read {
    at: Instant,
    start: String,
}

const NOWHERE: &str = "nobody says where its admin interface is; --admin-port does, or weir_admin_port in its metadata";
const NOT_YET: &str = "it has not been asked yet";

impl Edges {
    /// Takes in who is connected now.
    pub fn connected(&mut self, now: impl IntoIterator<Item = Edge>) {
        let mut before = std::mem::take(&mut self.0);
        for edge in now {
            let (asked, read, why) = match before.remove(&edge.stream) {
                Some(known) => (known.asked, known.read, known.why),
                None => (None, None, None),
            };
            self.0.insert(edge.stream, Known { edge, asked, read, why });
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.each().len()
    }

    /// All that can be asked, who was asked longest ago first; those that were silent last time behind all others, so that they
    /// hold up nobody.
    pub fn due(&self) -> Vec<Edge> {
        let mut due: Vec<&Known> = self.0.values().filter(|known| known.edge.admin.is_some()).collect();
        due.sort_by_key(|known| (known.why.is_some(), known.asked));
        due.into_iter().map(|known| known.edge.clone()).collect()
    }

    /// The Envoy of this stream was asked: the start of the process that answered, or why it was not read.
    pub fn asked(&mut self, stream: u64, answer: Result<String, String>, now: Instant) {
        let Some(known) = self.0.get_mut(&stream) else { return };
        known.asked = Some(now);
        known.why = match answer {
            Ok(start) => {
                known.read = Some(Read { at: now, start });
                None
            }
            Err(why) => Some(why),
        };
    }

    /// The poll at this moment, and what of it needs words.
    pub fn seen(&self, now: Instant) -> Seen {
        let each = self.each();
        let missing = each.iter().filter(|(_, edge)| !Poll::is_recent(edge.age(now)));
        let twice = each.iter().filter(|(_, edge)| edge.0.len() > 1 && edge.starts(now) < edge.0.len());
        Seen {
            poll: Poll::of(each.values().map(|edge| edge.age(now))),
            missing: missing.map(|((node, _), edge)| Missing { node: (*node).to_owned(), why: edge.why() }).collect(),
            twice: twice.map(|((node, _), _)| (*node).to_owned()).collect(),
        }
    }

    fn each(&self) -> BTreeMap<(&str, IpAddr), Processes<'_>> {
        let mut each: BTreeMap<(&str, IpAddr), Processes<'_>> = BTreeMap::new();
        for known in self.0.values() {
            each.entry((&known.edge.node, known.edge.machine)).or_default().0.push(known);
        }
        each
    }
}

/// The processes of one edge.
#[derive(Default)]
struct Processes<'a>(Vec<&'a Known>);

impl Processes<'_> {
    /// The age of its newest reading.
    fn age(&self, now: Instant) -> Option<Duration> {
        let newest = self.0.iter().filter_map(|known| Some(known.read.as_ref()?.at)).max();
        newest.map(|read| now.saturating_duration_since(read))
    }

    /// The processes of which there is a reading that counts.
    fn starts(&self, now: Instant) -> usize {
        let reads = self.0.iter().filter_map(|known| known.read.as_ref());
        let recent = reads.filter(|read| Poll::is_recent(Some(now.saturating_duration_since(read.at))));
        recent.map(|read| &read.start).collect::<BTreeSet<_>>().len()
    }

    /// Why it was not read.
    fn why(&self) -> String {
        let said = self.0.iter().rev().find_map(|known| known.why.clone());
        let is_nowhere = self.0.iter().all(|known| known.edge.admin.is_none());
        said.unwrap_or_else(|| if is_nowhere { NOWHERE } else { NOT_YET }.to_owned())
    }
}

#[cfg(test)]
mod tests;
