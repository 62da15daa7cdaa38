//! One stream: requests and waves go into a protocol's state machine, and what is owed comes out.

use std::mem;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tonic::Status;

use crate::grpc::messages::{READ, Requests, Responses};
use crate::protocol::Protocol;
use crate::grpc::response::Owed;
use crate::{Event, Node, Report, Snapshot, Wave};

/// What an Envoy says of itself is kept for as long as it is connected.
const NODE_BYTES_MAX: usize = 64 << 10;
/// Names that a client may ask for, of all kinds together.
const NAMES_MAX: usize = 65_536;
/// What these may take.
const NAMES_BYTES_MAX: usize = 4 << 20;
/// Nothing new is sent to a client with so many responses unanswered; when it answers it gets what is newest.
const UNANSWERED_MAX: usize = 16;
/// A client that goes on asking without ever answering is sent away.
const UNANSWERED_EVER_MAX: usize = 256;
/// A client that does not say who it is within this is sent away.
const NAMED: Duration = Duration::from_secs(30);

/// Who is at the other end of a stream.
pub(crate) struct Client {
    pub stream: u64,
    pub peer: Peer,
}

/// Who is at the other end of a connection.
#[derive(Clone)]
pub(crate) struct Peer {
    pub address: SocketAddr,
    /// The name by which it was let in, if by TLS.
    pub identity: Option<String>,
}

/// What is left to do for a connection when one of its streams is over.
pub(crate) enum Over {
    /// Nothing.
    Well,
    /// To close it, whatever is on its way: the client does not read.
    CutOff,
}

/// Where a stream's parts come from and go.
pub(crate) struct Ends<P: Protocol> {
    pub requests: Requests<P::Request>,
    pub responses: Responses,
    pub waves: watch::Receiver<Arc<Wave>>,
    pub reports: mpsc::Sender<Report>,
    /// Closes when the server stops.
    pub stopping: watch::Receiver<()>,
}

/// Why a stream ends before the client hangs up.
enum Cause {
    /// For this reason, which the client is told.
    Refused(Status),
    /// The server stops.
    Stopping,
    /// The client does not read.
    Unread,
}

impl From<Status> for Cause {
    fn from(status: Status) -> Cause {
        Cause::Refused(status)
    }
}

/// Talks with one client until either side hangs up.
pub(crate) async fn converse<P: Protocol>(client: Client, mut ends: Ends<P>) -> Over {
    let mut talk = Talk::<P> {
        client,
        node: None,
        id: Arc::default(),
        snapshot: None,
        wave: 0,
        settled: None,
        protocol: P::default(),
        said: Vec::new(),
    };
    let ended = talk.go_on(&mut ends).await;
    let reason = match &ended {
        Ok(()) | Err(Cause::Stopping) => None,
        Err(Cause::Refused(status)) => Some(status.message().to_owned()),
        Err(Cause::Unread) => Some(format!("did not read what it was sent within {READ:?}")),
    };
    if talk.node.is_some() {
        talk.say(Event::Disconnected { reason });
    }
    talk.report(&ends.reports).await;
    match ended {
        Ok(()) => ends.responses.end(&Status::ok("")),
        Err(Cause::Refused(status)) => ends.responses.end(&status),
        Err(Cause::Stopping) => ends.responses.end(&Status::unavailable("the server stops")),
        Err(Cause::Unread) => return Over::CutOff,
    }
    Over::Well
}

struct Talk<P> {
    client: Client,
    node: Option<Arc<Node>>,
    /// Its id.
    id: Arc<str>,
    /// What the client is to have.
    snapshot: Option<Arc<Snapshot>>,
    /// The wave that this is of.
    wave: u64,
    /// What was reported last of what the client has answered: the wave, and the filters that it asked for.
    settled: Option<(u64, Vec<String>)>,
    protocol: P,
    /// What is to be reported.
    said: Vec<Event>,
}

impl<P: Protocol> Talk<P> {
    async fn go_on(&mut self, ends: &mut Ends<P>) -> Result<(), Cause> {
        let (mut stopping, mut unnamed) = (pin!(ended(ends.stopping.clone())), pin!(sleep(NAMED)));
        loop {
            let answered = self.protocol.unanswered() < UNANSWERED_MAX;
            let owed = tokio::select! {
                request = ends.requests.next() => {
                    let Some(request) = request? else { return Ok(()) };
                    self.answer(request, &mut ends.waves)?
                }
                changed = ends.waves.changed(), if answered => {
                    if changed.is_err() { return Ok(()) }
                    self.push(&mut ends.waves)
                }
                () = &mut stopping => return Err(Cause::Stopping),
                () = &mut unnamed, if self.node.is_none() => {
                    return Err(Status::deadline_exceeded(format!("did not say who it is within {NAMED:?}")).into());
                }
            };
            if owed.is_empty() {
                self.settle();
            }
            for owed in owed {
                self.say(Event::Sent { kind: owed.kind, revision: self.label() });
                // Told before it is read: whoever waits for an answer waits from now on.
                self.report(&ends.reports).await;
                if !ends.responses.send(owed.write(P::FORM)?).await.map_err(|_| Cause::Unread)? {
                    return Ok(());
                }
            }
            self.report(&ends.reports).await;
        }
    }

    fn answer(&mut self, mut request: P::Request, waves: &mut watch::Receiver<Arc<Wave>>) -> Result<Vec<Owed>, Status> {
        let node = P::node(&mut request);
        if node.is_some() || self.node.is_none() {
            self.meet(node.unwrap_or_default())?;
        }
        if self.snapshot.is_none() {
            self.look_at(&waves.borrow_and_update().clone());
        }
        let Some(snapshot) = &self.snapshot else { return Ok(Vec::new()) };
        let (owed, event) = self.protocol.answer(request, snapshot);
        if let Some(event) = event {
            self.say(event);
        }
        let (names, bytes) = self.protocol.names();
        if names > NAMES_MAX || bytes > NAMES_BYTES_MAX {
            let text =
                format!("asks for more than {NAMES_MAX} names, or for more than {NAMES_BYTES_MAX} bytes of names");
            return Err(Status::resource_exhausted(text));
        }
        if self.protocol.unanswered() > UNANSWERED_EVER_MAX {
            return Err(Status::resource_exhausted(format!(
                "leaves more than {UNANSWERED_EVER_MAX} responses unanswered"
            )));
        }
        Ok(Vec::from_iter(owed))
    }

    fn push(&mut self, waves: &mut watch::Receiver<Arc<Wave>>) -> Vec<Owed> {
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
        let node = Arc::new(node);
        let Peer { address, identity } = self.client.peer.clone();
        (self.id, self.node) = (node.id.as_str().into(), Some(node.clone()));
        self.say(Event::Connected { peer: address, identity, node });
        Ok(())
    }

    /// Reports what has been answered: by waves of which nothing was news for this client too.
    fn settle(&mut self) {
        let (Some(snapshot), 0) = (&self.snapshot, self.protocol.unanswered()) else { return };
        let filters = snapshot.filters().keys();
        let asked: Vec<String> = filters.filter(|name| self.protocol.asked_for_filter(name)).cloned().collect();
        let settled = Some((self.wave, asked.clone()));
        if self.settled != settled {
            self.settled = settled;
            self.say(Event::Settled { wave: self.wave, revision: self.label(), filters: asked });
        }
    }

    fn look_at(&mut self, wave: &Wave) {
        let Some(node) = &self.node else { return };
        let snapshot = wave.offer_to(node).snapshot(node);
        self.wave = wave.number;
        let before = self.snapshot.replace(snapshot.clone());
        let as_before = before.as_ref().is_some_and(|before| before.clashes().eq(snapshot.clashes()));
        if !as_before {
            self.said.extend(snapshot.clashes().map(|filter| Event::Clash { filter: filter.to_owned() }));
        }
        if snapshot.filters().is_empty() && !before.is_some_and(|before| before.filters().is_empty()) {
            self.say(Event::Unmatched);
        }
        self.say(Event::Offered { revision: self.label(), filters: snapshot.filters().clone() });
    }

    fn label(&self) -> Arc<str> {
        self.snapshot.as_ref().map(|snapshot| snapshot.label().clone()).unwrap_or_default()
    }

    fn say(&mut self, event: Event) {
        self.said.push(event);
    }

    async fn report(&mut self, reports: &mpsc::Sender<Report>) {
        for event in mem::take(&mut self.said) {
            // Nobody needs to be listening.
            let _ = reports.send(Report { stream: self.client.stream, node: self.id.clone(), event }).await;
        }
    }
}

/// Comes to an end when the sender is gone.
pub(crate) async fn ended(mut receiver: watch::Receiver<()>) {
    while receiver.changed().await.is_ok() {}
}
