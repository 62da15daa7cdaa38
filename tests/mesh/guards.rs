//! What guards the version of a service does what it says when the version is overrun or fails, and leaves the other
//! version alone.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::calls::{Headers, hops, names};
use crate::chain::{Chain, SERVICES, Setting, host};
use crate::manifests;
use crate::policy::{STABLE, policy};
use crate::support::{Envoy, eventually};

/// Envoy looks every ten seconds who may come back.
const DEADLINE: Duration = Duration::from_secs(60);
/// In the canary of the first service.
const GRACE: Headers<'static> = &[("x-user-id", "grace")];
const NOBODY: Headers<'static> = &[("x-user-id", "nobody")];
/// What an app hands on to the canary of the last service.
const TAGGED: Headers<'static> = &[("x-env-tag", "owl-v2")];
/// Checkout as v1, which calls owl, and owl as v2: their places among workloads and sidecars.
const CHECKOUT: usize = 2;
const OWL_V2: usize = 5;

/// A WebSocket is a request under way for as long as it is open.
pub async fn requests_are_bounded(api: &ApiServer) {
    let chain = guarded(api, "bounded-requests", "storefront", json!({"requests": 2}), "").await;
    let version = Version::of(&chain, &chain.gateway, "storefront");
    version.until_bound("max_requests", 2).await;

    let (held, also_held) = tokio::join!(chain.open(GRACE), chain.open(GRACE));
    assert_eq!(names(&held.1), ["storefront v2", "checkout v1", "owl v2"]);
    assert_eq!(version.stat("v2", "upstream_rq_active_overflow").await, 0);
    let refused = chain.answer(GRACE).await;
    assert_eq!((refused.status, refused.header("x-envoy-overloaded").as_deref()), (503, Some("true")), "{refused:?}");
    assert_eq!(version.stat("v2", "upstream_rq_active_overflow").await, 1);
    assert_eq!(names(&chain.get(NOBODY).await), STABLE);

    drop((held, also_held));
    eventually(DEADLINE, "grace is let in again", async || hops(&chain.answer(GRACE).await)).await;
    assert_eq!(version.stat("stable", "upstream_rq_active_overflow").await, 0);
}

/// The one connection is a WebSocket's: the next request waits for it, and the one after that is refused.
pub async fn connections_are_bounded(api: &ApiServer) {
    let chain = guarded(api, "bounded-connections", "owl", json!({"connections": 1, "pending": 1}), "").await;
    let version = Version::of(&chain, &chain.sidecars[CHECKOUT], "owl");
    version.until_bound("max_connections", 1).await;

    let checkout = &chain.workloads[CHECKOUT];
    let held = checkout.open_next(TAGGED).await;
    let meanwhile = async {
        eventually(DEADLINE, "a request waits", async || {
            let waiting = version.stat("v2", "upstream_rq_pending_active").await;
            (waiting == 1).then_some(()).ok_or_else(|| format!("{waiting} wait"))
        })
        .await;
        let refused = checkout.call_next(TAGGED).await;
        assert_eq!(refused.status, 503, "{refused:?}");
        assert_eq!(version.stat("v2", "upstream_rq_pending_overflow").await, 1);
        assert_eq!(names(&hops(&checkout.call_next(&[]).await).unwrap()), ["owl v1"]);
        drop(held);
    };
    let (waited, ()) = tokio::join!(checkout.call_next(TAGGED), meanwhile);
    assert_eq!(names(&hops(&waited).unwrap()), ["owl v2"]);
    assert!(version.stat("v2", "upstream_cx_overflow").await > 0);
    assert_eq!(version.stat("stable", "upstream_cx_overflow").await, 0);
    assert_eq!(version.stat("stable", "upstream_rq_pending_overflow").await, 0);
}

/// It cannot be reached.
pub async fn a_failing_pod_is_left_out(api: &ApiServer) {
    left_out(api, "left-out", 503, |_| ()).await;
}

/// It takes connections and answers nobody, until the timeout of the route is over.
pub async fn a_slow_pod_is_left_out(api: &ApiServer) {
    left_out(api, "left-out-slow", 504, |address| TcpListener::bind(address).unwrap()).await;
}

/// The only pod of its version goes, something else is in its place, and it comes back: while it is left out nobody waits for
/// it, and stable serves on.
async fn left_out<T>(api: &ApiServer, namespace: &str, status: u16, instead: impl FnOnce(SocketAddr) -> T) {
    let mut chain =
        guarded(api, namespace, "owl", json!({"eject": {"errors": 3, "seconds": 1}}), "timeout: 2s, ").await;
    let call = async |chain: &Chain, headers| chain.workloads[CHECKOUT].call_next(headers).await;
    chain
        .without_sidecar(OWL_V2, async |chain| {
            let _there = instead(SocketAddr::new(chain.workloads[OWL_V2].inbound, chain.mesh.network.http));
            let version = Version::of(chain, &chain.sidecars[CHECKOUT], "owl");
            eventually(DEADLINE, "the pod is left out", async || {
                let answer = call(chain, TAGGED).await;
                if answer.body == "no healthy upstream" {
                    return Ok(());
                }
                assert_eq!(answer.status, status, "{answer:?}");
                Err(format!("{answer:?}"))
            })
            .await;
            assert_eq!(version.stat("v2", "outlier_detection.ejections_enforced_consecutive_5xx").await, 1);
            assert_eq!(names(&hops(&call(chain, &[]).await).unwrap()), ["owl v1"]);
            assert_eq!(version.stat("stable", "upstream_cx_connect_fail").await, 0);
        })
        .await;

    let version = Version::of(&chain, &chain.sidecars[CHECKOUT], "owl");
    let back = eventually(DEADLINE, "the pod is back", async || hops(&call(&chain, TAGGED).await)).await;
    assert_eq!(names(&back), ["owl v2"]);
    assert_eq!(version.stat("v2", "outlier_detection.ejections_active").await, 0);
}

/// A chain with Weir where v2 of this service is guarded. Its versions are Weir's alone: of a version that the platform
/// names too, Istio would heed the older definition, which has no guard.
/// `fields` are more of the platform's routes.
async fn guarded(api: &ApiServer, namespace: &str, service: &str, guard: Value, fields: &str) -> Chain {
    let chain = Chain::start(api, namespace, Setting::default()).await;
    let policy = policy(namespace);
    let mut routes = manifests::routes(namespace);
    let stable = format!("{{name: stable, {fields}");
    for (written, instead) in [("subset: v1}", "subset: stable}"), ("{name: stable, ", &stable)] {
        assert!(routes.contains(written), "no {written} in {routes}");
        routes = routes.replace(written, instead);
    }
    let guards = json!({"istio": {"services": {host(service, namespace): {"guards": {"v2": guard}}}}});
    chain.apply(&chain.render_with(&policy, guards, &routes));
    chain.mesh.kubectl(&[&["delete", "destinationrule"][..], &SERVICES].concat(), "");
    chain.until_in_force(&policy).await;
    eventually(DEADLINE, "the hops of all users", async || chain.users_meet_their_versions().await).await;
    chain
}

/// The versions of a service, as one proxy that calls them counts.
struct Version<'a> {
    proxy: &'a Envoy,
    port: u16,
    host: String,
}

impl<'a> Version<'a> {
    fn of(chain: &Chain, proxy: &'a Envoy, service: &str) -> Self {
        Self { proxy, port: chain.mesh.network.http, host: host(service, &chain.mesh.namespace) }
    }

    fn cluster(&self, subset: &str) -> String {
        format!("outbound|{}|{subset}|{}", self.port, self.host)
    }

    async fn stat(&self, subset: &str, name: &str) -> u64 {
        let name = format!("cluster.{};.{name}", self.cluster(subset));
        self.proxy.stat(&name).await.unwrap_or_else(|| panic!("the proxy has no {name}"))
    }

    /// Waits until this bound is v2's, and no bound of stable.
    async fn until_bound(&self, name: &str, bound: u64) {
        let line = |subset| format!("{}::default_priority::{name}::{bound}", self.cluster(subset));
        eventually(DEADLINE, "the bound", async || {
            let clusters = self.proxy.admin("/clusters").await;
            let has = |line: String| clusters.lines().any(|each| each == line);
            (has(line("v2")) && !has(line("stable"))).then_some(()).ok_or(clusters)
        })
        .await;
    }
}
