//! Four hops: a gateway, then the services storefront, checkout and owl. Each service is there as v1, which is stable, and
//! as v2, and each of these is an app with a sidecar of its own.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use futures_util::future::join_all;
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use serde_json::Value;

use crate::api_server::ApiServer;
use crate::app::{App, HandsOn, Next};
use crate::mesh::Mesh;
use crate::proxy::{Node, proxy};
use crate::support::client::{Client, Protocol, greeted};
use crate::support::{Echo, Envoy, fill};

pub const VERSIONS: [&str; 2] = ["v1", "v2"];
/// In the order of the hops.
pub const SERVICES: [(&str, HandsOn); 3] =
    [("storefront", HandsOn::All), ("checkout", HandsOn::Baggage), ("owl", HandsOn::Trace)];

/// The hops, running.
pub struct Chain {
    pub mesh: Mesh,
    pub gateway: Envoy,
    pub sidecars: Vec<Envoy>,
    /// Where clients connect, for HTTP/1.1 and for HTTP/2.
    pub address: IpAddr,
    _apps: Vec<App>,
}

/// An app that runs, and the addresses of the sidecar that it is to have.
struct Workload {
    service: &'static str,
    version: &'static str,
    inbound: IpAddr,
    outbound: IpAddr,
    app: App,
}

impl Chain {
    /// Starts all of it, with the Envoys of this release if it is another than the usual, and waits until istiod and its
    /// proxies agree. Everybody is routed to v1.
    pub async fn start(api: &ApiServer, namespace: &str, release: Option<&str>) -> Self {
        let mesh = Mesh::start(api, namespace).await;
        let mut workloads = Vec::new();
        for (place, (service, hands_on)) in SERVICES.into_iter().enumerate() {
            for version in VERSIONS {
                let (inbound, outbound) = (mesh.network.address(), mesh.network.address());
                let next = SERVICES.get(place + 1).map(|(next, _)| Next {
                    host: format!("{}:{}", host(next, namespace), mesh.network.http),
                    http: SocketAddr::new(outbound, mesh.network.http),
                    grpc: SocketAddr::new(outbound, mesh.network.grpc),
                });
                let app = App::start(&format!("{service} {version}"), hands_on, next).await;
                workloads.push(Workload { service, version, inbound, outbound, app });
            }
        }
        let address = mesh.network.address();
        mesh.apply(&manifests(&mesh, &workloads, address));

        let labels = [("istio", "ingressgateway")];
        let node = Node { kind: "router", name: "gateway", address, labels: &labels };
        let sidecars = join_all(workloads.iter().map(|workload| sidecar(&mesh, workload, release)));
        let (gateway, sidecars) = tokio::join!(proxy(&mesh, &node, release), sidecars);
        mesh.until_synced(1 + sidecars.len()).await;
        let apps = workloads.into_iter().map(|workload| workload.app).collect();
        Self { mesh, gateway, sidecars, address, _apps: apps }
    }

    /// The hops that a GET takes, as the apps saw it; panics unless it arrives at the end of the chain.
    pub async fn get(&self, headers: &[(&str, &str)]) -> Vec<Echo> {
        let mut client = Client::new(SocketAddr::new(self.address, self.mesh.network.http), Protocol::Http1);
        let answer = client.send(request("GET", headers).map(|()| Bytes::new())).await.unwrap();
        assert_eq!(answer.status, 200, "{headers:?}: {answer:?}");
        hops(&answer.body)
    }

    /// The same for a call by gRPC, which must end with the status 0.
    pub async fn grpc(&self, headers: &[(&str, &str)]) -> Vec<Echo> {
        let mut client = Client::new(SocketAddr::new(self.address, self.mesh.network.grpc), Protocol::Http2);
        let mut request = request("POST", headers).map(|()| Bytes::from_static(&[0; 5]));
        request.headers_mut().insert(CONTENT_TYPE, "application/grpc".parse().unwrap());
        request.headers_mut().insert("te", "trailers".parse().unwrap());
        let answer = client.send(request).await.unwrap();
        assert_eq!(answer.trailers, [("grpc-status".to_owned(), b"0".to_vec())], "{headers:?}: {answer:?}");
        hops(&answer.body[5..])
    }

    /// The same for a WebSocket, which must carry a message to the end of the chain and back.
    pub async fn websocket(&self, headers: &[(&str, &str)]) -> Vec<Echo> {
        use futures_util::{SinkExt, StreamExt};
        let server = SocketAddr::new(self.address, self.mesh.network.http);
        let (mut socket, greeting) = greeted(server, request("GET", headers)).await.unwrap();
        socket.send("are you there?".into()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap().as_str(), "are you there?");
        hops(&greeting)
    }
}

/// The name that the apps call a service by.
pub fn host(service: &str, namespace: &str) -> String {
    format!("{service}.{namespace}.svc.cluster.local")
}

/// The host and the gateway of a service's routes: clients call the first service by any name.
pub fn routed<'a>(service: &str, host: &'a str) -> (&'a str, &'static str) {
    if service == SERVICES[0].0 { ("*", "edge") } else { (host, "mesh") }
}

/// Who answered, in the order of the hops: such as `storefront v1`.
pub fn names(hops: &[Echo]) -> Vec<&str> {
    hops.iter().map(|hop| hop.upstream.as_str()).collect()
}

fn request(method: &str, headers: &[(&str, &str)]) -> Request<()> {
    let request = Request::builder().method(method).uri("/checkout");
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(()).unwrap()
}

fn hops(text: &[u8]) -> Vec<Echo> {
    let unlike = || panic!("not a list of hops: {}", String::from_utf8_lossy(text));
    let hops: Vec<Value> = serde_json::from_slice(text).unwrap_or_else(|_| unlike());
    hops.iter().map(|hop| Echo::from_json(hop.to_string().as_bytes()).unwrap()).collect()
}

async fn sidecar(mesh: &Mesh, workload: &Workload, release: Option<&str>) -> Envoy {
    let name = format!("{}-{}", workload.service, workload.version);
    let labels = [("app", workload.service), ("version", workload.version), ("part-of", "shop")];
    let node = Node { kind: "sidecar", name: &name, address: workload.inbound, labels: &labels };
    proxy(mesh, &node, release).await
}

fn manifests(mesh: &Mesh, workloads: &[Workload], gateway: IpAddr) -> String {
    let (http, grpc) = (mesh.network.http.to_string(), mesh.network.grpc.to_string());
    let ports = [("HTTP", http.as_str()), ("GRPC", grpc.as_str())];
    let text = |text: &str, values: &[(&str, &str)]| fill(text, &[values, &ports].concat());

    let mut all = text(include_str!("manifests/gateway.yaml"), &[("ADDRESS", &gateway.to_string())]) + "---\n";
    for versions in workloads.chunks(VERSIONS.len()) {
        let service = versions[0].service;
        let host = host(service, &mesh.namespace);
        let (routed_host, gateway) = routed(service, &host);
        let addresses = [versions[0].inbound.to_string(), versions[1].inbound.to_string()];
        all += &text(
            include_str!("manifests/service.yaml"),
            &[
                ("SERVICE", service),
                ("HOST", &host),
                ("ROUTED_HOST", routed_host),
                ("GATEWAY", gateway),
                ("V1", &addresses[0]),
                ("V2", &addresses[1]),
            ],
        );
    }
    for workload in workloads {
        all += &text(
            include_str!("manifests/workload.yaml"),
            &[
                ("SERVICE", workload.service),
                ("VERSION", workload.version),
                ("INBOUND", &workload.inbound.to_string()),
                ("OUTBOUND", &workload.outbound.to_string()),
                ("APP", &workload.app.port.to_string()),
            ],
        );
    }
    all
}
