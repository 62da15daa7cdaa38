//! Who a client may say that it is: what its certificate allows, by every method, on every stream, with every message.

use std::sync::Arc;

use bytes::Bytes;
use envoy_types::pb::envoy::service::discovery::v3::{DeltaDiscoveryRequest, DiscoveryRequest};
use envoy_types::pb::google::protobuf::{Struct, Value, value::Kind};
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use tokio::net::TcpStream;
use tokio::sync::watch;
use weir_xds::{Certificates, Event, Identity, Name, Node, ResourceKind, Tls};

use crate::authority::Authority;
use crate::client::soon;
use crate::{Served, raw, resource, tls};

const SHOP: &str = "spiffe://mesh.test/ns/shop/sa/edge";
const BANK: &str = "spiffe://mesh.test/ns/bank/sa/edge";
const EXTENSION: ResourceKind = ResourceKind::Extension;
const METHODS: [&str; 4] = [
    raw::DELTA,
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
    "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/DeltaExtensionConfigs",
    "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs",
];
/// `PERMISSION_DENIED`.
const DENIED: &str = "7";

/// A server with one filter for everybody, over TLS, and the authority of its clients.
struct Mesh {
    served: Served,
    authority: Authority,
    certificates: watch::Sender<Certificates>,
}

impl Mesh {
    async fn start(identity: Identity) -> Mesh {
        let authority = Authority::new();
        let server = authority.sign("server", "spiffe://mesh.test/weir", 2999);
        let (certificates, receiver) = watch::channel(tls::certificates(&server, &authority));
        let allowed = Arc::new(["spiffe://mesh.test/ns/*/sa/*", "spiffe://mesh.test/envoys/*"].map(Name::new));
        let tls = Tls { certificates: receiver, allowed, identity };
        let served = Served::start_with(Some(tls), 20, &[resource(EXTENSION, "weir.shop", "1")]).await;
        Mesh { served, authority, certificates }
    }

    /// The connection of a client whose certificate has these names.
    async fn connect(&self, names: &[&str]) -> SendRequest<Bytes> {
        let connector = tls::connector(&self.authority.sign_all("client", names, 2999), &self.authority);
        let stream = TcpStream::connect(&self.served.address).await.unwrap();
        raw::connect(soon(connector.connect("localhost".try_into().unwrap(), stream)).await.unwrap()).await
    }

    /// A call on a connection, whose first message comes from this node.
    async fn call(
        &self,
        connection: &SendRequest<Bytes>,
        method: &str,
        node: Option<Node>,
    ) -> (SendStream<Bytes>, ResponseFuture) {
        let (mut stream, answer) = raw::open_on(connection, &self.served.address, method).await;
        stream.send_data(asking(method, node), false).unwrap();
        (stream, answer)
    }

    /// The next line of the log that is about coming in or going.
    async fn told(&mut self) -> String {
        loop {
            let report = soon(self.served.reports.recv()).await.unwrap();
            let named = ["connected", "disconnected", "node_refused", "connection_refused"];
            if named.contains(&report.event.name()) {
                // The port is another each time.
                let line = report.to_string();
                let words = line.split(' ').filter(|word| !word.starts_with("peer="));
                return words.collect::<Vec<_>>().join(" ");
            }
        }
    }
}

/// A message that asks for the filter, from this node.
fn asking(method: &str, node: Option<Node>) -> Bytes {
    let (names, type_url) = (vec!["weir.shop".to_owned()], EXTENSION.type_url().to_owned());
    if method.contains("/Delta") {
        let rest = DeltaDiscoveryRequest::default();
        return raw::message(&DeltaDiscoveryRequest { node, type_url, resource_names_subscribe: names, ..rest });
    }
    raw::message(&DiscoveryRequest { node, type_url, resource_names: names, ..DiscoveryRequest::default() })
}

/// A node of this id, with this NAMESPACE if it is not empty.
fn node(id: &str, namespace: &str) -> Option<Node> {
    let value = Value { kind: Some(Kind::StringValue(namespace.into())) };
    let fields = (!namespace.is_empty()).then(|| ("NAMESPACE".to_owned(), value)).into_iter().collect();
    Some(Node { id: id.into(), metadata: Some(Struct { fields }), ..Node::default() })
}

/// What else comes on a call whose client was let in and has got the filter.
async fn first(answer: ResponseFuture) -> RecvStream {
    let mut body = soon(answer).await.unwrap().into_body();
    next(&mut body).await;
    body
}

/// Takes the next response, which must have the filter.
async fn next(body: &mut RecvStream) {
    let mut message = Vec::new();
    let length = |message: &[u8]| message.get(1..5).map(|bytes| u32::from_be_bytes(bytes.try_into().unwrap()));
    while length(&message).is_none_or(|length| message.len() < 5 + length as usize) {
        message.extend(soon(body.data()).await.expect("a response").unwrap());
    }
    assert!(String::from_utf8_lossy(&message).contains(EXTENSION.type_url()), "{message:?}");
}

#[tokio::test]
async fn each_stream_of_a_connection_is_held_to_its_certificate() {
    for method in METHODS {
        let mut mesh = Mesh::start(Identity::Namespace).await;
        let connection = mesh.connect(&[SHOP]).await;
        let (_good, answer) = mesh.call(&connection, method, node("edge-1", "shop")).await;
        let mut body = first(answer).await;
        let service = if method.contains("Aggregated") { "ads" } else { "ecds" };
        let connected =
            format!("connected node=edge-1 identity=\"{SHOP}\" cluster=\"\" version=\"\" service={service}");
        assert_eq!(mesh.told().await, connected);

        let (_bad, answer) = mesh.call(&connection, method, node("edge-1", "bank")).await;
        assert_eq!(soon(raw::status(answer)).await, DENIED, "{method}");
        let refused = format!("it says namespace bank, and its certificate says {SHOP}");
        assert_eq!(mesh.told().await, format!("node_refused node=edge-1 identity=\"{SHOP}\" reason=\"{refused}\""));

        // Who does not say who it is is nobody's.
        for nobody in [None, node("", "")] {
            let (_bad, answer) = mesh.call(&connection, method, nobody).await;
            assert_eq!(soon(raw::status(answer)).await, DENIED, "{method}");
            assert!(mesh.told().await.starts_with("node_refused node=\"\" "));
        }

        // The one that was let in is served on.
        mesh.served.publish("r2", &[resource(EXTENSION, "weir.shop", "2")]);
        next(&mut body).await;
    }
}

#[tokio::test]
async fn a_later_message_makes_nobody_somebody_else() {
    for method in METHODS {
        let mut mesh = Mesh::start(Identity::Namespace).await;
        let connection = mesh.connect(&[SHOP, BANK]).await;
        for (later, status) in [
            (node("edge-1", "pub"), DENIED),
            (node("edge-1", ""), DENIED),
            // Another node, which it may be: INVALID_ARGUMENT, as ever.
            (node("edge-2", "shop"), "3"),
        ] {
            let (mut stream, answer) = mesh.call(&connection, method, node("edge-1", "shop")).await;
            assert!(mesh.told().await.starts_with("connected node=edge-1 "));
            stream.send_data(asking(method, later), false).unwrap();
            assert_eq!(soon(raw::status(answer)).await, status, "{method}");
            if status == DENIED {
                assert!(mesh.told().await.starts_with("node_refused node=edge-1 "));
            }
            let line = mesh.told().await;
            assert!(line.starts_with("disconnected node=edge-1 reason="), "{line}");
        }
        // Of two names each is good enough.
        let (_stream, answer) = mesh.call(&connection, method, node("sidecar~10.0.0.1~owl-1.bank~x", "bank")).await;
        drop(first(answer).await);
        let line = mesh.told().await;
        assert!(line.contains(&format!("identity=\"{BANK}\"")), "{line}");
    }
}

#[tokio::test]
async fn what_a_node_says_forges_no_line_and_breaks_no_answer() {
    let mut mesh = Mesh::start(Identity::Namespace).await;
    let connection = mesh.connect(&[SHOP]).await;
    let odd = [
        node("sidecar~10.0.0.1~owl\nconnected node=x.bank~y", ""),
        node("edge-1", "bank\r\n\0\u{7f}\u{9b}31mé grpc-status: 0"),
        node(&"~".repeat(60_000), ""),
        node("edge-1", &"bank".repeat(10_000)),
    ];
    for node in odd {
        let (_stream, answer) = mesh.call(&connection, raw::DELTA, node).await;
        assert_eq!(soon(raw::status(answer)).await, DENIED);
        let line = mesh.told().await;
        assert!(line.starts_with("node_refused node=") && !line.contains(char::is_control), "{line}");
    }
}

#[tokio::test]
async fn a_node_may_be_held_to_its_own_name() {
    let mut mesh = Mesh::start(Identity::Node).await;
    let connection = mesh.connect(&["spiffe://mesh.test/envoys/edge-1"]).await;
    let (_stream, answer) = mesh.call(&connection, raw::DELTA, node("edge-1", "")).await;
    drop(first(answer).await);
    assert!(mesh.told().await.starts_with("connected node=edge-1 "));
    let (_stream, answer) = mesh.call(&connection, raw::DELTA, node("edge-2", "")).await;
    assert_eq!(soon(raw::status(answer)).await, DENIED);
    let reason = "its node id is not that of its certificate, spiffe://mesh.test/envoys/edge-1";
    assert!(mesh.told().await.ends_with(&format!("reason=\"{reason}\"")));

    // Where nothing is asked, as where the name says no namespace, it may be anybody.
    for identity in [Identity::None, Identity::Namespace] {
        let mesh = Mesh::start(identity).await;
        let connection = mesh.connect(&["spiffe://mesh.test/envoys/edge-1"]).await;
        let (_stream, answer) = mesh.call(&connection, raw::DELTA, node("edge-2", "bank")).await;
        drop(first(answer).await);
    }
}

#[tokio::test]
async fn who_is_in_stays_in_when_the_authorities_change() {
    let mut mesh = Mesh::start(Identity::Namespace).await;
    let connection = mesh.connect(&[SHOP]).await;
    let (_stream, answer) = mesh.call(&connection, raw::DELTA, node("edge-1", "shop")).await;
    let mut body = first(answer).await;

    // From now on another authority signs clients. The server's own certificate stays.
    let other = Authority::new();
    let server = mesh.authority.sign("server", "spiffe://mesh.test/weir", 2999);
    mesh.certificates.send_replace(tls::certificates(&server, &other));
    mesh.served.publish("r2", &[resource(EXTENSION, "weir.shop", "2")]);
    next(&mut body).await;
    let (_stream, answer) = mesh.call(&connection, raw::DELTA, node("edge-2", "shop")).await;
    drop(first(answer).await);
    for id in ["edge-1", "edge-2"] {
        assert!(mesh.told().await.starts_with(&format!("connected node={id} ")));
    }

    let before = tls::connector(&mesh.authority.sign("client", SHOP, 2999), &mesh.authority);
    let stream = TcpStream::connect(&mesh.served.address).await.unwrap();
    let late = before.connect("localhost".try_into().unwrap(), stream).await;
    let refused = loop {
        let report = soon(mesh.served.reports.recv()).await.unwrap();
        if let Event::ConnectionRefused { reason, .. } = report.event {
            break reason;
        }
    };
    assert!(refused.starts_with("TLS: invalid peer certificate"), "{refused}");
    drop(late);
    let after = tls::connector(&other.sign("client", SHOP, 2999), &mesh.authority);
    let stream = TcpStream::connect(&mesh.served.address).await.unwrap();
    let connection = raw::connect(soon(after.connect("localhost".try_into().unwrap(), stream)).await.unwrap()).await;
    let (_stream, answer) = mesh.call(&connection, raw::DELTA, node("edge-3", "shop")).await;
    drop(first(answer).await);
}
