//! A gateway has its policy from `weir serve` by the certificates that Istio gives to every workload.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::agent::{Account, Agent, LASTING};
use crate::api_server::ApiServer;
use crate::attach::until_decides;
use crate::mesh::Mesh;
use crate::policy::{policy, with_owl_users};
use crate::proxy::{Node, bootstrap, certified, proxy};
use crate::server::{Server, at, manifests, words_of};
use crate::support::{Authority, Envoy, Options, event, eventually, fill};
use crate::wire::Wire;

const DEADLINE: Duration = Duration::from_secs(60);
/// Agents renew after half of it.
const SHORT: Duration = Duration::from_secs(10);
const LABELS: &[(&str, &str)] = &[("istio", "ingressgateway")];

/// Nobody is cut off by that, and the first certificates of both have ended when they meet again.
pub async fn a_policy_comes_after_both_sides_renewed(api: &ApiServer) {
    let mesh = Mesh::with_ca(api, "renewed").await;
    let first = policy("renewed");
    let server = Server::start(&mesh, SHORT, &first).await;
    let wire = Wire::to(server.weir.address()).await;
    let address = gateway_listens(&mesh);
    mesh.apply(&manifests("renewed", "edge", at(wire.address, &server.name)));

    let agent = Agent::of_proxy(&mesh, gateway_of("renewed"), SHORT).await;
    let gateway = proxy(&mesh, &node(address), Some(&agent), None).await;
    until_decides(&gateway, "edge", &first).await;
    let connected = event("connected").with("identity", &agent.name);
    assert_eq!(server.weir.count(&connected), 1, "{}", server.weir.log());

    let before = renewals(&gateway, "renewed").await;
    eventually(DEADLINE, "both sides renewed twice", async || {
        let (client, server_side) =
            (renewals(&gateway, "renewed").await, server.weir.count(&event("certificates_read")));
        (client >= before + 2 && server_side >= 2)
            .then_some(())
            .ok_or_else(|| format!("{before:?} {client:?} {server_side}"))
    })
    .await;
    assert_eq!(server.weir.count(&connected), 1, "{}", server.weir.log());

    wire.cut();
    let next = with_owl_users(&first, &["hedy"]);
    server.push(&next);
    until_decides(&gateway, "edge", &next).await;
    assert_eq!(server.weir.count(&connected), 2, "{}", server.weir.log());
    assert_eq!(server.weir.count(&event("connection_refused")), 0, "{}", server.weir.log());
}

/// Which stands in a file of the proxy's container, and is followed by another.
pub async fn a_server_may_be_of_another_authority(api: &ApiServer) {
    let mesh = Mesh::with_ca(api, "foreign").await;
    let first = policy("foreign");
    let (old, new) = (Authority::new(), Authority::new());
    let signed = old.sign("server", "spiffe://weir.test/server", 2100);
    let agent = Agent::of_proxy(&mesh, gateway_of("foreign"), LASTING).await;
    let server = Server::with(&mesh, &first, words_of(&signed, &agent.authority()), "localhost").await;
    let wire = Wire::to(server.weir.address()).await;
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("ca.pem");
    fs::copy(old.file(), &trusted).unwrap();
    let address = gateway_listens(&mesh);
    let mut asked = at(wire.address, &server.name);
    asked["ca"] = json!({"file": trusted});
    mesh.apply(&manifests("foreign", "edge", asked));
    let gateway = proxy(&mesh, &node(address), Some(&agent), None).await;
    until_decides(&gateway, "edge", &first).await;

    let before = renewals(&gateway, "foreign").await;
    let renewed = new.sign("server", "spiffe://weir.test/server", 2100);
    let files = [(new.file(), &trusted), (renewed.key, &signed.key), (renewed.certificate, &signed.certificate)];
    for (from, to) in files {
        replace(&from, to);
    }
    eventually(DEADLINE, "both sides have the new authority", async || {
        let (client, server_side) =
            (renewals(&gateway, "foreign").await, server.weir.count(&event("certificates_read")));
        (client > before && server_side > 0).then_some(()).ok_or_else(|| format!("{before:?} {client:?} {server_side}"))
    })
    .await;
    wire.cut();
    let next = with_owl_users(&first, &["hedy"]);
    server.push(&next);
    until_decides(&gateway, "edge", &next).await;
}

/// Renames a copy of a file onto another, as whoever renews certificates does.
fn replace(from: &Path, to: &Path) {
    let new = to.with_extension("new");
    fs::copy(from, &new).unwrap();
    fs::rename(new, to).unwrap();
}

/// It is one of the same mesh, with a certificate that the server lets in, and says that it is a gateway of the first.
pub async fn another_namespace_gets_nothing(api: &ApiServer) {
    let mesh = Mesh::with_ca(api, "robbed").await;
    let policy = policy("robbed");
    let server = Server::start(&mesh, LASTING, &policy).await;
    let address = gateway_listens(&mesh);
    mesh.apply(&manifests("robbed", "edge", at(server.weir.address(), &server.name)));

    let thief = Agent::of_proxy(&mesh, Account { namespace: "robbers", name: "gateway" }, LASTING).await;
    let stolen = proxy(&mesh, &node(address), Some(&thief), None).await;
    let refused = event("node_refused").with("identity", &thief.name);
    let refused = refused.containing("reason", "it says namespace robbed");
    server.weir.until(&refused).await;
    assert_eq!(server.weir.count(&event("connected")), 0, "{}", server.weir.log());
    assert_eq!(stolen.stat("extension_config_discovery.http_filter.weir.edge.config_reload").await, Some(0));
    drop(stolen);

    // One of the namespace starts before its agent has certificates, and is let in when they are there.
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let bootstrap = certified(bootstrap(&node(address), "robbed", mesh.xds()), &socket).to_string();
    let mut gateway = Envoy::launch(&bootstrap, Options { workers: 1, ..Options::default() }).await;
    gateway.until_ready().await;
    let agent = Agent::of_proxy(&mesh, gateway_of("robbed"), LASTING).await;
    std::os::unix::fs::symlink(agent.socket(), socket).unwrap();
    until_decides(&gateway, "edge", &policy).await;
}

/// How often a gateway's agent has told it something new.
async fn renewals(gateway: &Envoy, namespace: &str) -> u64 {
    let name = format!("cluster.weir-edge_{namespace}.client_ssl_socket_factory.ssl_context_update_by_sds");
    gateway.stat(&name).await.expect("a cluster with certificates by SDS")
}

fn gateway_of(namespace: &str) -> Account<'_> {
    Account { namespace, name: "gateway" }
}

fn node(address: IpAddr) -> Node<'static> {
    Node { kind: "router", name: "gateway", address, labels: LABELS, evidence: None }
}

/// Gives the gateway something to listen for, there.
fn gateway_listens(mesh: &Mesh) -> IpAddr {
    let address = mesh.network.address();
    let (http, grpc) = (mesh.network.http.to_string(), mesh.network.grpc.to_string());
    let values = [("ADDRESS", address.to_string()), ("HTTP", http), ("GRPC", grpc)];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    mesh.apply(&fill(include_str!("manifests/gateway.yaml"), &values));
    address
}
