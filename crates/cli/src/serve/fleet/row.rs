//! A row of the fleet: what is known of one Envoy.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use weir_xds::{Event, Labels, Node, ResourceKind, Service, envoy_version, metadata};

use super::moment::Moment;

/// One Envoy, as the server knows it. A time is RFC 3339, in UTC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The node id.
    pub node: String,
    /// The cluster that it says it belongs to.
    pub cluster: String,
    /// The release of Envoy.
    pub version: String,
    /// The address that it connects from.
    pub peer: SocketAddr,
    /// The name by which it was allowed to connect.
    pub identity: Option<String>,
    /// Whether it is connected.
    pub connected: bool,
    /// Of one that is not: whether it went without ending its stream.
    #[serde(default)]
    pub lost: bool,
    /// Of one that is not: for how long, by a clock that does not jump.
    #[serde(default)]
    pub away_seconds: Option<u64>,
    /// The time at which it connected, or disconnected.
    pub since: String,
    /// The filters that it asked for.
    pub attachments: Vec<AttachmentStatus>,
    /// The filters `weir.NAME` that it asked for and no attachment is called; no more than are shown. What else it asks for is
    /// somebody else's.
    #[serde(default)]
    pub unknown: Vec<String>,
    /// Whether no attachment is for it.
    pub unmatched: bool,
    /// Names of filters that several attachments give it; it is sent none of them.
    pub clashes: Vec<String>,
    /// The revision that it is to have.
    pub offered: String,
    /// The revision that its filters were sent last.
    pub sent: Option<String>,
    /// The revision that it took last. Whether the filter then found it good only the gauges know.
    pub acked: Option<String>,
    /// The time at which it took that.
    pub acked_since: Option<String>,
    /// Whether it has not answered all that it was offered: it may have more than it acked.
    #[serde(default)]
    pub behind: bool,
    /// The resource that it refused, or why it was sent away.
    pub error: Option<String>,
    /// The address of its admin interface, if it says the port itself.
    #[serde(skip)]
    pub admin: Option<SocketAddr>,
    /// The node as it describes itself.
    #[serde(skip)]
    pub about: Arc<Node>,
    /// The revision that each of its filters is to have, asked for or not.
    #[serde(skip)]
    pub(super) filters: Arc<Labels>,
    /// The service by which it asks for them.
    #[serde(skip)]
    pub(super) service: Service,
    /// The kind of resource that the error is about.
    #[serde(skip)]
    pub(super) refused: Option<ResourceKind>,
    /// The number of the publication up to which it has answered all.
    #[serde(skip)]
    pub(super) caught_up: u64,
    /// The time since which it has not answered all that it was offered.
    #[serde(skip)]
    pub(super) behind_since: Option<Instant>,
    /// Whether it was late with that: it was named, and is no longer waited for.
    #[serde(skip)]
    pub(super) late: bool,
    /// Whether another one of its id is connected: an Envoy that is restarted hot adds the gauges of both up.
    #[serde(skip)]
    pub(super) is_double: bool,
    /// The time at which it disconnected.
    #[serde(skip)]
    pub(super) gone: Option<Instant>,
}

/// A filter in an Envoy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentStatus {
    /// The name, without `weir.`.
    pub name: String,
    /// The revision that it is to have: in the middle of a push not that of every other filter there.
    pub offered: String,
    /// The revision that decides, by the filter's own gauge; null where nobody could be asked.
    pub active: Option<String>,
    /// Whether the filter refused a revision since, by its own gauge.
    pub rejected: Option<bool>,
    /// The offer that it is to have.
    #[serde(default)]
    pub offer: Option<String>,
    /// The offer that decides, by the filter's own gauge; null where nobody could be asked, or the module knows none.
    #[serde(default)]
    pub active_offer: Option<String>,
}

/// The gauges of one filter; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// The revision that decides.
    pub revision: u64,
    /// The offer that decides.
    pub offer: u64,
    /// Whether it refused another revision.
    pub rejected: bool,
}

impl AttachmentStatus {
    /// Whether its gauges say that another offer decides than it is to have.
    pub fn has_other_offer(&self) -> bool {
        matches!((&self.offer, &self.active_offer), (Some(offer), Some(active)) if offer != active)
    }

    /// Takes in its gauges, if they could be read; whether they are news. A sum of two is believed only where it is just what
    /// it is to have: else nobody can tell what decides.
    pub(super) fn record(&mut self, gauges: Option<&Gauges>, is_sum: bool) -> bool {
        // Zero: the filter has none yet.
        let active = gauges.filter(|gauges| gauges.revision != 0).map(|gauges| format!("{:012x}", gauges.revision));
        let offer = gauges.filter(|gauges| gauges.offer != 0).map(|gauges| format!("{:08x}", gauges.offer));
        let active = active.filter(|active| !is_sum || *active == self.offered);
        let active_offer = offer.filter(|offer| !is_sum || self.offer.as_ref() == Some(offer));
        let rejected = gauges.map(|gauges| gauges.rejected);
        let now = AttachmentStatus { active, rejected, active_offer, ..self.clone() };
        let is_news = now != *self;
        *self = now;
        is_news
    }
}

/// Key of the metadata by which an Envoy tells the port of its admin interface.
const ADMIN_PORT: &str = "weir_admin_port";

impl Row {
    pub(super) fn new(about: Arc<Node>, peer: SocketAddr, identity: Option<String>, since: String) -> Row {
        let port = metadata(&about, &[ADMIN_PORT]).and_then(|port| port.parse().ok());
        Row {
            node: about.id.clone(),
            cluster: about.cluster.clone(),
            version: envoy_version(&about),
            peer,
            identity,
            connected: true,
            lost: false,
            away_seconds: None,
            since,
            attachments: Vec::new(),
            unknown: Vec::new(),
            unmatched: false,
            clashes: Vec::new(),
            offered: String::new(),
            sent: None,
            acked: None,
            acked_since: None,
            behind: false,
            error: None,
            admin: port.map(|port| SocketAddr::new(peer.ip(), port)),
            about,
            filters: Arc::default(),
            service: Service::default(),
            refused: None,
            caught_up: 0,
            behind_since: None,
            late: false,
            is_double: false,
            gone: None,
        }
    }

    /// The address at which its admin interface is thought to answer, with the port of those that name none: only ever on the
    /// machine that it connects from, so that what a client says of itself sends nobody elsewhere.
    pub fn admin_address(&self, port: Option<u16>) -> Option<SocketAddr> {
        self.admin.or_else(|| Some(SocketAddr::new(self.peer.ip(), port?)))
    }

    pub(super) fn note(&mut self, event: &Event, now: Moment) {
        if matches!(event, Event::Acked { kind, .. } if self.refused == Some(*kind)) {
            (self.error, self.refused) = (None, None);
        }
        match event {
            Event::Offered { label: revision, filters } => {
                self.offered = revision.to_string();
                self.unmatched = filters.is_empty();
                (self.behind, self.behind_since) = (true, self.behind_since.or(Some(now.steady)));
                self.clashes.clear();
                self.unknown.retain(|filter| !filters.contains_key(filter));
                self.filters = filters.clone();
                let is_known = |name: &str| self.attachments.iter().any(|attachment| attachment.name == name);
                let known = filters.keys().filter(|filter| is_known(bare(filter)));
                self.attachments = known.map(|filter| self.attachment(filter)).collect();
            }
            Event::CaughtUp { publication, label: revision, filters, unknown } => {
                (self.caught_up, self.late) = (*publication, false);
                (self.behind, self.behind_since) = (false, None);
                self.attachments = filters.iter().map(|filter| self.attachment(filter)).collect();
                let ours = unknown.iter().filter(|name| name.starts_with(PREFIX));
                self.unknown = ours.take(UNKNOWN_MAX).cloned().collect();
                // A node that came back with what it had was sent nothing, and acks nothing.
                if !filters.is_empty()
                    && self.refused != Some(ResourceKind::Extension)
                    && self.acked.as_deref() != Some(revision)
                {
                    (self.acked, self.acked_since) = (Some(revision.to_string()), Some(now.text()));
                }
            }
            Event::Clash { filter } => self.clashes.push(filter.clone()),
            Event::Sent { kind: ResourceKind::Extension, label: revision } => self.sent = Some(revision.to_string()),
            Event::Acked { kind: ResourceKind::Extension, label: revision } => {
                (self.acked, self.acked_since) = (Some(revision.to_string()), Some(now.text()));
            }
            Event::Rejected { kind, label: revision, error } => {
                let error = format!("rejected {kind} of revision {revision}: {error}");
                (self.error, self.refused) = (Some(error), Some(*kind));
            }
            _ => {}
        }
    }

    fn attachment(&self, filter: &str) -> AttachmentStatus {
        let name = bare(filter);
        let known = self.attachments.iter().find(|attachment| attachment.name == name);
        let known =
            known.cloned().unwrap_or_else(|| AttachmentStatus { name: name.into(), ..AttachmentStatus::default() });
        let label = self.filters.get(filter).cloned().unwrap_or_default();
        let offer = Some(label.mark.to_string()).filter(|offer| !offer.is_empty());
        AttachmentStatus { offered: label.label.to_string(), offer, ..known }
    }

    /// Whether it has all that it asks for, as far as is known: an Envoy that asked for no filter owes nothing.
    pub fn in_step(&self) -> bool {
        self.unknown.is_empty() && self.has_taken_all()
    }

    /// Whether it took what it is to have, as far as is known, whatever else it asks for.
    pub fn has_taken_all(&self) -> bool {
        let owes = !self.attachments.is_empty() && (self.behind || self.acked.as_ref() != Some(&self.offered));
        let differs = |attachment: &AttachmentStatus| {
            let other = |active: &String| *active != attachment.offered;
            attachment.active.as_ref().is_some_and(other)
                || attachment.has_other_offer()
                || attachment.rejected == Some(true)
        };
        !owes && self.error.is_none() && self.clashes.is_empty() && !self.attachments.iter().any(differs)
    }

    /// What it asks for and no attachment is called, in words.
    pub fn asks_in_vain(&self) -> Option<String> {
        let names: Vec<String> = self.unknown.iter().map(|name| name.escape_debug().to_string()).collect();
        (!names.is_empty()).then(|| format!("asks for {}, which no attachment is called", names.join(", ")))
    }

    /// Whether it has answered everything up to the publication of this number.
    pub fn has_caught_up(&self, number: u64) -> bool {
        self.caught_up >= number
    }

    /// The number of the publication up to which it has answered everything; 0 for none.
    pub fn answered(&self) -> u64 {
        self.caught_up
    }

    /// The reason why it is not active, in words.
    pub fn why_not_active(&self) -> String {
        let refused = self.attachments.iter().any(|attachment| attachment.rejected == Some(true));
        let unknown = self.attachments.iter().any(|attachment| attachment.active.is_none());
        match &self.error {
            Some(error) => error.escape_debug().to_string(),
            None if self.behind || self.acked.as_ref() != Some(&self.offered) => "it did not answer".into(),
            None if refused => "its filter refused it".into(),
            None if unknown => "nobody could read its gauges; --admin-port or --prometheus says where they are".into(),
            None if self.attachments.iter().any(AttachmentStatus::has_other_offer) => {
                "its gauges say another offer".into()
            }
            None => "its gauges say another revision".into(),
        }
    }

    /// Whether its own gauges say that it has what it is to have. Another filter that it asks for and nobody serves changes nothing
    /// in that: else no revision would come past such a canary node.
    pub fn is_active(&self) -> bool {
        let active = |attachment: &AttachmentStatus| attachment.active.is_some() && attachment.rejected == Some(false);
        self.has_taken_all() && !self.attachments.is_empty() && self.attachments.iter().all(active)
    }
}

/// The name of an attachment, by that of its filter.
fn bare(filter: &str) -> &str {
    filter.strip_prefix(PREFIX).unwrap_or(filter)
}

/// What the name of each of our filters begins with.
const PREFIX: &str = "weir.";
/// The most filters of a row that it asked for and that are not there.
const UNKNOWN_MAX: usize = 16;
