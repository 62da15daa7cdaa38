//! Events of connections and streams, for the operator.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::{Labels, Node, ResourceKind, Service, envoy_version};

/// An event, and the stream on which it happened; printed as one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The number of the stream, unique in this server; 0 for an event that belongs to none.
    pub stream: u64,
    /// The id of the client's node.
    pub node: Arc<str>,
    /// The event.
    pub event: Event,
}

/// The field of the log that holds the label of a snapshot.
const LABEL: &str = "revision";

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A client opened a stream and sent its node.
    Connected {
        /// The client's address.
        peer: SocketAddr,
        /// The name in its certificate by which it was allowed.
        identity: Option<String>,
        /// Its node.
        node: Arc<Node>,
        /// The service that the stream is of.
        service: Service,
    },
    /// A snapshot is what the client is to have from now on.
    Offered {
        /// The snapshot's label.
        label: Arc<str>,
        /// The snapshot's filters, with the label of each.
        filters: Arc<Labels>,
    },
    /// No filter is for this client; it gets everything else.
    Unmatched,
    /// Several filters of one name are for this client; it gets none of them.
    Clash {
        /// The name of the filters.
        filter: String,
    },
    /// A response goes out to the client.
    Sent {
        /// The kind of its resources.
        kind: ResourceKind,
        /// The label of the snapshot that the response was made from.
        label: Arc<str>,
    },
    /// The client accepted a response.
    Acked {
        /// The kind of the resources.
        kind: ResourceKind,
        /// The label of the snapshot that the response was made from.
        label: Arc<str>,
    },
    /// The client rejected a response, and goes on with what it had.
    Rejected {
        /// The kind of the resources.
        kind: ResourceKind,
        /// The label of the snapshot that the response was made from.
        label: Arc<str>,
        /// The client's message.
        error: String,
    },
    /// The client has answered every response, up to a publication.
    CaughtUp {
        /// The number of the publication.
        publication: u64,
        /// The label of its snapshot.
        label: Arc<str>,
        /// The filters that the client asked for.
        filters: Vec<String>,
        /// The filters that it asked for and nobody is served, in order.
        unknown: Vec<String>,
    },
    /// The client asked for a type that is not served, and gets no answer.
    UnknownType {
        /// The type.
        type_url: String,
    },
    /// A connection was refused.
    ConnectionRefused {
        /// The client's address.
        peer: SocketAddr,
        /// The reason.
        reason: String,
    },
    /// A client is not the node that it says, by its certificate.
    NodeRefused {
        /// The client's address.
        peer: SocketAddr,
        /// The names in its certificate by which it was allowed.
        identity: String,
        /// What the node says, and what the certificate.
        reason: String,
    },
    /// Connections cannot be accepted at the moment.
    AcceptFailed {
        /// The error of the operating system.
        reason: String,
    },
    /// The stream is closed.
    Disconnected {
        /// The reason, if the server closed it.
        reason: Option<String>,
        /// Whether the client neither ended it nor was told to go: it was reset, the connection is gone, or nobody reads.
        lost: bool,
    },
}

impl Event {
    /// The event's name in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Connected { .. } => "connected",
            Event::Offered { .. } => "offered",
            Event::Unmatched => "unmatched",
            Event::Clash { .. } => "clash",
            Event::Sent { .. } => "sent",
            Event::Acked { .. } => "acked",
            Event::Rejected { .. } => "rejected",
            Event::CaughtUp { .. } => "caught_up",
            Event::UnknownType { .. } => "unknown_type",
            Event::ConnectionRefused { .. } => "connection_refused",
            Event::NodeRefused { .. } => "node_refused",
            Event::AcceptFailed { .. } => "accept_failed",
            Event::Disconnected { .. } => "disconnected",
        }
    }

    /// The event's fields in the log: name and value.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self.clone() {
            Event::Connected { peer, identity, node, service } => {
                let (cluster, version) = (node.cluster.clone(), envoy_version(&node));
                let identity = identity.map(|identity| ("identity", identity));
                let peer = ("peer", peer.to_string());
                let rest = [("cluster", cluster), ("version", version), ("service", service.to_string())];
                [peer].into_iter().chain(identity).chain(rest).collect()
            }
            Event::Offered { label, filters } => {
                let names: Vec<&str> = filters.keys().map(String::as_str).collect();
                vec![(LABEL, label.to_string()), ("filters", names.join(","))]
            }
            Event::CaughtUp { publication, label, filters, unknown } => {
                vec![
                    ("publication", publication.to_string()),
                    (LABEL, label.to_string()),
                    ("filters", filters.join(",")),
                    ("unknown", unknown.join(",")),
                ]
            }
            Event::Unmatched => Vec::new(),
            Event::Clash { filter } => vec![("filter", filter)],
            Event::Sent { kind, label } | Event::Acked { kind, label } => {
                vec![("type", kind.to_string()), (LABEL, label.to_string())]
            }
            Event::Rejected { kind, label, error } => {
                vec![("type", kind.to_string()), (LABEL, label.to_string()), ("error", error)]
            }
            Event::UnknownType { type_url } => vec![("type_url", type_url)],
            Event::ConnectionRefused { peer, reason } => vec![("peer", peer.to_string()), ("reason", reason)],
            Event::NodeRefused { peer, identity, reason } => {
                vec![("peer", peer.to_string()), ("identity", identity), ("reason", reason)]
            }
            Event::AcceptFailed { reason } => vec![("reason", reason)],
            Event::Disconnected { reason, lost } => {
                let reason = reason.map(|reason| ("reason", reason));
                reason.into_iter().chain(lost.then(|| ("lost", "true".into()))).collect()
            }
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

/// A value that comes from the network: in quotes and escaped unless it is one plain word, so that nobody can forge a line.
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
        let (kind, label) = (ResourceKind::Extension, Arc::<str>::from("0123456789ab"));
        let error = String::from("bad\nacked node=\"x\"");
        let type_url = String::from("type.googleapis.com/x");
        let table = [
            (
                "envoy-1",
                Event::Acked { kind, label: label.clone() },
                "acked node=envoy-1 type=ecds revision=0123456789ab",
            ),
            (
                "sidecar~10.0.0.1~a.b",
                Event::Rejected { kind, label, error },
                r#"rejected node=sidecar~10.0.0.1~a.b type=ecds revision=0123456789ab error="bad\nacked node=\"x\"""#,
            ),
            (
                "x\nacked node=y",
                Event::UnknownType { type_url },
                r#"unknown_type node="x\nacked node=y" type_url="type.googleapis.com/x""#,
            ),
            ("", Event::Unmatched, r#"unmatched node="""#),
        ];
        for (node, event, line) in table {
            assert_eq!(Report { stream: 1, node: node.into(), event }.to_string(), line);
        }
    }
}
