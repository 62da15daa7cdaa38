//! A reading of one Envoy: two answers of its admin interface, parsed. Both must come by one connection, which is to one
//! process: an Envoy that starts anew in between cannot lend its start to the counters of the one before.

use std::fmt::{self, Write as _};

use serde::Deserialize;
use weir_policy::evidence::Assigned;

use super::counts::Counts;
use super::experiments::Experiments;

/// The path that is asked first: the process's start, to the millisecond, and its node. Without `name_regex`, by which no other
/// configuration is wanted, Envoy would copy all that it has, however many megabytes.
pub const PROCESS: &str = "/config_dump?mask=last_updated,bootstrap.node.id&name_regex=%5E%24";

/// The path that is asked next: the counters of these experiments that have counted anything.
pub fn counters(of: &Experiments) -> String {
    let mut ids = String::new();
    for id in of.ids() {
        ids += if ids.is_empty() { "" } else { "%7C" };
        id.bytes().for_each(|byte| escape(byte, &mut ids));
    }
    let assigned = format!("wasmcustom%5C.experiment%3D%5C.%3D%28{ids}%29%3B%5C.%3B.*weir_assigned_total");
    format!("/stats?usedonly&filter=%5E%28{assigned}%7Cserver%5C.hot_restart_generation%29%24")
}

/// What one process of an Envoy has counted up to a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The start of the process, as Envoy writes it: no other process of this node has the same.
    pub start: String,
    /// Whether it was started hot and took over what the process before had counted last: such numbers are partly in a reading
    /// of that one.
    pub took_over: bool,
    /// The counters, of each variant that was asked for.
    pub counts: Counts,
}

/// Why there is no reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The first answer does not say when the process started.
    NoStart,
    /// It is the admin interface of another node.
    OtherNode(String),
    /// A counter has no whole number of at most 2⁵³.
    BadCounter(String),
    /// Of a variant of this experiment more requests ended in one way than there were, in some part.
    NoSense(String),
}

impl Reading {
    /// Parses what `node` answered to [`PROCESS`] and to [`counters`] of these experiments. Of other counters nothing is kept.
    pub fn parse(node: &str, process: &str, counters: &str, of: &Experiments) -> Result<Reading, Unreadable> {
        let start = start(node, process)?;
        let (mut counts, mut took_over) = (Counts::none_of(of), false);
        for line in counters.lines() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            let number = || value.parse::<u64>().map_err(|_| Unreadable::BadCounter(line.to_owned()));
            match Assigned::read(name) {
                Some(counter) => match number()? {
                    count if count <= COUNT_MAX => counts.set(counter, count),
                    _ => return Err(Unreadable::BadCounter(line.to_owned())),
                },
                None if name == GENERATION => took_over = number()? > FIRST_GENERATION,
                _ => {}
            }
        }
        match counts.without_sense(AHEAD_MAX) {
            Some(experiment) => Err(Unreadable::NoSense(experiment.to_owned())),
            None => Ok(Reading { start, took_over, counts }),
        }
    }
}

/// The largest number of a counter: JSON's readers tell whole numbers apart up to it.
pub const COUNT_MAX: u64 = 1 << 53;
/// How far another outcome may be ahead of `all`: Envoy writes counter by counter while requests go on being counted, so where all
/// fail, those of between two lines are in the second one alone.
pub const AHEAD_MAX: u64 = 1_000;
/// It is added up over a series of processes, where each takes over the numbers of the one before.
const GENERATION: &str = "server.hot_restart_generation";
/// That of a process that has only its own numbers. Without hot restart there is none.
const FIRST_GENERATION: u64 = 1;
/// The longest text that is kept as a start.
const START_BYTES_MAX: usize = 64;

#[derive(Deserialize)]
struct Dump {
    #[serde(default)]
    configs: Vec<Config>,
}

#[derive(Deserialize)]
struct Config {
    last_updated: Option<String>,
    #[serde(default)]
    bootstrap: Bootstrap,
}

#[derive(Default, Deserialize)]
struct Bootstrap {
    #[serde(default)]
    node: Node,
}

#[derive(Default, Deserialize)]
struct Node {
    /// Absent where an Envoy was told its id on the command line.
    id: Option<String>,
}

fn start(node: &str, process: &str) -> Result<String, Unreadable> {
    let dump: Dump = serde_json::from_str(process).map_err(|_| Unreadable::NoStart)?;
    let config = dump.configs.into_iter().next().ok_or(Unreadable::NoStart)?;
    if let Some(id) = config.bootstrap.node.id.filter(|id| id != node) {
        return Err(Unreadable::OtherNode(id));
    }
    let start = config.last_updated.filter(|start| (1..=START_BYTES_MAX).contains(&start.len()));
    start.ok_or(Unreadable::NoStart)
}

/// A byte of an id for a regular expression in a URL.
fn escape(byte: u8, into: &mut String) {
    let is_plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    // Writing to memory cannot fail.
    let _ = match is_plain {
        true => write!(into, "{}", char::from(byte)),
        false => write!(into, "%5C%{byte:02X}"),
    };
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::NoStart => f.write_str("its admin interface does not say when the process started"),
            Unreadable::OtherNode(id) => write!(f, "its admin interface is that of node {}", shown(id)),
            Unreadable::BadCounter(line) => {
                write!(f, "a counter of its admin interface has no number that one can have: {}", shown(line))
            }
            Unreadable::NoSense(experiment) => {
                write!(f, "of experiment {} more requests ended in some way than there were", shown(experiment))
            }
        }
    }
}

/// Text from outside for a line: escaped, and not more than somebody reads.
fn shown(text: &str) -> String {
    const CHARS: usize = 200;
    text.chars().take(CHARS).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests;
