//! Policies change, go bad and are switched off while the mesh runs, and its control plane dies and comes back.

use std::time::{Duration, Instant};

use serde_json::json;
use weir_policy::Gauge;

use crate::api_server::ApiServer;
use crate::attach::Manifests;
use crate::calls::{Headers, get, hops, names};
use crate::chain::{Chain, Setting};
use crate::policy::{STABLE, USERS, policy, with_owl_users};
use crate::support::client::{Client, Protocol};
use crate::support::eventually;

const DEADLINE: Duration = Duration::from_secs(60);
/// What nobody outside may send, and what the services hand on.
const TAGGED: Headers<'static> = &[("x-env-tag", "checkout-v2,owl-v2"), ("baggage", "env_tag=checkout-v2%2Cowl-v2")];

/// Also at hops that are asked by something that has a tag from before.
pub async fn a_kill_reaches_every_hop(api: &ApiServer) {
    let chain = Chain::start(api, "kill", Setting::default()).await;
    let mut policy = policy("kill");
    chain.attach(&policy).await;
    let nexts = next_hops(&chain).await;
    assert_eq!(nexts, ["checkout v2", "checkout v2", "owl v2", "owl v2"]);

    policy["enabled"] = json!(false);
    let rendered = chain.render(&policy);
    let begin = Instant::now();
    chain.apply(&rendered);
    chain.until_in_force(&policy).await;
    println!("kill: in every proxy after {} ms, kubectl included", begin.elapsed().as_millis());
    for (user, _) in USERS {
        assert_eq!(names(&chain.get(&[("x-user-id", user)]).await), STABLE, "{user}");
    }
    assert_eq!(next_hops(&chain).await, ["checkout v1", "checkout v1", "owl v1", "owl v1"]);
}

/// Who answers what each app of the first two services asks the next one with a tag.
async fn next_hops(chain: &Chain) -> Vec<String> {
    let mut nexts = Vec::new();
    for workload in chain.workloads.iter().filter(|workload| workload.next.is_some()) {
        let hops = hops(&workload.call_next(TAGGED).await).unwrap();
        nexts.push(hops[0].upstream.clone());
    }
    nexts
}

/// It goes past our tools into every proxy. The last good one serves on, other changes of the same listeners are taken, a
/// sidecar that starts meanwhile serves too, and the next good policy ends it.
pub async fn a_bad_policy_harms_nobody(api: &ApiServer) {
    bad_policy(Chain::start(api, "bad", Setting::default()).await).await;
}

/// Nor on the release before.
pub async fn a_bad_policy_on_envoy_1_39(api: &ApiServer) {
    let setting = Setting { release: Some("1.39.3"), ..Setting::default() };
    bad_policy(Chain::start(api, "bad-1-39", setting).await).await;
}

async fn bad_policy(mut chain: Chain) {
    let good = policy(&chain.mesh.namespace);
    chain.attach(&good).await;

    chain.apply(&spoilt(chain.render(&good)));
    chain.until_rejected().await;
    chain.users_meet_their_versions().await.unwrap();

    chain.mesh.apply(include_str!("manifests/unrelated.yaml"));
    eventually(DEADLINE, "the unrelated changes", async || unrelated_changes(&chain).await).await;
    chain.users_meet_their_versions().await.unwrap();
    chain.mesh.until_synced(chain.proxies().count()).await;
    assert_eq!(rejects(&chain.mesh.istiod_metrics().await), 0.0);

    chain.restart_sidecar(0).await;
    let revision = chain.sidecars[0].stat(&Gauge::Revision.shown("mesh")).await;
    assert_eq!(revision, Some(0), "a new sidecar has no last good policy");
    chain.users_meet_their_versions().await.unwrap();
    chain.until_rejected().await;

    let next = with_owl_users(&good, &["ada", "joan", "hedy"]);
    chain.apply(&chain.render(&next));
    chain.until_in_force(&next).await;
    assert_eq!(names(&chain.get(&[("x-user-id", "hedy")]).await), ["storefront v1", "checkout v1", "owl v2"]);
    chain.mesh.until_synced(chain.proxies().count()).await;
}

/// What nobody's check has seen: a policy with a field that no policy has, at the gateway and in the sidecars.
fn spoilt(mut manifests: Manifests) -> Manifests {
    let mut changes = 0;
    for text in manifests.values_mut() {
        changes += text.matches("\"layers\":").count();
        *text = text.replace("\"layers\":", "\"lairs\":");
    }
    assert_eq!(changes, 2, "{manifests:?}");
    manifests
}

/// Whether the gateway forbids a host, and every listener that an app or a client calls gives its new name.
pub async fn unrelated_changes(chain: &Chain) -> Result<(), String> {
    let gateway = std::net::SocketAddr::new(chain.address, chain.mesh.network.http);
    let forbidden = Client::new(gateway, Protocol::Http1).send(get(&[("host", "forbidden.test")])).await?;
    if forbidden.status != 403 {
        return Err(format!("a forbidden host is answered {}", forbidden.status));
    }
    let mut answers = vec![Client::new(gateway, Protocol::Http1).send(get(&[])).await?];
    for workload in chain.workloads.iter().filter(|workload| workload.next.is_some()) {
        answers.push(workload.call_next(&[]).await);
    }
    let servers: Vec<_> = answers.iter().map(|answer| answer.header("server").unwrap_or_default()).collect();
    if servers.iter().all(|server| server == "renamed") { Ok(()) } else { Err(format!("{servers:?}")) }
}

/// How much of what it sent istiod was refused.
fn rejects(metrics: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with("pilot_total_xds_rejects"));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

/// What is in force stays in force, and what is applied meanwhile comes when it is back.
pub async fn istiod_may_die(api: &ApiServer) {
    let mut chain = Chain::start(api, "istiod", Setting::default()).await;
    let first = policy("istiod");
    chain.attach(&first).await;

    chain.mesh.kill_istiod();
    chain.users_meet_their_versions().await.unwrap();
    let next = with_owl_users(&first, &["hedy"]);
    chain.apply(&chain.render(&next));
    chain.mesh.restart_istiod().await;
    chain.until_in_force(&next).await;
    assert_eq!(names(&chain.get(&[("x-user-id", "hedy")]).await), ["storefront v1", "checkout v1", "owl v2"]);
    assert_eq!(names(&chain.get(&[("x-user-id", "ada")]).await), STABLE);
    chain.mesh.until_synced(chain.proxies().count()).await;
}
