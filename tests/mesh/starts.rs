//! A gateway starts while what Weir needs is away: it listens in time, with `default_config` in the place of the policy, and
//! what clients forge has no effect.

use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, UdpSocket};

use crate::agent::{Agent, LASTING};
use crate::api_server::ApiServer;
use crate::calls::get;
use crate::chain::{Chain, Setting};
use crate::forged::nothing_is_gained_by_http;
use crate::manifests::routes;
use crate::policy::policy;
use crate::proxy::{Node, bootstrap, certified};
use crate::support::client::{Client, Protocol};
use crate::support::{Envoy, Options, Port, eventually};

const DEADLINE: Duration = Duration::from_secs(60);
/// What `initial_fetch_timeout` of the filter allows, and two seconds.
const LISTENS: Duration = Duration::from_secs(5 + 2);

/// What is away, for a gateway with all of the rest.
#[derive(Debug, Clone, Copy)]
enum Away {
    /// The resolver swallows what it is asked.
    Dns,
    /// The bootstrap has no cluster `sds-grpc`.
    SdsCluster,
    /// Nobody listens where the agent should.
    Agent,
    /// The agent accepts and never answers.
    AgentIsSilent,
    /// Nobody listens where the server should.
    Server,
    /// The server accepts and never answers.
    ServerIsSilent,
}

pub async fn a_gateway_listens_whatever_is_away(api: &ApiServer) {
    let setting = Setting { certificates: Some(LASTING), ..Setting::default() };
    let mut chain = Chain::start(api, "starts", setting).await;
    let policy = policy("starts");
    chain.gateway.kill();

    for away in [Away::Dns, Away::SdsCluster, Away::Agent, Away::AgentIsSilent, Away::Server, Away::ServerIsSilent] {
        let silent = Silent::start().await;
        // Other for each, so that istiod and the gateway can be seen to have this one.
        let name = format!("spiffe://cluster.local/ns/weir/sa/without-{away:?}");
        let (host, port) = silent.server(away);
        let server = json!({"host": host, "port": port, "name": name});
        let of_gateway = json!({"policy": {"from": "server"}, "istio": {"server": server}});
        chain.apply(&chain.render_with(&policy, of_gateway, &routes("starts")));
        chain.mesh.until_seen(&name).await;
        chain.gateway = start(&chain, away, &silent).await;
        assert!(chain.gateway.admin("/config_dump").await.contains(&name), "{away:?}");
        nothing_is_gained_by_http(&chain).await;
        chain.gateway.kill();
    }
}

/// Starts the gateway and waits until it serves, in time.
async fn start(chain: &Chain, away: Away, silent: &Silent) -> Envoy {
    let agent = chain.agents.first().expect("that of the gateway");
    let labels = [("istio", "ingressgateway")];
    let node = Node { kind: "router", name: "gateway", address: chain.address, labels: &labels, evidence: None };
    let bootstrap = silent.bootstrap(away, bootstrap(&node, "starts", chain.mesh.xds()), agent);
    let gateway = Envoy::launch(&bootstrap.to_string(), Options { workers: 1, ..Options::default() }).await;
    eventually(DEADLINE, "istiod tells it its clusters", async || {
        let clusters = gateway.stat("cluster_manager.cds.update_success").await;
        clusters.filter(|count| *count > 0).ok_or_else(|| format!("{clusters:?}"))
    })
    .await;
    let begin = Instant::now();
    let address = SocketAddr::new(chain.address, chain.mesh.network.http);
    eventually(DEADLINE, &format!("the gateway serves without {away:?}"), async || {
        let answer = Client::new(address, Protocol::Http1).send(get(&[])).await?;
        (answer.status == 200).then_some(()).ok_or_else(|| format!("{answer:?}"))
    })
    .await;
    let took = begin.elapsed();
    println!("without {away:?} it serves after {:.1} s", took.as_secs_f64());
    assert!(took < LISTENS, "without {away:?} it serves after {took:?}");
    gateway
}

/// Those who never answer.
struct Silent {
    dns: UdpSocket,
    server: TcpListener,
    /// Where nobody listens.
    nowhere: Port,
    folder: TempDir,
    _agent: UnixListener,
}

impl Silent {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            dns: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            server: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            nowhere: Port::reserve(),
            _agent: UnixListener::bind(folder.path().join("silent")).unwrap(),
            folder,
        }
    }

    /// Where the gateway is told that the server is.
    fn server(&self, away: Away) -> (&'static str, u16) {
        let silent = self.server.local_addr().unwrap().port();
        match away {
            Away::Dns => ("weir.weir.svc.cluster.local", silent),
            Away::SdsCluster | Away::Agent | Away::AgentIsSilent | Away::ServerIsSilent => ("127.0.0.1", silent),
            Away::Server => ("127.0.0.1", self.nowhere.number()),
        }
    }

    fn bootstrap(&self, away: Away, bootstrap: Value, agent: &Agent) -> Value {
        match away {
            Away::SdsCluster => bootstrap,
            Away::Agent => certified(bootstrap, &self.folder.path().join("nowhere")),
            Away::AgentIsSilent => certified(bootstrap, &self.folder.path().join("silent")),
            Away::Server | Away::ServerIsSilent => certified(bootstrap, &agent.socket()),
            Away::Dns => {
                let mut bootstrap = certified(bootstrap, &agent.socket());
                bootstrap["typed_dns_resolver_config"] = resolver(self.dns.local_addr().unwrap());
                bootstrap
            }
        }
    }
}

fn resolver(address: SocketAddr) -> Value {
    let address = json!({"address": address.ip(), "port_value": address.port(), "protocol": "UDP"});
    json!({
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
            "resolvers": [{"socket_address": address}],
            "dns_resolver_options": {"no_default_search_domain": true},
        },
    })
}
