//! What clients said, for people to read.

use std::fmt;

use crate::Kind;

/// Something a client said that its operator should see; printed as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A client took what it was sent.
    Acked {
        /// The client's node id.
        node: String,
        /// What it was sent.
        kind: Kind,
        /// The label of the snapshot it was sent from.
        revision: String,
    },
    /// A client refused what it was sent, and goes on with what it had.
    Rejected {
        /// The client's node id.
        node: String,
        /// What it was sent.
        kind: Kind,
        /// The label of the snapshot it was sent from.
        revision: String,
        /// The client's words.
        error: String,
    },
    /// A client asked for a type that is not served, and will get no answer.
    Unserved {
        /// The client's node id.
        node: String,
        /// The type it asked for.
        type_url: String,
    },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What comes from the network is escaped, so that nobody can forge a line.
        match self {
            Report::Acked { node, kind, revision } => {
                write!(f, "acked node={} type={kind} revision={revision}", node.escape_debug())
            }
            Report::Rejected { node, kind, revision, error } => {
                write!(f, "rejected node={} type={kind} revision={revision} error={error:?}", node.escape_debug())
            }
            Report::Unserved { node, type_url } => {
                write!(f, "unserved node={} type_url={type_url:?}", node.escape_debug())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_report_is_one_line() {
        let node = String::from("envoy-1");
        let (kind, revision) = (Kind::Extension, String::from("0123456789ab"));
        let error = String::from("bad\nacked node=\"x\"");
        let forger = String::from("x\nacked node=y");
        let type_url = String::from("type.googleapis.com/x");
        let table = [
            (
                Report::Acked { node: node.clone(), kind, revision: revision.clone() },
                "acked node=envoy-1 type=ecds revision=0123456789ab",
            ),
            (
                Report::Rejected { node, kind, revision, error },
                r#"rejected node=envoy-1 type=ecds revision=0123456789ab error="bad\nacked node=\"x\"""#,
            ),
            (
                Report::Unserved { node: forger, type_url },
                r#"unserved node=x\nacked node=y type_url="type.googleapis.com/x""#,
            ),
        ];
        for (report, line) in table {
            assert_eq!(report.to_string(), line);
        }
    }
}
