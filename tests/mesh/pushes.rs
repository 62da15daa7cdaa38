//! Policies are pushed by kubectl while requests go through the chain: how long it takes until a push is everywhere, and
//! that no request pays for it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::api_server::ApiServer;
use crate::calls::{get, hops, names};
use crate::chain::{Chain, Setting};
use crate::policy::{policy, with_owl_users};
use crate::support::Load;
use crate::support::load::Sample;

const CONNECTIONS: usize = 2;
const PUSHES: usize = 12;
/// The users who ask, with the hops of those whom no push concerns.
const ASKING: [(&str, Option<[&str; 3]>); 3] = [
    ("ada", None),
    ("grace", Some(["storefront v2", "checkout v1", "owl v2"])),
    ("nobody", Some(["storefront v1", "checkout v1", "owl v1"])),
];

/// A policy that was applied.
struct Push {
    ada_in_canary: bool,
    begun: Instant,
    /// When kubectl was done.
    applied: Instant,
    /// When every proxy had it in force.
    active: Instant,
}

/// Nor does a listener change.
pub async fn a_push_costs_no_request(api: &ApiServer) {
    let chain = Chain::start(api, "pushes", Setting::default()).await;
    let first = policy("pushes");
    chain.attach(&first).await;
    let listeners = listener_changes(&chain).await;
    let now = Instant::now();
    let mut pushes = vec![Push { ada_in_canary: true, begun: now, applied: now, active: now }];

    let server = SocketAddr::new(chain.address, chain.mesh.network.http);
    let load = Load::start(server, CONNECTIONS, |number| get(&[("x-user-id", ASKING[number % ASKING.len()].0)]));
    for number in 1..=PUSHES {
        let ada_in_canary = number % 2 == 0;
        // The number makes each its own revision.
        let other = format!("user-{number}");
        let policy = with_owl_users(&first, &["joan", if ada_in_canary { "ada" } else { "hedy" }, &other]);
        let rendered = chain.render(&policy);
        let begun = Instant::now();
        chain.apply(&rendered);
        let applied = Instant::now();
        chain.until_in_force(&policy).await;
        pushes.push(Push { ada_in_canary, begun, applied, active: Instant::now() });
    }
    let samples = load.stop().await;

    for sample in &samples {
        let (user, unconcerned) = ASKING[sample.index % ASKING.len()];
        let answer = sample.outcome.as_ref().unwrap_or_else(|error| panic!("{user}: {error}"));
        let hops = hops(answer).unwrap_or_else(|problem| panic!("{user}: {problem}"));
        match (unconcerned, names(&hops).as_slice()) {
            (Some(expected), seen) => assert_eq!(seen, expected, "{user}"),
            (None, ["storefront v1", "checkout v1", owl]) => {
                assert!(could_decide(&pushes, sample, *owl == "owl v2"), "{user} met {owl} under no push of that time")
            }
            (None, seen) => panic!("{user} met {seen:?}"),
        }
    }
    assert_eq!(listener_changes(&chain).await, listeners, "changes of listeners");
    report(&pushes[1..], samples.len());
}

/// Whether some push that has ada in the canary, or not, may have been in force while this request was under way.
fn could_decide(pushes: &[Push], sample: &Sample, ada_in_canary: bool) -> bool {
    let mut nexts = pushes.iter().skip(1).map(|next| next.active);
    pushes.iter().any(|push| {
        let superseded = nexts.next().is_some_and(|active| active < sample.sent);
        push.ada_in_canary == ada_in_canary && push.begun <= sample.done && !superseded
    })
}

/// What each proxy counts of listeners that came, went or changed.
async fn listener_changes(chain: &Chain) -> Vec<[Option<u64>; 4]> {
    let mut changes = Vec::new();
    for proxy in chain.proxies() {
        changes.push([
            proxy.stat("listener_manager.listener_added").await,
            proxy.stat("listener_manager.listener_removed").await,
            proxy.stat("listener_manager.listener_modified").await,
            proxy.stat("listener_manager.listener_in_place_updated").await,
        ]);
    }
    assert!(changes.iter().flatten().all(Option::is_some), "{changes:?}");
    changes
}

fn report(pushes: &[Push], requests: usize) {
    let sorted = |time: fn(&Push) -> Duration| {
        let mut times: Vec<u128> = pushes.iter().map(|push| time(push).as_millis()).collect();
        times.sort_unstable();
        format!("min {} ms, median {} ms, max {} ms", times[0], times[times.len() / 2], times[times.len() - 1])
    };
    println!("{} pushes under {requests} requests through four hops, to all proxies", pushes.len());
    println!("  from the start of kubectl apply: {}", sorted(|push| push.active - push.begun));
    println!("  from its end: {}", sorted(|push| push.active - push.applied));
}
