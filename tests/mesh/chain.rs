//! Four hops: a gateway, then the services storefront, checkout and owl. Each service is there as v1, which is stable, and
//! as v2, and each of these is an app with a sidecar of its own.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use crate::agent::{Account, Agent};
use crate::api_server::ApiServer;
use crate::app::{App, HandsOn, Next};
use crate::manifests;
use crate::mesh::Mesh;
use crate::proxy::{Node, proxy};
use crate::support::Envoy;

/// In the order of the hops.
pub const SERVICES: [&str; 3] = ["storefront", "checkout", "owl"];
pub const VERSIONS: [&str; 2] = ["v1", "v2"];

/// What is not the same in every chain.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Another release of Envoy than the usual one.
    pub release: Option<&'static str>,
    /// What storefront and checkout hand on.
    pub hands_on: [HandsOn; 2],
    /// The kinds of object that carry the filter to the gateway and to the sidecars, as `attach` names them.
    pub attach: [&'static str; 2],
    /// How variants are routed, as `steer` of all attachments says.
    pub steer: &'static str,
    /// Whether tags are to be joined by trace, for services that hand on no more than that.
    pub join: bool,
    /// How long the certificates last that istiod gives every proxy; `None` where it has no CA.
    pub certificates: Option<Duration>,
    /// The port at which `weir serve` reads what the gateway counts, if at any.
    pub evidence: Option<u16>,
}

impl Default for Setting {
    fn default() -> Self {
        let attach = ["envoyfilter"; 2];
        let hands_on = [HandsOn::All, HandsOn::Baggage];
        Self { release: None, hands_on, attach, steer: "tag", join: false, certificates: None, evidence: None }
    }
}

/// The hops, running.
pub struct Chain {
    pub setting: Setting,
    pub mesh: Mesh,
    pub gateway: Envoy,
    /// Where clients connect.
    pub address: IpAddr,
    /// In the order of the hops, v1 before v2.
    pub workloads: Vec<Workload>,
    /// Beside each workload.
    pub sidecars: Vec<Envoy>,
    /// That of each proxy, the gateway's first, where istiod has a CA. Its account is called as the gateway or the service is.
    pub agents: Vec<Agent>,
    /// The server that proxies ask for their policy, as `istio.server` of all attachments says; else it comes by manifests.
    pub server: Option<Value>,
}

/// An app that runs, and the addresses of its sidecar.
pub struct Workload {
    pub service: &'static str,
    pub version: &'static str,
    /// Where the app calls the next one: the outbound listeners of its sidecar. The last service calls nobody.
    pub next: Option<Next>,
    pub inbound: IpAddr,
    pub outbound: IpAddr,
    pub app: App,
}

impl Chain {
    /// Starts all of it and waits until istiod and its proxies agree. Everybody is routed to v1.
    pub async fn start(api: &ApiServer, namespace: &str, setting: Setting) -> Self {
        let mesh = match setting.certificates {
            Some(_) => Mesh::with_ca(api, namespace).await,
            None => Mesh::start(api, namespace).await,
        };
        let mut workloads = Vec::new();
        for (place, service) in SERVICES.into_iter().enumerate() {
            // The last one calls nobody.
            let next = SERVICES.get(place + 1).copied().zip(setting.hands_on.get(place).copied());
            for version in VERSIONS {
                workloads.push(Workload::start(&mesh, service, version, next).await);
            }
        }
        let address = mesh.network.address();
        mesh.apply(&manifests::platform(&mesh, &workloads, address));

        let mut agents = Vec::new();
        for name in ["gateway"].into_iter().chain(workloads.iter().map(|workload| workload.service)) {
            let Some(lifetime) = setting.certificates else { break };
            agents.push(Agent::of_proxy(&mesh, Account { namespace, name }, lifetime).await);
        }

        let gateway = gateway(&mesh, address, agents.first(), setting);
        let sidecars = workloads.iter().enumerate();
        let sidecars =
            sidecars.map(|(place, workload)| workload.sidecar(&mesh, agents.get(place + 1), setting.release));
        let (gateway, sidecars) = tokio::join!(gateway, join_all(sidecars));
        let chain = Self { setting, mesh, gateway, address, workloads, sidecars, agents, server: None };
        chain.mesh.until_synced(chain.proxies().count()).await;
        chain
    }

    /// The gateway and the sidecars.
    pub fn proxies(&self) -> impl Iterator<Item = &Envoy> {
        [&self.gateway].into_iter().chain(&self.sidecars)
    }

    /// Ends the gateway and starts a new one in its place, which knows nothing of what the old one was told.
    pub async fn restart_gateway(&mut self) {
        self.gateway.kill();
        self.gateway = gateway(&self.mesh, self.address, self.agents.first(), self.setting).await;
    }

    /// Ends a sidecar and starts a new one in its place, which knows nothing of what the old one was told.
    pub async fn restart_sidecar(&mut self, place: usize) {
        self.without_sidecar(place, async |_| ()).await;
    }

    /// The same with something in between, for which no other sidecar may be asked by a later place.
    pub async fn without_sidecar(&mut self, place: usize, meanwhile: impl AsyncFnOnce(&Self)) {
        drop(self.sidecars.remove(place));
        meanwhile(self).await;
        let agent = self.agents.get(place + 1);
        let new = self.workloads[place].sidecar(&self.mesh, agent, self.setting.release).await;
        self.sidecars.insert(place, new);
    }
}

impl Workload {
    async fn start(mesh: &Mesh, service: &'static str, version: &'static str, next: Option<(&str, HandsOn)>) -> Self {
        let (inbound, outbound) = (mesh.network.address(), mesh.network.address());
        let next = next.map(|(next, hands_on)| Next {
            host: format!("{}:{}", host(next, &mesh.namespace), mesh.network.http),
            http: SocketAddr::new(outbound, mesh.network.http),
            grpc: SocketAddr::new(outbound, mesh.network.grpc),
            hands_on,
        });
        let app = App::start(&format!("{service} {version}"), next.clone()).await;
        Self { service, version, next, inbound, outbound, app }
    }

    async fn sidecar(&self, mesh: &Mesh, agent: Option<&Agent>, release: Option<&str>) -> Envoy {
        let name = format!("{}-{}", self.service, self.version);
        // Those of its endpoint in service.yaml, by which istiod knows it.
        let labels = [("app", self.service), ("version", self.version), ("part-of", "shop")];
        let node = Node { kind: "sidecar", name: &name, address: self.inbound, labels: &labels, evidence: None };
        proxy(mesh, &node, agent, release).await
    }
}

async fn gateway(mesh: &Mesh, address: IpAddr, agent: Option<&Agent>, setting: Setting) -> Envoy {
    let labels = [("istio", "ingressgateway")];
    let node = Node { kind: "router", name: "gateway", address, labels: &labels, evidence: setting.evidence };
    proxy(mesh, &node, agent, setting.release).await
}

/// The name that the apps call a service by.
pub fn host(service: &str, namespace: &str) -> String {
    format!("{service}.{namespace}.svc.cluster.local")
}
