//! Policies are pushed by `weir serve` while requests go through the chain: in stages where tags come or go, without a failed
//! request, and beside kubectl, by which the same chain had its policies before.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use weir_policy::Gauge;

use crate::agent::LASTING;
use crate::api_server::ApiServer;
use crate::calls::{get, hops, names};
use crate::chain::{Chain, Setting};
use crate::policy::{STABLE, policy, with_owl_users};
use crate::served::{Served, is_gateway};
use crate::support::load::Sample;
use crate::support::{Load, PolicyFile, event};

const CONNECTIONS: usize = 2;
const BY_KUBECTL: usize = 6;
const PUSHES: usize = 24;
const ASKING: [&str; 4] = ["ada", "grace", "joan", "nobody"];

/// What a policy has, of all that changes from push to push.
#[derive(Clone, Copy, Debug)]
struct Has {
    enabled: bool,
    /// Ada, in the list of owl's canary.
    ada: bool,
    /// The release with its tag.
    release: bool,
    /// Everybody, in the canary of checkout.
    everybody: bool,
    /// The number of a user in that list who never asks, which makes each policy its own revision.
    listed: usize,
}

/// Whom a push must have reached before whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Together,
    MeshFirst,
    EdgeFirst,
}

/// A policy that was pushed.
struct Push {
    has: Has,
    order: Order,
    begun: Instant,
    /// When every proxy had it in force.
    active: Instant,
}

impl Push {
    /// Whether tags went while this request was under way.
    fn is_going(&self, sample: &Sample) -> bool {
        self.order == Order::EdgeFirst && self.begun <= sample.done && sample.sent <= self.active
    }
}

const FIRST: Has = Has { enabled: true, ada: true, release: true, everybody: false, listed: 0 };

impl Has {
    /// The same after the push of this number.
    fn after(self, number: usize) -> (Has, Order) {
        let has = Has { listed: number, ..self };
        match (number - 1) % 8 {
            0 => (Has { ada: false, ..has }, Order::Together),
            1 => (Has { release: false, ..has }, Order::EdgeFirst),
            2 => (Has { everybody: true, ..has }, Order::Together),
            3 => (Has { release: true, ..has }, Order::MeshFirst),
            4 => (Has { ada: true, ..has }, Order::Together),
            // With anything else it would be two steps of the edges.
            5 => (Has { enabled: false, ..self }, Order::EdgeFirst),
            6 => (Has { enabled: true, ..has }, Order::MeshFirst),
            _ => (Has { everybody: false, ..has }, Order::Together),
        }
    }

    fn policy(self, namespace: &str) -> Value {
        let users = ["joan", if self.ada { "ada" } else { "hedy" }, &format!("user-{}", self.listed)];
        let mut policy = with_owl_users(&policy(namespace), &users);
        if !self.release {
            policy["layers"][0]["experiments"].as_array_mut().unwrap().pop();
        }
        let share = if self.everybody { "100%" } else { "0%" };
        policy["layers"][1]["experiments"][0]["variants"][0]["share"] = json!(share);
        policy["enabled"] = json!(self.enabled);
        policy
    }

    /// The hops that are a user's.
    fn hops(self, user: &str) -> [&'static str; 3] {
        if !self.enabled {
            return STABLE;
        }
        let released = user == "grace" && self.release;
        let [mut storefront, mut checkout, mut owl] = STABLE;
        if released {
            storefront = "storefront v2";
        }
        if self.everybody || user == "joan" {
            checkout = "checkout v2";
        }
        if released || user == "joan" || user == "ada" && self.ada {
            owl = "owl v2";
        }
        [storefront, checkout, owl]
    }
}

/// The proxies are moved from the one way to the other while they are asked.
pub async fn stages_cost_no_request(api: &ApiServer) {
    let namespace = "served-pushes";
    let chain = Chain::start(api, namespace, Setting { certificates: Some(LASTING), ..Setting::default() }).await;
    chain.attach(&FIRST.policy(namespace)).await;
    let server = SocketAddr::new(chain.address, chain.mesh.network.http);
    let load = Load::start(server, CONNECTIONS, |number| get(&[("x-user-id", ASKING[number % ASKING.len()])]));

    let mut pushes = vec![Push { has: FIRST, order: Order::Together, begun: Instant::now(), active: Instant::now() }];
    for number in 1..=BY_KUBECTL {
        pushes.push(by_kubectl(&chain, Has { ada: number % 2 == 0, listed: number, ..FIRST }).await);
    }
    let begun = Instant::now();
    let served = Served::start(chain, &FIRST.policy(namespace)).await;
    println!("from manifests to the server: {} ms, kubectl included", begun.elapsed().as_millis());
    pushes.push(Push { has: FIRST, order: Order::Together, begun, active: Instant::now() });
    for number in 1..=PUSHES {
        let before = pushes.last().expect("the first").has;
        pushes.push(by_server(&served, before, number).await);
    }
    let samples = load.stop().await;

    let mut overtaken = vec![0; pushes.len()];
    for sample in &samples {
        let user = ASKING[sample.index % ASKING.len()];
        let answer = sample.outcome.as_ref().unwrap_or_else(|error| panic!("{user}: {error}"));
        let hops = hops(answer).unwrap_or_else(|problem| panic!("{user}: {problem}"));
        let possible: Vec<Has> = at_the_time(&pushes, sample).collect();
        let seen = names(&hops);
        if possible.iter().any(|has| has.hops(user) == *seen) {
            continue;
        }
        // Of tags that go, those on their way may be overtaken: no more than were asked at once.
        let going = pushes.iter().rposition(|push| push.is_going(sample));
        let place = going.unwrap_or_else(|| panic!("{user} met {seen:?} under one of {possible:?}"));
        overtaken[place] += 1;
        assert!(overtaken[place] <= CONNECTIONS, "{user} met {seen:?} after {:?}", pushes[place].has);
    }
    served.until_all_in_step().await;
    report(&pushes[1..=BY_KUBECTL], "weir render and kubectl apply");
    let by_server = &pushes[BY_KUBECTL + 2..];
    for order in [Order::Together, Order::MeshFirst, Order::EdgeFirst] {
        let of_order: Vec<&Push> = by_server.iter().filter(|push| push.order == order).collect();
        report(of_order, &format!("weir serve, {order:?}"));
    }
    println!("  {} requests through four hops meanwhile, overtaken {}", samples.len(), overtaken.iter().sum::<usize>());
}

async fn by_kubectl(chain: &Chain, has: Has) -> Push {
    let policy = has.policy(&chain.mesh.namespace);
    let begun = Instant::now();
    chain.apply(&chain.render(&policy));
    chain.until_in_force(&policy).await;
    Push { has, order: Order::Together, begun, active: Instant::now() }
}

/// Pushes, and sees by gauges and by the log of the server that stages are kept.
async fn by_server(served: &Served, before: Has, number: usize) -> Push {
    let (has, order) = before.after(number);
    let policy = has.policy(&served.chain.mesh.namespace);
    let new = PolicyFile::of(&policy);
    let logged = served.server.weir.events().len();
    let begun = Instant::now();
    served.server.push(&policy);

    let filters: Vec<_> = served.filters().collect();
    let (gateway, sidecars) = filters.split_first().expect("the gateway");
    match order {
        Order::Together => {}
        Order::MeshFirst => {
            gateway.until_active(new.number).await;
            let seen = join_all(sidecars.iter().map(|sidecar| sidecar.gauge(Gauge::Revision))).await;
            assert_eq!(seen, vec![Some(new.number); seen.len()], "the gateway has {}, {has:?}", new.revision);
        }
        Order::EdgeFirst => {
            sidecars[0].until_active(new.number).await;
            let seen = gateway.gauge(Gauge::Revision).await;
            assert_eq!(seen, Some(new.number), "a sidecar has {}, {has:?}", new.revision);
        }
    }
    join_all(filters.iter().map(|filter| filter.until_active(new.number))).await;
    let active = Instant::now();
    let place = served.acked(&new.revision).await.iter().position(|node| is_gateway(node));
    let staged = served.server.weir.events()[logged..].iter().any(|one| event("stage").matches(one));
    assert_eq!(staged, order != Order::Together, "{}", served.server.weir.log());
    match order {
        Order::Together => {}
        Order::MeshFirst => assert_eq!(place, Some(sidecars.len()), "{}", served.server.weir.log()),
        Order::EdgeFirst => assert_eq!(place, Some(0), "{}", served.server.weir.log()),
    }
    Push { has, order, begun, active }
}

/// What the policies have that may have been in force while this request was under way.
fn at_the_time<'a>(pushes: &'a [Push], sample: &'a Sample) -> impl Iterator<Item = Has> + 'a {
    pushes.iter().enumerate().filter_map(move |(place, push)| {
        let superseded = pushes.get(place + 1).is_some_and(|next| next.active < sample.sent);
        (push.begun <= sample.done && !superseded).then_some(push.has)
    })
}

fn report<'a>(pushes: impl IntoIterator<Item = &'a Push>, by: &str) {
    let taken = |push: &Push| push.active - push.begun;
    let mut times: Vec<Duration> = pushes.into_iter().map(taken).collect();
    times.sort_unstable();
    let [min, median, max] = [0, times.len() / 2, times.len() - 1].map(|place| times[place].as_millis());
    println!("{} pushes by {by}: from file to active min {min} ms, median {median} ms, max {max} ms", times.len());
}
