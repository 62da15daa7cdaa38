//! Releases of a service in the middle of the chain go by themselves: what the gateway counts of all four hops stops one at the
//! hop that fails, and takes the next one to everybody. Each request has one and the same tag at all hops.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent::LASTING;
use crate::api_server::ApiServer;
use crate::attach::Manifests;
use crate::calls::names;
use crate::chain::{Chain, Setting, host};
use crate::manifests;
use crate::policy::STABLE;
use crate::released::documents::{Documents, release};
use crate::released::users::{Met, Users};
use crate::served::Served;
use crate::support::{Port, eventually};

mod documents;
mod users;

const NAMESPACE: &str = "released";
const DEADLINE: Duration = Duration::from_secs(90);
/// The release whose canary fails once half of the users have it, and the one that follows.
const BAD: &str = "checkout-r1";
const GOOD: &str = "checkout-r2";
const CHECKOUT_V1: usize = 2;
const CHECKOUT_V2: usize = 3;
/// Shares of the steps of both, in parts per million.
const STEPS: [u64; 3] = [50_000, 500_000, 1_000_000];

/// Both are of checkout as v2, the third hop.
pub async fn one_is_stopped_and_the_next_goes_to_all(api: &ApiServer) {
    let evidence = Port::reserve();
    let setting = Setting { certificates: Some(LASTING), evidence: Some(evidence.number()), ..Setting::default() };
    let chain = Chain::start(api, NAMESPACE, setting).await;
    chain.mesh.apply(&readable(&chain, evidence.number()));
    let documents = Documents::new();
    documents.write(&release(BAD, &host("checkout", NAMESPACE)));
    let served = Served::unasked_with(chain, &policy(), &documents.words()).await;
    let first = routes(&served.chain, &documents);
    assert!(has_route(&first, BAD), "{first:?}");
    served.chain.apply(&first);
    served.until_active(&policy()).await;
    served.until_all_in_step().await;

    let begun = Instant::now();
    let users = Users::start(&served.chain);
    documents.until("seen", BAD).await;
    documents.tell(&["resume", BAD]);
    it_waits_for_routes(&documents, BAD).await;
    is_stopped(&served, &documents, &users).await;
    documents.write(&release(GOOD, &host("checkout", NAMESPACE)));
    goes_to_all(&served, &documents, users).await;
    println!("releases of a service in a chain of four: {:.1?} of the test", begun.elapsed());
}

/// Nobody but people knows what routes Istio has.
async fn it_waits_for_routes(documents: &Documents, id: &str) {
    documents.until_phase(id, "waiting_routes").await;
    assert_eq!(documents.shares(id), [0; 0]);
    documents.tell(&["approve", id, "--why", "its routes are applied"]);
}

/// Its canary fails for everybody who meets it from the second step on.
async fn is_stopped(served: &Served, documents: &Documents, users: &Users) {
    documents.until_step(BAD, 1).await;
    // Some meet it while it is good.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let broken = Instant::now();
    served.chain.workloads[CHECKOUT_V2].app.fail(true);
    documents.until("rolled_back", BAD).await;
    let decided = Instant::now();
    assert_eq!(documents.shares(BAD), STEPS[..2]);
    let why = documents.lines("verdict", BAD).pop().unwrap();
    let harm = json!({"code": "harm", "guardrail": "errors", "arm": "canary"});
    let is_why = |reason: &Value| harm.as_object().unwrap().iter().all(|(field, value)| reason[field] == *value);
    assert!(why["verdict"]["reasons"].as_array().unwrap().iter().any(is_why), "{why}");

    let off = users.until_nobody_is_dealt(|| documents.told()).await;
    served.until_all_in_step().await;
    no_hop_passes_it_on(&served.chain, BAD).await;
    // Some more are asked.
    tokio::time::sleep(Duration::from_secs(1)).await;

    let met = users.met();
    let canary = |one: &&Met| one.has(BAD);
    let bad: Vec<&Met> = met.iter().filter(|one| one.is_bad()).collect();
    for one in &bad {
        assert!(one.done > broken && one.sent < off, "{one:?}");
    }
    let first = bad.iter().map(|one| one.done).min().expect("a bad answer");
    let last = met.iter().filter(|one| one.is_bad() || canary(one)).map(|one| one.sent).max().unwrap();
    nobody_leaves(&met, BAD, broken);
    same_at_all_hops(&met, None, |one| one.sent < off && one.done > broken);
    let after = met.iter().filter(|one| one.sent > off);
    after.clone().for_each(|one| assert!(one.tags().all(str::is_empty), "{one:?}"));
    println!(
        "stopped at the hop of checkout: {:.1?} from the first bad answer to the last request of the canary, {:.1?} from it to \
         the line of the journal; {} bad answers of {} requests, {} after it without its tag at any hop",
        last - first,
        decided.saturating_duration_since(first),
        bad.len(),
        met.len(),
        after.count(),
    );
    served.chain.workloads[CHECKOUT_V2].app.fail(false);
}

/// As a sidecar that was sent a tag when its gateway had not yet heard of the end.
async fn no_hop_passes_it_on(chain: &Chain, tag: &str) {
    let baggage = format!("env_tag={tag}");
    let headers = [("x-user-id", "late"), ("baggage", &baggage), ("x-env-tag", tag)];
    for hop in chain.get(&headers).await {
        assert!(!format!("{hop:?}").contains(tag), "{hop:?}");
    }
    let storefront = &chain.workloads[0];
    let late = crate::calls::hops(&storefront.call_next(&headers[1..]).await).unwrap();
    assert_eq!(names(&late), STABLE[1..]);
    for hop in late {
        assert!(!format!("{hop:?}").contains(tag), "{hop:?}");
    }
}

/// It waits until the end of the other one has been seen, and for its routes.
async fn goes_to_all(served: &Served, documents: &Documents, users: Users) {
    let begun = Instant::now();
    documents.until("seen", GOOD).await;
    documents.until_waits(GOOD).await;
    // The routes of the one that was stopped stay until that has been seen.
    let both = routes(&served.chain, documents);
    assert!(has_route(&both, BAD) && has_route(&both, GOOD), "{both:?}");
    served.chain.apply(&both);
    documents.tell(&["acknowledge", BAD, "--why", "mended"]);
    it_waits_for_routes(documents, GOOD).await;
    documents.until_phase(GOOD, "waiting_promotion").await;
    assert_eq!(documents.shares(GOOD), STEPS);
    eventually(DEADLINE, "everybody has it", async || {
        let met = users.met();
        met[met.len() - 100..].iter().all(|one| one.has(GOOD)).then_some(()).ok_or_else(|| documents.told())
    })
    .await;

    // In the order of the docs: stable's pods are of the new version, which is seen without a tag; then the layer goes.
    let all = Instant::now();
    served.chain.workloads[CHECKOUT_V1].app.become_version("checkout v2");
    eventually(DEADLINE, "the new version without a tag", async || {
        let hops = served.chain.get(&[]).await;
        (names(&hops)[1] == "checkout v2").then_some(()).ok_or_else(|| format!("{hops:?}"))
    })
    .await;
    documents.tell(&["promote", GOOD]);
    documents.until("finished", GOOD).await;
    users.until_nobody_is_dealt(|| documents.told()).await;
    served.until_all_in_step().await;

    let met = users.stop().await;
    nobody_leaves(&met, GOOD, all);
    let later: Vec<Met> = met.iter().filter(|one| one.sent > begun).cloned().collect();
    same_at_all_hops(&later, Some(all), |one| one.done > all);
    let mine: Vec<&Met> = met.iter().filter(|one| one.has(GOOD)).collect();
    let first = mine.iter().map(|one| one.sent).min().unwrap();
    for one in met.iter().filter(|one| one.sent > first) {
        assert!(!one.is_bad(), "{one:?}");
        assert!(one.sent < all || one.versions[1] == "checkout v2", "{one:?}");
    }
    let has_it: BTreeSet<usize> = mine.iter().map(|one| one.user).collect();
    println!(
        "5 to 100% through four hops in {:.1?}: {} requests of {} users had its tag, at all hops, and none left it",
        all - first,
        mine.len(),
        has_it.len()
    );
}

/// Panics if any request had other tags at one hop than at another, or not the version that goes with its tag; without one that is
/// v1 until stable is another. While tags go, those on their way may be overtaken: no more than were asked at once.
fn same_at_all_hops(met: &[Met], stable_until: Option<Instant>, is_going: impl Fn(&Met) -> bool) {
    let mut overtaken = 0;
    for one in met.iter().filter(|one| !one.is_bad()) {
        let [storefront, checkout, owl] = [0, 1, 2].map(|hop| one.versions[hop].as_str());
        let mut tags = one.tags();
        let first = tags.next().unwrap();
        let is_other = stable_until.is_some_and(|until| one.done > until);
        // Who is compared with has a tag too, and meets stable.
        let is_right = if [BAD, GOOD].contains(&first) {
            checkout == "checkout v2"
        } else {
            is_other || checkout == "checkout v1"
        };
        if tags.any(|tag| tag != first) || !is_right {
            assert!(is_going(one), "{one:?}");
            overtaken += 1;
        }
        assert_eq!([storefront, owl], ["storefront v1", "owl v1"], "{one:?}");
    }
    assert!(overtaken <= users::CONNECTIONS, "{overtaken} requests were overtaken");
}

/// Panics if somebody had this tag before, and a request that was sent before `until` has not.
fn nobody_leaves(met: &[Met], tag: &str, until: Instant) {
    let mut since = BTreeMap::new();
    for one in met.iter().filter(|one| one.has(tag)) {
        let at = since.entry(one.user).or_insert(one.done);
        *at = one.done.min(*at);
    }
    assert!(!since.is_empty(), "nobody had {tag}");
    for one in met.iter().filter(|one| one.sent < until && !one.is_bad()) {
        let had_it = since.get(&one.user).is_some_and(|at| one.sent > *at);
        assert!(!had_it || one.has(tag), "left {tag}: {one:?}");
    }
}

/// What people wrote beside the releases.
fn policy() -> Value {
    json!({
        "version": 1, "units": {"user": [{"header": "x-user-id"}]}, "env_tag": {"baggage": "env_tag"}, "layers": [],
    })
}

/// The manifests with routes for releases that are not over.
fn routes(chain: &Chain, documents: &Documents) -> Manifests {
    chain.render_by(&policy(), &documents.where_they_are(), &manifests::routes(NAMESPACE))
}

/// Whether there is a route for this tag.
fn has_route(manifests: &Manifests, tag: &str) -> bool {
    manifests.values().any(|manifest| manifest.contains(&format!("/tag/{tag}\n")))
}

/// What lets the server read the gateway, as docs/istio.md has it.
fn readable(chain: &Chain, port: u16) -> String {
    let admin = chain.gateway.admin_address().port();
    let text =
        include_str!("../../istio/served/evidence.yaml").replace("namespace: shop", &format!("namespace: {NAMESPACE}"));
    text.replace("port_value: 15089", &format!("port_value: {port}"))
        .replace("port_value: 15000", &format!("port_value: {admin}"))
}
