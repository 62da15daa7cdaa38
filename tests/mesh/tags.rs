//! Users meet their versions of each service, several hops away, through services that know nothing of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::chain::{Chain, host, names};
use crate::support::eventually;

/// A user, and the hops that the policy has for them.
const USERS: [(&str, [&str; 3]); 4] = [
    ("nobody", ["storefront v1", "checkout v1", "owl v1"]),
    // In the canary of the last service: the others hand the tag on.
    ("ada", ["storefront v1", "checkout v1", "owl v2"]),
    // In a release of two services: the one between them has no such version, and stays stable.
    ("grace", ["storefront v2", "checkout v1", "owl v2"]),
    // In two layers.
    ("joan", ["storefront v1", "checkout v2", "owl v2"]),
];

pub async fn users_meet_their_versions(api: &ApiServer) {
    let chain = Chain::start(api, "tags", None).await;
    chain.attach(&TAGS, &policy("tags")).await;
    // The filters are in force, and the routes were applied before them; but istiod may send them after.
    eventually(Duration::from_secs(60), "the routes of the tags", async || as_expected(&chain).await).await;
    chain.mesh.until_synced(7).await;
}

async fn as_expected(chain: &Chain) -> Result<(), String> {
    for (user, expected) in USERS {
        let headers = [("x-user-id", user)];
        let by_protocol = [chain.get(&headers).await, chain.grpc(&headers).await, chain.websocket(&headers).await];
        let seen = by_protocol.each_ref().map(|hops| names(hops));
        if seen.iter().any(|names| *names != expected) {
            return Err(format!("{user} by HTTP, gRPC and WebSocket: {seen:?} instead of {expected:?}"));
        }
    }
    Ok(())
}

const TAGS: [(&str, &[&str]); 3] =
    [("storefront", &["release-7"]), ("checkout", &["checkout-v2"]), ("owl", &["owl-v2", "release-7"])];

fn policy(namespace: &str) -> Value {
    let experiment = |id: &str, users: &[&str], slots: Value, services: &[&str]| {
        let routes: serde_json::Map<_, _> =
            services.iter().map(|service| (host(service, namespace), json!("v2"))).collect();
        json!({
            "id": id, "slots": slots, "overrides": [{"units": users, "variant": "canary"}],
            "variants": [{"id": "canary", "env_tag": id, "routes": routes}],
        })
    };
    json!({
        "version": 1,
        "units": {"user": [{"header": "x-user-id"}]},
        "env_tag": {"baggage": "env_tag"},
        "layers": [
            {"id": "owl", "unit": "user", "experiments": [
                experiment("owl-v2", &["ada", "joan"], json!([[0, 500_000]]), &["owl"]),
                experiment("release-7", &["grace"], json!([[500_000, 1_000_000]]), &["storefront", "owl"]),
            ]},
            {"id": "checkout", "unit": "user", "experiments": [
                experiment("checkout-v2", &["joan"], json!("all"), &["checkout"]),
            ]},
        ],
    })
}
