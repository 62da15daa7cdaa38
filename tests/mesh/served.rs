//! The chain with its policy from a real `weir serve`: each proxy asks for it by itself, and istiod tells them no more than
//! whom to ask.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use weir_policy::Gauge;

use crate::agent::LASTING;
use crate::chain::Chain;
use crate::server::{Server, at};
use crate::support::{Envoy, PolicyFile, event, eventually};

const DEADLINE: Duration = Duration::from_secs(60);

/// A chain and its server.
pub struct Served {
    pub chain: Chain,
    pub server: Server,
}

impl Served {
    /// Starts a server with this policy, and waits until it is in force in every proxy. The routes of all its variants are
    /// there from now on, whatever is pushed.
    pub async fn start(chain: Chain, policy: &Value) -> Self {
        let served = Self::unasked(chain, policy).await;
        served.chain.apply(&served.chain.render(policy));
        served.until_active(policy).await;
        served.until_all_in_step().await;
        served
    }

    /// Starts a server with this policy, of which no proxy knows yet.
    pub async fn unasked(chain: Chain, policy: &Value) -> Self {
        Self::unasked_with(chain, policy, &[]).await
    }

    /// The same with further words on the server's command line.
    pub async fn unasked_with(mut chain: Chain, policy: &Value, more: &[String]) -> Self {
        let server = Server::start_with(&chain.mesh, LASTING, policy, more).await;
        chain.server = Some(at(server.weir.address(), &server.name));
        Self { chain, server }
    }

    /// Waits until the filter in every proxy says that this policy decides, and that it refuses none.
    pub async fn until_active(&self, policy: &Value) {
        let number = PolicyFile::of(policy).number;
        join_all(self.filters().map(|filter| async move { filter.until_active(number).await })).await;
    }

    /// Waits until the log says that every proxy took the filter of this revision: the node ids, in that order.
    pub async fn acked(&self, revision: &str) -> Vec<String> {
        let all = self.chain.proxies().count();
        eventually(DEADLINE, "all acks", async || {
            let mut nodes = Vec::new();
            for acked in self.server.weir.events().iter().filter(|one| event("acked").matches(one)) {
                let [node, taken] = ["node", "revision"].map(|name| acked.field(name).unwrap().to_owned());
                // Between stages it is both that of the edges and that of the mesh.
                if taken.split('+').any(|one| one == revision) && !nodes.contains(&node) {
                    nodes.push(node);
                }
            }
            if nodes.len() == all { Ok(nodes) } else { Err(self.server.weir.log()) }
        })
        .await
    }

    /// Waits until `weir fleet` shows every proxy, all in step.
    pub async fn until_all_in_step(&self) {
        let all = self.chain.proxies().count().to_string();
        eventually(DEADLINE, "the fleet is in step", async || {
            let (code, said) = self.server.weir.fleet(&["--min", &all]);
            if code == Some(0) && self.server.weir.rows().len().to_string() == all { Ok(()) } else { Err(said) }
        })
        .await;
    }

    /// The filters that decide or follow: that of the gateway first.
    pub fn filters(&self) -> impl Iterator<Item = Filter<'_>> {
        let attachments = ["edge"].into_iter().chain(std::iter::repeat("mesh"));
        self.chain.proxies().zip(attachments).map(|(proxy, attachment)| Filter { proxy, attachment })
    }
}

/// Whether this is the id of the gateway.
pub fn is_gateway(node: &str) -> bool {
    node.starts_with("router~")
}

/// The filter of an attachment in a proxy.
#[derive(Clone, Copy)]
pub struct Filter<'a> {
    pub proxy: &'a Envoy,
    attachment: &'static str,
}

impl Filter<'_> {
    /// One of its gauges. Only gauges of filters are asked for, which costs the proxy little.
    pub async fn gauge(&self, gauge: Gauge) -> Option<u64> {
        let said = self.proxy.admin("/stats?filter=weir_").await;
        let name = gauge.shown(self.attachment);
        said.lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix(": ")?.parse().ok())
    }

    /// Waits until the policy of this revision decides.
    pub async fn until_active(&self, number: u64) {
        eventually(DEADLINE, &format!("{} is at {number}", self.attachment), async || {
            let seen = self.gauge(Gauge::Revision).await;
            (seen == Some(number)).then_some(()).ok_or_else(|| format!("{seen:?}\n{}", self.proxy.log()))
        })
        .await;
        assert_eq!(self.gauge(Gauge::Rejected).await, Some(0), "{}", self.attachment);
    }
}
