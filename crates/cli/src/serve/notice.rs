//! Notices: what the server tells its operator of itself, each as a sentence and as an event with fields. What happens on
//! the streams of Envoys is told by reports of xDS.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use humantime::format_duration;
use weir_release::evidence::Refusal;
use weir_release::journal::{Event, Line};

use super::progress::Held;
use crate::release::happened::happened;
use crate::state_dir::DeployedRevisions;

/// Something that happened and that an operator should see.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A revision is what every Envoy is sent from now on.
    Served { revision: String, resources: usize, changes: Vec<String> },
    /// The files, or a request, are not served: the revision stays that was.
    NotServed { revision: String, why: String },
    /// What was wrong with the files, or with a request, is no more: this revision is to be served.
    GoodAgain { revision: String },
    /// A stage of a rollout other than the last begins.
    Stage { number: usize, count: usize, deployed: DeployedRevisions, urgent: bool },
    /// A revision goes to canary nodes.
    CanaryStarted { revision: String, nodes: Vec<String> },
    /// A revision did not become active on its canary nodes, and was taken back.
    Held(Held),
    /// Nodes have not answered within the deadline of a stage, and are waited for no longer.
    NodesLate { revision: String, nodes: Vec<String>, deadline: Duration },
    /// A revision waits after a start, since Envoys are still coming back.
    AwaitingReconnects { revision: String, time: Duration },
    /// A start goes on from what was deployed.
    Resumed { deployed: DeployedRevisions },
    /// A start does not know what was deployed.
    NotResumed { why: String },
    /// What is served could not be saved.
    NotSaved { why: String },
    /// Something else in the files is likely to be a mistake than before, or nothing any more.
    Warnings { count: usize, found: String },
    /// A rollback is over, since the files say something new.
    RollbackEnded { to: String, files: String, over: String },
    /// Certificates were read anew.
    CertificatesRead,
    /// Certificates changed and are not good.
    CertificatesNotRead { why: String },
    /// The server begins, and knows of no other beside it.
    StagesAlone { state: bool },
    /// Attachments are for Envoys of any namespace, and several are let in.
    AnyNamespace { attachments: Vec<String> },
    /// There are fewer file handles than all connections would take.
    FewFileHandles { handles: usize, connections: usize, connections_wanted: usize, handles_wanted: usize },
    /// Of these nodes evidence begins anew: what they have counted since the reading before cannot be told.
    EvidenceReset { nodes: Vec<String> },
    /// A poll is not accepted, for another reason than the one before.
    PollRefused { refusal: Refusal, missing: Vec<String> },
    /// A poll is accepted again.
    PollAccepted { edges: usize, read: usize },
    /// These edges are not read, and why; nobody if all are read again. Polls are accepted, or not, as before.
    EdgesNotRead { missing: Vec<String> },
    /// Of these nodes more Envoys are connected from one machine than are read.
    EdgesTwice { nodes: Vec<String> },
    /// What was saved of evidence cannot be read, so none is gathered.
    EvidenceNotRead { why: String },
    /// Something happened to releases: a line of their journal.
    Release(Box<Line>),
    /// Prometheus warns of queries of guardrails, of others than before.
    QueryWarnings { warnings: Vec<String> },
    /// A webhook was not told of a line; that is tried again and again.
    NotNotified { why: String },
    /// It is told again.
    Notified,
    /// It is not told these lines: they are in no file any more.
    NotifyGap { from: u64, to: u64 },
    /// The end of the journal was half written, and is cut off.
    JournalCutOff { bytes: usize },
    /// A new journal was asked for, and there is a good one.
    JournalStays,
    /// The journal of before is under another name.
    JournalAside { path: PathBuf },
    /// The journal takes no lines.
    JournalFull { why: String },
    /// It takes lines again.
    JournalWritten,
    /// The server was told to stop.
    Stopping,
}

impl Notice {
    /// The name of the event in JSON, which is public.
    pub fn event(&self) -> &'static str {
        match self {
            Notice::Served { .. } => "served",
            Notice::NotServed { .. } => "not_served",
            Notice::GoodAgain { .. } => "good_again",
            Notice::Stage { .. } => "stage",
            Notice::CanaryStarted { .. } => "canary_started",
            Notice::Held(_) => "held",
            Notice::NodesLate { .. } => "nodes_late",
            Notice::AwaitingReconnects { .. } => "awaiting_reconnects",
            Notice::Resumed { .. } => "resumed",
            Notice::NotResumed { .. } => "not_resumed",
            Notice::NotSaved { .. } => "not_saved",
            Notice::Warnings { .. } => "warnings",
            Notice::RollbackEnded { .. } => "rollback_ended",
            Notice::CertificatesRead => "certificates_read",
            Notice::CertificatesNotRead { .. } => "certificates_not_read",
            Notice::StagesAlone { .. } => "stages_alone",
            Notice::AnyNamespace { .. } => "any_namespace",
            Notice::FewFileHandles { .. } => "few_file_handles",
            Notice::EvidenceReset { .. } => "evidence_reset",
            Notice::PollRefused { .. } => "poll_refused",
            Notice::PollAccepted { .. } => "poll_accepted",
            Notice::EdgesNotRead { .. } => "edges_not_read",
            Notice::EdgesTwice { .. } => "edges_twice",
            Notice::EvidenceNotRead { .. } => "evidence_not_read",
            Notice::Release(_) => "release",
            Notice::QueryWarnings { .. } => "query_warnings",
            Notice::NotNotified { .. } => "not_notified",
            Notice::Notified => "notified",
            Notice::NotifyGap { .. } => "notify_gap",
            Notice::JournalCutOff { .. } => "journal_cut_off",
            Notice::JournalStays => "journal_stays",
            Notice::JournalAside { .. } => "journal_aside",
            Notice::JournalFull { .. } => "journal_full",
            Notice::JournalWritten => "journal_written",
            Notice::Stopping => "stopping",
        }
    }

    /// The fields of the event, by name.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self.clone() {
            Notice::Served { revision, resources, changes } => {
                vec![("revision", revision), ("resources", resources.to_string()), ("changes", changes.join("; "))]
            }
            Notice::NotServed { revision, why } => vec![("revision", revision), ("why", why)],
            Notice::GoodAgain { revision } => vec![("revision", revision)],
            Notice::Held(held) => vec![("revision", held.revision.clone()), ("why", reasons(&held))],
            Notice::Stage { number, count, deployed: DeployedRevisions { edges, mesh, .. }, urgent } => {
                let (stage, stages) = (number.to_string(), count.to_string());
                let urgent = ("urgent", urgent.to_string());
                vec![("stage", stage), ("stages", stages), ("edges", edges), ("mesh", mesh), urgent]
            }
            Notice::CanaryStarted { revision, nodes } => vec![("revision", revision), ("nodes", listed(&nodes))],
            Notice::NodesLate { revision, nodes, deadline } => {
                vec![
                    ("revision", revision),
                    ("nodes", listed(&nodes)),
                    ("deadline", format_duration(deadline).to_string()),
                ]
            }
            Notice::AwaitingReconnects { revision, time } => {
                vec![("revision", revision), ("time", format_duration(time).to_string())]
            }
            Notice::Resumed { deployed: DeployedRevisions { edges, mesh, .. } } => {
                vec![("edges", edges), ("mesh", mesh)]
            }
            Notice::NotResumed { why }
            | Notice::NotSaved { why }
            | Notice::NotNotified { why }
            | Notice::CertificatesNotRead { why }
            | Notice::EvidenceNotRead { why } => {
                vec![("why", why)]
            }
            Notice::Warnings { count, found } => vec![("warnings", count.to_string()), ("found", found)],
            Notice::RollbackEnded { to, files, over } => vec![("to", to), ("files", files), ("over", over)],
            Notice::StagesAlone { state } => vec![("state", state.to_string())],
            Notice::AnyNamespace { attachments } => vec![("attachments", listed(&attachments))],
            Notice::FewFileHandles { handles, connections, .. } => {
                vec![("handles", handles.to_string()), ("connections", connections.to_string())]
            }
            Notice::EvidenceReset { nodes } | Notice::EdgesTwice { nodes } => vec![("nodes", listed(&nodes))],
            Notice::EdgesNotRead { missing } => vec![("missing", listed(&missing))],
            Notice::PollRefused { refusal, missing } => {
                vec![("reason", refusal.code().into()), ("why", refusal.to_string()), ("missing", listed(&missing))]
            }
            Notice::PollAccepted { edges, read } => vec![("edges", edges.to_string()), ("read", read.to_string())],
            Notice::Release(line) => {
                vec![
                    ("number", line.number.to_string()),
                    ("what", word(&line.event)),
                    ("release", line.event.release().unwrap_or_default().to_owned()),
                    ("words", happened(&line)),
                ]
            }
            Notice::QueryWarnings { warnings } => vec![("warnings", listed(&warnings))],
            Notice::NotifyGap { from, to } => vec![("from", from.to_string()), ("to", to.to_string())],
            Notice::JournalCutOff { bytes } => vec![("bytes", bytes.to_string())],
            Notice::JournalAside { path } => vec![("path", path.display().to_string())],
            Notice::JournalFull { why } => vec![("why", why)],
            Notice::CertificatesRead
            | Notice::Notified
            | Notice::JournalStays
            | Notice::JournalWritten
            | Notice::Stopping => Vec::new(),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Served { revision, resources, changes } => {
                let plural = if *resources == 1 { "" } else { "s" };
                write!(f, "revision {revision} active in server: {resources} resource{plural}")?;
                changes.iter().try_for_each(|change| write!(f, "; {change}"))
            }
            Notice::NotServed { revision, why } => {
                write!(f, "not served, revision {revision} stays:\n{}", why.trim_end())
            }
            Notice::GoodAgain { revision } => write!(f, "good again: revision {revision} has no problems"),
            Notice::Stage { number, count, deployed: DeployedRevisions { edges, mesh, .. }, .. } => {
                write!(f, "stage {number} of {count}: revision {edges} at edges, {mesh} in the mesh")
            }
            Notice::CanaryStarted { revision, nodes } => {
                write!(f, "revision {revision} goes to canary nodes first: {}", listed(nodes))
            }
            Notice::Held(held) => {
                write!(f, "revision {} held back, not active on canary nodes: {}", held.revision, reasons(held))
            }
            Notice::NodesLate { revision, nodes, deadline } => {
                let deadline = format_duration(*deadline);
                write!(f, "nodes late, no answer within {deadline} to revision {revision}: {}", listed(nodes))
            }
            Notice::AwaitingReconnects { revision, time } => {
                write!(
                    f,
                    "revision {revision} waits {} for Envoys to reconnect after the start",
                    format_duration(*time)
                )
            }
            Notice::Resumed { deployed: DeployedRevisions { edges, mesh, .. } } => {
                write!(f, "rollout resumed from revision {edges} at edges, {mesh} in the mesh")
            }
            Notice::NotResumed { why } => {
                write!(f, "rollout not resumed, what Envoys have is not known: {}", why.trim_end())
            }
            Notice::NotSaved { why } => write!(f, "state not saved, served all the same: {}", why.trim_end()),
            Notice::Warnings { count: 0, .. } => f.write_str("no warnings any more"),
            Notice::Warnings { found, .. } => write!(f, "warnings, served all the same:\n{}", found.trim_end()),
            Notice::RollbackEnded { to, files, over } => {
                write!(f, "rollback to {to} ends: the files say {files}, and no longer {over}")
            }
            Notice::CertificatesRead => f.write_str("certificates read anew"),
            Notice::CertificatesNotRead { why } => write!(f, "certificates not read, those before stay: {why}"),
            Notice::StagesAlone { state } => {
                let cure = if *state { "" } else { ", with --state on a volume" };
                f.write_str(
                    "stages and canary nodes are those of the Envoys that come here: a second replica would stage ",
                )?;
                write!(f, "apart, so run one{cure}; Envoys keep what they have while it starts again")
            }
            Notice::AnyNamespace { attachments } => write!(
                f,
                "attachments for Envoys of any namespace that is let in: {}; nodes: {{metadata: {{NAMESPACE: …}}}} would keep \
                 one to a namespace",
                listed(attachments)
            ),
            Notice::FewFileHandles { handles, connections, connections_wanted, handles_wanted } => write!(
                f,
                "few file handles: {handles} are {connections} connections; a hard limit (ulimit -Hn, LimitNOFILE) of \
                 {handles_wanted} would do for {connections_wanted}"
            ),
            Notice::EvidenceReset { nodes } => write!(
                f,
                "evidence reset, what these nodes counted since the reading before is not known: {}",
                listed(nodes)
            ),
            Notice::PollRefused { refusal, missing } => {
                write!(f, "evidence waits: {refusal}")?;
                if missing.is_empty() { Ok(()) } else { write!(f, "; not read: {}", listed(missing)) }
            }
            Notice::PollAccepted { edges, read } => {
                write!(f, "evidence is accepted: {read} of {edges} connected edges were read")
            }
            Notice::EdgesNotRead { missing } if missing.is_empty() => f.write_str("edges not read: none any more"),
            Notice::EdgesNotRead { missing } => write!(f, "edges not read: {}", listed(missing)),
            Notice::EdgesTwice { nodes } if nodes.is_empty() => f.write_str("edges there twice: none any more"),
            Notice::EdgesTwice { nodes } => write!(
                f,
                "edges there twice, of which one is read, so evidence lacks the other unless it is a hot restart: {}",
                listed(nodes)
            ),
            Notice::EvidenceNotRead { why } => {
                write!(f, "evidence not read, none is gathered: {}", why.trim_end())
            }
            Notice::Release(line) => {
                let of = line.event.release().map(|id| format!("release {}", id.escape_debug()));
                write!(f, "{}: {}", of.as_deref().unwrap_or("releases"), happened(line))
            }
            Notice::QueryWarnings { warnings } => write!(f, "queries are answered with warnings: {}", listed(warnings)),
            Notice::NotNotified { why } => write!(f, "webhook is not told, it is tried again and again: {why}"),
            Notice::Notified => f.write_str("webhook is told again"),
            Notice::NotifyGap { from, to } => {
                write!(
                    f,
                    "webhook is not told lines {from} to {to} of the journal of releases: they are kept no longer"
                )
            }
            Notice::JournalCutOff { bytes } => {
                write!(f, "journal of releases: {bytes} bytes of a last line were half written and are cut off")
            }
            Notice::JournalStays => {
                f.write_str("journal of releases stays: it can be read, and --new-journal is for where none can")
            }
            Notice::JournalAside { path } => {
                write!(f, "journal of releases begun anew, the one before is {}", path.display())
            }
            Notice::JournalFull { why } => {
                write!(f, "journal of releases not written, nothing advances and rollbacks go on: {why}")
            }
            Notice::JournalWritten => f.write_str("journal of releases is written again"),
            Notice::Stopping => f.write_str("stopping"),
        }
    }
}

/// What happened, in the journal's own word.
fn word(event: &Event) -> String {
    let value = serde_json::to_value(event).unwrap_or_default();
    value["event"].as_str().unwrap_or_default().to_owned()
}

fn reasons(held: &Held) -> String {
    let each = held.reasons.iter().map(|(node, why)| format!("{}: {why}", node.escape_debug()));
    each.collect::<Vec<_>>().join("; ")
}

/// Names for a line, not more than fit.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| name.escape_debug().to_string()).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        rest => format!("{} and {rest} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut() {
        let names = |count: usize| (0..count).map(|number| format!("n{number}")).collect::<Vec<_>>();
        assert_eq!(listed(&names(2)), "n0, n1");
        assert!(listed(&names(20)).ends_with(", n19"));
        assert!(listed(&names(21)).ends_with(", n19 and 1 more"));
    }

    /// Names come from the network, and a line of the log is one line but for problems of files.
    #[test]
    fn a_name_forges_no_line() {
        let nodes = vec!["a\nrevision b active in server".to_owned()];
        let notice = Notice::CanaryStarted { revision: "0123456789ab".into(), nodes };
        assert_eq!(notice.to_string().lines().count(), 1, "{notice}");
    }
}
