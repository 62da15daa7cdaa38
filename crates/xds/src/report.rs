//! What happens on streams, for people to read.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::{Labels, Node, ResourceKind, envoy_version};

/// Something that happened on a stream and that its operator should see; printed as one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// A number that no other stream of this server has; 0 for what happened on none.
    pub stream: u64,
    /// The client's node id.
    pub node: Arc<str>,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A client said who it is.
    Connected {
        /// Where it connects from.
        peer: SocketAddr,
        /// The name by which it was allowed to.
        identity: Option<String>,
        /// What it says of itself.
        node: Arc<Node>,
    },
    /// What it is to have from now on.
    Offered {
        /// The label of the snapshot.
        revision: Arc<str>,
        /// Its filters, and the label of each.
        filters: Arc<Labels>,
    },
    /// No attachment is for this client; all else it is sent.
    Unmatched,
    /// Several attachments give this client a filter of one name; it is sent none of them.
    Clash {
        /// The filter.
        filter: String,
    },
    /// A client was sent something.
    Sent {
        /// What.
        kind: ResourceKind,
        /// The label of the snapshot it was sent from.
        revision: Arc<str>,
    },
    /// A client took what it was sent.
    Acked {
        /// What it was sent.
        kind: ResourceKind,
        /// The label of the snapshot it was sent from.
        revision: Arc<str>,
    },
    /// A client refused what it was sent, and goes on with what it had.
    Rejected {
        /// What it was sent.
        kind: ResourceKind,
        /// The label of the snapshot it was sent from.
        revision: Arc<str>,
        /// The client's words.
        error: String,
    },
    /// A client has answered all that it was sent up to a publication.
    Settled {
        /// The publication.
        publication: u64,
        /// The label of the snapshot.
        revision: Arc<str>,
        /// Those of its filters that it asked for.
        filters: Vec<String>,
    },
    /// A client asked for a type that is not served, and will get no answer.
    Unserved {
        /// The type it asked for.
        type_url: String,
    },
    /// A client was not let in.
    TurnedAway {
        /// Where it connects from.
        peer: SocketAddr,
        /// Why.
        reason: String,
    },
    /// Nobody new can be let in for now.
    NotAccepting {
        /// What the system says.
        reason: String,
    },
    /// The stream is over.
    Disconnected {
        /// Why, if it was for a reason of ours.
        reason: Option<String>,
    },
}

impl Event {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Connected { .. } => "connected",
            Event::Offered { .. } => "offered",
            Event::Unmatched => "unmatched",
            Event::Clash { .. } => "clash",
            Event::Sent { .. } => "sent",
            Event::Acked { .. } => "acked",
            Event::Rejected { .. } => "rejected",
            Event::Settled { .. } => "settled",
            Event::Unserved { .. } => "unserved",
            Event::TurnedAway { .. } => "turned_away",
            Event::NotAccepting { .. } => "not_accepting",
            Event::Disconnected { .. } => "disconnected",
        }
    }

    /// What there is to say of it, by name.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self.clone() {
            Event::Connected { peer, identity, node } => {
                let (cluster, version) = (node.cluster.clone(), envoy_version(&node));
                let identity = identity.map(|identity| ("identity", identity));
                let peer = ("peer", peer.to_string());
                [peer].into_iter().chain(identity).chain([("cluster", cluster), ("version", version)]).collect()
            }
            Event::Offered { revision, filters } => {
                let names: Vec<&str> = filters.keys().map(String::as_str).collect();
                vec![("revision", revision.to_string()), ("filters", names.join(","))]
            }
            Event::Settled { publication, revision, filters } => {
                vec![
                    ("publication", publication.to_string()),
                    ("revision", revision.to_string()),
                    ("filters", filters.join(",")),
                ]
            }
            Event::Unmatched => Vec::new(),
            Event::Clash { filter } => vec![("filter", filter)],
            Event::Sent { kind, revision } | Event::Acked { kind, revision } => {
                vec![("type", kind.to_string()), ("revision", revision.to_string())]
            }
            Event::Rejected { kind, revision, error } => {
                vec![("type", kind.to_string()), ("revision", revision.to_string()), ("error", error)]
            }
            Event::Unserved { type_url } => vec![("type_url", type_url)],
            Event::TurnedAway { peer, reason } => vec![("peer", peer.to_string()), ("reason", reason)],
            Event::NotAccepting { reason } => vec![("reason", reason)],
            Event::Disconnected { reason } => reason.map(|reason| ("reason", reason)).into_iter().collect(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.event.name())?;
        if self.stream != 0 {
            write!(f, " node={}", Word(&self.node))?;
        }
        self.event.fields().iter().try_for_each(|(name, value)| write!(f, " {name}={}", Word(value)))
    }
}

/// A text that comes from the network: in quotes and escaped unless it is one plain word, so that nobody can forge a line.
struct Word<'a>(&'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._:+,-~[]".contains(c);
        if !self.0.is_empty() && self.0.chars().all(plain) { f.write_str(self.0) } else { write!(f, "{:?}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_report_is_one_line() {
        let (kind, revision) = (ResourceKind::Extension, Arc::<str>::from("0123456789ab"));
        let error = String::from("bad\nacked node=\"x\"");
        let type_url = String::from("type.googleapis.com/x");
        let table = [
            (
                "envoy-1",
                Event::Acked { kind, revision: revision.clone() },
                "acked node=envoy-1 type=ecds revision=0123456789ab",
            ),
            (
                "sidecar~10.0.0.1~a.b",
                Event::Rejected { kind, revision, error },
                r#"rejected node=sidecar~10.0.0.1~a.b type=ecds revision=0123456789ab error="bad\nacked node=\"x\"""#,
            ),
            (
                "x\nacked node=y",
                Event::Unserved { type_url },
                r#"unserved node="x\nacked node=y" type_url="type.googleapis.com/x""#,
            ),
            ("", Event::Unmatched, r#"unmatched node="""#),
        ];
        for (node, event, line) in table {
            assert_eq!(Report { stream: 1, node: node.into(), event }.to_string(), line);
        }
    }
}
