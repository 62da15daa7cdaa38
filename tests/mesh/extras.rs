//! What else is rendered into the proxies: limits of routes, weights of others that become sticky.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;

use crate::api_server::ApiServer;
use crate::calls::{get, hops, names};
use crate::chain::{Chain, Setting};
use crate::manifests;
use crate::policy::policy;
use crate::support::client::{Client, Protocol};
use crate::support::eventually;

const DEADLINE: Duration = Duration::from_secs(60);
const USERS: usize = 40;

/// Of the platform's stable route, not of the canary's.
pub async fn a_route_has_a_limit(api: &ApiServer) {
    let chain = Chain::start(api, "limits", Setting::default()).await;
    let policy = policy("limits");
    chain.attach(&policy).await;
    chain.apply(&chain.render_with(&policy, json!({"istio": {"limits": {"stable": 1}}}), &manifests::routes("limits")));
    eventually(DEADLINE, "the stable route of the gateway answers 429", async || {
        let statuses = statuses(&chain, "nobody").await;
        (statuses == BTreeSet::from([200, 429])).then_some(()).ok_or_else(|| format!("{statuses:?}"))
    })
    .await;
    let refused = chain.gateway.stat("weir_limits.http_local_rate_limit.rate_limited").await;
    assert!(refused.is_some_and(|count| count > 0), "{refused:?}");
    // Grace is in the canary of the first service.
    assert_eq!(statuses(&chain, "grace").await, BTreeSet::from([200]));
}

/// Which the platform wrote, and the policy knows nothing of.
pub async fn weights_become_sticky(api: &ApiServer) {
    let chain = Chain::start(api, "weights", Setting::default()).await;
    let platform = manifests::routes("weights");
    let stable = "{name: stable, route: [{destination: {host: storefront.weights.svc.cluster.local, subset: v1}}]}";
    assert!(platform.contains(stable), "{platform}");
    let one = |version| {
        format!("{{weight: 50, destination: {{host: storefront.weights.svc.cluster.local, subset: {version}}}}}")
    };
    let split = format!("{{name: split, route: [{}, {}]}}", one("v1"), one("v2"));
    let platform = platform.replace(stable, &split);
    let mut policy = policy("weights");
    // Nobody routes the first service but its weights.
    policy["layers"][0]["experiments"][1]["variants"][0]["routes"] = json!({});
    let edge = json!({
        "sticky": [{"id": "split", "unit": "user", "header": "x-weir-weight"}],
        "istio": {"weights": {"split": ["split"]}},
    });
    chain.apply(&chain.render_with(&policy, edge, &platform));
    chain.until_in_force(&policy).await;
    eventually(DEADLINE, "every user stays on one side", async || one_side_each(&chain).await).await;
    let seen = chain.get(&[("x-user-id", "user-1"), ("x-weir-weight", "7")]).await;
    assert_eq!(seen[0].lines("x-weir-weight"), Vec::<String>::new(), "it stays in the proxy");
}

/// What one user is answered when asking many times at once.
async fn statuses(chain: &Chain, user: &str) -> BTreeSet<u16> {
    let server = SocketAddr::new(chain.address, chain.mesh.network.http);
    let mut client = Client::new(server, Protocol::Http1);
    let mut statuses = BTreeSet::new();
    for _ in 0..20 {
        let answer = client.send(get(&[("x-user-id", user)])).await.unwrap();
        assert!(answer.status == 429 || hops(&answer).is_ok(), "{answer:?}");
        statuses.insert(answer.status);
    }
    statuses
}

/// Whether no user meets both versions of the first service, and both are met.
async fn one_side_each(chain: &Chain) -> Result<(), String> {
    let mut sides = BTreeSet::new();
    for user in 0..USERS {
        let user = format!("user-{user}");
        let mut seen = BTreeSet::new();
        for _ in 0..4 {
            seen.insert(names(&chain.get(&[("x-user-id", &user)]).await)[0].to_owned());
        }
        if seen.len() > 1 {
            return Err(format!("{user} meets {seen:?}"));
        }
        sides.append(&mut seen);
    }
    if sides.len() == 2 { Ok(()) } else { Err(format!("all meet {sides:?}")) }
}
