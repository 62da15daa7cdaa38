//! One stream: requests and publications go into the state machine of a protocol, responses come out.

use std::collections::BTreeSet;
use std::mem;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tonic::Status;

use crate::farewell::Farewell;
use crate::grpc::messages::{Broken, READ_TIMEOUT, Requests, Responses};
use crate::identity::CertifiedClient;
use crate::protocol::{Protocol, Response};
use crate::{Event, Node, Publication, Report, Service, Snapshot};

/// The node message is kept for as long as its stream.
const NODE_BYTES_MAX: usize = 64 << 10;
/// Names that a client may subscribe to, of all kinds together.
const NAMES_MAX: usize = 65_536;
/// Bytes that these names may take.
const NAMES_BYTES_MAX: usize = 4 << 20;
/// A client with so many unanswered responses is pushed nothing; when it answers it gets what is newest.
const UNANSWERED_MAX: usize = 16;
/// A client that goes on asking without ever answering is disconnected.
const UNANSWERED_EVER_MAX: usize = 256;
/// A client that does not send its node within this is disconnected.
const IDENTIFY_TIMEOUT: Duration = Duration::from_secs(30);

/// The client of a stream.
pub(crate) struct Client {
    /// The number of the stream.
    pub stream: u64,
    pub service: Service,
    pub peer: Peer,
}

/// The client of a connection.
#[derive(Clone)]
pub(crate) struct Peer {
    pub address: SocketAddr,
    /// Who it is by its certificate; `None` without TLS.
    pub certified: Option<Arc<CertifiedClient>>,
    /// Whether it said that it closes the connection, which only TLS has words for.
    pub farewell: Farewell,
}

/// How a stream was closed, which decides what becomes of its connection.
pub(crate) enum Closed {
    /// With a status: the connection stays.
    Cleanly,
    /// Without: the client does not read, so the connection is dropped with whatever is on its way.
    Abort,
}

/// The inputs and outputs of a stream.
pub(crate) struct StreamIo<P: Protocol> {
    pub requests: Requests<P::Request>,
    pub responses: Responses,
    pub publications: watch::Receiver<Arc<Publication>>,
    pub reports: mpsc::Sender<Report>,
    /// Closes when the server stops.
    pub stopping: watch::Receiver<()>,
}

/// Why a stream ends that the client has not closed in order.
enum End {
    /// The client is refused, and told why.
    Refused(Status),
    /// The server stops.
    Stopping,
    /// The client reset the stream, or is gone.
    Lost,
    /// The client does not read.
    Unread,
}

impl From<Status> for End {
    fn from(status: Status) -> End {
        End::Refused(status)
    }
}

impl From<Broken> for End {
    fn from(broken: Broken) -> End {
        match broken {
            Broken::Refused(status) => End::Refused(status),
            Broken::Lost => End::Lost,
        }
    }
}

/// Serves one stream until either side closes it.
pub(crate) async fn serve_stream<P: Protocol>(client: Client, mut io: StreamIo<P>) -> Closed {
    let protocol = P::new(client.service);
    let mut stream = Stream::<P> {
        client,
        node: None,
        id: Arc::default(),
        snapshot: None,
        publication: 0,
        filter_names: Arc::default(),
        caught_up: None,
        protocol,
        events: Vec::new(),
    };
    let ended = stream.run(&mut io).await;
    let reason = match &ended {
        Ok(()) | Err(End::Stopping | End::Lost) => None,
        Err(End::Refused(status)) => Some(status.message().to_owned()),
        Err(End::Unread) => Some(format!("did not read what it was sent within {READ_TIMEOUT:?}")),
    };
    if stream.node.is_some() {
        let lost = match ended {
            Err(End::Lost) => !stream.client.peer.farewell.was_said(),
            Err(End::Unread) => true,
            Ok(()) | Err(End::Refused(_) | End::Stopping) => false,
        };
        stream.emit(Event::Disconnected { reason, lost });
    }
    stream.report(&io.reports).await;
    match ended {
        Ok(()) | Err(End::Lost) => io.responses.end(&Status::ok("")),
        Err(End::Refused(status)) => io.responses.end(&status),
        Err(End::Stopping) => io.responses.end(&Status::unavailable("the server stops")),
        Err(End::Unread) => return Closed::Abort,
    }
    Closed::Cleanly
}

struct Stream<P> {
    client: Client,
    node: Option<Arc<Node>>,
    /// The node's id.
    id: Arc<str>,
    /// What the client is to have.
    snapshot: Option<Arc<Snapshot>>,
    /// The number of the publication that the snapshot is of.
    publication: u64,
    /// The names of all filters of that publication, whoever gets them.
    filter_names: Arc<BTreeSet<String>>,
    /// What was last reported as answered: the publication, the filters that the client asked for, and those that nobody is
    /// served.
    caught_up: Option<(u64, Vec<String>, Vec<String>)>,
    protocol: P,
    /// Events that are not reported yet.
    events: Vec<Event>,
}

impl<P: Protocol> Stream<P> {
    async fn run(&mut self, io: &mut StreamIo<P>) -> Result<(), End> {
        let (mut stopping, mut unidentified) = (pin!(ended(io.stopping.clone())), pin!(sleep(IDENTIFY_TIMEOUT)));
        loop {
            let answers = self.protocol.unanswered() < UNANSWERED_MAX;
            let responses = tokio::select! {
                request = io.requests.next() => {
                    let Some(request) = request? else { return Ok(()) };
                    self.answer(request, &mut io.publications)?
                }
                changed = io.publications.changed(), if answers => {
                    if changed.is_err() { return Ok(()) }
                    self.push(&mut io.publications)
                }
                () = &mut stopping => return Err(End::Stopping),
                () = &mut unidentified, if self.node.is_none() => {
                    let text = format!("did not say who it is within {IDENTIFY_TIMEOUT:?}");
                    return Err(Status::deadline_exceeded(text).into());
                }
            };
            if responses.is_empty() {
                self.note_caught_up();
            }
            for response in responses {
                self.emit(Event::Sent { kind: response.kind, label: self.label() });
                // Reported before the client reads it: whoever waits for the answer waits from now on.
                self.report(&io.reports).await;
                if !io.responses.send(response.encode(P::FORM)?).await.map_err(|_| End::Unread)? {
                    return Err(End::Lost);
                }
            }
            self.report(&io.reports).await;
        }
    }

    fn answer(
        &mut self,
        mut request: P::Request,
        publications: &mut watch::Receiver<Arc<Publication>>,
    ) -> Result<Vec<Response>, Status> {
        let node = P::node(&mut request);
        if node.is_some() || self.node.is_none() {
            self.identify(node.unwrap_or_default())?;
        }
        if self.snapshot.is_none() {
            self.adopt(&publications.borrow_and_update().clone());
        }
        let Some(snapshot) = &self.snapshot else { return Ok(Vec::new()) };
        let (response, event) = self.protocol.answer(request, snapshot);
        if let Some(event) = event {
            self.emit(event);
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
        Ok(Vec::from_iter(response))
    }

    fn push(&mut self, publications: &mut watch::Receiver<Arc<Publication>>) -> Vec<Response> {
        let publication = publications.borrow_and_update().clone();
        // A client that has not sent its node is sent nothing.
        if self.node.is_none() {
            return Vec::new();
        }
        self.adopt(&publication);
        self.snapshot.as_ref().map(|snapshot| self.protocol.push(snapshot)).unwrap_or_default()
    }

    /// Takes in the node. It decides what the client gets, so it must be one that the client may be, and cannot become another
    /// one on the same stream.
    fn identify(&mut self, node: Node) -> Result<(), Status> {
        if node.encoded_len() > NODE_BYTES_MAX {
            return Err(Status::invalid_argument(format!("`node` takes more than {NODE_BYTES_MAX} bytes")));
        }
        if self.node.as_ref().is_some_and(|known| known.id != node.id) {
            return Err(Status::invalid_argument("`node.id` differs from what this stream began with"));
        }
        if self.node.is_none() {
            self.id = node.id.as_str().into();
        }
        let Peer { address: peer, certified, .. } = self.client.peer.clone();
        let name = certified.as_ref().map(|certified| certified.name_for(&node)).transpose();
        let identity = name.map_err(|reason| {
            let identity = certified.map(|certified| certified.all_names()).unwrap_or_default();
            self.emit(Event::NodeRefused { peer, identity, reason: reason.clone() });
            Status::permission_denied(reason)
        })?;
        if self.node.is_none() {
            let node = Arc::new(node);
            self.node = Some(node.clone());
            self.emit(Event::Connected { peer, identity, node, service: self.client.service });
        }
        Ok(())
    }

    /// Makes the node's part of a publication what the client is to have.
    fn adopt(&mut self, publication: &Publication) {
        let Some(node) = &self.node else { return };
        let catalog = publication.catalog_for(node);
        let snapshot = catalog.snapshot(node);
        (self.publication, self.filter_names) = (publication.number, catalog.filter_names().clone());
        let before = self.snapshot.replace(snapshot.clone());
        let same_clashes = before.as_ref().is_some_and(|before| before.clashes().eq(snapshot.clashes()));
        if !same_clashes {
            self.events.extend(snapshot.clashes().map(|filter| Event::Clash { filter: filter.to_owned() }));
        }
        if snapshot.filters().is_empty() && !before.is_some_and(|before| before.filters().is_empty()) {
            self.emit(Event::Unmatched);
        }
        self.emit(Event::Offered { label: self.label(), filters: snapshot.filters().clone() });
    }

    /// Reports that nothing is unanswered, also of a publication that changed nothing for this client.
    fn note_caught_up(&mut self) {
        let (Some(snapshot), 0) = (&self.snapshot, self.protocol.unanswered()) else { return };
        let filters = snapshot.filters().keys();
        let asked: Vec<String> = filters.filter(|name| self.protocol.asked_for_filter(name)).cloned().collect();
        let unknown = self.protocol.named_filters().filter(|name| !self.filter_names.contains(*name));
        let unknown: Vec<String> = unknown.collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let caught_up = Some((self.publication, asked.clone(), unknown.clone()));
        if self.caught_up != caught_up {
            self.caught_up = caught_up;
            self.emit(Event::CaughtUp { publication: self.publication, label: self.label(), filters: asked, unknown });
        }
    }

    fn label(&self) -> Arc<str> {
        self.snapshot.as_ref().map(|snapshot| snapshot.label().clone()).unwrap_or_default()
    }

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    async fn report(&mut self, reports: &mpsc::Sender<Report>) {
        for event in mem::take(&mut self.events) {
            // Nobody needs to be listening.
            let _ = reports.send(Report { stream: self.client.stream, node: self.id.clone(), event }).await;
        }
    }
}

/// Completes when the sender is gone.
pub(crate) async fn ended(mut receiver: watch::Receiver<()>) {
    while receiver.changed().await.is_ok() {}
}
