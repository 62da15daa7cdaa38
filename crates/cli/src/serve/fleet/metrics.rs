//! The fleet and what is served, as Prometheus reads it. No label names a node: a fleet may be large, and nodes come and go.

use std::fmt::Write as _;

use super::{Fleet, Row};
use crate::serve::progress::Progress;

impl Fleet {
    /// All metrics in the text format.
    pub fn metrics(&self, progress: &Progress) -> String {
        let connected: Vec<_> = self.connected().map(|(_, row)| row).collect();
        let count = |is: fn(&Row) -> bool| connected.iter().filter(|row| is(row)).count() as u64;
        let revision = u64::from_str_radix(&progress.active, 16).unwrap_or(0);
        let gauges = [
            ("weir_serve_policy_revision", "Revision that is served, 48 bits.", revision),
            (
                "weir_serve_policy_rejected",
                "Whether the files say something that is not served.",
                progress.complaint.is_some().into(),
            ),
            ("weir_serve_policy_held", "Whether a revision was taken back.", progress.held.is_some().into()),
            (
                "weir_serve_rollback",
                "Whether a rollback takes the place of what the files say.",
                progress.rollback.is_some().into(),
            ),
            (
                "weir_serve_warnings",
                "What is likely to be a mistake in the files, as weir check warns of it.",
                progress.warnings as u64,
            ),
            ("weir_serve_nodes", "Envoys that are connected.", count(|_| true)),
            ("weir_serve_nodes_in_step", "Of those, took all that they are to have.", count(Row::in_step)),
            ("weir_serve_nodes_active", "Of those, say by their gauges that it decides.", count(Row::is_active)),
            ("weir_serve_nodes_unmatched", "Of those, no attachment is for them.", count(|row| row.unmatched)),
            ("weir_serve_nodes_clashing", "Of those, are given one filter by two attachments.", count(is_clashing)),
        ];
        let counters = [
            ("weir_serve_responses_total", "Responses sent.", self.counts.sent),
            ("weir_serve_acked_total", "Responses that Envoys took.", self.counts.acked),
            ("weir_serve_rejected_total", "Responses that Envoys refused.", self.counts.rejected),
            (
                "weir_serve_connections_refused_total",
                "Connections that were not let in.",
                self.counts.connections_refused,
            ),
            (
                "weir_serve_nodes_refused_total",
                "Streams that ended since their node is not that of the certificate.",
                self.counts.nodes_refused,
            ),
        ];
        let mut text = String::new();
        for (kind, all) in [("gauge", &gauges[..]), ("counter", &counters[..])] {
            for (name, help, value) in all {
                let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
            }
        }
        text
    }
}

fn is_clashing(row: &Row) -> bool {
    !row.clashes.is_empty()
}
