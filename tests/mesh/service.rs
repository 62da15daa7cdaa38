//! Sidecars ask `weir serve` by the cluster that Istio makes of its service, as `istio.server.cluster: service` has it: with
//! `ISTIO_MUTUAL`, and with a `Sidecar` that prunes that cluster.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use serde_json::json;
use tokio::net::TcpStream;
use weir_policy::Gauge;

use crate::agent::{Account, Agent, LASTING};
use crate::api_server::ApiServer;
use crate::chain::host;
use crate::mesh::Mesh;
use crate::policy::policy;
use crate::proxy::{Node, proxy};
use crate::server::{Server, manifests};
use crate::support::PolicyFile;

/// It serves with `default_config` while the cluster is pruned, and has the policy soon after it is not.
pub async fn a_sidecar_may_prune_the_service(api: &ApiServer) {
    let mesh = Mesh::with_ca(api, "by-service").await;
    let policy = policy("by-service");
    let server = Server::start(&mesh, LASTING, &policy).await;
    let (inbound, outbound) = (mesh.network.address(), mesh.network.address());
    let weir = "weir.by-service-weir.svc.cluster.local";
    let (owl_host, http) = (host("owl", "by-service"), mesh.network.http);
    let (owl, port) = ((http, owl_host.as_str()), mesh.network.grpc);
    mesh.apply(&service(weir, port, server.weir.address()));
    mesh.apply(&service(&owl_host, http, "127.0.0.1:9".parse().unwrap()));
    mesh.apply(&sidecar(outbound, &[owl]));
    let by_service = json!({"host": weir, "port": port, "name": server.name, "cluster": "service"});
    mesh.apply(&manifests("by-service", "mesh", by_service));
    mesh.until_seen("weir.mesh").await;

    let agent = Agent::of_proxy(&mesh, Account { namespace: "by-service", name: "storefront" }, LASTING).await;
    let labels = [("app", "storefront")];
    let node = Node { kind: "sidecar", name: "storefront", address: inbound, labels: &labels, evidence: None };
    let begin = Instant::now();
    let envoy = proxy(&mesh, &node, Some(&agent), None).await;
    TcpStream::connect(SocketAddr::new(outbound, mesh.network.http)).await.unwrap();
    println!("pruned: it listens after {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!(envoy.stat("extension_config_discovery.http_filter.weir.mesh.config_reload").await, Some(0));

    let begin = Instant::now();
    mesh.apply(&sidecar(outbound, &[owl, (port, weir)]));
    envoy.until_stat(&Gauge::Revision.shown("mesh"), PolicyFile::of(&policy).number).await;
    println!("no longer pruned: it has the policy after {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!(envoy.stat("listener_manager.listener_modified").await, Some(0));
}

fn service(host: &str, port: u16, at: SocketAddr) -> String {
    let name = host.split('.').next().unwrap();
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": name},
        "spec": {
            "hosts": [host],
            "location": "MESH_INTERNAL",
            "resolution": "STATIC",
            "ports": [{"number": port, "name": "grpc", "protocol": "GRPC"}],
            "endpoints": [{"address": at.ip(), "ports": {"grpc": at.port()}}],
        },
    })
    .to_string()
}

/// Each egress lists only what has its port.
fn sidecar(outbound: IpAddr, hosts: &[(u16, &str)]) -> String {
    let egress = hosts.iter().map(|(port, host)| {
        let port = json!({"number": port, "name": "grpc", "protocol": "GRPC"});
        json!({"port": port, "bind": outbound, "captureMode": "NONE", "hosts": [format!("./{host}")]})
    });
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": "storefront"},
        "spec": {
            "workloadSelector": {"labels": {"app": "storefront"}},
            "egress": egress.collect::<Vec<_>>(),
        },
    })
    .to_string()
}
