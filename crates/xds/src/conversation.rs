//! One stream: requests and waves go into a protocol's state machine, and what is owed comes out.

use std::net::SocketAddr;
use std::sync::Arc;

use prost::Message;
use tokio::sync::{mpsc, watch};
use tonic::{Status, Streaming};

use crate::protocol::Protocol;
use crate::{Event, Kind, Node, Report, Snapshot, Wave};

/// What an Envoy says of itself is kept for as long as it is connected.
const NODE_BYTES_MAX: usize = 64 << 10;

/// Who is at the other end of a stream.
pub(crate) struct Client {
    pub stream: u64,
    pub peer: Option<SocketAddr>,
    /// The name by which it was allowed to connect.
    pub identity: Option<String>,
}

/// Where a stream's parts come from and go.
pub(crate) struct Ends<P: Protocol> {
    pub requests: Streaming<P::Request>,
    pub responses: mpsc::Sender<Result<P::Response, Status>>,
    pub waves: watch::Receiver<Arc<Wave>>,
    pub reports: mpsc::UnboundedSender<Report>,
}

/// Talks with one client until either side hangs up.
pub(crate) async fn converse<P: Protocol>(client: Client, mut ends: Ends<P>) {
    let mut talk = Talk::<P> {
        node: None,
        snapshot: None,
        wave: 0,
        settled: None,
        protocol: P::default(),
        reports: ends.reports.clone(),
        client,
    };
    let ended = talk.go_on(&mut ends).await;
    if let Err(status) = &ended {
        // The client may be gone already.
        let _ = ends.responses.send(Err(status.clone())).await;
    }
    if talk.node.is_some() {
        talk.report(Event::Disconnected { reason: ended.err().map(|status| status.message().to_owned()) });
    }
}

struct Talk<P> {
    client: Client,
    node: Option<Arc<Node>>,
    /// What the client is to have.
    snapshot: Option<Snapshot>,
    /// The wave that this is of.
    wave: u64,
    /// What was reported last of what the client has answered: the wave, and the filters that it asked for.
    settled: Option<(u64, Vec<String>)>,
    protocol: P,
    reports: mpsc::UnboundedSender<Report>,
}

impl<P: Protocol> Talk<P> {
    async fn go_on(&mut self, ends: &mut Ends<P>) -> Result<(), Status> {
        loop {
            let owed = tokio::select! {
                request = ends.requests.message() => {
                    let Ok(Some(request)) = request else { return Ok(()) };
                    self.answer(request, &mut ends.waves)?
                }
                changed = ends.waves.changed() => {
                    if changed.is_err() { return Ok(()) }
                    self.push(&mut ends.waves)
                }
            };
            if owed.is_empty() {
                self.settle();
            }
            for (kind, response) in owed {
                self.report(Event::Sent { kind, revision: self.label() });
                if ends.responses.send(Ok(response)).await.is_err() {
                    return Ok(());
                }
            }
        }
    }

    fn answer(
        &mut self,
        mut request: P::Request,
        waves: &mut watch::Receiver<Arc<Wave>>,
    ) -> Result<Vec<(Kind, P::Response)>, Status> {
        let node = P::node(&mut request);
        if node.is_some() || self.node.is_none() {
            self.meet(node.unwrap_or_default())?;
        }
        if self.snapshot.is_none() {
            self.look_at(&waves.borrow_and_update().clone());
        }
        let Some(snapshot) = &self.snapshot else { return Ok(Vec::new()) };
        let (response, event) = self.protocol.answer(request, snapshot);
        if let Some(event) = event {
            self.report(event);
        }
        Ok(Vec::from_iter(response))
    }

    fn push(&mut self, waves: &mut watch::Receiver<Arc<Wave>>) -> Vec<(Kind, P::Response)> {
        let wave = waves.borrow_and_update().clone();
        // Until a client has said who it is, nothing is owed to it.
        if self.node.is_none() {
            return Vec::new();
        }
        self.look_at(&wave);
        self.snapshot.as_ref().map(|snapshot| self.protocol.push(snapshot)).unwrap_or_default()
    }

    /// Notes who is speaking. Who it is decides what it gets, so it cannot become another.
    fn meet(&mut self, node: Node) -> Result<(), Status> {
        if node.encoded_len() > NODE_BYTES_MAX {
            return Err(Status::invalid_argument(format!("`node` takes more than {NODE_BYTES_MAX} bytes")));
        }
        if self.node.as_ref().is_some_and(|known| known.id != node.id) {
            return Err(Status::invalid_argument("`node.id` differs from what this stream began with"));
        }
        if self.node.is_some() {
            return Ok(());
        }
        let (peer, identity, node) = (self.client.peer, self.client.identity.clone(), Arc::new(node));
        self.node = Some(node.clone());
        self.report(Event::Connected { peer, identity, node });
        Ok(())
    }

    /// Reports what has been answered: by waves of which nothing was news for this client too.
    fn settle(&mut self) {
        let (Some(snapshot), 0) = (&self.snapshot, self.protocol.unanswered()) else { return };
        let filters = snapshot.table(Kind::Extension).iter().map(|filter| filter.name.clone());
        let asked: Vec<String> = filters.filter(|name| self.protocol.asked_for_filter(name)).collect();
        let settled = Some((self.wave, asked.clone()));
        if self.settled != settled {
            self.settled = settled;
            self.report(Event::Settled { wave: self.wave, revision: self.label(), filters: asked });
        }
    }

    fn look_at(&mut self, wave: &Wave) {
        let Some(node) = &self.node else { return };
        let snapshot = wave.offer_to(node).snapshot(node);
        self.wave = wave.number;
        let names = |snapshot: &Snapshot| -> Vec<String> {
            snapshot.table(Kind::Extension).iter().map(|filter| filter.name.clone()).collect()
        };
        let filters = names(&snapshot);
        let before = self.snapshot.replace(snapshot);
        let clashes = |snapshot: &Snapshot| snapshot.clashes().map(str::to_owned).collect::<Vec<_>>();
        let now = self.snapshot.as_ref().map(clashes).unwrap_or_default();
        if before.as_ref().map(clashes).unwrap_or_default() != now {
            now.into_iter().for_each(|filter| self.report(Event::Clash { filter }));
        }
        if filters.is_empty() && before.as_ref().map(names) != Some(Vec::new()) {
            self.report(Event::Unmatched);
        }
        self.report(Event::Offered { revision: self.label(), filters });
    }

    fn label(&self) -> String {
        self.snapshot.as_ref().map(|snapshot| snapshot.label().to_owned()).unwrap_or_default()
    }

    fn report(&self, event: Event) {
        let node = self.node.as_ref().map(|node| node.id.clone()).unwrap_or_default();
        // Nobody needs to be listening.
        let _ = self.reports.send(Report { stream: self.client.stream, node, event });
    }
}
